// SPDX-License-Identifier: GPL-2.0-only
/* write(2) of the processes in the PID set, with the command name, to trace_pipe: a kprobe on the
 * function in the system call table. It reads none of its arguments, so only the name of the
 * function depends on the machine.
 *
 * Then: cat /sys/kernel/tracing/trace_pipe
 */
#include "write.h"
#include "pid.bpf.h"

#if defined(__TARGET_ARCH_x86)
#define FUNCTION "__x64_sys_write"
#elif defined(__TARGET_ARCH_arm64)
#define FUNCTION "__arm64_sys_write"
#elif defined(__TARGET_ARCH_s390)
#define FUNCTION "__s390x_sys_write"
#elif defined(__TARGET_ARCH_riscv)
#define FUNCTION "__riscv_sys_write"
#else
#define FUNCTION "ksys_write"
#endif

char LICENSE[] SEC("license") = "GPL";

SEC("kprobe/" FUNCTION)
int trace_kprobe(void *ctx __attribute__((unused)))
{
	__u32 pid = pb_current_pid();
	char comm[PB_COMM_LEN];

	if (!pb_traced(pid))
		return 0;
	bpf_get_current_comm(comm, sizeof(comm));
	bpf_printk("pid= %d,name:%s. writing data", pid, comm);
	return 0;
}
