// SPDX-License-Identifier: GPL-2.0-only
/* The first program: every write(2) of every process says so in trace_pipe. Of the PID set it knows
 * only the readers, whose own writes would else be traced, and read, and traced.
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
