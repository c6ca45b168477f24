// SPDX-License-Identifier: GPL-2.0-only
/* Compiled tables: ranges into chunks. decode.c goes the other way. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "compile.h"

#define SEEDS	 64
#define PER_SIZE 16 /* seeds until the hashes are made larger */

/* A table that grows; `used` counts bytes of data, as positions do. */
struct builder {
	struct pb_table_chunk *chunk;
	size_t chunks; /* there is room for */
	size_t used;
	int err;
};

static void *data(const struct builder *b, size_t offset)
{
	return (char *)b->chunk[offset / PB_TABLE_DATA].data + offset % PB_TABLE_DATA;
}

/* The offset of so many zero bytes, aligned to `align`; 0 if there is no memory (b->err). */
static size_t take(struct builder *b, size_t bytes, size_t align)
{
	size_t offset = (b->used + align - 1) / align * align, chunks;
	struct pb_table_chunk *chunk;

	chunks = (offset + bytes + PB_TABLE_DATA - 1) / PB_TABLE_DATA;
	if (chunks > PB_TABLE_CHUNKS_MAX)
		b->err = -EFBIG;
	if (b->err)
		return 0;
	if (chunks > b->chunks) {
		chunks = chunks < 2 * b->chunks ? 2 * b->chunks : chunks;
		chunk = realloc(b->chunk, chunks * sizeof(*chunk));
		if (!chunk) {
			b->err = -ENOMEM;
			return 0;
		}
		memset(chunk + b->chunks, 0, (chunks - b->chunks) * sizeof(*chunk));
		b->chunk = chunk;
		b->chunks = chunks;
	}
	b->used = offset + bytes;
	return offset;
}

/* The same, all of it in one chunk. */
static size_t take_whole(struct builder *b, size_t bytes, size_t align)
{
	if ((b->used + align - 1) % PB_TABLE_DATA + bytes > PB_TABLE_DATA)
		align = PB_TABLE_DATA;
	return take(b, bytes, align);
}

/* --- IPv4 ---------------------------------------------------------------------------------------
 */

/* Boundaries are counted through all ranges: the even ones begin a range, the odd ones end it. */
static uint64_t boundary4(const struct ranges *ranges, size_t k)
{
	return k & 1 ? (uint64_t)ranges->at[k / 2].to + 1 : (uint64_t)ranges->at[k / 2].from;
}

static uint32_t add_bitmap4(struct builder *b, const struct ranges *ranges, size_t k, size_t n,
			    bool inside)
{
	size_t offset = take_whole(b, 2 * PB_BITMAP4, 2), end = k + n;
	uint16_t *lanes = data(b, offset);
	uint32_t x = 0, next;

	if (b->err)
		return 0;
	for (; k <= end; k++, inside = !inside, x = next) {
		next = k < end ? (uint16_t)boundary4(ranges, k) : 0x10000;
		for (; inside && x < next; x++)
			lanes[x >> 4] |= 1u << (x & 15);
	}
	return PB_SLOT_OTHER | offset / 2;
}

static uint32_t add_run4(struct builder *b, const struct ranges *ranges, size_t k, size_t n)
{
	size_t separators = (n - 1) / PB_RUN4_GROUP, i;
	size_t offset = take_whole(b, 2 * (1 + separators + n), 2);
	uint16_t *lane = data(b, offset);

	if (b->err)
		return 0;
	*lane++ = n;
	for (i = 1; i <= separators; i++)
		*lane++ = boundary4(ranges, k + i * PB_RUN4_GROUP);
	for (i = 0; i < n; i++)
		*lane++ = boundary4(ranges, k + i);
	return offset / 2;
}

static void compile4(struct builder *b, const struct ranges *ranges)
{
	size_t k = 0, n, first, total = 2 * ranges->n, index = take(b, 65536 * 4, 4);
	uint64_t part, next;
	uint32_t slot;
	bool inside;

	for (part = 0; part < 65536 && !b->err; part++) {
		next = (part + 1) << 16;
		if (k < total && boundary4(ranges, k) == part << 16)
			k++;
		inside = k & 1;
		for (first = k; k < total && boundary4(ranges, k) < next; k++)
			;
		n = k - first;
		slot = n > PB_RUN4_MAX ? add_bitmap4(b, ranges, first, n, inside)
		       : n	       ? add_run4(b, ranges, first, n)
				       : 0;
		*(uint32_t *)data(b, index + part * 4) = slot | (inside ? PB_SLOT_INSIDE : 0);
	}
}

/* --- IPv6 ---------------------------------------------------------------------------------------
 */

struct numbers {
	uint64_t *at;
	size_t n, room;
};

static void append(struct builder *b, struct numbers *to, uint64_t one, uint64_t two)
{
	if (to->n + 2 > to->room) {
		size_t room = to->room ? 2 * to->room : 64;
		uint64_t *at = realloc(to->at, room * sizeof(*at));

		if (!at) {
			b->err = -ENOMEM;
			return;
		}
		to->at = at;
		to->room = room;
	}
	to->at[to->n++] = one;
	to->at[to->n++] = two;
}

static uint32_t add_run6(struct builder *b, const uint64_t *boundary, size_t n)
{
	size_t offset = take_whole(b, 8 * (1 + n), 8);
	uint64_t *word = data(b, offset);

	if (b->err)
		return 0;
	*word++ = n;
	memcpy(word, boundary, 8 * n);
	return offset / 8;
}

/* Makes the index of a set of which all else is there, and the runs, and the sets below it. */
static void add_index(struct builder *b, struct pb_set *set, const uint64_t *boundary, size_t n,
		      bool inside)
{
	uint64_t slots = (set->span >> set->shift) + 1, i, start;
	size_t k = 0, first, index = take(b, slots * 4, 4), at;
	uint32_t slot;

	set->index = index / 4;
	for (i = 0; i < slots && !b->err; i++) {
		start = set->from + (i << set->shift);
		if (k < n && boundary[k] == start) {
			inside = !inside;
			k++;
		}
		for (first = k; k < n && (boundary[k] - set->from) >> set->shift == i; k++)
			;
		slot = inside ? PB_SLOT_INSIDE : 0;
		if (k - first > PB_RUN6_MAX) {
			struct pb_set sub = { .from = start,
					      .span = (1ull << set->shift) - 1,
					      .shift = set->shift - PB_SUBSET_SHIFT };

			at = take_whole(b, sizeof(sub), 8);
			add_index(b, &sub, boundary + first, k - first, inside);
			if (!b->err)
				memcpy(data(b, at), &sub, sizeof(sub));
			slot |= PB_SLOT_OTHER | at / 8;
		} else if (k > first) {
			slot |= add_run6(b, boundary + first, k - first);
		}
		inside ^= (k - first) & 1;
		if (!b->err)
			*(uint32_t *)data(b, index + i * 4) = slot;
	}
}

/* A set of ranges, which come as pairs, first and last number, and are overwritten. */
static struct pb_set add_set(struct builder *b, struct numbers *pairs)
{
	struct pb_set set = { 0 };
	size_t i, n = pairs->n;
	unsigned int bits;

	if (!n || b->err)
		return set;
	set.from = pairs->at[0];
	set.span = pairs->at[n - 1] - set.from;
	/* A slot for about four boundaries. */
	for (bits = 0; bits < 64 && set.span >> bits; bits++)
		;
	for (; n > 4 && bits; n /= 2)
		bits--;
	set.shift = bits < 62 ? bits : 62;
	for (i = 1; i < pairs->n; i += 2)
		pairs->at[i]++;
	add_index(b, &set, pairs->at, pairs->n - 1, false);
	return set;
}

/* The seeds are always the same, so that a table of the same ranges is. (SplitMix64) */
static uint64_t seed_of(unsigned int try)
{
	uint64_t x = (try + 1) * 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (x ^ x >> 31) | 1;
}

/* Entries of a hash are pairs too. False: the seed does not suit. */
static bool add_hash(struct builder *b, struct pb_hash6 *hash, uint64_t seed, unsigned int larger,
		     const struct numbers *entries, bool parts)
{
	size_t i, j, lines = (entries->n / 4 + 1) << larger, offset;
	struct pb_hash6_slot *slot;
	uint64_t line;

	if (!entries->n)
		return true;
	offset = take(b, (lines + PB_PROBES) * 64, 64);
	hash->line = offset / 64;
	hash->lines = lines;
	for (i = 0; i < entries->n && !b->err; i += 2) {
		line = PB_HASH6_LINE(seed, entries->at[i], parts ? 0 : entries->at[i + 1],
				     (uint64_t)lines);
		for (j = 0; j < PB_PROBES * PB_HASH6_SLOTS; j++) {
			slot = data(b, offset + line * 64 + j * sizeof(*slot));
			if (!slot->upper && !slot->value)
				break;
		}
		if (j == PB_PROBES * PB_HASH6_SLOTS)
			return false;
		slot->upper = entries->at[i];
		slot->value = entries->at[i + 1];
	}
	return true;
}

static void add_hashes(struct builder *b, struct pb_table_head *head, const struct numbers *hosts,
		       const struct numbers *parts)
{
	size_t start = b->used, left;
	unsigned int try;

	for (try = 0; try < SEEDS && !b->err; try++) {
		head->seed = seed_of(try);
		if (add_hash(b, &head->hosts, head->seed, try / PER_SIZE, hosts, false) &&
		    add_hash(b, &head->parts, head->seed, try / PER_SIZE, parts, true))
			return;
		/* Back to zeros, from the first byte that is not needed on. */
		for (; b->used > start; b->used -= left) {
			left = (b->used - 1) % PB_TABLE_DATA + 1;
			left = left < b->used - start ? left : b->used - start;
			memset(data(b, b->used - left), 0, left);
		}
	}
	if (!b->err)
		b->err = -ENOSPC;
}

/* Some addresses of one /64: as hosts, if they are few. Else they wait for the others of this /64.
 */
static void add_part(struct builder *b, uint64_t upper, uint64_t from, uint64_t to,
		     struct numbers *hosts, struct numbers *part)
{
	if (to - from >= PB_HOSTS6 || (!upper && !from)) {
		append(b, part, from, to);
		return;
	}
	for (; !b->err; from++) {
		append(b, hosts, upper, from);
		if (from == to)
			break;
	}
}

static void end_part(struct builder *b, uint64_t upper, struct numbers *part, struct numbers *parts)
{
	struct pb_set set;
	size_t at;

	if (part->n) {
		set = add_set(b, part);
		at = take_whole(b, sizeof(set), 8);
		if (!b->err)
			memcpy(data(b, at), &set, sizeof(set));
		append(b, parts, upper, at / 8);
	}
	part->n = 0;
}

static void compile6(struct builder *b, struct pb_table_head *head, const struct ranges *ranges)
{
	struct numbers nets = { 0 }, hosts = { 0 }, parts = { 0 }, part = { 0 };
	uint64_t upper = 0, first, last, from, to;
	size_t i;

	take(b, 64, 64); /* so that no position is 0 */
	for (i = 0; i < ranges->n && !b->err; i++) {
		first = ranges->at[i].from >> 64;
		last = ranges->at[i].to >> 64;
		from = ranges->at[i].from;
		to = ranges->at[i].to;
		if (first != upper) {
			end_part(b, upper, &part, &parts);
			upper = first;
		}
		if (from && first != last) {
			add_part(b, first++, from, UINT64_MAX, &hosts, &part);
			from = 0;
		}
		if (to != UINT64_MAX && first != last) {
			append(b, &nets, first, last - 1);
			first = last;
			from = 0;
		}
		if (first != upper) {
			end_part(b, upper, &part, &parts);
			upper = first;
		}
		if (from || to != UINT64_MAX)
			add_part(b, first, from, to, &hosts, &part);
		else
			append(b, &nets, first, last);
	}
	end_part(b, upper, &part, &parts);
	head->nets = add_set(b, &nets);
	add_hashes(b, head, &hosts, &parts);
	free(nets.at);
	free(hosts.at);
	free(parts.at);
	free(part.at);
}

int table_compile(unsigned int bits, const struct ranges *ranges, struct table *table)
{
	struct pb_table_head head = { .magic = bits == 32 ? PB_TABLE_MAGIC4 : PB_TABLE_MAGIC6,
				      .ranges = ranges->n };
	struct builder b = { 0 };

	if (bits == 32)
		compile4(&b, ranges);
	else
		compile6(&b, &head, ranges);
	if (b.err) {
		free(b.chunk);
		return b.err;
	}
	head.chunks = (b.used + PB_TABLE_DATA - 1) / PB_TABLE_DATA;
	b.chunk->head = head;
	table->chunk = b.chunk;
	table->chunks = head.chunks;
	return 0;
}

void table_free(struct table *table)
{
	free(table->chunk);
	memset(table, 0, sizeof(*table));
}
