/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who uses a map: its programs, their BTF, and their counters of lost records, since a BPF ring
 * buffer counts none itself. Such a counter is a map of a program named pb_lost or lost, of type
 * PERCPU_ARRAY or ARRAY, whose element 0 begins with a __u64 count.
 */
#ifndef PLAINBPF_USERS_H
#define PLAINBPF_USERS_H

#include <stdbool.h>
#include "btf.h"
#include "source.h"

struct users_btf {
	uint32_t id;	/* in the kernel; 0: from a file */
	uint32_t first; /* its own first type: those before it are the base's of split BTF */
	char owner[64]; /* program or file, for messages */
	struct btf btf;
	void *buf;
};

struct users_lost {
	uint32_t id;
	int fd;
	uint32_t cpus; /* values of the element; 1 for a plain ARRAY */
	size_t stride; /* bytes */
	uint64_t *seen;
};

struct users {
	struct users_btf *btfs;
	struct users_lost *losts;
	int n_btfs, n_losts, programs; /* programs that use the map */
	char no_btf[64];	       /* the name of one without BTF */
};

/* Looks through all programs; btf: reads their BTF. -EPERM without CAP_SYS_ADMIN. */
int users_find(struct users *f, uint32_t map_id, bool btf);
int users_add_btf(struct users *f, uint32_t id, const char *owner);
/* The .BTF section of an ELF file, or a raw BTF file. -ENOENT: no such file; -ENODATA: no
 * BTF; -EXDEV: split BTF that does not fit its base, its .BTF.base section or else the kernel's */
int users_add_file(struct users *f, const char *path);
/* Reports to the sink what was lost since the last call; s NULL: only remembers the counts. */
void users_lost(struct users *f, struct sink *s);
/* What the counters said at the last call of users_lost(). */
uint64_t users_lost_total(const struct users *f);
void users_free(struct users *f);

#endif
