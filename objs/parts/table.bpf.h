/* SPDX-License-Identifier: GPL-2.0-only */
/* Looking an address up in a compiled table (maps/table.h has the layout).
 *
 *   pb_table4(inner, addr), pb_table6(inner, addr): whether the address, in network byte order, is
 *   listed. inner is what the slot of an outer array holds; an empty slot, NULL, lists nothing.
 *
 * Positions are masked, not checked: a table that is wrong gives a wrong answer, but cannot be read
 * beyond its chunk. Where a chunk is missing, nothing is listed. bpf_map_lookup_elem is the only
 * helper, and the bounds of all loops are constants. test/fuzz compiles this file for user space.
 */
#ifndef PB_TABLE_BPF_H
#define PB_TABLE_BPF_H

#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include "table.h"
#include "verifier.h"

static __always_inline struct pb_table_chunk *pb_chunk(void *inner, __u32 number)
{
	return bpf_map_lookup_elem(inner, &number);
}

static __always_inline const __u16 *pb_lane(const struct pb_table_chunk *chunk, __u32 at)
{
	return (const __u16 *)chunk->data + (at & (PB_TABLE_LANES - 1));
}

/* Four lanes of 16 bits in one word, each compared with x: 1 in the lanes that are at or below x.
 * Every second lane at a time, so that there is a bit to borrow from; both is (x | 1 << 16) twice.
 */
static __always_inline __u64 pb_at_or_below(__u64 lanes, __u64 both)
{
	const __u64 even = 0x0000ffff0000ffffull;

	return ((both - (lanes & even)) >> 16 & 0x0000000100000001ull) |
	       ((both - (lanes >> 16 & even)) & 0x0001000000010000ull);
}

/* How many of the n lanes from `at` on are at or below x, n being at most PB_RUN4_GROUP. */
static __always_inline __u32 pb_rank4(const struct pb_table_chunk *chunk, __u32 at, __u32 n,
				      __u32 x)
{
	const __u64 both = (x | 0x10000) * 0x100000001ull;
	__u64 sum = 0, last;
	__u32 i;

	for (i = 4; i <= PB_RUN4_GROUP; i += 4, at += 4) {
		if (i > n)
			break;
		sum += pb_at_or_below(*(const __u64 *)pb_lane(chunk, at), both);
	}
	/* Of the last four only those that belong to the run. */
	last = pb_at_or_below(*(const __u64 *)pb_lane(chunk, at), both);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	sum += last & ((1ull << (n & 3) * 16) - 1);
#else
	sum += last & ~(~0ull >> (n & 3) * 16);
#endif
	return sum * 0x0001000100010001ull >> 48;
}

static __always_inline bool pb_table4(void *inner, __be32 addr)
{
	__u32 host = bpf_ntohl(addr), x = host & 0xffff;
	__u32 slot, at, n, separators, group;
	const struct pb_table_chunk *chunk;

	if (!inner)
		return false;
	chunk = pb_chunk(inner, (host >> 16) / PB_TABLE_SLOTS);
	if (!chunk)
		return false;
	slot = ((const __u32 *)chunk->data)[host >> 16 & (PB_TABLE_SLOTS - 1)];
	at = slot & PB_SLOT_AT;
	if (!at)
		return slot >> 31;
	chunk = pb_chunk(inner, at / PB_TABLE_LANES);
	if (!chunk)
		return false;
	if (slot & PB_SLOT_OTHER)
		return *pb_lane(chunk, at + (x >> 4)) >> (x & 15) & 1;
	n = *pb_lane(chunk, at);
	at++;
	if (n > PB_RUN4_GROUP) {
		separators = (n - 1) / PB_RUN4_GROUP;
		group = pb_rank4(chunk, at, separators, x);
		at += separators + group * PB_RUN4_GROUP;
		n = group < separators ? PB_RUN4_GROUP : n - group * PB_RUN4_GROUP;
	}
	return (slot >> 31) ^ (pb_rank4(chunk, at, n, x) & 1);
}

/* How many of the n words from `at` on are at or below v, n being from 1 to PB_RUN6_MAX. */
static __always_inline __u32 pb_rank6(const struct pb_table_chunk *chunk, __u32 at, __u32 n,
				      __u64 v)
{
	__u32 first = at, half, i;
	__u64 above;

	/* All words before `at` are at or below v, all words from at + n on are above it. No
	 * branch by what is found: it would be guessed wrong every other time.
	 */
	for (i = 0; i < 12; i++) {
		if (n <= 1)
			break;
		half = n / 2;
		above = (__u64)((__s64)(v - chunk->data[(at + half) & (PB_TABLE_WORDS - 1)]) >> 63);
		pb_one_value(above);
		at += half & ~above;
		n -= half;
	}
	above = (v - chunk->data[at & (PB_TABLE_WORDS - 1)]) >> 63;
	return at - first + !above;
}

static __always_inline bool pb_in_set(void *inner, const struct pb_set *set, __u64 v)
{
	const struct pb_table_chunk *chunk;
	__u32 level, slot, at, n;

	if (!set->index)
		return false;
	for (level = 0; level < PB_SET_LEVELS; level++) {
		if (v - set->from > set->span)
			return false;
		at = set->index + (__u32)((v - set->from) >> (set->shift & 63));
		chunk = pb_chunk(inner, at / PB_TABLE_SLOTS);
		if (!chunk)
			return false;
		slot = ((const __u32 *)chunk->data)[at & (PB_TABLE_SLOTS - 1)];
		at = slot & PB_SLOT_AT;
		if (!at)
			return slot >> 31;
		chunk = pb_chunk(inner, at / PB_TABLE_WORDS);
		if (!chunk)
			return false;
		if (!(slot & PB_SLOT_OTHER)) {
			n = chunk->data[at & (PB_TABLE_WORDS - 1)];
			return (slot >> 31) ^ (pb_rank6(chunk, at + 1, n, v) & 1);
		}
		set = (const void *)&chunk->data[at & (PB_TABLE_WORDS - 1)];
	}
	return false;
}

/* The slot of an entry; lower is NULL in parts. */
static __always_inline const struct pb_hash6_slot *
pb_find6(void *inner, const struct pb_hash6 *hash, __u64 seed, __u64 upper, const __u64 *lower)
{
	__u32 i, j, line = hash->line;
	const struct pb_hash6_slot *slot;
	const struct pb_table_chunk *chunk;

	line += PB_HASH6_LINE(seed, upper, lower ? *lower : 0, (__u64)hash->lines);
	for (i = 0; i < PB_PROBES; i++, line++) {
		chunk = pb_chunk(inner, line / PB_TABLE_LINES);
		if (!chunk)
			return NULL;
		slot = (const void *)&chunk->data[(line & (PB_TABLE_LINES - 1)) * 8];
		for (j = 0; j < PB_HASH6_SLOTS; j++, slot++) {
			if (slot->upper == upper && (lower ? slot->value == *lower : !!slot->value))
				return slot;
		}
		/* A line that has room left is the last. */
		slot--;
		if (!slot->upper && !slot->value)
			return NULL;
	}
	return NULL;
}

static __always_inline bool pb_table6(void *inner, const __be32 *addr)
{
	__u64 upper = (__u64)bpf_ntohl(addr[0]) << 32 | bpf_ntohl(addr[1]);
	__u64 lower = (__u64)bpf_ntohl(addr[2]) << 32 | bpf_ntohl(addr[3]), v = upper;
	const struct pb_table_chunk *first, *chunk;
	const struct pb_hash6_slot *slot;
	const struct pb_set *set;

	if (!inner)
		return false;
	first = pb_chunk(inner, 0);
	if (!first)
		return false;
	if (first->head.hosts.lines && (upper || lower) &&
	    pb_find6(inner, &first->head.hosts, first->head.seed, upper, &lower))
		return true;
	set = &first->head.nets;
	if (first->head.parts.lines) {
		slot = pb_find6(inner, &first->head.parts, first->head.seed, upper, NULL);
		if (slot) {
			chunk = pb_chunk(inner, slot->value / PB_TABLE_WORDS);
			if (!chunk)
				return false;
			set = (const void *)&chunk->data[slot->value & (PB_TABLE_WORDS - 1)];
			v = lower;
		}
	}
	return pb_in_set(inner, set, v);
}

#endif
