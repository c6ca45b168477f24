// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compiled tables against a plain reference: the ranges, searched one by one. Random and
 * adversarial lists are compiled, decoded, checked and asked by the very code of
 * objs/parts/table.bpf.h; damaged tables must be refused, and asking them must do no harm.
 *   fuzz_tables [-n PROBES] [-s SEED] [-k PROGRAM TABLES]
 * -k: puts some tables into real inner maps too, in the pinned outer array TABLES, filled by mmap,
 * and asks the pinned PROGRAM (test/fixtures/xdp_table.bpf.c) with frames.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/mman.h>
#include "compile.h"
#include "sys.h"

/* In the place of the kernel's map. Each chunk in memory of its own, so that ASan sees its end. */
static void *bpf_map_lookup_elem(void *map, const void *key);
#include "table.bpf.h"

struct map {
	uint32_t chunks;
	struct pb_table_chunk *chunk[];
};

static void *bpf_map_lookup_elem(void *map, const void *key)
{
	const struct map *m = map;
	uint32_t k;

	memcpy(&k, key, sizeof(k));
	return k < m->chunks ? m->chunk[k] : NULL;
}

static struct map *make_map(const struct pb_table_chunk *chunk, size_t chunks)
{
	struct map *m = malloc(sizeof(*m) + chunks * sizeof(*m->chunk));
	size_t i;

	if (!m)
		abort();
	m->chunks = chunks;
	for (i = 0; i < chunks; i++) {
		m->chunk[i] = malloc(sizeof(*chunk));
		if (!m->chunk[i])
			abort();
		memcpy(m->chunk[i], chunk + i, sizeof(*chunk));
	}
	return m;
}

static void free_map(struct map *m)
{
	uint32_t i;

	for (i = 0; i < m->chunks; i++)
		free(m->chunk[i]);
	free(m);
}

static uint64_t state;
static uint64_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dull;
}

static ip_t any_addr(unsigned int bits)
{
	ip_t a = (ip_t)any() << 64 | any();

	return bits == 32 ? (uint32_t)(a >> 40) : a;
}

static bool asked(struct map *m, unsigned int bits, ip_t a)
{
	__be32 word[4];
	int i;

	if (bits == 32)
		return pb_table4(m, htonl((uint32_t)a));
	for (i = 0; i < 4; i++)
		word[i] = htonl((uint32_t)(a >> (96 - 32 * i)));
	return pb_table6(m, word);
}

enum kind {
	EMPTY,
	ALL,
	ENDS,
	HOSTS,
	NETS,
	MIXED,
	DENSE, /* one /16, or /112 */
	EVERY_OTHER,
	ONE_64,
	LONG, /* prefixes beyond /64, or /16 */
	CLUSTERS,
	NESTED, /* each cluster in a corner of the one before */
	COLLIDING,
	KINDS,
};

static void fill(struct ranges *set, unsigned int bits, enum kind kind, size_t n)
{
	ip_t all = bits == 32 ? 0xffffffffu : ~(ip_t)0, base = any_addr(bits), a;
	size_t i;

	for (i = 0; i < n && kind > ENDS; i++) {
		a = any_addr(bits);
		switch (kind) {
		case NETS:
			ranges_add_prefix(set, bits, a, 8 + any() % (bits == 32 ? 24 : 57));
			break;
		case MIXED:
			ranges_add_prefix(set, bits, a, bits - any() % (bits / 2 + 4));
			break;
		case DENSE:
			ranges_add_prefix(set, bits, (base >> 16 << 16) | (a & 0xffff), bits);
			break;
		case EVERY_OTHER:
			ranges_add_prefix(set, bits, (base + 2 * i) & all, bits);
			break;
		case ONE_64:
			a = bits == 32 ? a : (base >> 64 << 64) | (uint64_t)a;
			ranges_add_prefix(set, bits, a, bits - any() % 8);
			break;
		case LONG:
			ranges_add_prefix(set, bits, a & ~(ip_t)(i % 3 ? 0 : ~0u),
					  bits / 2 + any() % (bits / 2 + 1));
			ranges_add_prefix(
				set, bits,
				((base >> 68 << 68) | (a & ~0ull) | (ip_t)(any() % 4) << 64) & all,
				bits / 2 + any() % (bits / 2 + 1));
			break;
		case CLUSTERS:
			if (i % 500 == 0)
				base = a;
			a = base + (a & 0x7fff);
			ranges_add_prefix(set, bits, a & all, bits);
			break;
		case NESTED:
			a = base ^ a >> (any() % bits);
			if (bits == 128 && any() % 2)
				a = (base >> 64 << 64 ^ (ip_t)(any() >> any() % 64) << 64) |
				    (uint64_t)a;
			ranges_add_prefix(set, bits, a & all, any() % 3 ? bits : bits / 2);
			break;
		case COLLIDING: {
			/* The first line of the first seed is full of them: lower = mix(upper). */
			uint64_t seed = 0xe220a8397b1dcdafull | 1, up = any();

			ranges_add(set, (ip_t)up << 64 | PB_HASH6_MIX(seed, up),
				   (ip_t)up << 64 | PB_HASH6_MIX(seed, up));
			if (bits == 32)
				set->at[set->n - 1] = (struct range){ a, a };
			break;
		}
		default:
			ranges_add_prefix(set, bits, a, bits);
		}
	}
	if (kind == ALL || (kind == ENDS && any() % 2))
		ranges_add_prefix(set, bits, 0, kind == ALL ? 0 : bits);
	if (kind == ENDS)
		ranges_add_prefix(set, bits, all, bits);
	for (i = 0; i < set->n; i++)
		if (set->at[i].to > all || set->at[i].from > set->at[i].to)
			abort();
}

static uint64_t probes, tables, damaged, passed;

static int wrong(const char *what, unsigned int bits, int kind, size_t n)
{
	fprintf(stderr, "%s: IPv%d, kind %d, %zu\n", what, bits == 32 ? 4 : 6, kind, n);
	return -1;
}

/* --- the loaded program
 * ---------------------------------------------------------------------------------------------- */

static int program = -1, outer = -1;
static uint64_t runs;

/* A real inner map, which the outer array then holds. */
static int load(const struct table *t, unsigned int bits)
{
	size_t len = t->chunks * sizeof(*t->chunk);
	uint32_t key = bits == 32 ? 0 : 1, value;
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY,
				.key_size = 4,
				.value_size = sizeof(*t->chunk),
				.max_entries = t->chunks,
				.map_flags = PB_TABLE_MAP_FLAGS };
	int fd = sys_bpf(BPF_MAP_CREATE, &attr), ret;
	void *to;

	if (fd < 0)
		return fd;
	to = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (to == MAP_FAILED)
		return -errno;
	memcpy(to, t->chunk, len);
	munmap(to, len);
	value = fd;
	ret = bpf_elem(BPF_MAP_UPDATE_ELEM, outer, &key, &value);
	close(fd);
	return ret;
}

/* The verdict of a frame from this source. */
static int verdict(unsigned int bits, ip_t a)
{
	unsigned char frame[64] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	union bpf_attr attr = { .test = { .prog_fd = program,
					  .data_in = (uintptr_t)frame,
					  .data_size_in = sizeof(frame),
					  .repeat = 1 } };
	int i;

	frame[12] = bits == 32 ? 0x08 : 0x86;
	frame[13] = bits == 32 ? 0x00 : 0xdd;
	frame[14] = bits == 32 ? 0x45 : 0x60;
	for (i = 0; i < (int)bits / 8; i++)
		frame[(bits == 32 ? 26 : 22) + i] = (unsigned char)(a >> (bits - 8 - 8 * i));
	runs++;
	return sys_bpf(BPF_PROG_TEST_RUN, &attr) ? -1 : (int)attr.test.retval;
}

static int damage(const struct table *t, unsigned int bits)
{
	size_t len = t->chunks * sizeof(*t->chunk), at, i;
	unsigned char *copy = malloc(len);
	struct ranges r = { 0 };
	struct map *m;
	int ret;

	if (!copy)
		abort();
	memcpy(copy, t->chunk, len);
	for (i = 1 + any() % 3; i--;) {
		/* The head and the beginning more often than the rest. */
		at = any() % 3 == 0 ? PB_TABLE_DATA + any() % 64 : any() % (any() % 2 ? len : 4096);
		if (any() % 2)
			copy[at % len] ^= 1 + any() % 255;
		else
			*(uint32_t *)(copy + at % (len - 4) / 4 * 4) = any() >> any() % 64;
	}
	ret = table_check(copy, len);
	if (ret >= 0 && memcmp(copy, t->chunk, len)) {
		/* Then it must be another that is right: its ranges are those that it answers. */
		passed++;
	}
	if (!table_decode(copy, len, &r))
		ranges_free(&r);
	m = make_map((void *)copy, t->chunks);
	for (i = 0; i < 20; i++)
		asked(m, bits, any_addr(bits));
	free_map(m);
	/* A part of it is no table. */
	ret = table_check(copy, len - 1 - any() % (len - 1));
	free(copy);
	damaged++;
	return ret >= 0 ? -1 : 0;
}

static int one(unsigned int bits, enum kind kind, size_t n, size_t ask)
{
	struct ranges set = { 0 }, back = { 0 }, again = { 0 };
	ip_t all = bits == 32 ? 0xffffffffu : ~(ip_t)0, a;
	struct table t;
	struct map *m;
	unsigned int len;
	size_t i;
	int ret;

	fill(&set, bits, kind, n);
	if (ranges_merge(&set))
		abort();
	for (i = 1; i < set.n; i++)
		if (set.at[i].from <= set.at[i - 1].to + 1)
			return wrong("not canonical", bits, kind, n);
	ret = table_compile(bits, &set, &t);
	if (ret)
		return wrong(strerror(-ret), bits, kind, n);
	if (table_decode(t.chunk, t.chunks * sizeof(*t.chunk), &back) || back.n != set.n ||
	    (set.n && memcmp(back.at, set.at, set.n * sizeof(*set.at))))
		return wrong("decoded to others", bits, kind, n);
	if (table_check(t.chunk, t.chunks * sizeof(*t.chunk)) != (int)bits)
		return wrong("refused", bits, kind, n);
	m = make_map(t.chunk, t.chunks);
	if (program >= 0 && (ret = load(&t, bits)))
		return wrong(strerror(-ret), bits, kind, n);
	for (i = 0; i < ask; i++) {
		const struct range *r = set.n ? &set.at[any() % set.n] : NULL;

		switch (r ? any() % 8 : 0) {
		case 0:
			a = any_addr(bits);
			break;
		case 1:
			a = r->from;
			break;
		case 2:
			a = r->from - 1;
			break;
		case 3:
			a = r->to;
			break;
		case 4:
			a = r->to + 1;
			break;
		case 5:
			a = r->from + any() % 300;
			break;
		case 6:
			a = r->from ^ (ip_t)1 << any() % bits;
			break;
		default:
			a = any() % 2 ? 0 : all;
		}
		a &= all;
		if (asked(m, bits, a) != !!ranges_find(&set, a)) {
			fprintf(stderr, "%llx %llx: ", (unsigned long long)(a >> 64),
				(unsigned long long)a);
			return wrong("another answer", bits, kind, n);
		}
		if (program >= 0 &&
		    verdict(bits, a) != (ranges_find(&set, a) ? XDP_PASS : XDP_DROP))
			return wrong("another verdict of the loaded program", bits, kind, n);
		probes++;
	}
	free_map(m);
	for (i = 0; i < 3; i++)
		if (damage(&t, bits))
			return wrong("a part of a table passed", bits, kind, n);
	/* To prefixes and back; and without some of it. */
	for (i = 0; i < set.n && set.n < 2000; i++) {
		struct range rest = set.at[i];

		while (range_next_prefix(&rest, bits, &a, &len))
			ranges_add_prefix(&again, bits, a, len);
	}
	if (set.n < 2000) {
		if (ranges_merge(&again) || again.n != set.n ||
		    (set.n && memcmp(again.at, set.at, set.n * sizeof(*set.at))))
			return wrong("other prefixes", bits, kind, n);
	}
	if (again.n) {
		ip_t from = again.at[any() % again.n].from + any() % 3,
		     to = again.at[any() % again.n].to;

		if (from <= to) {
			ranges_subtract(&again, from, to);
			for (i = 0; i < 50; i++) {
				const struct range *r = &set.at[any() % set.n];

				a = (any() % 2 ? r->from : r->to) + any() % 3 - 1;
				a &= all;
				if (!!ranges_find(&again, a) !=
				    (ranges_find(&set, a) && (a < from || a > to)))
					return wrong("subtracted wrongly", bits, kind, n);
			}
		}
	}
	table_free(&t);
	ranges_free(&set);
	ranges_free(&back);
	ranges_free(&again);
	tables++;
	return 0;
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 1, 2, 3, 10, 60, 70, 130, 1000, 3000, 10000 };
	uint64_t n = 100000;
	int c;

	state = 1;
	while ((c = getopt(argc, argv, "n:s:k")) != -1) {
		if (c == 'n')
			n = strtoull(optarg, NULL, 0);
		else if (c == 's')
			state = strtoull(optarg, NULL, 0) | 1;
		else if (c != 'k' || argc - optind != 2 ||
			 (program = bpf_pin_open(argv[optind])) < 0 ||
			 (outer = bpf_pin_open(argv[optind + 1])) < 0)
			return 2;
	}
	while (probes < n) {
		for (c = 0; c < KINDS; c++) {
			size_t size = sizes[any() % 10];

			if (one(any() % 2 ? 32 : 128, c,
				c == DENSE || c == EVERY_OTHER ? size * 2 : size, 1000))
				return 1;
		}
	}
	/* Once each, so that none is left out. */
	for (c = 0; c < 2 * KINDS; c++) {
		if (one(c % 2 ? 32 : 128, c / 2, 20000, 2000))
			return 1;
	}
	printf("%llu tables, %llu probes, %llu damaged, of which %llu are other tables, %llu "
	       "frames run\n",
	       (unsigned long long)tables, (unsigned long long)probes, (unsigned long long)damaged,
	       (unsigned long long)passed, (unsigned long long)runs);
	return 0;
}
