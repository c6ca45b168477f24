// SPDX-License-Identifier: GPL-2.0-only
/* Compiled tables: back to ranges, see compile.h. Nothing of an image is trusted. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "compile.h"

struct image {
	const struct pb_table_chunk *chunk;
	size_t chunks;
	struct ranges *ranges;
	int err;
};

/* `bytes` bytes at an offset of the data, which must be in one chunk; NULL (and err) if they are
 * not. */
static const void *at(struct image *m, uint64_t offset, size_t bytes)
{
	size_t within = offset % PB_TABLE_DATA;

	if (offset / PB_TABLE_DATA >= m->chunks || within + bytes > PB_TABLE_DATA) {
		m->err = m->err ? m->err : -EBADMSG;
		return NULL;
	}
	return (const char *)m->chunk[offset / PB_TABLE_DATA].data + within;
}

static uint32_t slot_at(struct image *m, uint64_t position)
{
	const uint32_t *slot = at(m, position * 4, 4);

	return slot ? *slot : 0;
}

/* Where ranges begin and end, told from the lowest number on; base is what all of them share. */
struct walk {
	struct image *m;
	ip_t base;
	uint64_t from;
	bool inside;
};

static void ends(struct walk *w, uint64_t last)
{
	if (w->inside && !w->m->err)
		w->m->err = ranges_add(w->m->ranges, w->base | w->from, w->base | last);
	w->inside = false;
}

static void becomes(struct walk *w, uint64_t number, bool inside)
{
	if (inside == w->inside)
		return;
	if (inside)
		w->from = number;
	else
		ends(w, number - 1);
	w->inside = inside;
}

static void decode_bitmap4(struct walk *w, uint32_t position, uint64_t start)
{
	const uint16_t *lane = at(w->m, (uint64_t)position * 2, 2 * PB_BITMAP4);
	uint32_t x;

	for (x = 0; lane && x < 65536; x++)
		becomes(w, start + x, lane[x >> 4] >> (x & 15) & 1);
}

static void decode_run4(struct walk *w, uint32_t position, uint64_t start)
{
	const uint16_t *lane = at(w->m, (uint64_t)position * 2, 2);
	size_t n = lane ? *lane : 0, separators = n ? (n - 1) / PB_RUN4_GROUP : 0, i;

	if (n)
		lane = at(w->m, ((uint64_t)position + 1 + separators) * 2, 2 * n);
	for (i = 0; lane && i < n; i++) {
		if (i && lane[i] <= lane[i - 1]) {
			w->m->err = -EBADMSG;
			return;
		}
		becomes(w, start + lane[i], !w->inside);
	}
}

static void decode4(struct image *m)
{
	struct walk w = { .m = m };
	uint32_t slot, position;
	uint64_t part;

	for (part = 0; part < 65536 && !m->err; part++) {
		slot = slot_at(m, part);
		position = slot & PB_SLOT_AT;
		becomes(&w, part << 16, slot & PB_SLOT_INSIDE);
		if (position && slot & PB_SLOT_OTHER)
			decode_bitmap4(&w, position, part << 16);
		else if (position)
			decode_run4(&w, position, part << 16);
	}
	ends(&w, UINT32_MAX);
}

static void decode_run6(struct walk *w, uint32_t position)
{
	const uint64_t *word = at(w->m, (uint64_t)position * 8, 8);
	uint64_t n = word ? *word : 0, i;

	if (n > PB_RUN6_MAX) {
		w->m->err = -EBADMSG;
		return;
	}
	word = at(w->m, ((uint64_t)position + 1) * 8, 8 * n);
	for (i = 0; word && i < n; i++) {
		if (i && word[i] <= word[i - 1]) {
			w->m->err = -EBADMSG;
			return;
		}
		becomes(w, word[i], !w->inside);
	}
}

static void decode_set(struct walk *w, const struct pb_set *set, int level)
{
	uint64_t i, slots;
	struct pb_set sub;
	const void *p;
	uint32_t slot, position;

	if (!set->index || w->m->err)
		return;
	slots = set->shift < 64 ? (set->span >> set->shift) + 1 : 0;
	if (level == PB_SET_LEVELS || set->from + set->span < set->from || !slots ||
	    slots > w->m->chunks * PB_TABLE_SLOTS) {
		w->m->err = -EBADMSG;
		return;
	}
	for (i = 0; i < slots && !w->m->err; i++) {
		slot = slot_at(w->m, set->index + i);
		position = slot & PB_SLOT_AT;
		becomes(w, set->from + (i << set->shift), slot & PB_SLOT_INSIDE);
		if (position && slot & PB_SLOT_OTHER) {
			p = at(w->m, (uint64_t)position * 8, sizeof(sub));
			if (!p)
				return;
			memcpy(&sub, p, sizeof(sub));
			/* It covers its slot, no more: so the sets below it are fewer and fewer. */
			if (sub.from != set->from + (i << set->shift) || sub.shift >= set->shift ||
			    sub.span >> set->shift)
				w->m->err = -EBADMSG;
			else
				decode_set(w, &sub, level + 1);
		} else if (position) {
			decode_run6(w, position);
		}
	}
	if (!level)
		ends(w, set->from + set->span);
}

/* The entries of a hash: hosts, or sets of lower halves. */
static void decode_hash(struct image *m, const struct pb_hash6 *hash, bool parts)
{
	const struct pb_hash6_slot *slot;
	struct pb_set set;
	const void *p;
	uint64_t line, j, last;

	last = hash->lines ? (uint64_t)hash->line + hash->lines + PB_PROBES : 0;
	for (line = hash->line; line < last && !m->err; line++) {
		slot = at(m, line * 64, 64);
		for (j = 0; slot && j < PB_HASH6_SLOTS; j++, slot++) {
			struct walk w = { .m = m, .base = (ip_t)slot->upper << 64 };

			if (!slot->upper && !slot->value)
				continue;
			if (!parts) {
				m->err = ranges_add(m->ranges, w.base | slot->value,
						    w.base | slot->value);
				continue;
			}
			p = at(m, slot->value * 8, sizeof(set));
			if (!p)
				return;
			memcpy(&set, p, sizeof(set));
			decode_set(&w, &set, 0);
		}
	}
}

/* All /64 that are listed as a whole. */
static void decode_nets(struct image *m, const struct pb_set *set)
{
	struct ranges uppers = { 0 }, *all = m->ranges;
	struct walk w = { .m = m };
	size_t i;

	m->ranges = &uppers;
	decode_set(&w, set, 0);
	m->ranges = all;
	for (i = 0; i < uppers.n && !m->err; i++)
		m->err = ranges_add(all, uppers.at[i].from << 64,
				    uppers.at[i].to << 64 | UINT64_MAX);
	ranges_free(&uppers);
}

int table_bits(const void *image, size_t len)
{
	const struct pb_table_chunk *first = image;

	if (!len || len % sizeof(*first) || first->head.chunks != len / sizeof(*first))
		return -EBADMSG;
	if (first->head.magic == PB_TABLE_MAGIC4)
		return 32;
	return first->head.magic == PB_TABLE_MAGIC6 ? 128 : -EBADMSG;
}

int table_decode(const void *image, size_t len, struct ranges *ranges)
{
	struct image m = { .chunk = image, .chunks = len / sizeof(*m.chunk), .ranges = ranges };
	int bits = table_bits(image, len);

	if (bits < 0)
		return bits;
	if (bits == 32) {
		decode4(&m);
	} else {
		decode_nets(&m, &m.chunk->head.nets);
		decode_hash(&m, &m.chunk->head.hosts, false);
		decode_hash(&m, &m.chunk->head.parts, true);
	}
	if (!m.err)
		m.err = ranges_merge(ranges);
	if (m.err)
		ranges_free(ranges);
	return m.err;
}

int table_check(const void *image, size_t len)
{
	struct ranges ranges = { 0 };
	struct table table = { 0 };
	int bits = table_bits(image, len),
	    err = bits < 0 ? bits : table_decode(image, len, &ranges);

	if (!err)
		err = table_compile(bits, &ranges, &table);
	if (!err && (table.chunks * sizeof(*table.chunk) != len || memcmp(table.chunk, image, len)))
		err = -EBADMSG;
	table_free(&table);
	ranges_free(&ranges);
	return err ? err : bits;
}
