/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of addresses as ranges: from prefixes and back, merged, subtracted, searched.
 *
 * An address is a number in host order; IPv4 and IPv6 are alike, but for the number of bits: 32 or
 * 128. A set is of one family. "Canonical": sorted, with a gap between any two ranges.
 */
#ifndef PLAINBPF_RANGES_H
#define PLAINBPF_RANGES_H

#include <stdbool.h>
#include <stddef.h>

typedef unsigned __int128 ip_t;

struct range {
	ip_t from, to; /* both belong to it; from <= to */
};

struct ranges {
	struct range *at;
	size_t n, room; /* ranges; all zero: an empty set */
};

/* Appends; the set is not canonical afterwards. 0 or -ENOMEM. */
int ranges_add(struct ranges *set, ip_t from, ip_t to);
/* The same of a prefix: len from 0 to bits; what addr has behind it does not matter. */
int ranges_add_prefix(struct ranges *set, unsigned int bits, ip_t addr, unsigned int len);
/* Makes a set canonical. 0 or -ENOMEM (then it still has the same addresses). */
int ranges_merge(struct ranges *set);
void ranges_free(struct ranges *set);

/* These want a canonical set. */
/* The range that has this address, or NULL. */
const struct range *ranges_find(const struct ranges *set, ip_t addr);
/* Takes addresses out; it stays canonical. 0 or -ENOMEM (then nothing was changed). */
int ranges_subtract(struct ranges *set, ip_t from, ip_t to);

/* The fewest prefixes that make up a range, one a call, from the lowest on: the address and length,
 * which are taken from *rest. False: there was nothing left.
 */
bool range_next_prefix(struct range *rest, unsigned int bits, ip_t *addr, unsigned int *len);

#endif
