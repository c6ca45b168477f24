/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes records as packets of a pcapng file (draft-ietf-opsawg-pcapng), in the host's byte order,
 * Ethernet. Of the record's struct these members are looked for by name:
 *   ts           __u64, ns, as fmt_epoch() reads it
 *   ifindex      __u32; an interface is described when its first packet comes
 *   len          1 to 8 bytes: length on the wire
 *   data         the last member, an array of bytes: what was captured, from the frame's first on
 *   hook         an enum, may be missing: what begins with xdp or with anything else (tc) says
 *                whose verdict it is, what ends with egress that it goes out
 *   verdict      an enum, may be missing: pass, drop
 *   reason       an enum, may be missing; with the verdict's it is the packet's comment
 * Values of enums are compared as they are printed (bpf_dump.8).
 */
#ifndef PLAINBPF_PCAPNG_H
#define PLAINBPF_PCAPNG_H

#include "format.h"

struct pcapng_field {
	uint32_t off, size; /* bytes; size 0: there is no such member */
	struct fmt *text;   /* of an enum */
};

struct pcapng {
	/* the type that was looked at last, and its members */
	const struct btf *btf;
	uint32_t id;
	struct pcapng_field ts, ifindex, len, data, hook, verdict, reason;
	const char *missing; /* the member that it lacks */
	uint32_t *ifs;	     /* indexes of the interfaces described so far */
	uint32_t n_ifs;
	uint64_t lost; /* packets, since the last one */
	struct out text;
};

/* Begins the file. -ENOMEM */
int pcapng_open(struct pcapng *p, struct out *o);
/*
 * One packet, of type `id`. -EPROTOTYPE: the type is none of a packet (`missing`); -EBADMSG: the
 * record is shorter than the members before `data`; -ENOMEM.
 */
int pcapng_record(struct pcapng *p, const struct btf *b, uint32_t id, struct fmt_env *e,
		  struct out *o, const void *data, size_t len);
/* So many packets were lost before the next one. */
void pcapng_lost(struct pcapng *p, uint64_t n);
void pcapng_close(struct pcapng *p);

#endif
