/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffered output and the text of values. After an error (-EPIPE, -EIO, … in out->err) everything
 * is thrown away, so that callers need to look only once a round. Every put_*() needs the room that
 * out_room() has made; OUT_VALUE bytes are enough for any one value except strings and bytes, which
 * make their own.
 */
#ifndef PLAINBPF_OUT_H
#define PLAINBPF_OUT_H

#include <endian.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define OUT_SIZE  (128 * 1024)
#define OUT_VALUE 64

struct out {
	char *buf;
	size_t len;
	int fd; /* -1 throws everything away (fuzzing) */
	int err;
	size_t flushed;			   /* how often */
	const volatile sig_atomic_t *stop; /* once set, a blocked write gives up after a while */
};

int out_open(struct out *o, int fd, const volatile sig_atomic_t *stop);
void out_close(struct out *o);
void out_flush(struct out *o);

static inline void out_room(struct out *o, size_t n)
{
	if (OUT_SIZE - o->len < n)
		out_flush(o);
}

static inline void put(struct out *o, const char *s, size_t n)
{
	memcpy(o->buf + o->len, s, n);
	o->len += n;
}

static inline void put_str(struct out *o, const char *s)
{
	put(o, s, strlen(s));
}

static inline void put_char(struct out *o, char c)
{
	o->buf[o->len++] = c;
}

/* Like put_*(), but from `to` on; they return where the text ends and may write 8 bytes further. */
char *text_u64_long(char *to, uint64_t v);

/* v < 10^8 as eight digits, the first in the lowest byte: all at once, by halves. */
static inline uint64_t digits_8(uint32_t v)
{
	uint64_t x = v / 10000 | (uint64_t)(v % 10000) << 32, q;

	q = x * 10486 >> 20 & 0x7f0000007f;
	x = q | (x - 100 * q) << 16;
	q = x * 103 >> 10 & 0x000f000f000f000f;
	return q | (x - 10 * q) << 8;
}

/* So many digits. */
static inline char *text_6(char *to, uint32_t v)
{
	uint64_t x = htole64((digits_8(v) | 0x3030303030303030) >> 16);

	memcpy(to, &x, 8);
	return to + 6;
}

static inline char *text_3(char *to, uint32_t v)
{
	to[0] = '0' + v / 100;
	to[1] = '0' + v / 10 % 10;
	to[2] = '0' + v % 10;
	return to + 3;
}

static inline char *text_u64(char *to, uint64_t v)
{
	uint64_t x;
	int zeros;

	if (v >= 100000000)
		return text_u64_long(to, v);
	x = digits_8(v);
	zeros = __builtin_ctzll(x | 1ull << 56) & ~7;
	x = htole64((x | 0x3030303030303030) >> zeros);
	memcpy(to, &x, 8);
	return to + 8 - zeros / 8;
}

static inline char *text_s64(char *to, int64_t v)
{
	*to = '-';
	return text_u64(to + (v < 0), v < 0 ? -(uint64_t)v : (uint64_t)v);
}

/* Neither a control character nor quote, backslash, or outside of ASCII; least: ' ' or above. */
static inline bool plain(uint8_t c, uint8_t least)
{
	return c >= least && c < 0x7f && c != '"' && c != '\\';
}

/* Copies up to the first byte that is not plain; returns how many those are. */
static inline size_t plain_copy(char *to, const uint8_t *p, size_t n, uint8_t least)
{
	const uint64_t ones = 0x0101010101010101;
	size_t i = 0;

	/* Eight at once: a byte that is not wanted sets its top bit, by a borrow or a carry. Bytes
	 * behind it may be wrong then, it itself is the first. */
	for (; n - i >= 8; i += 8) {
		uint64_t v, quote, slash, bad;

		memcpy(&v, p + i, 8);
		memcpy(to + i, &v, 8);
		v = le64toh(v);
		quote = v ^ ones * '"';
		slash = v ^ ones * '\\';
		bad = v | (v + ones) | ((v - ones * least) & ~v) | ((quote - ones) & ~quote) |
		      ((slash - ones) & ~slash);
		bad &= ones << 7;
		if (bad)
			return i + __builtin_ctzll(bad) / 8;
	}
	for (; i < n && plain(p[i], least); i++)
		to[i] = p[i];
	return i;
}

static inline void put_u64(struct out *o, uint64_t v)
{
	o->len = text_u64(o->buf + o->len, v) - o->buf;
}

static inline void put_s64(struct out *o, int64_t v)
{
	o->len = text_s64(o->buf + o->len, v) - o->buf;
}

void put_hex(struct out *o, uint64_t v); /* 0x… */
void put_ip4(struct out *o, const uint8_t a[4]);
void put_ip16(struct out *o, const uint8_t a[16]); /* RFC 5952; IPv4-mapped as IPv4 */
/* Make their own room. put_text returns the number of columns. */
void put_bytes(struct out *o, const uint8_t *p, size_t n, char between);
size_t put_text(struct out *o, const uint8_t *p, size_t n); /* quoted only if it has to be */
void put_json(struct out *o, const uint8_t *p, size_t n);   /* with its quotes */

#endif
