// SPDX-License-Identifier: GPL-2.0-only
/* Compiled tables: chunks into ranges. Nothing in a table is trusted: each position is checked
 * before it is followed. What is followed counts against the size of the table, each byte of which
 * is needed once at most, so that one that leads in circles comes to an end.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "compile.h"

struct reader {
	const struct pb_table_chunk *chunk;
	size_t bytes; /* of data */
	size_t left;  /* bytes that may still be read */
	struct ranges *to;
	int err;
	/* A range that has begun: */
	bool open;
	uint64_t start;
};

/* So many bytes, from the position `at` in units of `unit` bytes; NULL: they are not there. */
static const void *get(struct reader *r, uint64_t at, size_t unit, size_t bytes)
{
	uint64_t offset = at * unit;

	if (!r->err && (at > r->bytes || offset + bytes > r->bytes || bytes > r->left ||
			offset % PB_TABLE_DATA + bytes > PB_TABLE_DATA))
		r->err = -EBADMSG;
	if (r->err)
		return NULL;
	r->left -= bytes;
	return (const char *)r->chunk[offset / PB_TABLE_DATA].data + offset % PB_TABLE_DATA;
}

static void add(struct reader *r, ip_t from, ip_t to)
{
	if (!r->err)
		r->err = from <= to ? ranges_add(r->to, from, to) : -EBADMSG;
}

/* A boundary: a range begins or ends. upper: what the numbers are the lower part of. */
static void cross(struct reader *r, ip_t upper, unsigned int low_zeros, uint64_t at)
{
	ip_t ones = ((ip_t)1 << low_zeros) - 1;

	if (r->open && at <= r->start)
		r->err = -EBADMSG;
	else if (r->open)
		add(r, upper | (ip_t)r->start << low_zeros,
		    upper | (ip_t)(at - 1) << low_zeros | ones);
	r->open = !r->open;
	r->start = at;
}

/* --- IPv4 ---------------------------------------------------------------------------------------
 */

static void read_run4(struct reader *r, uint64_t base, uint32_t at)
{
	const uint16_t *n = get(r, at, 2, 2), *lane = NULL;
	uint32_t separators, i;

	if (n && *n) {
		separators = (*n - 1) / PB_RUN4_GROUP;
		lane = get(r, (uint64_t)at + 1 + separators, 2, *n * 2);
	}
	for (i = 0; lane && i < *n && !r->err; i++)
		cross(r, 0, 0, base | lane[i]);
}

static void read_bitmap4(struct reader *r, uint64_t base, uint32_t at)
{
	const uint16_t *lane = get(r, at, 2, PB_BITMAP4 * 2);
	uint32_t x;

	for (x = 0; lane && x < 65536 && !r->err; x++) {
		if ((lane[x >> 4] >> (x & 15) & 1) != r->open)
			cross(r, 0, 0, base | x);
	}
}

static void read4(struct reader *r)
{
	const uint32_t *slot;
	uint64_t part;

	for (part = 0; part < 65536 && (slot = get(r, part, 4, 4)); part++) {
		if (!(*slot & PB_SLOT_OTHER) && !!(*slot & PB_SLOT_INSIDE) != r->open)
			cross(r, 0, 0, part << 16);
		if (*slot & PB_SLOT_OTHER)
			read_bitmap4(r, part << 16, *slot & PB_SLOT_AT);
		else if (*slot & PB_SLOT_AT)
			read_run4(r, part << 16, *slot & PB_SLOT_AT);
	}
	if (r->open)
		cross(r, 0, 0, 1ull << 32);
}

/* --- IPv6 ---------------------------------------------------------------------------------------
 */

/* How the numbers of a set are put together to addresses. */
struct place {
	ip_t upper;
	unsigned int low_zeros;
};

static void read_index(struct reader *r, const struct pb_set *set, unsigned int level,
		       const struct place *p)
{
	const struct pb_set *sub;
	const uint64_t *n, *word;
	const uint32_t *slot;
	uint64_t i, j, start;

	if (level == PB_SET_LEVELS || set->shift > 62) {
		r->err = -EBADMSG;
		return;
	}
	for (i = 0; i <= set->span >> set->shift && (slot = get(r, set->index + i, 4, 4)); i++) {
		start = set->from + (i << set->shift);
		if (!!(*slot & PB_SLOT_INSIDE) != r->open)
			cross(r, p->upper, p->low_zeros, start);
		if (*slot & PB_SLOT_OTHER) {
			sub = get(r, *slot & PB_SLOT_AT, 8, sizeof(*sub));
			if (sub && sub->from != start)
				r->err = -EBADMSG;
			else if (sub)
				read_index(r, sub, level + 1, p);
		} else if (*slot & PB_SLOT_AT) {
			n = get(r, *slot & PB_SLOT_AT, 8, 8);
			word = n && *n <= PB_RUN6_MAX
				       ? get(r, (*slot & PB_SLOT_AT) + 1ull, 8, *n * 8)
				       : NULL;
			for (j = 0; word && j < *n && !r->err; j++)
				cross(r, p->upper, p->low_zeros, word[j]);
		}
	}
}

static void read_set(struct reader *r, const struct pb_set *set, const struct place *p)
{
	r->open = false;
	read_index(r, set, 0, p);
	/* The last number may be the last there is. */
	if (r->open)
		add(r, p->upper | (ip_t)r->start << p->low_zeros,
		    p->upper | (ip_t)(set->from + set->span) << p->low_zeros |
			    (((ip_t)1 << p->low_zeros) - 1));
	else
		r->err = r->err ? r->err : -EBADMSG;
}

static void read6(struct reader *r, const struct pb_table_head *head)
{
	const struct pb_hash6_slot *slot;
	const struct pb_set *set;
	uint64_t i;

	if (head->nets.index)
		read_set(r, &head->nets, &(struct place){ 0, 64 });
	for (i = 0;
	     head->hosts.lines && i < (head->hosts.lines + (uint64_t)PB_PROBES) * PB_HASH6_SLOTS;
	     i++) {
		slot = get(r, head->hosts.line * 4ull + i, sizeof(*slot), sizeof(*slot));
		if (!slot)
			return;
		if (slot->upper || slot->value)
			add(r, (ip_t)slot->upper << 64 | slot->value,
			    (ip_t)slot->upper << 64 | slot->value);
	}
	for (i = 0;
	     head->parts.lines && i < (head->parts.lines + (uint64_t)PB_PROBES) * PB_HASH6_SLOTS;
	     i++) {
		slot = get(r, head->parts.line * 4ull + i, sizeof(*slot), sizeof(*slot));
		if (!slot)
			return;
		set = slot->value ? get(r, slot->value, 8, sizeof(*set)) : NULL;
		if (set)
			read_set(r, set, &(struct place){ (ip_t)slot->upper << 64, 0 });
	}
}

int table_bits(const void *image, size_t len)
{
	const struct pb_table_chunk *chunk = image;

	if (!len || len % sizeof(*chunk) || chunk->head.chunks != len / sizeof(*chunk))
		return -EBADMSG;
	if (chunk->head.magic == PB_TABLE_MAGIC4)
		return 32;
	return chunk->head.magic == PB_TABLE_MAGIC6 ? 128 : -EBADMSG;
}

int table_decode(const void *image, size_t len, struct ranges *ranges)
{
	const struct pb_table_chunk *chunk = image;
	struct reader r = { .chunk = chunk, .to = ranges };
	int bits = table_bits(image, len);

	if (bits < 0)
		return bits;
	r.bytes = r.left = len / sizeof(*chunk) * PB_TABLE_DATA;
	if (bits == 32)
		read4(&r);
	else
		read6(&r, &chunk->head);
	/* What has a hash gives them in no order. */
	if (!r.err)
		r.err = ranges_merge(ranges);
	if (!r.err && ranges->n != chunk->head.ranges)
		r.err = -EBADMSG;
	if (r.err)
		ranges_free(ranges);
	return r.err;
}

int table_check(const void *image, size_t len)
{
	struct ranges ranges = { 0 };
	struct table table = { 0 };
	int bits = table_bits(image, len), err;

	if (bits < 0)
		return bits;
	err = table_decode(image, len, &ranges);
	if (!err)
		err = table_compile(bits, &ranges, &table);
	if (!err && (table.chunks * sizeof(*table.chunk) != len || memcmp(table.chunk, image, len)))
		err = -EBADMSG;
	ranges_free(&ranges);
	table_free(&table);
	/* What cannot be made is no table. */
	return err == -ENOMEM ? err : err ? -EBADMSG : bits;
}
