/* SPDX-License-Identifier: GPL-2.0-only */
/* The XDP hook: context to frame, reason to action. */
#ifndef PB_XDP_BPF_H
#define PB_XDP_BPF_H

#define PB_HOOK xdp

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "verdict.h"
#include "parse.bpf.h"

typedef struct xdp_md pb_ctx;

/* In a program of section "xdp" data holds the whole frame. */
#define PB_XDP_LEN(CTX)	      ((CTX)->data_end - (CTX)->data)
/* In "xdp.frags" data ends with the first buffer. Drivers put the headers there; to the parser a
 * frame whose headers are elsewhere is malformed.
 */
#define PB_XDP_FRAGS_LEN(CTX) bpf_xdp_get_buff_len(CTX)

static __always_inline struct pb_frame pb_frame_of(pb_ctx *ctx, __u32 len)
{
	return (struct pb_frame){
		.data = (void *)(long)ctx->data,
		.data_end = (void *)(long)ctx->data_end,
		.len = len,
	};
}

static __always_inline __u32 pb_ifindex(pb_ctx *ctx)
{
	return ctx->ingress_ifindex;
}

static __always_inline int pb_action(enum pb_reason reason)
{
	return reason < PB_FIRST_DROP ? XDP_PASS : XDP_DROP;
}

/* Whether the kernel has what came with this version. libbpf fills the variable in, without the
 * kernel's BTF; the verifier knows its value and never looks at a helper that is not there. Objects
 * of objs/legacy do without.
 */
#ifdef PB_LEGACY
#define PB_SINCE(MAJOR, MINOR) 0
#else
extern int LINUX_KERNEL_VERSION __kconfig;
#define PB_SINCE(MAJOR, MINOR) (LINUX_KERNEL_VERSION >= ((MAJOR) << 16 | (MINOR) << 8))
#endif

/* Generic mode sees what the kernel has merged for itself: longer than the device's MTU. */
static __always_inline void pb_read_meta(pb_ctx *ctx, const struct pb_frame *f,
					 struct pb_flow *flow)
{
	__u32 mtu = 0;

	flow->len = f->len;
	if (f->len > ETH_FRAME_LEN && PB_SINCE(5, 12))
		flow->gso =
			bpf_check_mtu(ctx, 0, &mtu, -(__s32)(flow->tags * sizeof(struct pb_tag)),
				      0) == BPF_MTU_CHK_RET_FRAG_NEEDED;
}

/* Copies the first bytes of the frame, `most` of them at most, which is neither 0 nor above `room`;
 * returns how many. Before Linux 5.18 only those of the first buffer.
 */
static __always_inline __u32 pb_load_frame(pb_ctx *ctx, const struct pb_frame *f, __u8 *to,
					   __u64 most, __u64 room)
{
	__u64 len = PB_SINCE(5, 18) ? f->len : (__u64)(f->data_end - f->data);

	if (len > most)
		len = most;
	if (!pb_bounded(&len, room))
		return 0;
	if (PB_SINCE(5, 18))
		return bpf_xdp_load_bytes(ctx, 0, to, len) ? 0 : len;
	return bpf_probe_read_kernel(to, len, f->data) ? 0 : len;
}

#endif
