// SPDX-License-Identifier: GPL-2.0-only
/* Questions to a list, see ask.h. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ask.h"
#include "out.h"
#include "say.h"
#include "table_map.h"
#include "text.h"

static bool has_ended(const struct entry *e)
{
	static uint64_t now; /* a command has one time */
	struct timespec t;

	if (!now) {
		clock_gettime(CLOCK_BOOTTIME, &t);
		now = t.tv_sec * 1000000000ULL + t.tv_nsec;
	}
	return e->until && e->until <= now;
}

enum answer lets_in(const struct set *list, const struct entry *e, const struct entry **by)
{
	struct entry net = *e;
	const struct entry *found;
	bool hidden = false;
	int len;

	*by = NULL;
	for (len = e->len; len >= 0; len--) {
		net.len = len;
		entry_mask(&net);
		found = set_find(list, &net);
		if (!found)
			continue;
		if (has_ended(found)) {
			if (!*by)
				*by = found;
			/* The kernel's trie finds the longest network only. */
			hidden |= !is_host(found);
		} else if (!hidden || found->table) {
			*by = found;
			return PB_IN;
		}
	}
	return *by ? PB_ENDED : PB_OUT;
}

int read_now(struct store *st, const char *where, struct set *list)
{
	struct pb_list before;
	int i, status;

	if (store_open(st, where))
		return 2;
	/* A generation that was idle meanwhile may have been built anew while it was read. */
	for (i = 0; i < 100; i++) {
		before = st->state;
		set_free(list);
		status = list_entries(st, list) ? 2 : 0;
		if (store_state(st)) {
			say("cannot read the list's state");
			return 2;
		}
		if (!memcmp(&before, &st->state, sizeof(before)))
			return status;
	}
	say("the list changes all the time");
	return 2;
}

static int done(struct out *o)
{
	int err;

	out_flush(o);
	err = o->err;
	out_close(o);
	if (!err || err == -EPIPE)
		return 0;
	say("cannot write the output: %s", strerror(-err));
	return 2;
}

int print_tests(const struct set *list, const struct set *asked)
{
	static const char *const word[] = { "in", "ended", "near" };
	char text[ENTRY_TEXT], key[KEY_TEXT];
	const struct entry *by;
	enum answer answer;
	size_t i;

	for (i = 0; i < asked->n; i++) {
		answer = lets_in(list, &asked->e[i], &by);
		if (answer == PB_OUT)
			by = set_nearest(list, &asked->e[i]);
		if (!by)
			puts("empty");
		else
			printf("%s %s %s %s\n", word[answer],
			       by->table ? "table" : kind_name[kind_of(by)], key_text(key, by),
			       entry_text(text, by));
	}
	return fflush(stdout) ? 2 : 0;
}

int print_list(const struct set *list, bool json)
{
	char text[ENTRY_TEXT];
	struct out o;
	size_t i;

	if (out_open(&o, STDOUT_FILENO, NULL)) {
		say("%s", strerror(ENOMEM));
		return 2;
	}
	if (json)
		put_char(&o, '[');
	for (i = 0; i < list->n && !o.err; i++) {
		out_room(&o, ENTRY_TEXT + OUT_VALUE);
		if (json)
			put_str(&o, i ? ",{\"addr\":\"" : "{\"addr\":\"");
		put_str(&o, entry_text(text, &list->e[i]));
		put_str(&o, json ? "\"}" : "\n");
	}
	out_room(&o, OUT_VALUE);
	if (json)
		put_str(&o, "]\n");
	return done(&o);
}

int print_diff(const struct set *list, const struct set *other)
{
	char text[ENTRY_TEXT];
	size_t i = 0, j = 0;
	struct out o;
	int order;

	if (out_open(&o, STDOUT_FILENO, NULL)) {
		say("%s", strerror(ENOMEM));
		return 2;
	}
	while ((i < list->n || j < other->n) && !o.err) {
		order = i == list->n	? 1
			: j == other->n ? -1
					: entry_cmp(&list->e[i], &other->e[j]);
		out_room(&o, ENTRY_TEXT + OUT_VALUE);
		if (order) {
			put_str(&o, order < 0 ? "- " : "+ ");
			put_str(&o, entry_text(text, order < 0 ? &list->e[i] : &other->e[j]));
			put_char(&o, '\n');
		}
		i += order <= 0;
		j += order >= 0;
	}
	return done(&o);
}

/* "KIND ENTRIES ROOM", and "tableN ENTRIES BYTES", and "end": no list is not the same as no answer.
 */
int print_counts(struct store *st)
{
	int gen = st->state.active & 1, six, fd, err;
	size_t used, room;
	enum kind k;

	for (k = 0; k < KINDS; k++) {
		fd = store_map(st, k, gen);
		if (fd == -ENOENT)
			continue;
		err = fd < 0 ? fd : map_used(fd, &used, &room);
		if (fd >= 0)
			close(fd);
		if (err) {
			say("cannot count the entries: %s: %s", kind_name[k], strerror(-err));
			return 2;
		}
		printf("%s %zu %zu\n", kind_name[k], used, room);
	}
	for (six = 0; six < 2; six++) {
		if (!(st->state.tables & table_bit(six)))
			continue;
		if (table_used(st, gen, six, &used, &room))
			return 2;
		printf("table%d %zu %zu\n", six ? 6 : 4, used, room);
	}
	puts("end");
	return fflush(stdout) ? 2 : 0;
}

static void print_hex(const struct entry *e)
{
	if (e->six)
		printf("%016llx%016llx", (unsigned long long)e->hi, (unsigned long long)e->lo);
	else
		printf("%08llx", (unsigned long long)(e->hi >> 32));
}

/* The first host and network of each family that let in: "host4 0a000001". */
int print_first(const struct set *list)
{
	bool had[KINDS] = { 0 };
	const struct entry *by;
	size_t i;

	for (i = 0; i < list->n; i++) {
		const struct entry *e = &list->e[i];

		if (had[kind_of(e)] || lets_in(list, e, &by) != PB_IN)
			continue;
		had[kind_of(e)] = true;
		printf("%s ", kind_name[kind_of(e)]);
		print_hex(e);
		putchar('\n');
	}
	return fflush(stdout) ? 2 : 0;
}

/* "KIND KEY TEXT" */
int print_keys(const struct set *asked)
{
	char text[ENTRY_TEXT], key[KEY_TEXT];
	size_t i;

	for (i = 0; i < asked->n; i++)
		printf("%s %s %s\n", kind_name[kind_of(&asked->e[i])], key_text(key, &asked->e[i]),
		       entry_text(text, &asked->e[i]));
	return fflush(stdout) ? 2 : 0;
}
