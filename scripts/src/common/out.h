/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffered output, and values as text. After an error (-EPIPE, -EIO, … in out->err) everything is
 * thrown away, so that callers need to check only now and then. A put_*() needs the room that
 * out_room() has made; OUT_VALUE bytes are enough for any one value except strings and bytes, which
 * make their own room.
 */
#ifndef PLAINBPF_OUT_H
#define PLAINBPF_OUT_H

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

void put_u64(struct out *o, uint64_t v);
void put_s64(struct out *o, int64_t v);
void put_digits(struct out *o, uint64_t v, int n); /* the last n decimal digits of v */
void put_hex(struct out *o, uint64_t v);	   /* 0x… */
void put_ip4(struct out *o, const uint8_t a[4]);
void put_ip16(struct out *o, const uint8_t a[16]); /* RFC 5952; IPv4-mapped as IPv4 */
/*
 * The filter for all that comes from elsewhere and is printed as it is: one character at p, of n >
 * 0 bytes, or \xNN for each byte of a control character, of one that changes the direction of text,
 * and of what is no UTF-8. Writes at most SHOW_MOST bytes and returns how many; *used: bytes read.
 */
#define SHOW_MOST 16
size_t show_char(char *to, const uint8_t *p, size_t n, size_t *used);
/* Make their own room. put_shown: a text through that filter. put_text returns the number of
 * columns. */
void put_shown(struct out *o, const char *s, size_t n);
void put_bytes(struct out *o, const uint8_t *p, size_t n, char between);
size_t put_text(struct out *o, const uint8_t *p, size_t n); /* quoted only if it has to be */
void put_json(struct out *o, const uint8_t *p, size_t n);   /* with its quotes */

#endif
