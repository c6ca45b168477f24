/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tracing programs and user space agree on: the record of a write(2), and the PID set. */
#ifndef PB_TRACE_H
#define PB_TRACE_H

#include <linux/types.h>

#define PB_COMM_LEN 16 /* the kernel's TASK_COMM_LEN */

/* One call of write(2), as it begins. The map is called pb_events, which is how bpf_dump knows. */
struct pb_event {
	__u64 ts;    /* bpf_ktime_get_boot_ns */
	__u64 count; /* bytes that the caller asks to be written */
	__u32 pid;   /* of the process, in the root PID namespace */
	__u32 tid;   /* of the thread */
	__u32 fd;
	char comm[PB_COMM_LEN]; /* of the thread, filled up with NULs */
	__u32 _pad;
};
_Static_assert(sizeof(struct pb_event) == 48, "no holes");

enum pb_role {
	PB_TRACED,
	PB_READER, /* reads what is traced: not even trace_minimal shows it */
};

/* An entry of the PID set. Its key is the process id, in the host's byte order. */
struct pb_pid {
	__u64 start; /* when the process began, clock ticks after boot: /proc/PID/stat, field 22 */
	__u32 role;  /* enum pb_role */
	__u32 _pad;
};
_Static_assert(sizeof(struct pb_pid) == 16, "no holes");

#define PB_PIDS_MAX 4096 /* processes in the set */

#endif
