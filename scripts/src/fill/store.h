/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of a list in the kernel: found by their pins or by ids, made, read, written (list.h).
 *
 * Functions that return int return 0 or -errno, and say what went wrong where they are given a name
 * for it. Nothing here takes the lock: callers of what changes a list hold it.
 */
#ifndef PLAINBPF_STORE_H
#define PLAINBPF_STORE_H

#include "map.h"

struct store {
	const char *dir;   /* of the pins, or NULL: found by ids */
	int lists;	   /* fd of pb_lists, or -1 */
	int slots[KINDS];  /* fds of the arrays of maps, or -1 */
	int tables[2];	   /* the same of the tables, by family */
	int fixed[KINDS];  /* what programs look into themselves: objects of objs/legacy; or -1 */
	int before[KINDS]; /* arrays of the first edition, with a single slot; or -1 */
	struct pb_list state;
};

/* The bit of a family in struct pb_list's tables. */
static inline unsigned int table_bit(bool six)
{
	return six ? PB_TABLE6 : PB_TABLE4;
}

/* where: a directory of pins, or "lists=ID,host4_slots=ID,…": map ids by name. Opens what there is:
 * a list without maps is empty.
 */
int store_open(struct store *st, const char *where);
/* The same for a directory; makes what is missing and mends what a killed command or a hand left.
 */
int store_make(struct store *st, const char *dir);
int store_state(struct store *st); /* reads st->state */
int store_set_state(struct store *st, const struct pb_list *state);

/* The map of a generation, a new fd; -ENOENT if there is none. */
int store_map(const struct store *st, enum kind kind, int gen);
/* The entries of all maps of a generation, added to a set. */
int store_entries(const struct store *st, int gen, struct set *to);
/* Makes the maps of the idle generation hold these entries, and nothing else. */
int store_fill(struct store *st, int gen, const struct set *live);
/* Pins the idle generation's maps in a directory, from where they go to the place of the others. */
int store_pin_next(struct store *st, int gen);
/* Programs of the first edition look into arrays of their own. */
int store_follow(struct store *st, int gen);

/* Whether programs look into a map that cannot be replaced; whether some of the first edition look
 * on, which know no tables.
 */
bool is_fixed(const struct store *st);
bool has_followers(const struct store *st);

__u32 boot_ms(void); /* CLOCK_BOOTTIME, the lower 32 bits */

#endif
