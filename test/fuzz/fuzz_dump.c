// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer harness for bpf_dump's parts. The first byte says what the rest is:
 *   0, 1, 2  u16 length of the BTF, the BTF, a record: as text, JSON, hexadecimal
 *   3        an object file: its BTF, every type of it
 *   4        saved records
 *   5        u8, u8: head and tail of a perf buffer of 512 bytes, which is the rest
 *   6        u8, u8: producer and consumer of a ring buffer of 512 bytes, which is the rest
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -I maps -iquotescripts/src/{common,bpf_dump}
 * -DSTATE_DIR='"."' test/fuzz/fuzz_dump.c scripts/src/common/*.c and all of scripts/src/bpf_dump
 * but main.c
 */
#define _GNU_SOURCE /* memfd_create */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/perf_event.h>
#include "choose.h"
#include "elf.h"
#include "pcapng.h"
#include "perf.h"
#include "ring.h"
#include "saved.h"

#define BUFFER 512
#define TYPES  64 /* of one input that are tried */

struct count {
	struct sink sink;
	uint64_t sum;
};

/* Touches every byte, so that the sanitizer sees a length that lies. */
static int on_record(struct sink *s, const void *data, size_t len)
{
	struct count *c = (struct count *)s;
	size_t i;

	for (i = 0; i < len; i++)
		c->sum += ((const uint8_t *)data)[i];
	return 0;
}

static void on_lost(struct sink *s, uint64_t n, int cpu)
{
	((struct count *)s)->sum += n + cpu;
}

/* The record whole and cut, each in a buffer of exactly its length. */
static void print(const struct fmt *f, struct fmt_env *e, struct out *o, const uint8_t *record,
		  size_t len)
{
	size_t cut;

	for (cut = 0; cut < 2 && cut <= len; cut++) {
		uint8_t *exact = malloc(len - cut + 1);

		if (!exact)
			abort();
		memcpy(exact + 1, record, len - cut);
		fmt_record(f, e, o, exact + 1, len - cut, 0);
		free(exact);
	}
}

/* What is written must be whole blocks, as long as they say. */
static void packets(const struct btf *b, struct fmt_env *e, const uint8_t *record, size_t len)
{
	struct pcapng p;
	struct out o;
	uint32_t id, n;
	size_t at;

	if (out_open(&o, -1, NULL) || pcapng_open(&p, &o))
		abort();
	for (id = 0; id < b->types && id < TYPES; id++) {
		pcapng_lost(&p, id & 1);
		if (pcapng_record(&p, b, id, e, &o, record, len) || len > OUT_SIZE / 4)
			o.len = 0;
		for (at = 0; at < o.len; at += n) {
			memcpy(&n, o.buf + at + 4, 4);
			if (n < 12 || n % 4 || n > o.len - at || memcmp(o.buf + at + n - 4, &n, 4))
				abort();
		}
		o.len = 0;
	}
	pcapng_close(&p);
	out_close(&o);
}

static void format(const uint8_t *btf, size_t btf_len, const uint8_t *record, size_t len,
		   enum fmt_mode mode)
{
	struct users_btf one = { .owner = "fuzz" };
	struct users users = { .btfs = &one, .n_btfs = 1 };
	struct choose c = { .users = &users, .mode = mode, .perf = len & 1, .map = "events" };
	const struct fmt *f;
	struct fmt_env env;
	struct fmt *made;
	struct out o;
	uint32_t id;

	if (btf_open(&one.btf, btf, btf_len))
		return;
	fmt_env_init(&env, NULL);
	if (!out_open(&o, -1, NULL)) {
		for (id = 0; id < one.btf.types && id < TYPES; id++) {
			if (fmt_compile(&made, &one.btf, id, mode, NULL))
				continue;
			fmt_header(made, &o, len);
			print(made, &env, &o, record, len);
			fmt_free(made);
		}
		if (mode == FMT_TEXT)
			packets(&one.btf, &env, record, len);
		choose_open(&c, NULL, 0, 0);
		f = choose_fmt(&c, len);
		if (f)
			fmt_record(f, &env, &o, record, len, 7);
		else
			fmt_hex(mode, &o, record, len);
	}
	choose_close(&c);
	out_close(&o);
	btf_close(&one.btf);
}

static void saved(const uint8_t *data, size_t size, struct sink *s)
{
	int fd = memfd_create("saved", 0);
	struct drained got;
	struct saved v;

	if (fd < 0 || write(fd, data, size) < 0 || lseek(fd, 0, SEEK_SET) || saved_open(&v, fd))
		abort();
	while (!v.source.drain(&v.source, s, false, &got))
		;
	v.source.close(&v.source);
	close(fd);
}

static void perf(const uint8_t *data, size_t size, struct sink *s)
{
	struct perf_event_mmap_page page = { .data_head = data[0] * 8ull };
	struct perf_cpu c = { .page = &page, .size = BUFFER, .tail = data[1] * 8ull };
	struct perf p = { .cpus = &c, .n = 1 };
	struct drained got;

	c.head = c.given = c.tail;
	c.scratch = malloc(65536);
	c.data = calloc(1, BUFFER);
	memcpy((void *)c.data, data + 2, size - 2 < BUFFER ? size - 2 : BUFFER);
	perf_drain(&p.source, s, true, &got);
	free(c.scratch);
	free((void *)c.data);
}

static void ring(const uint8_t *data, size_t size, struct sink *s)
{
	unsigned long producer = data[0] * 8ul, consumer = data[1] * 8ul;
	struct ring r = { .consumer = &consumer, .producer = &producer, .size = BUFFER };
	uint8_t *buffer = calloc(1, BUFFER);
	struct drained got;

	memcpy(buffer, data + 2, size - 2 < BUFFER ? size - 2 : BUFFER);
	r.data = buffer;
	r.pos = r.last = consumer;
	ring_drain(&r.source, s, false, &got);
	ring_rest(&r.source);
	free(r.wrapped);
	free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct count c = { .sink = { .record = on_record, .lost = on_lost } };
	uint8_t what = size ? data[0] % 7 : 0;
	const uint8_t *btf;
	size_t len;

	if (size < 3)
		return 0;
	data++;
	size--;
	if (what < 3) {
		len = data[0] | data[1] << 8;
		data += 2;
		size -= 2;
		len = len < size ? len : size;
		format(data, len, data + len, size - len, what);
	} else if (what == 3) {
		if (!elf_section(data, size, ".BTF", &btf, &len))
			format(btf, len, data, size, FMT_JSON);
	} else if (what == 4) {
		saved(data, size, &c.sink);
	} else if (what == 5) {
		perf(data, size, &c.sink);
	} else {
		ring(data, size, &c.sink);
	}
	return 0;
}
