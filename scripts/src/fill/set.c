// SPDX-License-Identifier: GPL-2.0-only
/* Entries of a list in memory, see set.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "set.h"

int set_add(struct set *s, const struct entry *e)
{
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 64;
		struct entry *more = realloc(s->e, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->e = more;
		s->room = room;
	}
	s->e[s->n++] = *e;
	return 0;
}

ip_t entry_number(const struct entry *e)
{
	return e->six ? (ip_t)e->hi << 64 | e->lo : e->hi >> 32;
}

int set_add_range(struct set *to, bool six, struct range range)
{
	unsigned int len;
	ip_t addr;

	while (range_next_prefix(&range, six ? 128 : 32, &addr, &len)) {
		struct entry e = { .hi = six ? (uint64_t)(addr >> 64) : (uint64_t)addr << 32,
				   .lo = six ? (uint64_t)addr : 0,
				   .len = len,
				   .six = six };

		if (set_add(to, &e))
			return -ENOMEM;
	}
	return 0;
}

int set_add_all(struct set *to, const struct set *from)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		if (set_add(to, &from->e[i]))
			return -ENOMEM;
	return 0;
}

void set_free(struct set *s)
{
	free(s->e);
	memset(s, 0, sizeof(*s));
}

int entry_cmp(const struct entry *a, const struct entry *b)
{
	if (a->six != b->six)
		return a->six < b->six ? -1 : 1;
	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return (int)a->len - (int)b->len;
}

static int cmp(const void *a, const void *b)
{
	return entry_cmp(a, b);
}

/* The digits of an entry, 16 bits each, the least important first. */
#define DIGITS 9
static unsigned int digit(const struct entry *e, int n)
{
	if (!n)
		return e->six << 8 | e->len;
	return (n <= 4 ? e->lo >> (16 * (n - 1)) : e->hi >> (16 * (n - 5))) & 0xffff;
}

/* The family would have to be the most important digit, so each family is sorted by itself. */
static int radix_sort(struct entry *e, size_t n)
{
	struct entry *from = e, *to = malloc(n * sizeof(*to)), *swap;
	size_t *at = malloc(65536 * sizeof(*at)), i, sum, count;
	int d;

	if (!to || !at) {
		free(to);
		free(at);
		return -ENOMEM;
	}
	swap = to;
	for (d = 0; d < DIGITS; d++) {
		memset(at, 0, 65536 * sizeof(*at));
		for (i = 0; i < n; i++)
			at[digit(&from[i], d)]++;
		if (at[digit(&from[0], d)] == n)
			continue; /* all the same */
		for (i = sum = 0; i < 65536; i++) {
			count = at[i];
			at[i] = sum;
			sum += count;
		}
		for (i = 0; i < n; i++)
			to[at[digit(&from[i], d)]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	if (from != e)
		memcpy(e, from, n * sizeof(*e));
	free(from == e ? to : from);
	free(at);
	return 0;
}

static size_t families_apart(struct set *s)
{
	size_t four = 0, i;
	struct entry e;

	for (i = 0; i < s->n; i++)
		if (!s->e[i].six) {
			e = s->e[four];
			s->e[four++] = s->e[i];
			s->e[i] = e;
		}
	return four;
}

static bool longer(uint64_t a, uint64_t b)
{
	return b && (!a || a > b);
}

static bool is_sorted(const struct set *s)
{
	size_t i;

	for (i = 1; i < s->n; i++)
		if (entry_cmp(&s->e[i - 1], &s->e[i]) >= 0)
			return false;
	return true;
}

int set_sort(struct set *s)
{
	size_t i, n = 0, four;

	if (is_sorted(s)) {
		n = s->n;
	} else if (s->n < 4096) {
		qsort(s->e, s->n, sizeof(*s->e), cmp);
	} else {
		four = families_apart(s);
		if ((four && radix_sort(s->e, four)) ||
		    (four < s->n && radix_sort(s->e + four, s->n - four)))
			return -ENOMEM;
	}
	for (i = n; i < s->n; i++) {
		if (n && !entry_cmp(&s->e[n - 1], &s->e[i])) {
			if (longer(s->e[i].until, s->e[n - 1].until))
				s->e[n - 1].until = s->e[i].until;
			continue;
		}
		s->e[n++] = s->e[i];
	}
	s->n = n;
	memset(s->lens, 0, sizeof(s->lens));
	for (i = 0; i < n; i++)
		s->lens[s->e[i].six][s->e[i].len] = true;
	return 0;
}

/* How many entries come before this one. */
static size_t position(const struct set *s, const struct entry *e)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (entry_cmp(&s->e[mid], e) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct entry *set_find(const struct set *s, const struct entry *e)
{
	size_t at = s->lens[e->six][e->len] ? position(s, e) : s->n;

	return at < s->n && !entry_cmp(&s->e[at], e) ? &s->e[at] : NULL;
}

struct entry *set_nearest(const struct set *s, const struct entry *e)
{
	struct entry *best = NULL;
	unsigned int bits, most = 0;
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct entry *at = &s->e[i];

		if (at->six != e->six)
			continue;
		bits = common_bits(at, e);
		if (bits > at->len)
			bits = at->len;
		if (!best || bits > most) {
			best = at;
			most = bits;
		}
	}
	return best;
}

int set_minus(struct set *to, const struct set *a, const struct set *b)
{
	size_t i, j = 0;

	for (i = 0; i < a->n; i++) {
		while (j < b->n && entry_cmp(&b->e[j], &a->e[i]) < 0)
			j++;
		if (j < b->n && !entry_cmp(&b->e[j], &a->e[i]))
			continue;
		if (set_add(to, &a->e[i]))
			return -ENOMEM;
	}
	return set_sort(to);
}

static uint64_t top_bits(unsigned int n)
{
	return n ? ~0ULL << (64 - n) : 0;
}

bool entry_mask(struct entry *e)
{
	uint64_t hi = e->hi & top_bits(e->len < 64 ? e->len : 64);
	uint64_t lo = e->len > 64 ? e->lo & top_bits(e->len - 64) : 0;
	bool had = hi != e->hi || lo != e->lo;

	e->hi = hi;
	e->lo = lo;
	return had;
}

unsigned int common_bits(const struct entry *a, const struct entry *b)
{
	if (a->hi != b->hi)
		return __builtin_clzll(a->hi ^ b->hi);
	return a->lo != b->lo ? 64 + __builtin_clzll(a->lo ^ b->lo) : 128;
}
