// SPDX-License-Identifier: GPL-2.0-only
/* Sets of addresses as ranges. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "ranges.h"

#define FEW 24 /* ranges that are sorted by insertion */

int ranges_add(struct ranges *set, ip_t from, ip_t to)
{
	if (set->n == set->room) {
		size_t room = set->room ? 2 * set->room : 64;
		struct range *at = realloc(set->at, room * sizeof(*at));

		if (!at)
			return -ENOMEM;
		set->at = at;
		set->room = room;
	}
	set->at[set->n++] = (struct range){ from, to };
	return 0;
}

int ranges_add_prefix(struct ranges *set, unsigned int bits, ip_t addr, unsigned int len)
{
	/* Ones where the prefix leaves the address open. */
	ip_t open = len == bits ? 0 : ~(ip_t)0 >> (128 - (bits - len));

	return ranges_add(set, addr & ~open, addr | open);
}

void ranges_free(struct ranges *set)
{
	free(set->at);
	memset(set, 0, sizeof(*set));
}

static void sort_few(struct range *at, size_t n)
{
	struct range moved;
	size_t i, j;

	for (i = 1; i < n; i++) {
		moved = at[i];
		for (j = i; j && at[j - 1].from > moved.from; j--)
			at[j] = at[j - 1];
		at[j] = moved;
	}
}

/* By the byte at `shift` of where they begin, then each of the 256 parts by the bytes behind it. */
static void sort_by_byte(struct range *at, struct range *other, size_t n, int shift)
{
	size_t end[256] = { 0 }, i, first;
	int byte;

	if (n <= FEW) {
		sort_few(at, n);
		return;
	}
	for (i = 0; i < n; i++)
		end[(unsigned char)(at[i].from >> shift)]++;
	for (byte = 1; byte < 256; byte++)
		end[byte] += end[byte - 1];
	memcpy(other, at, n * sizeof(*at));
	for (i = n; i--;)
		at[--end[(unsigned char)(other[i].from >> shift)]] = other[i];
	/* end[] is where each part begins now. */
	for (byte = 0; shift && byte < 256; byte++) {
		first = end[byte];
		sort_by_byte(at + first, other, (byte < 255 ? end[byte + 1] : n) - first,
			     shift - 8);
	}
}

/* IPv4, of which a range fits into 64 bits: four times less to move. */
static int sort4(struct ranges *set)
{
	uint64_t *at = malloc(2 * set->n * sizeof(*at)), *other, *swap;
	size_t end[256], i;
	int shift, byte;

	if (!at)
		return -ENOMEM;
	other = at + set->n;
	for (i = 0; i < set->n; i++)
		at[i] = (uint64_t)set->at[i].from << 32 | (uint32_t)set->at[i].to;
	/* Four passes: the ranges are where they were at first. */
	for (shift = 32; shift < 64; shift += 8, swap = at, at = other, other = swap) {
		memset(end, 0, sizeof(end));
		for (i = 0; i < set->n; i++)
			end[(unsigned char)(at[i] >> shift)]++;
		for (byte = 1; byte < 256; byte++)
			end[byte] += end[byte - 1];
		for (i = set->n; i--;)
			other[--end[(unsigned char)(at[i] >> shift)]] = at[i];
	}
	for (i = 0; i < set->n; i++)
		set->at[i] = (struct range){ at[i] >> 32, (uint32_t)at[i] };
	free(at);
	return 0;
}

static int sort(struct ranges *set)
{
	ip_t differ = 0, all = 0;
	struct range *other;
	bool sorted = true;
	int shift = 0;
	size_t i;

	for (i = 1; i < set->n; i++) {
		differ |= set->at[i].from ^ set->at[0].from;
		all |= set->at[i].to;
		sorted &= set->at[i - 1].from <= set->at[i].from;
	}
	if (sorted)
		return 0;
	if (set->n > FEW && (all | set->at[0].to) <= UINT32_MAX)
		return sort4(set);
	other = malloc(set->n * sizeof(*other));
	if (!other)
		return -ENOMEM;
	while (shift < 120 && differ >> (shift + 8))
		shift += 8;
	sort_by_byte(set->at, other, set->n, shift);
	free(other);
	return 0;
}

int ranges_merge(struct ranges *set)
{
	struct range *last = set->at;
	size_t i;
	int err = sort(set);

	if (err || !set->n)
		return err;
	for (i = 1; i < set->n; i++) {
		struct range r = set->at[i];

		if (r.from && r.from - 1 > last->to)
			*++last = r;
		else if (r.to > last->to)
			last->to = r.to;
	}
	set->n = last + 1 - set->at;
	return 0;
}

/* The number of ranges that begin at or below addr. */
static size_t rank(const struct ranges *set, ip_t addr)
{
	size_t low = 0, high = set->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (set->at[mid].from <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct range *ranges_find(const struct ranges *set, ip_t addr)
{
	size_t n = rank(set, addr);

	return n && set->at[n - 1].to >= addr ? &set->at[n - 1] : NULL;
}

int ranges_subtract(struct ranges *set, ip_t from, ip_t to)
{
	/* Ranges from first to end - 1 have some of it. */
	size_t first = from ? rank(set, from - 1) : 0, end = rank(set, to), n = 0;
	struct range left[2];

	if (first && set->at[first - 1].to >= from)
		first--;
	if (first >= end)
		return 0;
	if (set->at[first].from < from)
		left[n++] = (struct range){ set->at[first].from, from - 1 };
	if (set->at[end - 1].to > to)
		left[n++] = (struct range){ to + 1, set->at[end - 1].to };
	/* A hole in one range makes two of it: room for one more. */
	if (n > end - first) {
		int err = ranges_add(set, 0, 0);

		if (err)
			return err;
		set->n--;
	}
	memmove(set->at + first + n, set->at + end, (set->n - end) * sizeof(*left));
	memcpy(set->at + first, left, n * sizeof(*left));
	set->n -= end - first;
	set->n += n;
	return 0;
}

bool range_next_prefix(struct range *rest, unsigned int bits, ip_t *addr, unsigned int *len)
{
	ip_t open = 0, wider; /* ones where the prefix leaves the address open */

	if (rest->from > rest->to)
		return false;
	*addr = rest->from;
	for (*len = bits; *len; (*len)--, open = wider) {
		wider = open << 1 | 1;
		if (*addr & wider || (*addr | wider) > rest->to)
			break;
	}
	/* Behind the very last address there is none. */
	if ((*addr | open) == rest->to)
		*rest = (struct range){ 1, 0 };
	else
		rest->from = (*addr | open) + 1;
	return true;
}
