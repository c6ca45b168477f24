/* SPDX-License-Identifier: GPL-2.0-only */
/* From an XDP context to a frame and from a reason to an XDP action. Kernel side. */
#ifndef PB_XDP_BPF_H
#define PB_XDP_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "count.bpf.h"
#include "packet.h"
#include "parse.bpf.h"

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

typedef struct xdp_md pb_ctx;

static __always_inline struct pb_frame pb_frame_of(pb_ctx *ctx, __u32 len)
{
	return (struct pb_frame)PB_XDP_FRAME(ctx, len);
}

static __always_inline __u32 pb_ifindex(pb_ctx *ctx)
{
	return ctx->ingress_ifindex;
}

static __always_inline int pb_action(enum pb_reason reason)
{
	return reason < PB_FIRST_DROP ? XDP_PASS : XDP_DROP;
}

/* Whether this kernel has a helper. Loaders that cannot read the kernel's BTF cannot ask, nor can
 * those of legacy objects: they do without it.
 */
#ifdef PB_NO_CORE
#define PB_HAS(HELPER) 0
#else
#define PB_HAS(HELPER) bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_##HELPER)
#endif

/* Generic mode sees what the kernel has put together for itself: longer than the device's MTU.
 * Since Linux 5.12.
 */
static __always_inline void pb_read_meta(pb_ctx *ctx, const struct pb_frame *f, struct pb_packet *p)
{
	__u32 mtu = 0;

	p->len = f->len;
	if (f->len > ETH_FRAME_LEN && PB_HAS(check_mtu))
		p->gso = bpf_check_mtu(ctx, 0, &mtu, -(__s32)(p->tags * sizeof(struct pb_tag)),
				       0) == BPF_MTU_CHK_RET_FRAG_NEEDED;
}

/* The first bytes of the frame, `most` at most and not 0; returns how many. Before Linux 5.18 those
 * of the first buffer.
 */
static __always_inline __u32 pb_load_frame(pb_ctx *ctx, const struct pb_frame *f, __u8 *to,
					   __u64 most)
{
	__u64 len = PB_HAS(xdp_load_bytes) ? f->len : (__u64)(f->data_end - f->data);

	if (len > most)
		len = most;
	if (!pb_bounded(&len, PB_SNAP_MAX))
		return 0;
	if (PB_HAS(xdp_load_bytes))
		return bpf_xdp_load_bytes(ctx, 0, to, len) ? 0 : len;
	return bpf_probe_read_kernel(to, len, f->data) ? 0 : len;
}

#endif
