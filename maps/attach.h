/* SPDX-License-Identifier: GPL-2.0-only */
/* What user space sets in one attachment: the log mode. */
#ifndef PB_ATTACH_H
#define PB_ATTACH_H

#include <linux/types.h>

/* Which verdicts are logged to the stream pb_packet_log (packet.h). */
enum pb_log {
	PB_LOG_OFF,
	PB_LOG_DROPPED,
	PB_LOG_ALL,
};

/* An enum pb_log. It is the only variable of the object, so user space writes it through the
 * object's .bss map. Every attachment has its own. Objects of objs/legacy have no global variables,
 * hence no log.
 */
#if defined(__bpf__) && !defined(PB_LEGACY)
volatile __u32 pb_log_mode;
#endif

#endif
