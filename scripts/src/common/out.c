// SPDX-License-Identifier: GPL-2.0-only
/* Buffered output, see out.h. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include "out.h"

/* Interrupted writes after a signal, 50 ms apart, before the rest is given up. */
#define PATIENCE 20

int out_open(struct out *o, int fd, const volatile sig_atomic_t *stop)
{
	memset(o, 0, sizeof(*o));
	o->fd = fd;
	o->stop = stop;
	o->buf = malloc(OUT_SIZE);
	return o->buf ? 0 : -ENOMEM;
}

void out_close(struct out *o)
{
	free(o->buf);
	o->buf = NULL;
}

void out_flush(struct out *o)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };
	size_t done = 0;
	int patience = PATIENCE;

	while (done < o->len && !o->err && o->fd >= 0) {
		ssize_t n = write(o->fd, o->buf + done, o->len - done);

		if (n >= 0)
			done += n;
		else if (errno == EAGAIN)
			poll(&p, 1, 100);
		else if (errno != EINTR)
			o->err = -errno;
		if (n < 0 && o->stop && *o->stop && !patience--)
			o->err = -EINTR;
	}
	o->len = 0;
}

static const char pairs[] = "0001020304050607080910111213141516171819"
			    "2021222324252627282930313233343536373839"
			    "4041424344454647484950515253545556575859"
			    "6061626364656667686970717273747576777879"
			    "8081828384858687888990919293949596979899";
static const char hexdigits[] = "0123456789abcdef";

/* Two digits at a time: dividing is what costs. */
void put_digits(struct out *o, uint64_t v, int n)
{
	char *p = o->buf + o->len;

	o->len += n;
	for (; n > 1; v /= 100) {
		n -= 2;
		memcpy(p + n, &pairs[v % 100 * 2], 2);
	}
	if (n)
		*p = '0' + v % 10;
}

void put_u64(struct out *o, uint64_t v)
{
	uint64_t most = 9;
	int n = 1;

	if (v < 10) {
		put_char(o, '0' + v);
		return;
	}
	for (; v > most && n < 20; n++)
		most = most * 10 + 9;
	put_digits(o, v, n);
}

void put_s64(struct out *o, int64_t v)
{
	if (v < 0)
		put_char(o, '-');
	put_u64(o, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void put_hex(struct out *o, uint64_t v)
{
	int shift = 60;

	put_str(o, "0x");
	while (shift && !(v >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put_char(o, hexdigits[v >> shift & 15]);
}

void put_ip4(struct out *o, const uint8_t a[4])
{
	int i;

	for (i = 0; i < 4; i++) {
		if (i)
			put_char(o, '.');
		put_u64(o, a[i]);
	}
}

void put_ip16(struct out *o, const uint8_t a[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	int i, run = 0, best = -1, best_run = 1;
	uint32_t w[8];

	if (!memcmp(a, mapped, sizeof(mapped))) {
		put_ip4(o, a + 12);
		return;
	}
	for (i = 0; i < 8; i++) {
		w[i] = a[2 * i] << 8 | a[2 * i + 1];
		run = w[i] ? 0 : run + 1;
		if (run > best_run) {
			best_run = run;
			best = i - run + 1;
		}
	}
	for (i = 0; i < 8; i++) {
		int shift = 12;

		if (i == best) {
			put_str(o, "::");
			i += best_run - 1;
			continue;
		}
		if (i && (best < 0 || i != best + best_run))
			put_char(o, ':');
		while (shift && !(w[i] >> shift))
			shift -= 4;
		for (; shift >= 0; shift -= 4)
			put_char(o, hexdigits[w[i] >> shift & 15]);
	}
}

void put_bytes(struct out *o, const uint8_t *p, size_t n, char between)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!(i & 255))
			out_room(o, 256 * 3);
		if (between && i)
			put_char(o, between);
		put_char(o, hexdigits[p[i] >> 4]);
		put_char(o, hexdigits[p[i] & 15]);
	}
}

/* Copies bytes up to the first that is below `least`, a quote, a backslash or not ASCII. Returns
 * how many. */
static size_t put_plain(struct out *o, const uint8_t *p, size_t n, uint8_t least)
{
	char *to = o->buf + o->len;
	size_t i;

	for (i = 0; i < n && p[i] >= least && p[i] < 0x7f && p[i] != '"' && p[i] != '\\'; i++)
		to[i] = p[i];
	o->len += i;
	return i;
}

/* Length of the UTF-8 sequence at p; 0 if it is malformed, negative if it must not be shown. */
static int utf8(const uint8_t *p, size_t n)
{
	uint32_t c = p[0];
	int i, len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

	if (c < 0xc2 || c > 0xf4 || n < (size_t)len)
		return 0;
	c &= 0x7f >> len;
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if ((len == 3 && c < 0x800) || (len == 4 && c < 0x10000) || c > 0x10ffff ||
	    (c >= 0xd800 && c < 0xe000))
		return 0;
	/* C1 controls, line and paragraph separators, and changes of text direction */
	if (c < 0xa0 || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return -len;
	return len;
}

size_t show_char(char *to, const uint8_t *p, size_t n, size_t *used)
{
	int len = *p < 0x80 ? 0 : utf8(p, n), i, bytes = len < 0 ? -len : 1;
	size_t room = 0;

	if ((*p >= ' ' && *p < 0x7f) || len > 0) {
		*used = len > 0 ? len : 1;
		memcpy(to, p, *used);
		return *used;
	}
	for (i = 0; i < bytes; i++) {
		to[room++] = '\\';
		to[room++] = 'x';
		to[room++] = hexdigits[p[i] >> 4];
		to[room++] = hexdigits[p[i] & 15];
	}
	*used = bytes;
	return room;
}

void put_shown(struct out *o, const char *s, size_t n)
{
	size_t used;

	for (; n; s += used, n -= used) {
		out_room(o, OUT_VALUE);
		o->len += show_char(o->buf + o->len, (const uint8_t *)s, n, &used);
	}
}

static void escape(struct out *o, uint8_t c, bool json)
{
	const char *from = "\b\f\n\r\t\"\\", *to = "bfnrt\"\\", *at = c ? strchr(from, c) : NULL;

	put_char(o, '\\');
	if (at) {
		put_char(o, to[at - from]);
		return;
	}
	put_str(o, json ? "u00" : "x");
	put_char(o, hexdigits[c >> 4]);
	put_char(o, hexdigits[c & 15]);
}

size_t put_text(struct out *o, const uint8_t *p, size_t n)
{
	size_t i, start, columns = 2;

	if (n && n < OUT_SIZE / 2) {
		out_room(o, n);
		start = o->len;
		if (put_plain(o, p, n, '!') == n)
			return n;
		o->len = start;
	}
	out_room(o, 16);
	put_char(o, '"');
	for (i = 0; i < n;) {
		size_t most = n - i < 512 ? n - i : 512, run;
		int len;

		out_room(o, 512 + 64);
		run = put_plain(o, p + i, most, ' ');
		i += run;
		columns += run;
		if (run == most)
			continue;
		start = o->len;
		len = utf8(p + i, n - i);
		if (len > 0) {
			put(o, (const char *)p + i, len);
			i += len;
			columns++;
			continue;
		}
		escape(o, p[i++], false);
		for (; len < -1; len++)
			escape(o, p[i++], false);
		columns += o->len - start;
	}
	out_room(o, 16);
	put_char(o, '"');
	return columns;
}

void put_json(struct out *o, const uint8_t *p, size_t n)
{
	size_t i = 0;

	out_room(o, 16);
	put_char(o, '"');
	while (i < n) {
		size_t most = n - i < 512 ? n - i : 512, run;
		int len;

		out_room(o, 512 + 32);
		run = put_plain(o, p + i, most, ' ');
		i += run;
		if (run == most)
			continue;
		len = p[i] < 0x80 ? 0 : utf8(p + i, n - i);
		if (len > 0) {
			put(o, (const char *)p + i, len);
			i += len;
		} else if (p[i] < 0x80) {
			escape(o, p[i++], true);
		} else if (len < 0) { /* a character of two or three bytes as \uXXXX */
			uint32_t c = len == -2 ? (p[i] & 31) << 6 | (p[i + 1] & 63)
					       : (p[i] & 15) << 12 | (p[i + 1] & 63) << 6 |
							 (p[i + 2] & 63);
			put_str(o, "\\u");
			put_char(o, hexdigits[c >> 12]);
			put_char(o, hexdigits[c >> 8 & 15]);
			put_char(o, hexdigits[c >> 4 & 15]);
			put_char(o, hexdigits[c & 15]);
			i -= len;
		} else {
			put_str(o, "\\ufffd");
			i++;
		}
	}
	out_room(o, 16);
	put_char(o, '"');
}
