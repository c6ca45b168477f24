/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One reader per stream: a second reader of a ring buffer would take half of the records, one of a
 * perf event array all of them. A reader holds flock(2) on STATE_DIR/reader.MAPID, a file with its
 * PID. STATE_DIR is the commands' (scripts/lib/paths.bash); make passes it.
 */
#ifndef PLAINBPF_LOCK_H
#define PLAINBPF_LOCK_H

#include <stdint.h>

struct lock {
	int fd;
	char path[64];
};

/* -EBUSY: another reader has it; *pid is its PID, or 0 if unknown. Otherwise 0 or -errno. */
int lock_take(struct lock *l, uint32_t map_id, long *pid);
void lock_drop(struct lock *l);

#endif
