// SPDX-License-Identifier: GPL-2.0-only
/* Edits of a list, see build.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ask.h"
#include "build.h"
#include "say.h"
#include "table_map.h"
#include "text.h"

/* Up to so many entries of a family are in the live maps alone: a table of IPv4 takes 288 KiB at
 * least. And so many may be in them beside a table, until they are folded into it.
 */
#define LIVE_MOST   999
#define BESIDE_HOST 64
#define BESIDE_NET  16

static int no_memory(void)
{
	say("%s", strerror(ENOMEM));
	return 2;
}

/* What the list is to become. */
static int work_out(enum edit edit, const struct set *whole, const struct set *asked,
		    struct set *next, bool may_miss)
{
	struct said missing = { 0 };
	char text[ENTRY_TEXT];
	size_t i;

	if (edit == EDIT_REPLACE)
		return set_add_all(next, asked) || set_sort(next) ? no_memory() : 0;
	if (edit == EDIT_ADD)
		return set_add_all(next, whole) || set_add_all(next, asked) || set_sort(next)
			       ? no_memory()
			       : 0;
	for (i = 0; i < asked->n && !may_miss; i++)
		if (!set_find(whole, &asked->e[i]))
			say_some(&missing, "not in the list: %s", entry_text(text, &asked->e[i]));
	say_rest(&missing, "not in the list");
	if (missing.n)
		return 1;
	return set_minus(next, whole, asked) ? no_memory() : 0;
}

static size_t count_changed(const struct set *whole, const struct set *next)
{
	size_t i, j = 0, n = 0;

	for (i = 0; i < next->n; i++) {
		while (j < whole->n && entry_cmp(&whole->e[j], &next->e[i]) < 0)
			j++;
		n += j < whole->n && !entry_cmp(&whole->e[j], &next->e[i]) &&
		     whole->e[j].until != next->e[i].until;
	}
	return n;
}

/* The entries of a family that can be in its table, at the end of `to`. */
static int plain_of(const struct set *s, int six, struct set *to)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->e[i].six == six && !s->e[i].until && set_add(to, &s->e[i]))
			return -ENOMEM;
	return 0;
}

/* Whether the table of a family can stay as it is: nothing of it goes, and little comes. */
static bool table_stays(const struct store *st, int six, const struct set *next,
			const struct set *minus)
{
	size_t i, hosts = 0, nets = 0;

	if (!(st->state.tables & table_bit(six)))
		return false;
	for (i = 0; i < minus->n; i++)
		if (minus->e[i].six == six && minus->e[i].table)
			return false;
	for (i = 0; i < next->n; i++) {
		const struct entry *e = &next->e[i];

		if (e->six != six || e->until || e->table)
			continue;
		hosts += is_host(e);
		nets += !is_host(e);
	}
	return hosts <= BESIDE_HOST && nets <= BESIDE_NET;
}

struct plan {
	struct set live, table[2];
	bool stays[2];
	struct pb_list state;
};

/* What goes where: the plain bulk of a long list into tables, the rest into the maps. */
static int make_plan(struct plan *p, const struct store *st, const struct set *next,
		     const struct set *minus)
{
	bool only_live = is_fixed(st) || has_followers(st), in_table[2];
	size_t i;
	int six;

	p->state = (struct pb_list){
		.active = !(st->state.active & 1),
		.earlier = 1,
		.earlier_tables = st->state.tables,
	};
	for (six = 0; six < 2; six++) {
		if (plain_of(next, six, &p->table[six]))
			return no_memory();
		in_table[six] = !only_live && p->table[six].n > LIVE_MOST;
		p->stays[six] = in_table[six] && table_stays(st, six, next, minus);
		if (in_table[six])
			p->state.tables |= table_bit(six);
	}
	for (i = 0; i < next->n; i++) {
		const struct entry *e = &next->e[i];

		if (in_table[e->six] && !e->until && (!p->stays[e->six] || e->table))
			continue;
		if (set_add(&p->live, e))
			return no_memory();
	}
	return set_sort(&p->live) ? no_memory() : 0;
}

static bool same(const struct set *a, const struct set *b)
{
	size_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (entry_cmp(&a->e[i], &b->e[i]) || a->e[i].until != b->e[i].until)
			return false;
	return true;
}

static int put_table(struct store *st, const struct plan *p, int six)
{
	__u32 to = PB_SLOT(PB_LIST_ALLOW, p->state.active),
	      from = PB_SLOT(PB_LIST_ALLOW, st->state.active & 1);
	int fd, there, err = 0;

	if (!(p->state.tables & table_bit(six)))
		return slot_clear(st->tables[six], to);
	fd = p->stays[six] ? slot_map(st->tables[six], from)
			   : table_make(six, p->table[six].e, p->table[six].n);
	if (fd < 0)
		return fd;
	there = slot_map(st->tables[six], to);
	if (map_id(there) != map_id(fd))
		err = slot_put(st->tables[six], to, fd);
	if (there >= 0)
		close(there);
	close(fd);
	return err;
}

static int list_full(const struct set *next, int err)
{
	size_t n[KINDS] = { 0 }, i;

	for (i = 0; i < next->n; i++)
		n[kind_of(&next->e[i])]++;
	say("list full: cannot make one of %zu hosts and %zu networks: %s", n[HOST4] + n[HOST6],
	    n[NET4] + n[NET6], strerror(-err));
	return 2;
}

/* Builds the idle generation and reads it back. */
static int build_idle(struct store *st, struct plan *p, const struct set *next)
{
	struct set now = { 0 };
	int err = store_fill(st, p->state.active, &p->live), six;

	for (six = 0; six < 2 && !err; six++)
		err = put_table(st, p, six);
	if (err)
		return list_full(next, err);
	if (store_entries(st, p->state.active, &now))
		return 2;
	if (!same(&now, &p->live)) {
		say("the new list is not what was written; the old one stays");
		err = 2;
	}
	set_free(&now);
	if (!err && (store_pin_next(st, p->state.active) || store_follow(st, p->state.active)))
		err = 2;
	return err;
}

static int print_flip(struct pb_list *state, size_t plus, size_t minus)
{
	const unsigned char *byte = (void *)state;
	int i;

	state->since = boot_ms();
	printf("flip");
	for (i = 0; i < 8; i++)
		printf(" %u", byte[i]);
	return printf(" %zu %zu\n", plus, minus) < 0 || fflush(stdout) ? 2 : 0;
}

/* --- maps that cannot be replaced */

/* An edit of theirs is written down first, so that one that was killed can be completed. */
static void redo_path(char path[64], const struct store *st)
{
	int fd = store_map(st, HOST4, st->state.active & 1);

	snprintf(path, 64, "%s/edit.%u", STATE_DIR, map_id(fd));
	if (fd >= 0)
		close(fd);
}

static int change_fixed(struct store *st, const struct set *plus, const struct set *minus)
{
	int fd[KINDS], err = 0;
	enum kind k;
	size_t i;

	for (k = 0; k < KINDS; k++)
		fd[k] = store_map(st, k, st->state.active & 1);
	for (i = 0; i < minus->n && !err; i++) {
		err = map_drop(fd[kind_of(&minus->e[i])], &minus->e[i]);
		if (err == -ENOENT)
			err = 0;
	}
	for (i = 0; i < plus->n && !err; i++)
		err = map_put(fd[kind_of(&plus->e[i])], &plus->e[i]);
	for (k = 0; k < KINDS; k++)
		if (fd[k] >= 0)
			close(fd[k]);
	return err;
}

static int write_redo(const char *path, const struct set *plus, const struct set *minus)
{
	char beside[80], text[ENTRY_TEXT];
	bool bad;
	FILE *f;
	size_t i;

	snprintf(beside, sizeof(beside), "%s.new", path);
	f = fopen(beside, "we");
	if (!f)
		goto failed;
	for (i = 0; i < minus->n; i++)
		fprintf(f, "- %s\n", entry_text(text, &minus->e[i]));
	for (i = 0; i < plus->n; i++)
		fprintf(f, "+ %s\n", entry_text(text, &plus->e[i]));
	bad = ferror(f);
	if (!fclose(f) && !bad && !rename(beside, path))
		return 0;
failed:
	say("cannot write in %s: %s", STATE_DIR, strerror(errno));
	unlink(beside);
	return 2;
}

static int edit_fixed(struct store *st, const struct set *next, const struct set *plus,
		      const struct set *minus)
{
	size_t n[KINDS] = { 0 }, i;
	char path[64];
	enum kind k;
	int err;

	for (i = 0; i < next->n; i++)
		n[kind_of(&next->e[i])]++;
	for (k = 0; k < KINDS; k++)
		if (n[k] > PB_LIST_LEGACY_MAX) {
			say("list full (%zu/%d): %s", n[k], PB_LIST_LEGACY_MAX, kind_name[k]);
			return 2;
		}
	redo_path(path, st);
	if (write_redo(path, plus, minus))
		return 2;
	err = change_fixed(st, plus, minus);
	if (err) { /* back, as far as it came */
		change_fixed(st, minus, plus);
		say("list full: %s", strerror(-err));
	}
	unlink(path);
	return err ? 2 : 0;
}

/* Completes an edit that a killed command has written down. */
static int redo(struct store *st)
{
	struct set plus = { 0 }, minus = { 0 };
	char path[64], line[ENTRY_TEXT + 8];
	struct stat s;
	FILE *f;
	int err = 0;

	redo_path(path, st);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fstat(fileno(f), &s) || s.st_uid || (s.st_mode & 022)) {
		fclose(f);
		return 0;
	}
	say("completing an edit that was interrupted");
	while (!err && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		err = read_word(*line == '+' ? &plus : &minus, line + 2);
	}
	fclose(f);
	err = err || change_fixed(st, &plus, &minus) ? 2 : 0;
	if (!err)
		unlink(path);
	set_free(&plus);
	set_free(&minus);
	return err;
}

int open_list(const char *dir)
{
	struct store st;

	if (store_make(&st, dir))
		return 2;
	table_sweep();
	return is_fixed(&st) ? redo(&st) : 0;
}

static void warn_around(const struct set *next, const struct set *asked)
{
	struct said still = { 0 };
	char text[ENTRY_TEXT], by[ENTRY_TEXT];
	const struct entry *found;
	size_t i;

	for (i = 0; i < asked->n; i++)
		if (lets_in(next, &asked->e[i], &found) == PB_IN)
			say_some(&still, "%s: still allowed by %s", entry_text(text, &asked->e[i]),
				 entry_text(by, found));
	say_rest(&still, "still allowed");
}

static int roll_back(struct store *st, const struct set *whole, bool dry)
{
	struct set earlier = { 0 }, plus = { 0 }, minus = { 0 };
	struct pb_list state = {
		.active = !(st->state.active & 1),
		.tables = st->state.earlier_tables,
		.earlier = 1,
		.earlier_tables = st->state.tables,
	};
	struct store then = *st;

	if (!st->state.earlier || is_fixed(st)) {
		say(is_fixed(st) ? "objects of objs/legacy keep no earlier list"
				 : "no earlier list");
		return 2;
	}
	then.state = state;
	if (list_entries(&then, &earlier) || set_minus(&plus, &earlier, whole) ||
	    set_minus(&minus, whole, &earlier))
		return 2;
	if (!dry && (store_pin_next(st, state.active) || store_follow(st, state.active)))
		return 2;
	return print_flip(&state, plus.n, minus.n);
}

int build(const char *dir, enum edit edit, struct set *asked, bool dry, bool may_miss)
{
	struct set whole = { 0 }, next = { 0 }, plus = { 0 }, minus = { 0 };
	struct plan plan = { 0 };
	struct store st;
	size_t changed;
	int status;

	if (set_sort(asked))
		return no_memory();
	if (dry ? store_open(&st, dir) : store_make(&st, dir))
		return 2;
	if (!dry && is_fixed(&st) && redo(&st))
		return 2;
	if (list_entries(&st, &whole))
		return 2;
	if (edit == EDIT_ROLLBACK)
		return roll_back(&st, &whole, dry);
	status = work_out(edit, &whole, asked, &next, may_miss);
	if (status)
		return status;
	if (set_minus(&plus, &next, &whole) || set_minus(&minus, &whole, &next))
		return no_memory();
	changed = count_changed(&whole, &next);
	if (!plus.n && !minus.n && !changed) {
		puts("same");
		status = fflush(stdout) ? 2 : 0;
	} else if (is_fixed(&st)) {
		if (changed && set_add_all(&plus, asked)) /* an end of time that changes */
			return no_memory();
		if (!dry && edit_fixed(&st, &next, &plus, &minus))
			return 2;
		status = printf("done %zu %zu\n", plus.n, minus.n) < 0 || fflush(stdout) ? 2 : 0;
	} else {
		status = make_plan(&plan, &st, &next, &minus);
		if (!status && !dry)
			status = build_idle(&st, &plan, &next);
		if (!status)
			status = print_flip(&plan.state, plus.n, minus.n);
		if (!dry)
			table_sweep();
	}
	if (!status && edit == EDIT_DEL)
		warn_around(&next, asked);
	return status;
}
