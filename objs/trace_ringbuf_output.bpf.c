// SPDX-License-Identifier: GPL-2.0-only
/* write(2) of the processes in the PID set, as records through a ring buffer, with the call that is
 * closest to that of the perf event array: the record is made elsewhere and copied.
 *
 * Then: events ringbuf-output
 */
#include "on_write.bpf.h"

char LICENSE[] SEC("license") = "GPL";

PB_WRITE_RING;

#include "lost.bpf.h"

PB_ON_WRITE
int trace_ringbuf_output(pb_write_ctx *ctx)
{
	struct pb_event e;
	struct pb_call c;

	if (!pb_traced_write(ctx, &c))
		return 0;
	pb_fill(&e, &c);
	if (bpf_ringbuf_output(&pb_events, &e, sizeof(e), BPF_RB_NO_WAKEUP))
		pb_count_lost(0);
	return 0;
}
