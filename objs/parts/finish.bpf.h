/* SPDX-License-Identifier: GPL-2.0-only */
/* A verdict takes effect: it is counted, logged if the log is on, and turned into the hook's
 * action.
 */
#ifndef PB_FINISH_BPF_H
#define PB_FINISH_BPF_H

#ifndef PB_HOOK
#error "include xdp.bpf.h or tc.bpf.h first: they know the context"
#endif

#include "count.bpf.h"

#if defined(PB_LEGACY) || defined(PB_NO_LOG) /* no global variables, no log (attach.h); a bench */

static __always_inline int pb_verdict(pb_ctx *ctx, const struct pb_frame *f, enum pb_hook hook,
				      enum pb_reason reason)
{
	(void)hook;
	pb_count(reason, f->len, pb_ifindex(ctx));
	return pb_action(reason);
}

#else

#include "attach.h"
#include "tell.bpf.h"

PB_STREAM_LOG(PB_STREAM)

#define PB_LOG_RATE 1000 /* packets per second per CPU */

/* Not inlined, to keep the path of packets that are not logged short. While the log is off it costs
 * one load and one correctly predicted branch.
 */
__noinline int pb_log(pb_ctx *ctx, __u32 len, __u32 hook, __u32 reason)
{
	struct pb_frame f = pb_frame_of(ctx, len);

	pb_tell(ctx, &f, hook, reason, &pb_packet_log, &pb_log_ask, PB_LOG_RATE);
	return 0;
}

static __always_inline int pb_verdict(pb_ctx *ctx, const struct pb_frame *f, enum pb_hook hook,
				      enum pb_reason reason)
{
	__u32 mode = pb_log_mode;

	pb_count(reason, f->len, pb_ifindex(ctx));
	if (!pb_likely(!mode) && (mode == PB_LOG_ALL || reason >= PB_FIRST_DROP))
		pb_log(ctx, f->len, hook, reason);
	return pb_action(reason);
}

#endif

#endif
