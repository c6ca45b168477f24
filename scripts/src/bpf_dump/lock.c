// SPDX-License-Identifier: GPL-2.0-only
/* One reader per stream, see lock.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lock.h"

static long read_pid(int fd)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	return n > 0 ? strtol(text, NULL, 10) : 0;
}

int lock_take(struct lock *l, uint32_t map_id, long *pid)
{
	struct stat ours, there;
	int err;

	*pid = 0;
	l->fd = -1;
	if (mkdir(STATE_DIR, 0755) && errno != EEXIST)
		return -errno;
	snprintf(l->path, sizeof(l->path), "%s/reader.%u", STATE_DIR, map_id);
	for (;;) {
		l->fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (l->fd < 0)
			return -errno;
		if (flock(l->fd, LOCK_EX | LOCK_NB)) {
			err = errno == EWOULDBLOCK ? -EBUSY : -errno;
			*pid = read_pid(l->fd);
			close(l->fd);
			l->fd = -1;
			return err;
		}
		/* the previous reader may have removed the file after we opened it */
		if (!fstat(l->fd, &ours) && !stat(l->path, &there) && ours.st_ino == there.st_ino &&
		    ours.st_dev == there.st_dev)
			break;
		close(l->fd);
	}
	if (ftruncate(l->fd, 0) || dprintf(l->fd, "%ld\n", (long)getpid()) < 0) {
		err = -errno;
		lock_drop(l);
		return err;
	}
	return 0;
}

void lock_drop(struct lock *l)
{
	if (l->fd < 0)
		return;
	unlink(l->path);
	close(l->fd);
	l->fd = -1;
}
