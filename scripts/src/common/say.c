// SPDX-License-Identifier: GPL-2.0-only
/* Messages, the version and files, see say.h. */
#define _GNU_SOURCE /* program_invocation_short_name */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "say.h"

#ifndef VERSION /* make takes it from the commands */
#define VERSION "(unknown version)"
#endif

const char version[] = "plainbpf " VERSION;

void say(const char *format, ...)
{
	char line[2048];
	va_list args;
	char *p;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (p = line; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, line);
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
