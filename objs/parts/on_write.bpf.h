/* SPDX-License-Identifier: GPL-2.0-only */
/* The hook on write(2) of the programs that send records, and the record. Kernel side.
 *
 * The raw tracepoint is called at every system call, yet costs a write(2) less than the classic one
 * (docs/guide-tracing.md), and its links can be pinned since Linux 5.8, the classic one's since
 * 5.15. It has the registers only, which have to be known; elsewhere the classic one is taken. As
 * there, a 32-bit program's calls are not seen: they have other numbers.
 */
#ifndef PB_WRITE_BPF_H
#define PB_WRITE_BPF_H

#include "write.h"
#include "pid.bpf.h"

struct pb_call {
	__u64 fd;
	__u64 count;
};

#if defined(__TARGET_ARCH_x86)

/* From rdx on as struct pt_regs of <asm/ptrace.h> has them. */
struct pb_regs {
	__u64 rdx, rsi, rdi, orig_rax, rip, cs;
};
#define PB_REGS_AT     96
#define PB_NR_WRITE    1
#define PB_IS_32BIT(r) ((r)->cs == 0x23) /* __USER32_CS */
#define PB_FD(r)       ((r)->rdi)
#define PB_COUNT(r)    ((r)->rdx)
#define PB_RAW	       1

#elif defined(__TARGET_ARCH_arm64)

/* struct user_pt_regs of <asm/ptrace.h> */
struct pb_regs {
	__u64 regs[31], sp, pc, pstate;
};
#define PB_REGS_AT     0
#define PB_NR_WRITE    64
#define PB_IS_32BIT(r) ((r)->pstate & 0x10) /* PSR_MODE32_BIT */
#define PB_FD(r)       ((r)->regs[0])
#define PB_COUNT(r)    ((r)->regs[2])
#define PB_RAW	       1

#endif

#ifdef PB_RAW

#define PB_ON_WRITE SEC("raw_tp/sys_enter")
typedef struct bpf_raw_tracepoint_args pb_write_ctx;

static __always_inline bool pb_is_write(const pb_write_ctx *ctx)
{
	return ctx->args[1] == PB_NR_WRITE;
}

static __always_inline bool pb_read_call(const pb_write_ctx *ctx, struct pb_call *c)
{
	struct pb_regs r;

	if (bpf_probe_read_kernel(&r, sizeof(r), (void *)(ctx->args[0] + PB_REGS_AT)) ||
	    PB_IS_32BIT(&r))
		return false;
	*c = (struct pb_call){ .fd = PB_FD(&r), .count = PB_COUNT(&r) };
	return true;
}

#else

#define PB_ON_WRITE SEC("tp/syscalls/sys_enter_write")
/* events/syscalls/sys_enter_write/format */
typedef struct {
	__u64 common;
	__u64 nr;
	__u64 fd;
	__u64 buf;
	__u64 count;
} pb_write_ctx;

static __always_inline bool pb_is_write(const pb_write_ctx *ctx)
{
	(void)ctx;
	return true;
}

static __always_inline bool pb_read_call(const pb_write_ctx *ctx, struct pb_call *c)
{
	*c = (struct pb_call){ .fd = ctx->fd, .count = ctx->count };
	return true;
}

#endif

/* Whether this is a write(2) of a process in the set, and which. */
static __always_inline bool pb_traced_write(const pb_write_ctx *ctx, struct pb_call *c)
{
	return pb_is_write(ctx) && pb_traced(pb_current_pid()) && pb_read_call(ctx, c);
}

PB_BTF_FUNCTION void pb_fill(struct pb_event *e, const struct pb_call *c)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	e->ts = bpf_ktime_get_boot_ns();
	e->count = c->count;
	e->pid = pid_tgid >> 32;
	e->tid = pid_tgid;
	e->fd = c->fd;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	e->_pad = 0;
}

#endif
