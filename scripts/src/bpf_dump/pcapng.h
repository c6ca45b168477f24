/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes records as packets of a pcapng file (draft-ietf-opsawg-pcapng), in the host's byte order,
 * Ethernet. These members of the record's struct are used, by name:
 *   ts           __u64, ns, as fmt_epoch() reads it
 *   ifindex      __u32; an interface is described before its first packet
 *   len          1 to 8 bytes: length on the wire
 *   data         the last member, an array of bytes: the start of the frame, as captured
 *   hook         an enum, optional: a name that begins with xdp means an XDP verdict, any other
 * tc's; one that ends with egress means outbound verdict      an enum, optional: pass, drop reason
 * an enum, optional; together with the verdict it becomes the packet's comment Values of enums are
 * compared as they are printed (bpf_dump(8)).
 */
#ifndef PLAINBPF_PCAPNG_H
#define PLAINBPF_PCAPNG_H

#include "format.h"

struct pcapng_field {
	uint32_t off, size; /* bytes; size 0: no such member */
	struct fmt *text;   /* of an enum */
};

struct pcapng {
	/* the type of the last record, and its members */
	const struct btf *btf;
	uint32_t id;
	struct pcapng_field ts, ifindex, len, data, hook, verdict, reason;
	const char *missing; /* the member that it lacks */
	uint32_t *ifs;	     /* indexes of the interfaces described so far */
	uint32_t n_ifs;
	uint64_t lost; /* packets, since the last one */
	struct out text;
};

/* Writes the file's header. -ENOMEM */
int pcapng_open(struct pcapng *p, struct out *o);
/*
 * One packet, of type `id`. -EPROTOTYPE: the type lacks a member (`missing`); -EBADMSG: the record
 * ends before `data`; -ENOMEM.
 */
int pcapng_record(struct pcapng *p, const struct btf *b, uint32_t id, struct fmt_env *e,
		  struct out *o, const void *data, size_t len);
/* n packets were lost before the next one. */
void pcapng_lost(struct pcapng *p, uint64_t n);
void pcapng_close(struct pcapng *p);

#endif
