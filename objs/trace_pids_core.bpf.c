// SPDX-License-Identifier: GPL-2.0-only
/* trace_pids for kernels before 6.16: reads from the kernel's own structs how many threads are
 * alive, which costs the loader 11 MB and 30 ms for the kernel's BTF.
 */
#include "pid.bpf.h"
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live; /* threads that have not begun to end */
} __attribute__((preserve_access_index));

struct task_struct {
	struct signal_struct *signal;
} __attribute__((preserve_access_index));

SEC("tp_btf/sched_process_exit")
int trace_pids_core(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u32 pid = pb_current_pid();

	if (!task->signal->live.counter)
		bpf_map_delete_elem(&pb_pids, &pid);
	return 0;
}
