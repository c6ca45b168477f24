// SPDX-License-Identifier: GPL-2.0-only
/*
 * Usage: fuzz_frames [-n FRAMES] [-s SEED] [-t TABLE] [-r FRAMES] ENTRY… [PROGRAM=PIN…]
 *
 * Makes frames, mutates them, and has each judged by maps/ (allow list, icmp, and what is told of
 * the packet) and by libpcap (frames_ref.c). Ends at the first difference that is not meant: status
 * 1 and the frame in hexadecimal. The same seed makes the same frames.
 *   -n       mutated frames (1000000); what is not mutated comes in addition
 *   -s       1
 *   -t       lines "VERDICT REASON FRAME NAME": what the allow list must say, frames to begin with
 *   -r       of them so many are run through the loaded programs (20000), by BPF_PROG_TEST_RUN
 *   ENTRY    of the list, as it is in the kernel: ADDRESS or NETWORK/LENGTH
 *   PROGRAM  xdp_allow, xdp_allow_frags, tc_allow, tc_allow_egress, or the same of icmp: verdicts
 * and counters must be those of maps/ compiled for user space Each frame lies at the end of a
 * buffer of its own size, so that the sanitizers see what is read behind it. Alignment is not
 * theirs to check: a frame lies as it lies.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <linux/pkt_cls.h>
#include "frames.h"
#include "sys.h"

#define FRAME_MAX 70000 /* BIG TCP's, which no 16-bit length can tell */
#define SMALL	  512	/* frames up to that length are spliced */
#define KEPT	  64
#define TABLE_MAX 512
#define PROGRAMS  16

/* The kernel's bounds of BPF_PROG_TEST_RUN: an Ethernet header; with tc one byte more, the whole IP
 * header if the EtherType says that there is one (6.18 does), and less than a page. It gives a
 * frame of several buffers even to an XDP program that takes only one, which no device does.
 */
#define RUN_MIN	  14
#define RUN_MAX	  3000
/* The first buffer: a page, headroom and struct skb_shared_info taken off. What is behind it a
 * program of section xdp.frags does not read.
 */
#define RUN_FIRST (sysconf(_SC_PAGESIZE) - 256 - 320)

struct buffer {
	uint8_t b[FRAME_MAX];
	uint32_t n;
};

struct row { /* of the table */
	struct buffer *frame;
	char verdict[8], reason[16];
};

struct program {
	const char *name;
	int fd, counters;
	bool tc, icmp, out, frags;
	uint64_t runs, too_short, too_long, reasons[PB_REASONS], before[PB_REASONS];
};

static struct list list;
static uint64_t state;

bool list_has(int family, const void *addr)
{
	const uint8_t *a = addr;
	const struct entry *e;
	uint32_t i;

	for (e = list.entry; e < list.entry + list.n; e++) {
		if (e->family != family)
			continue;
		for (i = 0; i < e->bits; i++) {
			if ((a[i / 8] ^ e->addr[i / 8]) & 0x80 >> i % 8)
				break;
		}
		if (i == e->bits)
			return true;
	}
	return false;
}

/* --- chance
 * --------------------------------------------------------------------------------------- */

static uint64_t chance(void) /* splitmix64 */
{
	uint64_t z = state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static uint32_t below(uint32_t n)
{
	return n ? (chance() >> 32) % n : 0;
}

static bool one_in(uint32_t n)
{
	return !below(n);
}

#define ONE_OF(A) ((A)[below(sizeof(A) / sizeof(*(A)))])

/* --- frames by their structure
 * -------------------------------------------------------------------- */

static void put8(struct buffer *to, uint8_t byte)
{
	if (to->n < FRAME_MAX)
		to->b[to->n++] = byte;
}

static void put16(struct buffer *to, uint16_t word)
{
	put8(to, word >> 8);
	put8(to, word);
}

static void put(struct buffer *to, const void *from, uint32_t n)
{
	if (n > FRAME_MAX - to->n)
		n = FRAME_MAX - to->n;
	memcpy(to->b + to->n, from, n);
	to->n += n;
}

static void put_chance(struct buffer *to, uint32_t n)
{
	while (n--)
		put8(to, chance());
}

static void set16(struct buffer *to, uint32_t at, uint16_t word)
{
	if (at + 2 > to->n)
		return;
	to->b[at] = word >> 8;
	to->b[at + 1] = word;
}

/* Listed, next to a listed one, nobody, link-local, or any. */
static void put_addr(struct buffer *to, int family)
{
	uint32_t size = family == AF_INET ? 4 : 16, i, bit;
	const struct entry *e;
	uint8_t a[16];

	for (i = 0; i < size; i++)
		a[i] = chance();
	if (one_in(10)) {
		memset(a, 0, size);
	} else if (family == AF_INET6 && one_in(4)) {
		a[0] = 0xfe;
		a[1] = one_in(4) ? chance() : 0x80 | (a[1] & 0x3f);
	} else if (!one_in(4)) {
		do
			e = &list.entry[below(list.n)];
		while (e->family != family);
		for (i = 0; i < e->bits; i++)
			a[i / 8] = (a[i / 8] & ~(0x80 >> i % 8)) | (e->addr[i / 8] & 0x80 >> i % 8);
		bit = e->bits ? below(e->bits) : 0;
		if (one_in(4))
			a[bit / 8] ^= 0x80 >> bit % 8;
	}
	put(to, a, size);
}

static uint16_t length(uint32_t right) /* usually */
{
	if (!one_in(6))
		return right;
	switch (below(4)) {
	case 0:
		return 0;
	case 1:
		return 0xffff;
	case 2:
		return right + below(5) - 2;
	default:
		return right + below(60) - 30;
	}
}

static void put_packet(struct buffer *to, int family, bool quoted);

/* type: of ICMP, or 0 for any. */
static void put_payload(struct buffer *to, int family, uint8_t proto, uint8_t type)
{
	static const uint8_t types4[] = { 0, 3, 3, 3, 5, 8, 11 };
	static const uint8_t types6[] = { 1,   2,   2,	 2,   3,   4,	128, 129, 130, 131,
					  132, 133, 134, 135, 136, 137, 138, 142, 143, 144 };
	static const uint8_t codes[] = { 0, 0, 0, 1, 3, 4, 4, 4 };

	if (proto == (family == AF_INET ? 1 : 58)) {
		if (!type)
			type = family == AF_INET ? ONE_OF(types4) : ONE_OF(types6);
		put8(to, type);
		put8(to, family == AF_INET ? ONE_OF(codes) : ONE_OF(codes) * !one_in(3));
		put_chance(to, 6);
		if (!one_in(3))
			put_packet(to, family, true);
	}
	put_chance(to, one_in(50) ? below(1400) : below(40));
}

static void put_ip4(struct buffer *to, bool quoted)
{
	static const uint8_t protos[] = { 1, 1, 1, 2, 6, 6, 17, 17, 33, 47, 50, 58, 132, 136 };
	static const uint16_t fragments[] = {
		0x2000, 0x2001, 0x0001, 0x1fff, 0x4000, 0x8000, 0x3fff
	};
	uint8_t proto = one_in(20) ? chance() : ONE_OF(protos), words = 5;
	uint32_t at = to->n;

	if (one_in(3))
		words = one_in(3) ? below(16) : 5 + below(11);
	put8(to, (one_in(20) ? below(16) : 4) << 4 | words);
	put8(to, chance());
	put16(to, 0);
	put16(to, chance());
	put16(to, one_in(3) ? ONE_OF(fragments) : one_in(20) ? chance() : 0);
	put8(to, proto == 2 && !one_in(4) ? 1 : chance());
	put8(to, proto);
	put16(to, chance());
	if (proto == 2 && one_in(3))
		put(to, "\0\0\0", 4);
	else
		put_addr(to, AF_INET);
	if (proto == 2 && !one_in(4))
		put(to, "\xe0\0\0\x16", 4);
	else
		put_addr(to, AF_INET);
	if (words > 5)
		put_chance(to, (words - 5) * 4);
	if (!quoted)
		put_payload(to, AF_INET, proto, 0);
	set16(to, at + 2, length(to->n - at));
}

/* What is behind an extension header begins with the number of the next: it is known first. */
static uint8_t put_exts(struct buffer *to, uint8_t first, uint8_t last)
{
	static const uint8_t exts[] = { 0, 0, 43, 44, 51, 60, 135 };
	uint32_t n = one_in(2) ? 1 : below(11), size;
	bool huge = one_in(40);
	uint8_t ext = one_in(3) ? first : ONE_OF(exts), next;

	first = ext;
	if (huge)
		n = 4 + below(5);
	for (; n; n--, ext = next) {
		next = n == 1 ? last : ONE_OF(exts);
		size = ext == 44 ? one_in(20) : huge ? 255 : one_in(40) ? below(256) : below(3);
		put8(to, next);
		put8(to, size);
		if (ext == 44) {
			put16(to, one_in(2) ? below(8) : chance());
			put_chance(to, 4);
		} else {
			put_chance(to, ext == 51 ? 6 + size * 4 : 6 + size * 8);
		}
	}
	return first;
}

static void put_ip6(struct buffer *to, bool quoted)
{
	static const uint8_t protos[] = {
		58, 58, 58, 58, 6, 6, 17, 17, 33, 1, 47, 50, 59, 132, 136
	};
	static const uint8_t hops[] = { 255, 255, 1, 1, 64, 254, 2 };
	static const uint8_t groups[] = { 130, 131, 132, 143 };
	uint8_t proto = one_in(20) ? chance() : ONE_OF(protos), type = 0;
	uint8_t hop = one_in(20) ? chance() : ONE_OF(hops);
	uint32_t at = to->n;
	bool exts = one_in(3);

	switch (below(8)) {
	case 0:
		proto = 58;
		hop = 255;
		type = 133 + below(5);
		exts = one_in(10);
		break;
	case 1:
		proto = 58;
		hop = 1;
		type = ONE_OF(groups);
		exts = !one_in(4);
		break;
	}
	put8(to, (one_in(20) ? below(16) : 6) << 4 | below(16));
	put_chance(to, 3);
	put16(to, 0);
	put8(to, proto);
	put8(to, hop);
	put_addr(to, AF_INET6);
	put_addr(to, AF_INET6);
	if (!quoted) {
		if (exts)
			to->b[at + 6] = put_exts(to, 0, proto);
		put_payload(to, AF_INET6, proto, type);
	}
	set16(to, at + 4, length(to->n - at - 40));
}

static void put_packet(struct buffer *to, int family, bool quoted)
{
	if (one_in(30))
		family = family == AF_INET ? AF_INET6 : AF_INET;
	if (family == AF_INET)
		put_ip4(to, quoted);
	else
		put_ip6(to, quoted);
}

static void make(struct buffer *to)
{
	static const uint16_t others[] = { 0x0026, 0x05dc, 0x05ff, 0x0600, 0x0806,
					   0x0806, 0x8035, 0x8100, 0x8847, 0x8864,
					   0x8809, 0x888e, 0x888e, 0x88cc, 0x88f7 };
	static const uint16_t tags[] = { 0x8100, 0x8100, 0x8100, 0x88a8, 0x88a8 };
	static const uint32_t sizes[] = { 65534, 65535, 65536, 65549, 65553, 66000, 69999 };
	uint32_t n = one_in(2) ? below(7) : 0, at = 0, size;
	uint16_t type;

	to->n = 0;
	if (one_in(10)) {
		put(to, "\x01\x80\xc2\0", 5);
		put8(to, below(20));
	} else {
		put_chance(to, 6);
	}
	put_chance(to, 6);
	for (; n; n--) {
		put16(to, one_in(30) ? 0x9100 : ONE_OF(tags));
		put16(to, one_in(4) ? 0 : chance());
	}
	type = one_in(7) ? ONE_OF(others) : one_in(2) ? 0x0800 : 0x86dd;
	put16(to, type);
	at = to->n;
	if (type == 0x0800 || type == 0x86dd) {
		put_packet(to, type == 0x0800 ? AF_INET : AF_INET6, false);
	} else if (type == 0x0806) {
		put(to, "\0\1\x08\0\6\4\0\1", 8);
		put_chance(to, 20 + below(19));
	} else {
		put_chance(to, below(60));
	}
	if (one_in(300) && at + 40 < to->n) {
		size = ONE_OF(sizes);
		memset(to->b + to->n, 0x5a, size - to->n);
		to->n = size;
		if (!one_in(4))
			set16(to, at + (type == 0x0800 ? 2 : 4), 0);
	} else if (one_in(4)) {
		put_chance(to, below(20));
	}
	if (one_in(6))
		to->n = below(to->n + 1);
}

/* --- mutation
 * ------------------------------------------------------------------------------------- */

static struct buffer kept[KEPT];

static void cut_out(struct buffer *f, uint32_t at, uint32_t n)
{
	memmove(f->b + at, f->b + at + n, f->n - at - n);
	f->n -= n;
}

static void mutate_once(struct buffer *f)
{
	static const uint8_t bytes[] = { 0,   1,   4,	5,   6,	   17,	 43,  44,
					 51,  58,  60,	127, 128,  129,	 130, 132,
					 135, 143, 254, 255, 0x45, 0x46, 0x60 };
	static const uint16_t words[] = { 0,	  1,	  19,	  20,	  0x0600, 0x05ff,
					  0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8, 0x9100,
					  0x888e, 0x1fff, 0x2000, 0xffff };
	const struct buffer *other;
	uint32_t at, n;

	if (!f->n) {
		put_chance(f, below(40));
		return;
	}
	/* Most of what is read stands in front. */
	at = below(one_in(3) || f->n < 70 ? f->n : 70);
	switch (below(9)) {
	case 0:
	case 1:
		f->b[at] ^= 1 << below(8);
		break;
	case 2:
		f->b[at] = ONE_OF(bytes);
		break;
	case 3:
		f->b[at] = chance();
		break;
	case 4:
		set16(f, at, ONE_OF(words));
		break;
	case 5: /* a length, as likely as not */
		if (at + 2 <= f->n)
			set16(f, at, (f->b[at] << 8 | f->b[at + 1]) + below(9) - 4);
		break;
	case 6:
		if (one_in(2))
			f->n = at;
		else
			put_chance(f, 1 + below(32));
		break;
	case 7:
		n = 1 + below(one_in(2) ? 4 : 20);
		if (one_in(2)) {
			cut_out(f, at, n < f->n - at ? n : f->n - at);
		} else if (f->n + n <= FRAME_MAX) {
			memmove(f->b + at + n, f->b + at, f->n - at);
			f->n += n;
		}
		break;
	default:
		other = &ONE_OF(kept);
		n = below(other->n + 1);
		if (at + (other->n - n) <= FRAME_MAX) {
			f->n = at;
			put(f, other->b + n, other->n - n);
		}
	}
}

static void mutate(struct buffer *f)
{
	uint32_t n = 1 + below(one_in(4) ? 12 : 3);
	struct buffer *keep;

	while (n--)
		mutate_once(f);
	if (f->n <= SMALL) {
		keep = &ONE_OF(kept);
		keep->n = 0;
		put(keep, f->b, f->n);
	}
}

/* --- the table
 * ------------------------------------------------------------------------------------- */

static struct row table[TABLE_MAX];
static int rows;

static int read_table(const char *path)
{
	static char line[2 * FRAME_MAX + 200], hex[2 * FRAME_MAX + 1];
	FILE *in = fopen(path, "r");
	struct row *r;
	unsigned int byte;
	char *p;

	if (!in)
		return -1;
	while (rows < TABLE_MAX && fgets(line, sizeof(line), in)) {
		r = &table[rows];
		if (sscanf(line, "%7s %15s %140000s", r->verdict, r->reason, hex) != 3)
			continue;
		r->frame = calloc(1, sizeof(*r->frame));
		if (!r->frame)
			break;
		for (p = hex; sscanf(p, "%2x", &byte) == 1; p += 2)
			put8(r->frame, byte);
		rows++;
	}
	fclose(in);
	return rows ? 0 : -1;
}

/* --- the loaded programs
 * --------------------------------------------------------------------------- */

static struct program programs[PROGRAMS];
static int n_programs;

static int read_counters(const struct program *p, uint64_t *to)
{
	static struct pb_counter values[1024]; /* one for each possible CPU */
	uint32_t reason, key, cpu;

	for (reason = 0; reason < PB_REASONS; reason++) {
		key = PB_REASONS + reason;
		memset(values, 0, sizeof(values));
		if (bpf_elem(BPF_MAP_LOOKUP_ELEM, p->counters, &key, values))
			return -1;
		for (to[reason] = 0, cpu = 0; cpu < 1024; cpu++)
			to[reason] += values[cpu].packets;
	}
	return 0;
}

static int open_counters(const struct program *p)
{
	uint32_t ids[64], i;
	struct bpf_prog_info info = { .nr_map_ids = 64, .map_ids = (uintptr_t)ids };
	int fd;

	if (bpf_info(p->fd, &info, sizeof(info)))
		return -1;
	for (i = 0; i < info.nr_map_ids; i++) {
		struct bpf_map_info map = { 0 };

		fd = bpf_id_open(BPF_MAP_GET_FD_BY_ID, ids[i]);
		if (fd >= 0 && !bpf_info(fd, &map, sizeof(map)) && !strcmp(map.name, "pb_counters"))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

static int open_program(char *word)
{
	static const char *const names[] = { "xdp_allow",	"xdp_allow_frags", "tc_allow",
					     "tc_allow_egress", "xdp_icmp",	   "xdp_icmp_frags",
					     "tc_icmp",		"tc_icmp_egress" };
	struct program *p = &programs[n_programs];
	char *pin = strchr(word, '=');
	size_t i;

	if (n_programs == PROGRAMS)
		return -1;
	*pin++ = 0;
	p->name = word;
	p->tc = !strncmp(word, "tc", 2);
	p->icmp = strstr(word, "icmp");
	p->out = strstr(word, "egress");
	p->frags = strstr(word, "frags");
	for (i = 0; i < sizeof(names) / sizeof(*names) && strcmp(names[i], word); i++)
		;
	p->fd = bpf_pin_open(pin);
	p->counters = p->fd < 0 ? -1 : open_counters(p);
	if (i == sizeof(names) / sizeof(*names) || p->counters < 0 || read_counters(p, p->before)) {
		fprintf(stderr, "fuzz_frames: no such program or no counters: %s %s\n", word, pin);
		return -1;
	}
	n_programs++;
	return 0;
}

/* Bytes without which the kernel may refuse to run it. */
static uint32_t least(const struct program *p, const struct frame *f)
{
	if (!p->tc || f->len <= RUN_MIN)
		return RUN_MIN + p->tc;
	if (f->data[12] == 0x08 && f->data[13] == 0x00)
		return RUN_MIN + 20;
	return f->data[12] == 0x86 && f->data[13] == 0xdd ? RUN_MIN + 40 : RUN_MIN + 1;
}

/* NULL, or what is wrong. */
static const char *run_program(struct program *p, const struct frame *f, const struct parsed *is)
{
	union bpf_attr attr = { .test = { .prog_fd = p->fd,
					  .data_in = (uintptr_t)f->data,
					  .data_size_in = f->len,
					  .repeat = 1 } };
	struct frame start = *f;
	enum pb_reason reason;
	struct parsed first;
	bool pass;

	if (f->len > RUN_MAX && !p->tc && !p->frags) {
		p->too_long++;
		return NULL;
	}
	if (sys_bpf(BPF_PROG_TEST_RUN, &attr)) {
		if (p->tc && f->len > RUN_MAX)
			p->too_long++;
		else if (f->len < least(p, f))
			p->too_short++;
		else
			return "the kernel refuses it";
		return NULL;
	}
	if (p->frags && f->len > RUN_FIRST) {
		start.readable = RUN_FIRST;
		parse(&start, &first);
		is = &first;
	}
	reason = p->icmp ? is->icmp : p->out ? is->allow_out : is->allow_in;
	pass = reason < PB_FIRST_DROP;
	p->runs++;
	p->reasons[reason]++;
	if (p->tc ? (int)attr.test.retval == (pass ? TC_ACT_UNSPEC : TC_ACT_SHOT)
		  : attr.test.retval == (pass ? XDP_PASS : XDP_DROP))
		return NULL;
	return "another verdict of the loaded program";
}

static int check_counters(struct program *p)
{
	uint64_t now[PB_REASONS];
	int i, ret = 0;

	if (read_counters(p, now))
		return -1;
	for (i = 0; i < PB_REASONS; i++) {
		if (now[i] - p->before[i] == p->reasons[i])
			continue;
		fprintf(stderr, "%s: reason %d counted %llu times, not %llu\n", p->name, i,
			(unsigned long long)(now[i] - p->before[i]),
			(unsigned long long)p->reasons[i]);
		ret = -1;
	}
	return ret;
}

/* --- all of it
 * -------------------------------------------------------------------------------------- */

#define REASON_NAME(NUMBER, NAME, TEXT) [NUMBER] = #NAME,
static const char *const reasons[PB_REASONS] = { PB_REASON_TABLE(REASON_NAME) };

static uint64_t seen[DIFFS], in[PB_REASONS], icmp[PB_REASONS], mutated, whole, stripped;

static void say_frame(const struct frame *f, const struct parsed *p, const char *wrong)
{
	uint32_t i;

	fprintf(stderr,
		"%s: in %s, out %s, icmp %s; proto %u ports %u %u tags %u; readable %u of %u\n",
		wrong, reasons[p->allow_in], reasons[p->allow_out], reasons[p->icmp], p->flow.proto,
		p->flow.sport, p->flow.dport, p->flow.tags, f->readable, f->len);
	for (i = 0; i < f->readable && i < 200; i++)
		fprintf(stderr, "%02x", f->data[i]);
	fputc('\n', stderr);
}

/* A tag that was taken out of the frame must count as if it were there. */
static const char *compare_stripped(const struct frame *f, const struct parsed *p)
{
	struct frame without = { .readable = f->readable - 4, .len = f->len - 4, .tags = 1 };
	struct parsed q;
	bool same;

	/* A length of 0 has another meaning in a frame that is longer than 65535 bytes. */
	if (!p->flow.tags || f->readable < 18 || (f->len > 65535 && without.len <= 65535))
		return NULL;
	without.data = malloc(without.readable);
	if (!without.data)
		abort();
	memcpy(without.data, f->data, 12);
	memcpy(without.data + 12, f->data + 16, without.readable - 12);
	parse(&without, &q);
	q.flow.vlan = p->flow.vlan; /* the next one's, as the hook puts in the one that is gone */
	same = p->allow_in == q.allow_in && p->allow_out == q.allow_out && p->icmp == q.icmp &&
	       !memcmp(&p->flow, &q.flow, offsetof(struct pb_flow, walk)) &&
	       p->flow.walk.fragment == q.flow.walk.fragment;
	free(without.data);
	stripped++;
	return same ? NULL : "it is another without the tag that was taken out";
}

static int judge(const struct buffer *b, uint32_t readable, bool loaded, const struct row *r)
{
	struct frame f = { .readable = readable, .len = b->n };
	const char *wrong;
	struct parsed p;
	int i = 0;

	f.data = malloc(readable);
	if (readable && !f.data)
		abort();
	memcpy(f.data, b->b, readable);
	parse(&f, &p);
	wrong = ref_compare(&f, &p, seen);
	if (!wrong)
		wrong = compare_stripped(&f, &p);
	if (!wrong && r &&
	    (strcasecmp(reasons[p.allow_in], r->reason) ||
	     strcmp(p.allow_in < PB_FIRST_DROP ? "pass" : "drop", r->verdict)))
		wrong = "another reason than in the table";
	whole += readable == b->n;
	in[p.allow_in]++;
	icmp[p.icmp]++;
	for (; i < n_programs && !wrong && loaded && readable == b->n; i++)
		wrong = run_program(&programs[i], &f, &p);
	if (wrong && i)
		fprintf(stderr, "%s: ", programs[i - 1].name);
	if (wrong)
		say_frame(&f, &p, wrong);
	free(f.data);
	return wrong ? -1 : 0;
}

static int fuzz(uint64_t n, uint64_t runs)
{
	static struct buffer b;
	uint64_t frames = 0, every = runs && runs < n ? n / runs : 1;
	uint32_t i;

	for (i = 0; i < KEPT; i++) {
		make(&b);
		if (b.n <= SMALL)
			memcpy(kept[i].b, b.b, kept[i].n = b.n);
	}
	for (i = 0; i < (uint32_t)rows; i++) {
		if (judge(table[i].frame, table[i].frame->n, true, &table[i]))
			return -1;
	}
	for (; mutated < n; frames++) {
		if (rows && one_in(4)) {
			const struct buffer *from = table[below(rows)].frame;

			b.n = 0;
			put(&b, from->b, from->n);
		} else {
			make(&b);
		}
		if (!one_in(8)) {
			mutate(&b);
			mutated++;
		}
		if (judge(&b, one_in(8) ? below(b.n + 1) : b.n, frames % every == 0, NULL))
			return -1;
	}
	printf("%llu frames\n", (unsigned long long)(frames + rows));
	return 0;
}

static int add_entry(char *word)
{
	struct entry *e = &list.entry[list.n];
	char *slash = strchr(word, '/');

	if (list.n == ENTRIES_MAX)
		return -1;
	e->text = strdup(word);
	if (slash)
		*slash = 0;
	e->family = strchr(word, ':') ? AF_INET6 : AF_INET;
	e->bits = slash ? atoi(slash + 1) : e->family == AF_INET ? 32 : 128;
	if (!e->text || inet_pton(e->family, word, e->addr) != 1 ||
	    e->bits > (e->family == AF_INET ? 32 : 128)) {
		fprintf(stderr, "fuzz_frames: no entry of a list: %s\n", e->text);
		return -1;
	}
	list.n++;
	return 0;
}

/* Each kind that was to be made was made, or the run shows little. */
static int say_seen(void)
{
	int i, ret = 0;

	printf("%llu mutated, %llu of all could be read whole, %llu without their first tag too\n",
	       (unsigned long long)mutated, (unsigned long long)whole,
	       (unsigned long long)stripped);
	for (i = 0; i < PB_REASONS; i++) {
		if (!reasons[i])
			continue;
		printf("allow %s: %llu, icmp: %llu\n", reasons[i], (unsigned long long)in[i],
		       (unsigned long long)icmp[i]);
		if (!in[i] && !icmp[i]) {
			fprintf(stderr, "no frame was %s\n", reasons[i]);
			ret = -1;
		}
	}
	for (i = 0; i < DIFFS; i++) {
		printf("differs, as is meant: %s: %llu\n", differs_names[i],
		       (unsigned long long)seen[i]);
		if (!seen[i]) {
			fprintf(stderr, "no frame was: %s\n", differs_names[i]);
			ret = -1;
		}
	}
	for (i = 0; i < n_programs; i++) {
		printf("%s: %llu run, %llu too short for that, %llu too long\n", programs[i].name,
		       (unsigned long long)programs[i].runs,
		       (unsigned long long)programs[i].too_short,
		       (unsigned long long)programs[i].too_long);
		if (check_counters(&programs[i]))
			ret = -1;
	}
	return ret;
}

int main(int argc, char **argv)
{
	uint64_t n = 1000000, runs = 20000;
	int c, ret;

	state = 1;
	while ((c = getopt(argc, argv, "n:s:t:r:")) != -1) {
		if (c == 'n')
			n = strtoull(optarg, NULL, 0);
		else if (c == 's')
			state = strtoull(optarg, NULL, 0);
		else if (c == 'r')
			runs = strtoull(optarg, NULL, 0);
		else if (c != 't' || read_table(optarg))
			return 2;
	}
	for (; optind < argc; optind++) {
		if (strchr(argv[optind], '=') ? open_program(argv[optind])
					      : add_entry(argv[optind]))
			return 2;
	}
	for (c = 0; c < list.n && list.entry[c].family == list.entry[0].family; c++)
		;
	if (c == list.n) {
		fputs("fuzz_frames: the list wants IPv4 and IPv6\n", stderr);
		return 2;
	}
	if (ref_open(&list))
		return 2;
	ret = fuzz(n, runs);
	if (!ret)
		ret = say_seen();
	ref_close();
	return ret ? 1 : 0;
}
