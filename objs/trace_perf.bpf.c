// SPDX-License-Identifier: GPL-2.0-only
/* write(2) of the processes in the PID set, as records through a perf event array. If the buffer is
 * full, the record is lost and counted by the kernel, and the writer goes on.
 *
 * Then: events perf
 */
#include "on_write.bpf.h"

char LICENSE[] SEC("license") = "GPL";

PB_WRITE_PERF;

PB_ON_WRITE
int trace_perf(pb_write_ctx *ctx)
{
	struct pb_event e;
	struct pb_call c;

	if (!pb_traced_write(ctx, &c))
		return 0;
	pb_fill(&e, &c);
	/* flags 0 would mean CPU 0, not the current one */
	bpf_perf_event_output(ctx, &pb_events, BPF_F_CURRENT_CPU, &e, sizeof(e));
	return 0;
}
