/* SPDX-License-Identifier: GPL-2.0-only */
/* From an XDP context to a frame and from a reason to an XDP action. Kernel side. */
#ifndef PB_XDP_BPF_H
#define PB_XDP_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "counter.bpf.h"
#include "packet.h"

/* The whole frame, in a program of section "xdp". */
#define PB_XDP_LEN(CTX)	      ((CTX)->data_end - (CTX)->data)
/* In "xdp.frags" data ends with the first buffer. The headers are taken to be there, as drivers put
 * them; a frame whose headers are not is malformed to the parser.
 */
#define PB_XDP_FRAGS_LEN(CTX) bpf_xdp_get_buff_len(CTX)

#define PB_XDP_FRAME(CTX, LEN)                                                                     \
	{                                                                                          \
		.data = (void *)(long)(CTX)->data, .data_end = (void *)(long)(CTX)->data_end,      \
		.len = (LEN),                                                                      \
	}

static __always_inline int pb_xdp_verdict(struct xdp_md *ctx, const struct pb_frame *f,
					  enum pb_reason reason)
{
	pb_count(reason, f->len, ctx->ingress_ifindex);
	return reason < PB_REASON_DROP ? XDP_PASS : XDP_DROP;
}

#endif
