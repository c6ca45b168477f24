// SPDX-License-Identifier: GPL-2.0-only
/* The PID set and what keeps it true: a process leaves it when its last thread ends. The commands
 * load it with the set; it traces nothing.
 *
 * For Linux 6.16 and later, where the tracepoint says whether the thread is the last one. Older
 * kernels refuse to attach it, and trace_pids_core does the work.
 */
#include "pid.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* The thread that ends is still the current one, and its number stays taken until after this. */
SEC("raw_tp/sched_process_exit")
int trace_pids(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 pid = pb_current_pid();

	if ((bool)ctx->args[1])
		bpf_map_delete_elem(&pb_pids, &pid);
	return 0;
}
