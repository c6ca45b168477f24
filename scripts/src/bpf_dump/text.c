// SPDX-License-Identifier: GPL-2.0-only
/* Lines of trace_pipe as text or JSON, see text.h. */
#define _GNU_SOURCE /* memmem, memrchr */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "text.h"

/* Cuts the last word off a text. */
static const char *last_word(const char *text, size_t *len, size_t *word)
{
	size_t end = *len, at;

	while (end && text[end - 1] == ' ')
		end--;
	for (at = end; at && text[at - 1] != ' ';)
		at--;
	*word = end - at;
	*len = at;
	return text + at;
}

static bool number(const char *p, size_t len, uint64_t *n)
{
	size_t i;

	*n = 0;
	for (i = 0; i < len && isdigit((unsigned char)p[i]); i++)
		*n = *n * 10 + p[i] - '0';
	return len && len < 20 && i == len;
}

/* The number after the word pid. */
static bool pid_in(const char *text, size_t len, uint64_t *pid)
{
	size_t i, from;

	for (i = 0; i + 3 < len; i++) {
		if (strncasecmp(text + i, "pid", 3) || (i && isalnum((unsigned char)text[i - 1])))
			continue;
		for (from = i + 3; from < len && strchr("= :", text[from]);)
			from++;
		for (i = from; i < len && isdigit((unsigned char)text[i]);)
			i++;
		return from > 0 && number(text + from, i - from, pid);
	}
	return false;
}

struct parts {
	const char *comm, *text;
	size_t comm_len, text_len;
	uint64_t tid, cpu, ns;
};

/* "  COMM-TID   [CPU] FLAGS SECONDS.MICROSECONDS: bpf_trace_printk: TEXT"; the name may
 * contain anything, so the line is read from its end. */
static bool take_apart(const char *line, size_t len, struct parts *p)
{
	static const char event[] = ": bpf_trace_printk: ";
	const char *at = memmem(line, len, event, sizeof(event) - 1), *dot, *dash;
	uint64_t seconds, micro;
	size_t left, n;

	if (!at)
		return false;
	p->text = at + sizeof(event) - 1;
	p->text_len = line + len - p->text;
	left = at - line;
	at = last_word(line, &left, &n);
	dot = memchr(at, '.', n);
	if (!dot || !number(at, dot - at, &seconds) || !number(dot + 1, at + n - dot - 1, &micro) ||
	    at + n - dot != 7)
		return false;
	p->ns = seconds * 1000000000 + micro * 1000;
	last_word(line, &left, &n); /* flags */
	at = last_word(line, &left, &n);
	if (n < 3 || at[0] != '[' || !number(at + 1, n - 2, &p->cpu))
		return false;
	while (left && line[left - 1] == ' ')
		left--;
	dash = memrchr(line, '-', left);
	if (!dash || !number(dash + 1, line + left - dash - 1, &p->tid))
		return false;
	for (p->comm = line; p->comm < dash && *p->comm == ' ';)
		p->comm++;
	p->comm_len = dash - p->comm;
	return true;
}

static void put_json_line(struct fmt_env *e, struct out *o, const char *line, size_t len)
{
	struct parts p = { .text = line, .text_len = len };
	bool known = take_apart(line, len, &p);
	uint64_t pid;

	out_room(o, 4 * OUT_VALUE);
	put_char(o, '{');
	if (known) {
		put_str(o, "\"ts\":");
		fmt_time(e, o, p.ns, true);
		if (pid_in(p.text, p.text_len, &pid)) {
			put_str(o, ",\"pid\":");
			put_u64(o, pid);
		}
		put_str(o, ",\"comm\":");
		put_json(o, (const uint8_t *)p.comm, p.comm_len);
		out_room(o, 4 * OUT_VALUE);
		put_str(o, ",\"tid\":");
		put_u64(o, p.tid);
		put_str(o, ",\"cpu\":");
		put_u64(o, p.cpu);
		put_char(o, ',');
	} else {
		p = (struct parts){ .text = line, .text_len = len };
	}
	put_str(o, "\"text\":");
	put_json(o, (const uint8_t *)p.text, p.text_len);
	out_room(o, OUT_VALUE);
	put_str(o, "}\n");
}

void text_line(struct fmt_env *e, struct out *o, bool json, const char *line, size_t len)
{
	if (json) {
		put_json_line(e, o, line, len);
		return;
	}
	put_shown(o, line, len);
	out_room(o, OUT_VALUE);
	put_char(o, '\n');
}
