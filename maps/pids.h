/* SPDX-License-Identifier: GPL-2.0-only */
/* The PID set: which processes are traced. */
#ifndef PB_PIDS_H
#define PB_PIDS_H

#include <linux/types.h>
#include "flavour.h"

enum pb_role {
	PB_TRACED,
	PB_READER, /* reads what is traced: not even trace_minimal shows it */
};

/* An entry. The key is the process id, in host byte order. */
struct pb_pid {
	__u64 start; /* when the process began, clock ticks after boot: /proc/PID/stat, field 22 */
	__u32 role;  /* enum pb_role */
	__u32 _pad;
};
_Static_assert(sizeof(struct pb_pid) == 16, "no holes");

#define PB_PIDS_MAX 4096 /* processes in the set */

#ifdef __bpf__
PB_TRACE_MAP(pb_pids, BPF_MAP_TYPE_HASH, __u32, struct pb_pid, PB_PIDS_MAX);
#endif

#endif
