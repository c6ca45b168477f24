// SPDX-License-Identifier: GPL-2.0-only
/* Runs the operations that format.c made, see format.h and ops.h. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include "ops.h"
#include "packet.h"

#define NSEC	   1000000000ull
/* No machine is up for 31 years: from here on a time counts from 1970. */
#define EPOCH_FROM 1000000000000000000ull

struct run {
	const struct fmt *f;
	struct fmt_env *env;
	struct out *o;
	const uint8_t *end;
	bool json, cut;
};

/* A copy of a fixed length needs no call: most literals and gaps between columns are short. */
static inline void put_short(struct out *o, const char *s, size_t n)
{
	if (n <= FMT_SHORT)
		memcpy(o->buf + o->len, s, FMT_SHORT);
	else
		memcpy(o->buf + o->len, s, n);
	o->len += n;
}

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * (int64_t)NSEC + t.tv_nsec;
}

void fmt_env_init(struct fmt_env *e, char *(*find_if)(unsigned int index, char *name))
{
	memset(e, 0, sizeof(*e));
	e->find_if = find_if;
	fmt_env_tick(e);
}

void fmt_env_tick(struct fmt_env *e)
{
	int64_t offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
	size_t i;

	/* follow a clock that is set or drifts, but ignore the time between the two calls */
	if (offset - e->boot_to_real > 1000000 || e->boot_to_real - offset > 1000000)
		e->boot_to_real = offset;
	for (i = 0; i < sizeof(e->ifs) / sizeof(e->ifs[0]); i++)
		e->ifs[i].fresh = false;
}

uint64_t fmt_epoch(const struct fmt_env *e, uint64_t v)
{
	return v >= EPOCH_FROM ? v : v + e->boot_to_real;
}

static void new_second(struct fmt_env *e, uint64_t ns, bool json)
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

void fmt_time(struct fmt_env *e, struct out *o, uint64_t v, bool json)
{
	uint64_t ns = fmt_epoch(e, v);

	if (ns - e->second >= NSEC || json != e->date_json || !e->date_len)
		new_second(e, ns, json);
	put(o, e->date, e->date_len);
	if (json) {
		put_digits(o, ns - e->second, 9);
		put_str(o, "Z\"");
	} else {
		put_digits(o, (ns - e->second) / 1000, 6);
	}
}

const char *fmt_ifname(struct fmt_env *e, uint32_t index)
{
	struct fmt_if *i = &e->ifs[index % 16];

	if (!i->fresh || i->index != index) {
		memset(i, 0, sizeof(*i));
		i->index = index;
		i->fresh = true;
		if (e->find_if && !e->find_if(index, i->name))
			i->name[0] = '\0';
	}
	return i->name;
}

/* Returns the columns of the text. */
static size_t put_ifname(const struct run *r, uint32_t index)
{
	const char *name = fmt_ifname(r->env, index);

	if (!*name)
		put_str(r->o, r->json ? "null" : "-");
	else if (!r->json)
		return put_text(r->o, (const uint8_t *)name, strlen(name));
	else
		put_json(r->o, (const uint8_t *)name, strlen(name));
	return 1;
}

static void put_protocol(struct out *o, uint8_t p)
{
#define NAME(NUMBER, NAME) { NUMBER, #NAME },
	static const struct {
		uint32_t number;
		const char *name;
	} names[] = { PB_PROTO_TABLE(NAME) };
#undef NAME
	const char *s;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].number != p)
			continue;
		for (s = names[i].name; *s; s++)
			put_char(o, tolower((unsigned char)*s));
		return;
	}
	put_u64(o, p);
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

/* Returns the columns of a name, 0 for a number. */
static size_t put_enum(const struct run *r, const struct op *op, uint64_t v)
{
	const struct enum_table *tab = &r->f->enums[op->arg];
	uint32_t lo = 0, hi = tab->n;
	const char *name;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (tab->names[mid].value < v)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == tab->n || tab->names[lo].value != v) {
		if (op->is_signed)
			put_s64(r->o, v);
		else
			put_u64(r->o, v);
		return 0;
	}
	name = tab->names[lo].name;
	out_room(r->o, strlen(name) + OUT_VALUE);
	if (r->json)
		put_char(r->o, '"');
	put_str(r->o, name);
	if (r->json)
		put_char(r->o, '"');
	return strlen(name);
}

static void put_quoted(const struct run *r, const struct op *op, const uint8_t *p)
{
	char quote = r->json ? '"' : '\0';
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
		put_protocol(r->o, *p);
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
	if (d != d)
		put_str(r->o, r->json ? "null" : "nan");
	else if (d > 1.7976931348623157e308) /* JSON has no number for it */
		put_str(r->o, r->json ? "\"inf\"" : "inf");
	else if (d < -1.7976931348623157e308)
		put_str(r->o, r->json ? "\"-inf\"" : "-inf");
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

/* Spaces up to the end of the column. */
static inline void fill(struct out *o, size_t columns, size_t width)
{
	size_t n;

	if (columns >= width)
		return;
	n = width - columns;
	out_room(o, n + FMT_SHORT);
	if (n <= FMT_SHORT)
		memset(o->buf + o->len, ' ', FMT_SHORT);
	else
		memset(o->buf + o->len, ' ', n);
	o->len += n;
}

static void run_op(struct run *r, const struct op *op, const uint8_t *base)
{
	const uint8_t *p = base + op->off;
	size_t start, columns = 0;
	struct out *o = r->o;
	uint32_t index;

	if (op->flex && op->kind == OP_BYTES && p >= r->end)
		return;
	out_room(o, op->pre_len + 2 * OUT_VALUE);
	put_short(o, r->f->lit + op->pre, op->pre_len);
	start = o->len;
	if (op->kind == OP_LITERAL)
		return;
	if (op->kind == OP_LOOP) {
		run_loop(r, op, base);
		return;
	}
	if (op->kind == OP_STRING || op->kind == OP_BYTES) {
		fill(o, put_array(r, op, p), op->width);
		return;
	}
	if (op->kind == OP_NULL || p > r->end || op->len > (size_t)(r->end - p)) {
		r->cut = r->cut || op->kind != OP_NULL;
		put_str(o, r->json ? "null" : "…");
		fill(o, 1, op->width);
		return;
	}
	switch (op->kind) {
	case OP_INT:
		if (op->is_signed)
			put_s64(o, load_int(op, p));
		else
			put_u64(o, load_int(op, p));
		break;
	case OP_ENUM:
		columns = put_enum(r, op, load_int(op, p));
		break;
	case OP_BOOL:
		put_str(o, (op->bits ? load_bits(op, p) : *p) ? "true" : "false");
		break;
	case OP_TIME:
		fmt_time(r->env, o, load(op, p), r->json);
		break;
	case OP_IFNAME:
		memcpy(&index, p, 4);
		columns = put_ifname(r, index);
		break;
	case OP_FLOAT:
		put_float(r, op, p);
		break;
	default:
		put_quoted(r, op, p);
	}
	fill(o, columns ? columns : o->len - start, op->width);
}

static void run_ops(struct run *r, const struct op *op, uint32_t n, const uint8_t *base)
{
	const struct op *end = op + n;

	for (; op < end; op++) {
		run_op(r, op, base);
		if (op->kind == OP_LOOP)
			op += op->arg;
	}
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
	put_end(&r, len, extra);
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
