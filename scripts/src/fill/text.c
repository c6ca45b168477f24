// SPDX-License-Identifier: GPL-2.0-only
/* Addresses and lists as text, see text.h. */
#define _GNU_SOURCE /* memmem, memrchr */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "out.h"
#include "say.h"
#include "text.h"

#define WORD_MOST 80 /* bytes of somebody's text that a message shows */

struct span {
	const char *p, *end;
};

static struct said cleared; /* host bits */

void say_some(struct said *s, const char *format, ...)
{
	char line[1024];
	va_list args;

	if (s->n++ >= SAID_MOST)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	say("%s", line);
}

void say_rest(const struct said *s, const char *what)
{
	if (s->n > SAID_MOST)
		say("… and %zu more %s", s->n - SAID_MOST, what);
}

/* What cannot be seen, or could steer a terminal, is shown as bytes. */
static const char *visible(struct span s)
{
	static char text[4 * WORD_MOST + 8];
	char *to = text;
	const char *p;

	for (p = s.p; p < s.end && p - s.p < WORD_MOST; p++) {
		if (*p > ' ' && *p < 0x7f && *p != '\\')
			*to++ = *p;
		else if (*p == ' ' && p > s.p && p + 1 < s.end)
			*to++ = *p;
		else
			to += sprintf(to, "\\x%02x", (unsigned char)*p);
	}
	strcpy(to, p < s.end ? "…" : "");
	return text;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span s)
{
	while (s.p < s.end && is_blank(*s.p))
		s.p++;
	while (s.p < s.end && is_blank(s.end[-1]))
		s.end--;
	return s;
}

static bool begins(struct span s, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(s.end - s.p) >= n && !memcmp(s.p, with, n);
}

/* The word at the beginning of a text, which is shortened by it. */
static struct span next_word(struct span *s)
{
	struct span word = trim(*s);

	s->end = word.end;
	for (s->p = word.p; s->p < s->end && !is_blank(*s->p); s->p++)
		;
	word.end = s->p;
	return word;
}

/* A decimal number up to max, without leading zeros: some tools read those as octal. */
static bool number(struct span *s, unsigned int max, unsigned int *value)
{
	const char *first = s->p;

	for (*value = 0; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
		*value = *value * 10 + (*s->p - '0');
		if (*value > max || (s->p > first && *first == '0'))
			return false;
	}
	return s->p > first;
}

static bool quad(struct span *s, uint32_t *addr)
{
	unsigned int i, byte;

	for (i = 0, *addr = 0; i < 4; i++) {
		if (i && (s->p == s->end || *s->p++ != '.'))
			return false;
		if (!number(s, 255, &byte))
			return false;
		*addr = *addr << 8 | byte;
	}
	return true;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* inet_pton(3) takes five times as long, which is felt in a file of a million. */
static bool groups(struct span *s, uint16_t g[8])
{
	int n = 0, gap = -1, i;

	if (begins(*s, "::")) {
		gap = 0;
		s->p += 2;
	}
	while (s->p < s->end) {
		const char *first = s->p;
		unsigned int value = 0;

		for (i = 0; s->p < s->end && hex(*s->p) >= 0 && i < 5; i++)
			value = value << 4 | hex(*s->p++);
		if (s->p < s->end && *s->p == '.') {
			uint32_t addr;

			s->p = first;
			if (n > 6 || !quad(s, &addr))
				return false;
			g[n++] = addr >> 16;
			g[n++] = addr;
			break;
		}
		if (!i || i > 4 || n > 7) {
			if (gap == n) /* it ends with the gap */
				break;
			return false;
		}
		g[n++] = value;
		if (s->p == s->end || *s->p != ':')
			break;
		s->p++;
		if (s->p < s->end && *s->p == ':') {
			if (gap >= 0)
				return false;
			gap = n;
			s->p++;
		} else if (s->p == s->end) {
			return false;
		}
	}
	if (gap < 0)
		return n == 8;
	if (n > 7)
		return false;
	for (i = n; i > gap; i--)
		g[i - 1 + 8 - n] = g[i - 1];
	memset(&g[gap], 0, (8 - n) * sizeof(*g));
	return true;
}

static bool address(struct span *s, struct entry *e)
{
	uint16_t g[8];
	uint32_t addr;
	int i;

	memset(e, 0, sizeof(*e));
	e->six = !!memchr(s->p, ':', s->end - s->p);
	e->len = most_len(e);
	if (!e->six) {
		if (!quad(s, &addr))
			return false;
		e->hi = (uint64_t)addr << 32;
		return true;
	}
	if (!groups(s, g))
		return false;
	for (i = 0; i < 4; i++) {
		e->hi = e->hi << 16 | g[i];
		e->lo = e->lo << 16 | g[i + 4];
	}
	return true;
}

char *entry_text(char text[ENTRY_TEXT], const struct entry *e)
{
	uint64_t b[2] = { htobe64(e->hi), htobe64(e->lo) };
	struct out o = { .buf = text, .fd = -1 };

	if (e->six)
		put_ip16(&o, (uint8_t *)b);
	else
		put_ip4(&o, (uint8_t *)b);
	put_char(&o, '/');
	put_u64(&o, e->len);
	put_char(&o, '\0');
	return text;
}

static const char no_address[] = "not an address";

static bool is_mapped(const struct entry *e)
{
	return e->six && e->len >= 96 && !e->hi && e->lo >> 32 == 0xffff;
}

/* NULL, or why it is not an entry. */
static const char *parse(struct span word, struct set *to, struct said *bits)
{
	static char why[160];
	struct entry e, last;
	struct span s = word;
	struct range range;
	char text[ENTRY_TEXT];
	unsigned int len;
	uint32_t mask;

	if (!address(&s, &e))
		return no_address;
	if (s.p < s.end && *s.p == '-') {
		s.p++;
		if (!address(&s, &last) || s.p != s.end || last.six != e.six)
			return no_address;
		if (entry_number(&last) < entry_number(&e))
			return "the range ends before it begins";
		if (is_mapped(&e) || is_mapped(&last))
			goto mapped;
		range = (struct range){ entry_number(&e), entry_number(&last) };
		return set_add_range(to, e.six, range) ? strerror(ENOMEM) : NULL;
	}
	if (s.p < s.end && *s.p == '/') {
		struct span netmask = { s.p + 1, s.end };

		s.p++;
		if (!e.six && quad(&netmask, &mask) && netmask.p == netmask.end) {
			e.len = mask ? 32 - __builtin_ctz(mask) : 0;
			if ((mask | (mask ? mask - 1 : 0)) != 0xffffffff && mask)
				return "not a network mask";
			entry_mask(&e);
			snprintf(why, sizeof(why), "a network mask; write %s",
				 entry_text(text, &e));
			return why;
		}
		if (!number(&s, most_len(&e), &len) || s.p != s.end)
			return e.six ? "not a prefix length (0 to 128)"
				     : "not a prefix length (0 to 32)";
		e.len = len;
	}
	if (s.p != s.end)
		return no_address;
	if (is_mapped(&e))
		goto mapped;
	if (entry_mask(&e))
		say_some(bits, "%s: host bits cleared: %s", visible(word), entry_text(text, &e));
	return set_add(to, &e) ? strerror(ENOMEM) : NULL;
mapped:
	return "an IPv4-mapped address is on no wire; list the IPv4 address";
}

int read_entry(struct set *to, const char *p, const char *end)
{
	struct said quiet = { .n = SAID_MOST };
	struct span s = { p, end };
	size_t had = to->n;

	return parse(s, to, &quiet) || to->n != had + 1 ? -EINVAL : 0;
}

int read_word(struct set *to, const char *word)
{
	struct span s = { word, word + strlen(word) };
	const char *why = parse(s, to, &cleared);

	if (why)
		say("%s: %s", why, visible(s));
	return why ? 1 : 0;
}

/* The string that follows "KEY": in a line of JSON. Addresses have no escapes. */
static bool member(struct span line, const char *key, struct span *value)
{
	const char *p = memmem(line.p, line.end - line.p, key, strlen(key));

	if (!p)
		return false;
	p += strlen(key);
	while (p < line.end && (is_blank(*p) || *p == ':'))
		p++;
	if (p == line.end || *p++ != '"')
		return false;
	value->p = p;
	value->end = memchr(p, '"', line.end - p);
	return value->end;
}

/* Finds the word of a line that is an entry. 0: there is none. -1: *why it is an error. */
static int find_word(struct span line, struct span *word, const char **why)
{
	const char *p;

	line = trim(line);
	if (line.p < line.end && *line.p == '{') {
		if (member(line, "\"cidr\"", word) || member(line, "\"ip\"", word))
			return 1;
		*why = "no \"cidr\" in it";
		return member(line, "\"type\"", word) ? 0 : -1; /* Spamhaus: a last line about it */
	}
	for (p = line.p; p < line.end && *p != '#' && *p != ';'; p++)
		;
	line.end = p;
	line = trim(line);
	if (line.p == line.end || begins(line, "create "))
		return 0;
	if (begins(line, "add ")) { /* ipset save: add NAME ENTRY [timeout N] … */
		struct span rest = line, option;

		next_word(&rest);
		next_word(&rest);
		*word = next_word(&rest);
		for (option = next_word(&rest); option.p < option.end; option = next_word(&rest)) {
			*why = begins(option, "nomatch") ? "an exception of ipset (nomatch)"
							 : "an entry of ipset that ends (timeout)";
			if (begins(option, "nomatch") || begins(option, "timeout"))
				return -1;
		}
		return 1;
	}
	*word = line;
	return 1;
}

static int parse_list(struct set *to, const char *name, struct span text, const char *if_empty)
{
	struct said bad = { 0 };
	size_t n = 0, had = to->n;

	if (begins(text, "\xef\xbb\xbf"))
		text.p += 3;
	while (text.p < text.end) {
		const char *nl = memchr(text.p, '\n', text.end - text.p), *why = NULL;
		struct span line = { text.p, nl ? nl : text.end }, word;
		int found;

		text.p = nl ? nl + 1 : text.end;
		n++;
		found = find_word(line, &word, &why);
		if (found < 0)
			word = trim(line);
		else if (found)
			why = parse(word, to, &cleared);
		else
			continue;
		if (why)
			say_some(&bad, "%s:%zu: %s: %s", name, n, why, visible(word));
	}
	say_rest(&bad, "bad lines");
	say_rest(&cleared, "with host bits cleared");
	if (bad.n)
		return 1;
	if (to->n == had) {
		say("no address in %s%s", name, if_empty);
		return 1;
	}
	return 0;
}

int read_list(struct set *to, const char *path, const char *if_empty)
{
	bool standard = !strcmp(path, "-");
	const char *name = standard ? "standard input" : path;
	struct span text;
	struct stat st;
	uint8_t *buf;
	size_t len;
	int err;

	if (standard)
		path = "/dev/stdin";
	if (!standard && !stat(path, &st) && S_ISDIR(st.st_mode))
		err = -EISDIR;
	else
		err = read_file(path, NULL, &buf, &len);
	if (err) {
		say("cannot read: %s: %s", name, strerror(-err));
		return 1;
	}
	text.p = (char *)buf;
	text.end = text.p + len;
	err = parse_list(to, name, text, if_empty);
	free(buf);
	return err;
}
