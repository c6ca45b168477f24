/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which struct is a record? The kernel does not say, so it is inferred. The first of these steps
 * that leaves exactly one struct decides; if it leaves several, the record is ambiguous:
 *   1. the type named with -t
 *   2. the type of the map's values, if the map has BTF of its own
 *   3. a struct named after the map: NAME, NAME_record, NAME_event, NAME_rec, NAME_data, NAME_t;
 *      without the plural s (map `events`, struct `event`), and without what says that it is a map:
 *      NAME_log, NAME_ring, NAME_rb, NAME_buf, NAME_map
 *   4. a struct that a global variable is or points to: `const struct event *unused;`
 *   5. a struct that is the value of another map (the usual place to build a large record)
 *   6. any other struct that is neither a program's context nor one of the kernel's own
 *   7. from 3 again, a struct longer than the record, for records that are cut to length
 * In steps 3 to 6 the struct must have the record's size; perf records are rounded up, so for them
 * the padding does not count. If nothing is found, or the record is ambiguous, it is printed as
 * hexadecimal digits. A struct from step 5 or 6 is little more than a guess: a line reports it.
 */
#ifndef PLAINBPF_CHOOSE_H
#define PLAINBPF_CHOOSE_H

#include "users.h"
#include "format.h"

struct choose {
	const struct users *users;
	enum fmt_mode mode;
	const char *columns;	     /* see fmt_compile() */
	bool perf;		     /* record lengths are rounded up */
	const char *kernel;	     /* file with the kernel's own BTF, NULL: do not look */
	char map[16];		     /* its name, "" if there is none */
	char why[512];		     /* after a choice, the message about it; "" for none */
	struct fmt *fixed;	     /* by step 1 or 2 … */
	uint32_t fixed_id;	     /* … of this type … */
	const struct btf *fixed_btf; /* … in this */
	struct pick *picks;	     /* all structs */
	struct known *known;	     /* by length of record */
	int n_picks;
	bool dropped; /* the kernel's own were taken out of picks */
};

/* -ENOENT: there is no such type; -ENODATA: not all columns are members of it; else -errno */
int choose_open(struct choose *c, const char *type, uint32_t value_type, uint32_t value_btf);
/* NULL: no struct. Sets why when a length is seen for the first time. */
const struct fmt *choose_fmt(struct choose *c, size_t len);
/* The type of a format, and its BTF. */
uint32_t choose_type(const struct choose *c, const struct fmt *f, const struct btf **b);
void choose_close(struct choose *c);

#endif
