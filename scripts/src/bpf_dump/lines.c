// SPDX-License-Identifier: GPL-2.0-only
/* Lines of trace_pipe, see lines.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/magic.h>
#include "lines.h"

#define ROOM	    (64 * 1024)
#define READS	    256		  /* at most in one call: a page or two each */
#define KERNEL_ROOM (1024 * 1024) /* of text that the kernel keeps, about */

bool lines_is(const char *path)
{
	struct statfs f;

	return !statfs(path, &f) && f.f_type == TRACEFS_MAGIC;
}

/* "CPU:1 [LOST 23 EVENTS]" comes from the kernel itself. */
static int hand_out(struct sink *s, const char *line, size_t len)
{
	char lost[64], *end;
	uint64_t n;
	int cpu;

	if (len > 4 && len < sizeof(lost) && !memcmp(line, "CPU:", 4)) {
		memcpy(lost, line, len);
		lost[len] = '\0';
		cpu = strtol(lost + 4, &end, 10);
		if (!strncmp(end, " [LOST ", 7)) {
			n = strtoull(end + 7, &end, 10);
			s->lost(s, n, cpu);
			return 0;
		}
	}
	return len ? s->record(s, line, len) : 0;
}

/*
 * The kernel pads a thread's name to 16 bytes and puts a '-' and the thread's number behind it. A
 * name may contain the end of a line: then the line is shorter, and goes on after it.
 */
static char *line_end(const char *at, const char *end, const char *stop)
{
	const char *one = end;

	while (one && one - at < 16)
		one = memchr(one + 1, '\n', stop - one - 1);
	if (one && one != end && one - at > 17 && at[16] == '-' && at[17] >= '0' && at[17] <= '9')
		return (char *)one;
	return (char *)end;
}

static int hand_out_all(struct lines *l, struct sink *s)
{
	char *at = l->buf, *end;
	int err = 0;

	while (!err && (end = memchr(at, '\n', l->buf + l->len - at))) {
		end = line_end(at, end, l->buf + l->len);
		err = hand_out(s, at, end - at);
		at = end + 1;
	}
	l->len -= at - l->buf;
	memmove(l->buf, at, l->len);
	if (!err && l->len == ROOM) { /* a line without an end */
		err = hand_out(s, l->buf, l->len);
		l->len = 0;
	}
	return err;
}

static int lines_drain(struct source *source, struct sink *s, bool all, struct drained *d)
{
	struct lines *l = (struct lines *)source;
	int i, err = 0;
	ssize_t n;

	(void)all;
	*d = (struct drained){ .size = KERNEL_ROOM };
	for (i = 0; i < READS && !err; i++) {
		n = read(l->fd, l->buf + l->len, ROOM - l->len);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n <= 0)
			break;
		l->len += n;
		d->bytes += n;
		err = hand_out_all(l, s);
	}
	return err;
}

static void lines_close(struct source *s)
{
	struct lines *l = (struct lines *)s;

	close(l->fd);
	free(l->buf);
	l->buf = NULL;
}

int lines_open(struct lines *l, const char *path)
{
	/* What shows our output may itself be traced while it does: a few large batches, then. */
	*l = (struct lines){
		.source = { .drain = lines_drain, .close = lines_close, .calm = 50000000 }
	};
	l->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (l->fd < 0)
		return -errno;
	l->buf = malloc(ROOM);
	if (!l->buf) {
		close(l->fd);
		return -ENOMEM;
	}
	return 0;
}
