// SPDX-License-Identifier: GPL-2.0-only
/* The first program: a line in trace_pipe for every write(2) of every process. The only entries of
 * the PID set that it heeds are the readers: their own writes would be traced, read, and traced
 * again.
 *
 * Then: cat /sys/kernel/tracing/trace_pipe
 */
#include "pid.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tp/syscalls/sys_enter_write")
int trace_minimal(void *ctx __attribute__((unused)))
{
	__u32 pid = pb_current_pid();

	if (!pb_reader(pid))
		bpf_printk("write system call from PID %d.", pid);
	return 0;
}
