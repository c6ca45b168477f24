/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of fuzz_frames: the parser of objs/parts/ (frames_parser.c), what libpcap says about
 * the same frame (frames_ref.c), and who makes the frames and compares (fuzz_frames.c).
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <stdbool.h>
#include <stdint.h>
#include "packet.h"
#include "parse.bpf.h"
#include "list.h"
#include "verdict.h"

#define ENTRIES_MAX 32

struct entry { /* of the list; addresses in network byte order, of IPv4 the first 4 bytes */
	uint8_t addr[16];
	uint32_t bits;
	int family;
	const char *text;
};

struct list {
	struct entry entry[ENTRIES_MAX];
	int n;
};

struct frame {
	uint8_t *data;
	uint32_t readable; /* bytes at data; the rest of len lies elsewhere */
	uint32_t len;
	uint32_t tags; /* that were taken out of it */
};

struct parsed {
	enum pb_reason allow_in, allow_out, icmp;
	struct pb_flow flow;
};

/* Whether the list has the address; family AF_INET or AF_INET6. */
bool list_has(int family, const void *addr);

void parse(const struct frame *f, struct parsed *to);

/* Where the two differ because it is meant so, each counted. What is not here is an error. */
enum differs {
	DIFF_MALFORMED,	  /* a listed address in a packet that contradicts itself */
	DIFF_DEPTH,	  /* a listed address behind more than 4 tags */
	DIFF_TPID,	  /* … behind a tag 0x9100, which is libpcap's but not ours */
	DIFF_EXCEPTION,	  /* passes without being listed, as a row of docs/frames.md says */
	DIFF_CHAIN_MH,	  /* libpcap's "protochain" does not look behind a mobility header */
	DIFF_CHAIN_AH,	  /* … misreads an authentication header */
	DIFF_CHAIN_FRAG,  /* … takes a fragment header's reserved byte for a length */
	DIFF_CHAIN_LONG,  /* … looks behind any number of extension headers, we behind 8 */
	DIFF_CHAIN_CUT,	  /* … wants only the first 2 bytes of one */
	DIFF_CHAIN_LATER, /* … reads on in a fragment that is not the first */
	DIFFS,
};
extern const char *const differs_names[DIFFS];

/* 0, or -1 and what libpcap does not like on stderr. */
int ref_open(const struct list *l);
void ref_close(void);
/* What is wrong, or NULL. seen[] counts. */
const char *ref_compare(const struct frame *f, const struct parsed *p, uint64_t seen[DIFFS]);

#endif
