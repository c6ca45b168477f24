/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking the PID set.
 *
 * A program that is attached as long as the set exists (trace_pids) removes an entry when the last
 * thread of its process ends, before the number can be given to another process. So an entry always
 * means the process that was added. An empty set traces nothing.
 */
#ifndef PB_PID_BPF_H
#define PB_PID_BPF_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "pids.h"

static __always_inline __u32 pb_current_pid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

static __always_inline bool pb_traced(__u32 pid)
{
	const struct pb_pid *p = bpf_map_lookup_elem(&pb_pids, &pid);

	return p && p->role == PB_TRACED;
}

/* Whether this process reads what is traced. */
static __always_inline bool pb_reader(__u32 pid)
{
	const struct pb_pid *p = bpf_map_lookup_elem(&pb_pids, &pid);

	return p && p->role == PB_READER;
}

#endif
