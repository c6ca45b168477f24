// SPDX-License-Identifier: GPL-2.0-only
/* write(2) of the processes in the PID set, from the classic tracepoint to trace_pipe.
 *
 * Then: cat /sys/kernel/tracing/trace_pipe
 */
#include "pid.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tp/syscalls/sys_enter_write")
int trace_tracepoint(void *ctx __attribute__((unused)))
{
	__u32 pid = pb_current_pid();

	if (pb_traced(pid))
		bpf_printk("triggered from PID %d.", pid);
	return 0;
}
