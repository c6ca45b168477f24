// SPDX-License-Identifier: GPL-2.0-only
/* The PID set and what keeps it true: a process leaves it when its last thread ends. Loaded with
 * the set, by the commands; it traces nothing.
 *
 * For Linux 6.16 and later, where the tracepoint tells which thread is the last; on older kernels
 * it cannot be attached, and trace_pids_core does it.
 */
#include "pid.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* A thread that ends is still the current one, and its number is taken until after this. */
SEC("raw_tp/sched_process_exit")
int trace_pids(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 pid = pb_current_pid();

	if ((bool)ctx->args[1])
		bpf_map_delete_elem(&pb_pids, &pid);
	return 0;
}
