/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which struct is a record? The kernel does not say, so it is worked out, in this order; the first
 * step that leaves exactly one struct decides, one that leaves several is ambiguous:
 *   1. the type named with -t
 *   2. the type of the map's values, if the map has BTF of its own
 *   3. a struct named after the map: NAME, NAME_record, NAME_event, NAME_rec, NAME_data, NAME_t;
 *      the s of a plural may be missing (map `events`, struct `event`), and so may be what the map
 *      is: NAME_log, NAME_ring, NAME_rb, NAME_buf, NAME_map
 *   4. a struct that a global variable is or points to: `const struct event *unused;`
 *   5. a struct that is the value of another map (the usual place to build a large record)
 *   6. any other struct that is neither what a program is called with nor one of the kernel's own
 *   7. from 3 again, a struct longer than the record, for records that are cut to length
 * From 3 to 6 the struct's size must be the record's; of a perf record, whose length is rounded up,
 * the padding is left out. Nothing found or ambiguous: the record is printed as hexadecimal digits.
 * A struct from 5 or 6 is little more than a guess, which a line says.
 */
#ifndef PLAINBPF_CHOOSE_H
#define PLAINBPF_CHOOSE_H

#include "users.h"
#include "format.h"

struct choose {
	const struct users *users;
	enum fmt_mode mode;
	bool perf;	    /* record lengths are rounded up */
	const char *kernel; /* file with the kernel's own BTF, NULL: do not look */
	char map[16];	    /* its name, "" if there is none */
	char why[512];	    /* after a choice, what is to be said about it; "" if nothing */
	struct fmt *fixed;  /* by step 1 or 2 … */
	uint32_t fixed_id;  /* … of this type … */
	const struct btf *fixed_btf; /* … in this */
	struct pick *picks;	     /* all structs */
	struct known *known;	     /* by length of record */
	int n_picks;
	bool dropped; /* those that are the kernel's own */
};

/* -ENOENT: there is no such type; else -errno */
int choose_open(struct choose *c, const char *type, uint32_t value_type, uint32_t value_btf);
/* NULL: no struct. Sets why the first time that a length is seen. */
const struct fmt *choose_fmt(struct choose *c, size_t len);
/* The type that a format is of, and the BTF it is in. */
uint32_t choose_type(const struct choose *c, const struct fmt *f, const struct btf **b);
void choose_close(struct choose *c);

#endif
