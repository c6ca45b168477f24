// SPDX-License-Identifier: GPL-2.0-only
/* What objs/parts/ decides about a frame, with a list of the harness instead of the pinned maps. */
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include "frames.h"

/* In the place of maps and look-ups: */
#define PB_LOOKUP_BPF_H
#define PB_WALK_BPF_H
static bool pb_listed4(__be32 addr)
{
	return list_has(AF_INET, &addr);
}

static bool pb_listed6(const __be32 *addr)
{
	return list_has(AF_INET6, addr);
}

static bool pb_quoted4(__be32 addr)
{
	return pb_listed4(addr);
}

static struct pb_walk walk;
static struct pb_walk *pb_walk_memory(void)
{
	return &walk;
}

#include "allow.bpf.h"
#include "icmp.bpf.h"

void parse(const struct frame *frame, struct parsed *to)
{
	struct pb_frame f = {
		.data = frame->data,
		.data_end = frame->data + frame->readable,
		.len = frame->len,
		.tags = frame->tags,
	};

	to->allow_in = pb_allow(&f, PB_SOURCE);
	to->allow_out = pb_allow(&f, PB_DESTINATION);
	/* What is left of the frame before must not matter. */
	memset(&walk, 0xa5, sizeof(walk));
	to->icmp = pb_icmp(&f);
	memset(&to->flow, 0xa5, sizeof(to->flow));
	pb_read_flow(&f, &to->flow);
}
