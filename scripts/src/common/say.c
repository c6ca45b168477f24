// SPDX-License-Identifier: GPL-2.0-only
/* Messages, the version and files, see say.h. */
#define _GNU_SOURCE /* program_invocation_short_name, vasprintf */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "out.h"
#include "say.h"

#ifndef VERSION /* make takes it from the commands */
#define VERSION "(unknown version)"
#endif

const char version[] = "plainbpf " VERSION;

/* Of a longer message the beginning and the end are said: the file's name is at the end. */
#define LONGEST 3000
#define HEAD	1500
#define TAIL	1000

void say(const char *format, ...)
{
	char line[LONGEST * SHOW_MOST + 64], *text = NULL;
	size_t i, used, len = 0, n;
	va_list args;
	int all;

	va_start(args, format);
	all = vasprintf(&text, format, args);
	va_end(args);
	if (all < 0)
		return;
	n = all;
	for (i = 0; i < n; i += used) {
		if (n > LONGEST && i >= HEAD && i < n - TAIL) {
			len += sprintf(line + len, " … %zu bytes … ", n - TAIL - i);
			i = n - TAIL;
		}
		len += show_char(line + len, (const uint8_t *)text + i, n - i, &used);
	}
	free(text);
	fprintf(stderr, "%s: %.*s\n", program_invocation_short_name, (int)len, line);
}

int bad_argument(const char *what, const char *thing)
{
	say("%s: %s", what, thing);
	return 1;
}

int answer(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) ? 2 : 0;
}

static int read_all(int fd, uint8_t **buf, size_t *len)
{
	size_t room = 65536;
	ssize_t n;

	*buf = malloc(room);
	if (!*buf)
		return -ENOMEM;
	while ((n = read(fd, *buf + *len, room - *len)) > 0) {
		uint8_t *more;

		*len += n;
		if (*len < room)
			continue;
		if (room >= FILE_MAX)
			return -EFBIG;
		room *= 2;
		more = realloc(*buf, room);
		if (!more)
			return -ENOMEM;
		*buf = more;
	}
	return n < 0 ? -errno : 0;
}

int read_file(const char *path, struct stat *st, uint8_t **buf, size_t *len)
{
	/* nonblocking, so that a FIFO can be refused instead of waited for */
	int fd = open(path, O_RDONLY | O_CLOEXEC | (st ? O_NONBLOCK : 0)), err;

	*buf = NULL;
	*len = 0;
	if (fd < 0)
		return -errno;
	if (st && (fstat(fd, st) || !S_ISREG(st->st_mode)))
		err = -EINVAL;
	else
		err = read_all(fd, buf, len);
	close(fd);
	if (err) {
		free(*buf);
		*buf = NULL;
	}
	return err;
}
