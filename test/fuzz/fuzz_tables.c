// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: fuzz_tables [-n PROBES] [-s SEED]
 *
 * Makes lists of addresses, compiles them (scripts/src/fill), and asks the look-up of
 * objs/parts/table.bpf.h, compiled for user space, for addresses at and beside the ends of their
 * entries and elsewhere. The reference is the list itself, entry by entry. A table must come back
 * as the ranges that it was made from; a damaged one must be refused, unless it is a right table of
 * other ranges, and reading it must stay in bounds, which the sanitizers see. Ends at the first
 * difference with status 1. The same seed makes the same lists. -n  look-ups that are compared
 * (1000000) -s  1
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "compile.h"

/* In the place of the kernel's map and of its helper: */
#define bpf_htonl htonl
#define bpf_ntohl ntohl
#define __bpf_endian_h__
#define __BPF_ENDIAN__
static void *bpf_map_lookup_elem(void *map, const uint32_t *key)
{
	struct table *table = map;

	return *key < table->chunks ? &table->chunk[*key] : NULL;
}
#include "table.bpf.h"

#define ENTRIES 20000

static uint64_t state;
static struct range list[ENTRIES]; /* what was listed, as it was listed */
static size_t listed;
static unsigned int bits;
static uint64_t seed;
static const char *kind;

static uint64_t rnd(void) /* xorshift64* */
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dull;
}

static uint64_t below(uint64_t n)
{
	return rnd() % n;
}

static ip_t all_ones(void)
{
	return bits == 32 ? UINT32_MAX : ~(ip_t)0;
}

static ip_t any(void)
{
	return bits == 32 ? (ip_t)(uint32_t)rnd() : (ip_t)rnd() << 64 | rnd();
}

static void enlist(ip_t addr, unsigned int len)
{
	ip_t host = len == bits ? 0 : len ? all_ones() >> len : all_ones();

	addr &= all_ones();
	if (listed < ENTRIES)
		list[listed++] = (struct range){ addr & ~host, addr | host };
}

static void fail(const char *what, ip_t addr)
{
	printf("%s: IPv%d list of %zu entries (%s), seed %llu, at %016llx%016llx\n", what,
	       bits == 32 ? 4 : 6, listed, kind, (unsigned long long)seed,
	       (unsigned long long)(addr >> 64), (unsigned long long)addr);
	exit(1);
}

/* --- lists */

static void random_prefixes(void)
{
	size_t n = below(300);

	while (n--)
		enlist(any(), below(8) ? bits - below(bits / 2) : below(bits + 1));
}

static void hosts(void)
{
	size_t n = below(3000);

	while (n--)
		enlist(any(), bits);
}

/* So many in one place that a run is too long for its slot. */
static void dense(void)
{
	unsigned int up = bits == 32 ? 0 : below(2) * 64, step = 1 + below(3);
	ip_t base = any() & ~((ip_t)0xfffff << up), i;
	size_t n = 1000 + below(14000);

	for (i = 0; i < n; i++)
		enlist(base + ((i * step) << up), bits - up);
	if (below(2))
		enlist(any(), bits - up);
}

static void extremes(void)
{
	unsigned int len;

	if (below(2))
		enlist(0, bits);
	if (below(2))
		enlist(all_ones(), bits);
	if (!below(4))
		enlist(any(), 0);
	for (len = 0; len <= bits; len++)
		if (!below(6))
			enlist(below(2) ? all_ones() << (bits - len > 127 ? 127 : bits - len)
					: any(),
			       len);
}

/* IPv6: all of it in one /64, or in a few; networks beyond /64. */
static void below_64(void)
{
	size_t n = below(4000), few = 1 + below(4);
	ip_t base = any() >> 64 << 64;

	while (n--)
		enlist((base + ((ip_t)below(few) << 64)) | rnd() >> below(64), 64 + below(65));
}

static void neighbours(void)
{
	size_t n = below(2000);
	ip_t at = any();

	while (n--) {
		enlist(at, bits - below(9));
		at = (at + below(600)) & all_ones();
	}
}

static void nothing(void)
{
}

static const struct {
	const char *name;
	void (*make)(void);
	bool six;
} kinds[] = {
	{ "random prefixes", random_prefixes, false },
	{ "hosts", hosts, false },
	{ "dense", dense, false },
	{ "extremes", extremes, false },
	{ "neighbours", neighbours, false },
	{ "nothing", nothing, false },
	{ "below /64", below_64, true },
};

/* --- checks */

static bool is_listed(ip_t addr)
{
	size_t i;

	for (i = 0; i < listed; i++)
		if (list[i].from <= addr && addr <= list[i].to)
			return true;
	return false;
}

static bool look_up(struct table *table, ip_t addr)
{
	__be32 a[4] = { htonl(addr >> 96), htonl(addr >> 64), htonl(addr >> 32), htonl(addr) };

	return bits == 32 ? pb_table4(table, a[3]) : pb_table6(table, a);
}

static void probe(struct table *table, ip_t addr)
{
	addr &= all_ones();
	if (look_up(table, addr) != is_listed(addr))
		fail("the look-up differs", addr);
}

static void probes(struct table *table, size_t n)
{
	while (n--) {
		const struct range *r = listed ? &list[below(listed)] : NULL;

		probe(table, !r || !below(8) ? any()
			     : below(2)	     ? r->from - 1 + below(3)
					     : r->to - 1 + below(3));
	}
}

/* Damage may make a right table of another list; then it must be that in all respects. */
static void still_right(struct table *table, size_t len)
{
	struct ranges ranges = { 0 };
	size_t i;

	if (table_decode(table->chunk, len, &ranges))
		fail("a damaged table passes", 0);
	for (i = 0; i < 3 * ranges.n; i++) {
		ip_t addr = (below(2) ? ranges.at[i / 3].from : ranges.at[i / 3].to) - 1 + below(3);

		addr &= all_ones();
		if (look_up(table, addr) != !!ranges_find(&ranges, addr))
			fail("a damaged table passes", addr);
	}
	ranges_free(&ranges);
}

static void damage(struct table *table)
{
	size_t len = table->chunks * sizeof(*table->chunk), at, i;
	struct ranges ranges = { 0 };
	uint8_t *image = malloc(len), was;
	struct table copy = { (void *)image, table->chunks };

	memcpy(image, table->chunk, len);
	for (i = 0; i < 6; i++) {
		at = below(3)	? below(len)
		     : below(3) ? len - 1 - below(64)
				: below(len < 512 ? len : 512);
		was = image[at];
		image[at] ^= 1 + below(255);
		if (!table_decode(image, len, &ranges))
			ranges_free(&ranges);
		if (i < 2 && table_check(image, len) >= 0)
			still_right(&copy, len);
		look_up(&copy, any());
		if (listed)
			look_up(&copy, list[below(listed)].from);
		if (below(2))
			image[at] = was;
	}
	if (table_bits(image, len - 1 - below(len)) > 0)
		fail("a table that was cut passes", 0);
	free(image);
}

static size_t one_list(void)
{
	struct ranges made = { 0 }, back = { 0 };
	struct table table = { 0 };
	size_t i, n, len;

	for (i = 0; i < listed; i++)
		if (ranges_add(&made, list[i].from, list[i].to))
			abort();
	if (ranges_merge(&made) || table_compile(bits, &made, &table))
		fail("cannot be compiled", 0);
	len = table.chunks * sizeof(*table.chunk);
	if (table_decode(table.chunk, len, &back) || back.n != made.n)
		fail("the ranges do not come back", 0);
	for (i = 0; i < made.n; i++)
		if (made.at[i].from != back.at[i].from || made.at[i].to != back.at[i].to)
			fail("another range comes back", made.at[i].from);
	if (table_check(table.chunk, len) != (int)bits)
		fail("a good table does not pass", 0);
	n = listed > 2000 ? 2000 : 5000;
	probes(&table, n);
	damage(&table);
	table_free(&table);
	ranges_free(&made);
	ranges_free(&back);
	return n;
}

int main(int argc, char **argv)
{
	size_t want = 1000000, done = 0, lists = 0;
	int i;

	seed = 1;
	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "-n"))
			want = strtoull(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "-s"))
			seed = strtoull(argv[i + 1], NULL, 10);
	}
	state = seed * 0x9e3779b97f4a7c15ull | 1;
	for (; done < want; lists++) {
		size_t k = lists % (sizeof(kinds) / sizeof(*kinds));

		bits = lists / 7 % 2 || kinds[k].six ? 128 : 32;
		kind = kinds[k].name;
		listed = 0;
		kinds[k].make();
		done += one_list();
	}
	printf("%zu lists, %zu look-ups\n", lists, done);
	return 0;
}
