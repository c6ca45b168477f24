/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One reader per stream: a second reader of a ring buffer takes half of the records, one of a perf
 * event array all of them. A reader holds flock(2) on /run/plainbpf/reader.MAPID, which holds its
 * PID.
 */
#ifndef PLAINBPF_LOCK_H
#define PLAINBPF_LOCK_H

#include <stdint.h>

struct lock {
	int fd;
	char path[64];
};

/* -EBUSY: another reader has it; *pid is that one's, 0 if it is not known. Else 0 or -errno. */
int lock_take(struct lock *l, uint32_t map_id, long *pid);
void lock_drop(struct lock *l);

#endif
