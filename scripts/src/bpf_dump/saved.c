// SPDX-License-Identifier: GPL-2.0-only
/* Saved records, see saved.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "saved.h"

static uint32_t length(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static int saved_drain(struct source *source, struct sink *s, bool all, struct drained *d)
{
	struct saved *v = (struct saved *)source;
	size_t need = 0;
	ssize_t n;
	int err;

	(void)all;
	*d = (struct drained){ .size = v->room };
	while (v->len - v->at >= 4) {
		uint32_t len = length(v->buf + v->at);

		if (len > SAVED_MAX)
			return -EBADMSG;
		if (v->len - v->at - 4 < len) {
			need = 4 + (size_t)len;
			break;
		}
		err = s->record(s, v->buf + v->at + 4, len);
		v->at += 4 + (size_t)len;
		if (err)
			return err;
	}
	v->len -= v->at;
	memmove(v->buf, v->buf + v->at, v->len);
	v->at = 0;
	/* grow by doubling: never allocate what a length claims before the bytes have come */
	if (need > v->room && v->len == v->room) {
		uint8_t *more = realloc(v->buf, 2 * v->room);

		if (!more)
			return -ENOMEM;
		v->buf = more;
		v->room *= 2;
	}
	n = read(v->fd, v->buf + v->len, v->room - v->len);
	if (n < 0)
		return -errno;
	if (!n)
		return v->len ? -EBADMSG : 2;
	v->len += n;
	d->bytes = n;
	return 0;
}

static void saved_close(struct source *s)
{
	struct saved *v = (struct saved *)s;

	free(v->buf);
	v->buf = NULL;
}

int saved_open(struct saved *v, int fd)
{
	*v = (struct saved){ .source = { .drain = saved_drain, .close = saved_close },
			     .fd = fd,
			     .room = 256 * 1024 };
	v->buf = malloc(v->room);
	return v->buf ? 0 : -ENOMEM;
}
