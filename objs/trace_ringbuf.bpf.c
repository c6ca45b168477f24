// SPDX-License-Identifier: GPL-2.0-only
/* write(2) of the processes in the PID set, as records through a ring buffer: room is reserved,
 * filled and submitted; nothing is copied.
 *
 * Then: events ringbuf
 */
#include "on_write.bpf.h"

char LICENSE[] SEC("license") = "GPL";

PB_WRITE_RING;

#include "lost.bpf.h"

PB_ON_WRITE
int trace_ringbuf(pb_write_ctx *ctx)
{
	struct pb_event *e;
	struct pb_call c;

	if (!pb_traced_write(ctx, &c))
		return 0;
	e = bpf_ringbuf_reserve(&pb_events, sizeof(*e), 0);
	if (!e) {
		pb_count_lost(0);
		return 0;
	}
	pb_fill(e, &c);
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}
