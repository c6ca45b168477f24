// SPDX-License-Identifier: GPL-2.0-only
/* Runs the operations that format.c made: the hot path. See format.h. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "format_ops.h"

#define NSEC 1000000000ull
#define EPOCH_FROM                                                                                 \
	1000000000000000000ull /* no machine is up for 31 years: such a time is epoch ns */

/* What a column is filled with at most: as wide as a title of 127, and 15 more than are needed. */
#define FILL_ROOM 160
/* Of a fast operation: its literal, value and filling. */
#define FAST_ROOM (OUT_VALUE + FAST_STRING_MAX + FILL_ROOM)

struct run {
	const struct fmt *f;
	struct fmt_env *env;
	struct out *o;
	const uint8_t *end;
	bool json, cut;
};

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * (int64_t)NSEC + t.tv_nsec;
}

void fmt_env_open(struct fmt_env *e, bool live)
{
	memset(e, 0, sizeof(*e));
	e->sock = live ? socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
	fmt_env_tick(e);
}

void fmt_env_tick(struct fmt_env *e)
{
	int64_t offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
	size_t i;

	/* follow a clock that is set or drifts, but do not jitter by the time between two calls */
	if (offset - e->boot_to_real > 1000000 || e->boot_to_real - offset > 1000000)
		e->boot_to_real = offset;
	for (i = 0; i < sizeof(e->ifs) / sizeof(e->ifs[0]); i++)
		e->ifs[i].fresh = false;
}

void fmt_env_close(struct fmt_env *e)
{
	if (e->sock >= 0)
		close(e->sock);
	e->sock = -1;
}

uint64_t fmt_epoch(const struct fmt_env *e, uint64_t v)
{
	return v >= EPOCH_FROM ? v : v + e->boot_to_real;
}

static __attribute__((noinline)) void new_second(struct fmt_env *e, uint64_t ns, bool json)
{
	time_t t = ns / NSEC;
	struct tm tm;

	if (json ? !gmtime_r(&t, &tm) : !localtime_r(&t, &tm))
		memset(&tm, 0, sizeof(tm));
	e->date_len = strftime(e->date, sizeof(e->date),
			       json ? "\"%Y-%m-%dT%H:%M:%S." : "%H:%M:%S.", &tm);
	e->second = t * NSEC;
	e->date_json = json;
}

/* Returns where the text ends. */
static inline char *time_text(struct fmt_env *e, char *to, uint64_t v, bool json)
{
	uint64_t ns = v >= EPOCH_FROM ? v : v + e->boot_to_real;
	uint32_t in;

	if (ns - e->second >= NSEC || json != e->date_json || !e->date_len)
		new_second(e, ns, json);
	in = ns - e->second;
	memcpy(to, e->date, sizeof(e->date));
	to = text_6(to + e->date_len, in / 1000);
	if (!json)
		return to;
	to = text_3(to, in % 1000);
	memcpy(to, "Z\"", 2);
	return to + 2;
}

void fmt_time(struct fmt_env *e, struct out *o, uint64_t v, bool json)
{
	o->len = time_text(e, o->buf + o->len, v, json) - o->buf;
}

static void put_ifname(const struct run *r, uint32_t index)
{
	struct fmt_if *i = &r->env->ifs[index % 16];
	struct ifreq req = { .ifr_ifindex = index };

	if (!i->fresh || i->index != index) {
		memset(i, 0, sizeof(*i));
		i->index = index;
		i->fresh = true;
		if (r->env->sock >= 0 && !ioctl(r->env->sock, SIOCGIFNAME, &req))
			memcpy(i->name, req.ifr_name, sizeof(i->name) - 1);
	}
	if (!i->name[0])
		put_str(r->o, r->json ? "null" : "-");
	else if (r->json)
		put_json(r->o, (const uint8_t *)i->name, strlen(i->name));
	else
		put_text(r->o, (const uint8_t *)i->name, strlen(i->name));
}

static const char *protocol(uint8_t p)
{
	static const char *const names[256] = {
		[1] = "icmp",	 [2] = "igmp",	[4] = "ipip",	[6] = "tcp",	[17] = "udp",
		[33] = "dccp",	 [41] = "ipv6", [47] = "gre",	[50] = "esp",	[51] = "ah",
		[58] = "icmpv6", [89] = "ospf", [112] = "vrrp", [132] = "sctp", [136] = "udplite",
	};

	return names[p];
}

static inline uint64_t load(const struct op *op, const uint8_t *p)
{
	bool swap = op->big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (op->size) {
	case 1:
		return *p;
	case 2:
		memcpy(&u16, p, 2);
		return swap ? __builtin_bswap16(u16) : u16;
	case 4:
		memcpy(&u32, p, 4);
		return swap ? __builtin_bswap32(u32) : u32;
	default:
		memcpy(&u64, p, 8);
		return swap ? __builtin_bswap64(u64) : u64;
	}
}

static uint64_t load_bits(const struct op *op, const uint8_t *p)
{
	unsigned __int128 v = 0;
	uint32_t i;

	for (i = 0; i < op->len; i++)
		v = v << 8 | p[op->big ? i : op->len - 1 - i];
	v >>= op->big ? op->len * 8 - op->bit - op->bits : op->bit;
	return op->bits == 64 ? (uint64_t)v : (uint64_t)v & ((1ull << op->bits) - 1);
}

static inline uint64_t load_int(const struct op *op, const uint8_t *p)
{
	uint32_t bits = op->bits ? op->bits : op->size * 8;
	uint64_t v = op->bits ? load_bits(op, p) : load(op, p);

	if (op->is_signed && bits < 64 && v >> (bits - 1))
		v |= ~0ull << bits;
	return v;
}

static void put_enum(const struct run *r, const struct op *op, uint64_t v)
{
	const struct enum_table *tab = &r->f->enums[op->arg];
	uint32_t lo = 0, hi = tab->n;
	const char *name;

	if (v < tab->n && tab->names[v].value == v) {
		lo = v;
	} else {
		while (lo < hi) {
			uint32_t mid = (lo + hi) / 2;

			if (tab->names[mid].value < v)
				lo = mid + 1;
			else
				hi = mid;
		}
	}
	if (lo == tab->n || tab->names[lo].value != v) {
		if (op->is_signed)
			put_s64(r->o, v);
		else
			put_u64(r->o, v);
		return;
	}
	name = tab->names[lo].name;
	out_room(r->o, strlen(name) + OUT_VALUE);
	if (r->json)
		put_char(r->o, '"');
	put_str(r->o, name);
	if (r->json)
		put_char(r->o, '"');
}

static void put_quoted(const struct run *r, const struct op *op, const uint8_t *p)
{
	char quote = r->json ? '"' : '\0';
	const char *name;
	int i;

	if (quote)
		put_char(r->o, quote);
	switch (op->kind) {
	case OP_IP4:
		put_ip4(r->o, p);
		break;
	case OP_IP16:
		put_ip16(r->o, p);
		break;
	case OP_MAC:
		put_bytes(r->o, p, 6, ':');
		break;
	case OP_HEX:
		put_hex(r->o, load(op, p));
		break;
	case OP_INT128:
		put_str(r->o, "0x");
		for (i = 0; i < 16; i++)
			put_bytes(r->o, p + (op->big ? i : 15 - i), 1, 0);
		break;
	default: /* OP_IPPROTO */
		name = protocol(*p);
		if (name)
			put_str(r->o, name);
		else
			put_u64(r->o, *p);
	}
	if (quote)
		put_char(r->o, quote);
}

static void put_float(const struct run *r, const struct op *op, const uint8_t *p)
{
	uint64_t v = load(op, p);
	char text[48];
	double d;
	float f;

	if (op->size == 4) {
		uint32_t v32 = v;

		memcpy(&f, &v32, 4);
		d = f;
	} else {
		memcpy(&d, &v, 8);
	}
	if (d != d || d > 1.7976931348623157e308 || d < -1.7976931348623157e308)
		put_str(r->o, r->json ? "null" : "nan");
	else
		put(r->o, text, snprintf(text, sizeof(text), "%.*g", op->size == 4 ? 9 : 17, d));
}

/* Strings and bytes; returns the columns. What of them is in the record is printed. */
static size_t put_array(struct run *r, const struct op *op, const uint8_t *p)
{
	size_t left = p < r->end ? r->end - p : 0, n = op->flex || op->len > left ? left : op->len;

	r->cut = r->cut || n < op->len;
	if (op->kind == OP_STRING) {
		const uint8_t *nul = n ? memchr(p, 0, n) : NULL;

		n = nul ? (size_t)(nul - p) : n;
		if (!r->json)
			return put_text(r->o, p, n);
		put_json(r->o, p, n);
		return 0;
	}
	if (r->json)
		put_char(r->o, '"');
	if (!n && !r->json)
		put_char(r->o, '-');
	put_bytes(r->o, p, n, 0);
	out_room(r->o, OUT_VALUE);
	if (r->json)
		put_char(r->o, '"');
	return n ? 2 * n : 1;
}

static void run_ops(struct run *r, const struct op *op, uint32_t n, const uint8_t *base);

static void run_loop(struct run *r, const struct op *op, const uint8_t *base)
{
	size_t left = base + op->off < r->end ? r->end - base - op->off : 0, i;
	size_t count = op->flex ? left / op->stride : op->count;

	put_char(r->o, '[');
	for (i = 0; i < count; i++) {
		if (i * op->stride >= left) {
			r->cut = true;
			break;
		}
		out_room(r->o, OUT_VALUE);
		if (i)
			put_char(r->o, ',');
		run_ops(r, op + 1, op->arg, base + op->off + i * op->stride);
	}
	out_room(r->o, OUT_VALUE);
	put_char(r->o, ']');
}

/* Spaces behind a value, up to where the column ends. Returns where the next one begins. */
static inline char *fill(char *to, char *end)
{
	memset(to, ' ', 16);
	while (end - to > 16)
		memset(to += 16, ' ', 16);
	return end > to ? end : to;
}

static inline struct kept_slot *kept_slot(const struct op *op, const uint8_t *p, bool *hit)
{
	uint64_t h = 0, v, other, differ = 0;
	struct kept_slot *slot;
	uint32_t i;

	/* in words of 8 bytes, the last of which may overlap */
	for (i = 0; i + 8 < op->len; i += 8) {
		memcpy(&v, p + i, 8);
		h = (h ^ v) * 0x9e3779b97f4a7c15;
	}
	memcpy(&v, p + op->len - 8, 8);
	h = (h ^ v) * 0x9e3779b97f4a7c15;
	h ^= h >> 32;
	slot = &op->kept->slots[(h * 0x9e3779b97f4a7c15 >> 32) % KEPT_SLOTS];
	for (i = 0; i + 8 < op->len; i += 8) {
		memcpy(&v, p + i, 8);
		memcpy(&other, slot->key + i, 8);
		differ |= v ^ other;
	}
	memcpy(&v, p + op->len - 8, 8);
	memcpy(&other, slot->key + op->len - 8, 8);
	*hit = slot->len && !(differ | (v ^ other));
	return slot;
}

/* Bytes that are new, or whose text was kept in a slot that another one took. */
static void run_new(struct run *r, const struct op *op, const uint8_t *base)
{
	size_t start = r->o->len, flushed = r->o->flushed, n;
	const uint8_t *p = base + op->off;
	struct kept *k = op->kept;
	struct kept_slot *slot;
	bool hit;

	run_ops(r, op + 1, op->arg, base);
	if (p > r->end || op->len > (size_t)(r->end - p))
		return;
	if (--k->score < -KEPT_TRUST) {
		k->score = 0;
		k->rest = KEPT_REST;
	}
	n = r->o->len - start;
	if (flushed != r->o->flushed || n > KEPT_TEXT)
		return;
	slot = kept_slot(op, p, &hit);
	memcpy(slot->key, p, op->len);
	memcpy(slot->text, r->o->buf + start, n);
	slot->len = n;
}

/* One operation; a LOOP or a KEPT with its body. */
static void run_op(struct run *r, const struct op *op, const uint8_t *base)
{
	const uint8_t *p = base + op->off;
	size_t start, columns = 0;
	struct out *o = r->o;

	if (op->flex && op->kind == OP_BYTES && p >= r->end)
		return;
	out_room(o, op->pre_len + 2 * OUT_VALUE);
	put(o, r->f->lit + op->pre, op->pre_len);
	start = o->len;
	if (op->kind == OP_STRING || op->kind == OP_BYTES) {
		columns = put_array(r, op, p);
	} else if (op->kind == OP_LOOP) {
		run_loop(r, op, base);
		return;
	} else if (op->kind == OP_KEPT) {
		run_new(r, op, base);
		return;
	} else if (op->kind == OP_LITERAL) {
		return;
	} else if (op->kind == OP_NULL || p > r->end || op->len > (size_t)(r->end - p)) {
		r->cut = r->cut || op->kind != OP_NULL;
		put_str(o, r->json ? "null" : "…");
		columns = 1;
	} else if (op->kind == OP_INT) {
		uint64_t v = load_int(op, p);

		if (op->is_signed)
			put_s64(o, v);
		else
			put_u64(o, v);
	} else if (op->kind == OP_ENUM) {
		put_enum(r, op, load_int(op, p));
	} else if (op->kind == OP_BOOL) {
		bool v = op->bits ? load_bits(op, p) : *p;

		put_str(o, v ? "true" : "false");
	} else if (op->kind == OP_TIME) {
		fmt_time(r->env, o, load(op, p), r->json);
	} else if (op->kind == OP_IFNAME) {
		uint32_t index;

		memcpy(&index, p, 4);
		put_ifname(r, index);
	} else if (op->kind == OP_FLOAT) {
		put_float(r, op, p);
	} else {
		put_quoted(r, op, p);
	}
	if (op->width) {
		if (!columns)
			columns = o->len - start;
		out_room(o, FILL_ROOM);
		if (columns < op->width) {
			char *to = o->buf + o->len;

			o->len = fill(to, to + op->width - columns) - o->buf;
		}
	}
}

/* A string of which nothing is to be escaped and, as text, that needs no quotes; else NULL. */
static inline char *plain_string(char *to, const uint8_t *p, size_t n, bool json)
{
	size_t run;

	if (json)
		*to++ = '"';
	run = plain_copy(to, p, n, json ? ' ' : '!');
	if ((run < n && p[run]) || (!run && !json))
		return NULL;
	to += run;
	if (json)
		*to++ = '"';
	return to;
}

static void run_ops(struct run *r, const struct op *op, uint32_t n, const uint8_t *base)
{
	const struct op *end = op + n;
	size_t have = base < r->end ? r->end - base : 0;
	struct out *o = r->o;
	char *limit = o->buf + OUT_SIZE - FAST_ROOM;
	char *to = o->buf + o->len; /* kept here, as every operation waits for it */

	for (; op < end; op++) {
		const uint8_t *p = base + op->off;
		char *start = to + op->pre_len, *done;
		struct kept_slot *slot;
		bool hit;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;

		if (op->need > have || to > limit)
			goto slow;
		memcpy(to, op->lit, sizeof(op->lit));
		switch (op->fast) {
		case FAST_U8:
			done = text_u64(start, *p);
			break;
		case FAST_U16:
			memcpy(&u16, p, 2);
			done = text_u64(start, u16);
			break;
		case FAST_U32:
			memcpy(&u32, p, 4);
			done = text_u64(start, u32);
			break;
		case FAST_U64:
			memcpy(&u64, p, 8);
			done = text_u64(start, u64);
			break;
		case FAST_S32:
			memcpy(&u32, p, 4);
			done = text_s64(start, (int32_t)u32);
			break;
		case FAST_S64:
			memcpy(&u64, p, 8);
			done = text_s64(start, u64);
			break;
		case FAST_TIME:
			memcpy(&u64, p, 8);
			done = time_text(r->env, start, u64, r->json);
			break;
		case FAST_KEPT:
			if (op->kept->rest) {
				op->kept->rest--;
				continue;
			}
			slot = kept_slot(op, p, &hit);
			if (!hit)
				goto slow;
			op->kept->score += op->kept->score < KEPT_TRUST;
			memcpy(to, slot->text, 64);
			if (slot->len > 64)
				memcpy(to + 64, slot->text + 64, KEPT_TEXT - 64);
			to += slot->len;
			op += op->arg;
			continue;
		default: /* FAST_STRING */
			done = plain_string(start, p, op->len, r->json);
			if (!done)
				goto slow;
		}
		to = fill(done, start + op->width);
		continue;
	slow:
		o->len = to - o->buf;
		run_op(r, op, base);
		to = o->buf + o->len;
		if (op->kind == OP_LOOP || op->kind == OP_KEPT)
			op += op->arg;
	}
	o->len = to - o->buf;
}

static void put_end(const struct run *r, size_t len, bool extra)
{
	const struct fmt *f = r->f;
	struct out *o = r->o;

	out_room(o, f->lit_len - f->tail + 2 * OUT_VALUE);
	put(o, f->lit + f->tail, f->lit_len - f->tail);
	if (r->json && !f->empty && (r->cut || extra))
		put_char(o, ',');
	if (r->cut) {
		put_str(o, r->json ? "\"truncated\":true" : " … truncated");
	} else if (extra) {
		put_str(o, r->json ? "\"extra_bytes\":" : " … ");
		put_u64(o, len - f->size);
		put_str(o, r->json ? "" : " more bytes");
	}
	put_str(o, r->json ? "}\n" : "\n");
}

void fmt_record(const struct fmt *f, struct fmt_env *e, struct out *o, const void *data, size_t len,
		size_t slack)
{
	struct run r = { .f = f,
			 .env = e,
			 .o = o,
			 .end = (const uint8_t *)data + len,
			 .json = f->mode == FMT_JSON };
	bool extra = len > f->size + slack && !f->flex;

	if (f->mode == FMT_HEX) {
		fmt_hex(f->mode, o, data, len > f->size && len - f->size <= slack ? f->size : len);
		return;
	}
	if (f->n_ops)
		run_ops(&r, f->ops, f->n_ops, data);
	if (r.cut || extra || !f->end_len) {
		put_end(&r, len, extra);
		return;
	}
	out_room(o, sizeof(f->end));
	memcpy(o->buf + o->len, f->end, sizeof(f->end));
	o->len += f->end_len;
}

void fmt_header(const struct fmt *f, struct out *o, size_t len)
{
	uint32_t n = f->captured && len <= f->size ? f->captured : f->header_len;

	if (!n)
		return;
	out_room(o, n + 1);
	put(o, f->header, n);
	put_char(o, '\n');
}

void fmt_hex(enum fmt_mode mode, struct out *o, const void *data, size_t len)
{
	out_room(o, OUT_VALUE);
	if (mode == FMT_JSON)
		put_str(o, "{\"hex\":\"");
	put_bytes(o, data, len, mode == FMT_JSON ? 0 : ' ');
	out_room(o, OUT_VALUE);
	if (mode == FMT_JSON)
		put_str(o, "\"}");
	put_char(o, '\n');
}
