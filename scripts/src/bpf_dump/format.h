/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Turns a record into a line of text or JSON. Its type is compiled once into a flat list of
 * operations, so that printing a record looks up no types. How types are printed: bpf_dump(8). A
 * record may be shorter than its type: what is missing is null in JSON and … in text, and the line
 * says "truncated". It may also be longer: then the line gives the number of extra bytes, unless
 * there are no more than `slack`.
 */
#ifndef PLAINBPF_FORMAT_H
#define PLAINBPF_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "btf.h"
#include "out.h"

enum fmt_mode {
	FMT_TEXT,
	FMT_JSON,
	FMT_HEX,
};

struct fmt_env {	      /* what printing needs from the machine; one for all formats */
	int64_t boot_to_real; /* CLOCK_REALTIME - CLOCK_BOOTTIME, ns */
	uint64_t second;      /* when the cached second began, ns … */
	char date[32];	      /* … as JSON or text shows it */
	int date_len;
	bool date_json;
	/* if_indextoname(3), or NULL where the records come from another machine */
	char *(*find_if)(unsigned int index, char *name);
	struct fmt_if {
		uint32_t index;
		char name[16];
		bool fresh;
	} ifs[16];
};

struct fmt;

void fmt_env_init(struct fmt_env *e, char *(*find_if)(unsigned int index, char *name));
void fmt_env_tick(struct fmt_env *e); /* every second or so: clocks are set, interfaces renamed */
/* A record's time, ns of CLOCK_BOOTTIME or (from 10^18 on) since 1970, as ns since 1970. */
uint64_t fmt_epoch(const struct fmt_env *e, uint64_t v);
/* The same, as text. Needs OUT_VALUE of room. */
void fmt_time(struct fmt_env *e, struct out *o, uint64_t v, bool json);
/* The name of an interface, or "". */
const char *fmt_ifname(struct fmt_env *e, uint32_t index);

/*
 * columns: the members that a line of text shows, "src:20,point.x", with the widths of their
 * columns; NULL for all, as for JSON. -ENODATA: not all of them are there; -EBADMSG: corrupt or
 * nothing that has a size; -ELOOP; -E2BIG: too many members; -ENOMEM
 */
#define FMT_COLUMNS 64	/* in that list, at most */
#define FMT_WIDTH   255 /* of one of them */
int fmt_compile(struct fmt **f, const struct btf *b, uint32_t id, enum fmt_mode mode,
		const char *columns);
void fmt_free(struct fmt *f);
uint32_t fmt_size(const struct fmt *f);
/* The header line for records of this length. */
void fmt_header(const struct fmt *f, struct out *o, size_t len);
void fmt_record(const struct fmt *f, struct fmt_env *e, struct out *o, const void *data, size_t len,
		size_t slack);
void fmt_hex(enum fmt_mode mode, struct out *o, const void *data, size_t len);

#endif
