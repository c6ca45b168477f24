/* SPDX-License-Identifier: GPL-2.0-only */
/* A verdict: counted, logged if that is asked for, and turned into the hook's action. Kernel side,
 * included after the hook's header.
 */
#ifndef PB_LOG_BPF_H
#define PB_LOG_BPF_H

#include "counter.bpf.h"

#if defined(PB_LEGACY) /* has no global variables, hence no log */ || defined(PB_NO_LOG)

static __always_inline int pb_verdict(pb_ctx *ctx, const struct pb_frame *f, enum pb_hook hook,
				      enum pb_reason reason)
{
	(void)hook;
	pb_count(reason, f->len, pb_ifindex(ctx));
	return pb_action(reason);
}

#else

#define PB_EVENT_RING	   pb_packet_log
#define PB_EVENT_RING_SIZE (1 << 18) /* bytes: a second of three CPUs at that rate */
#define PB_EVENT_RATE	   1000	     /* packets a second and CPU */
#define PB_EVENT_ASK	   pb_log_ask
#include "tell.bpf.h"

enum pb_log {
	PB_LOG_OFF,
	PB_LOG_DROPPED,
	PB_LOG_ALL,
};

/* What is logged, an enum pb_log. Of one attachment: it is the only variable of the object, and
 * user space writes it by the object's .bss map. Off it costs a load and a branch that is guessed
 * right.
 */
volatile __u32 pb_log_mode;

/* Not inlined: the way of packets that are not logged stays short. */
__noinline int pb_log(pb_ctx *ctx, __u32 len, __u32 hook, __u32 reason)
{
	struct pb_frame f = pb_frame_of(ctx, len);

	pb_tell(ctx, &f, hook, reason);
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
