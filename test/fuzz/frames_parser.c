// SPDX-License-Identifier: GPL-2.0-only
/* What maps/ decides about a frame, with a list of the harness instead of the pinned maps. */
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include "frames.h"

#define PB_LOOKUP_BPF_H /* in its place: */
static bool pb_listed4(__be32 addr)
{
	return list_has(AF_INET, &addr);
}

static bool pb_listed6(const __be32 *addr)
{
	return list_has(AF_INET6, addr);
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
	struct pb_walk walk;

	to->allow_in = pb_allow(&f, PB_SOURCE);
	to->allow_out = pb_allow(&f, PB_DESTINATION);
	to->icmp = pb_icmp(&f);
	memset(&walk, 0xa5, sizeof(walk));
	memset(&to->flow, 0, sizeof(to->flow));
	pb_read_flow(&f, &walk, &to->flow);
}
