/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of a list in the kernel: found by their pins or by ids, made, read, written (list.h).
 *
 * Functions that return int return 0 or -errno, and say what went wrong where they are given a name
 * for it. Nothing here takes the lock: callers of what changes a list hold it.
 */
#ifndef PLAINBPF_STORE_H
#define PLAINBPF_STORE_H

#include "list.h"
#include "set.h"

enum kind {
	HOST4,
	HOST6,
	NET4,
	NET6,
	KINDS,
};

struct store {
	const char *dir;   /* of the pins, or NULL: found by ids */
	int lists;	   /* fd of pb_lists, or -1 */
	int slots[KINDS];  /* fds of the arrays of maps, or -1 */
	int tables[2];	   /* the same of the tables, by family */
	int fixed[KINDS];  /* what programs look into themselves: objects of objs/legacy; or -1 */
	int before[KINDS]; /* arrays of the first edition, with a single slot; or -1 */
	struct pb_list state;
};

extern const char *const kind_name[KINDS];

static inline enum kind kind_of(const struct entry *e)
{
	return (is_host(e) ? HOST4 : NET4) + e->six;
}

/* where: a directory of pins, or "lists=ID,host4_slots=ID,…": map ids by name. Opens what there is:
 * a list without maps is empty.
 */
int store_open(struct store *st, const char *where);
/* The same for a directory; makes what is missing and mends what a killed command or a hand left. */
int store_make(struct store *st, const char *dir);
void store_close(struct store *st);
int store_state(struct store *st); /* reads st->state */
int store_set_state(struct store *st, const struct pb_list *state);

/* The map of a generation, a new fd; -ENOENT if there is none. */
int store_map(const struct store *st, enum kind kind, int gen);
/* The entries of a map, or of all maps of a generation, added to a set. */
int map_entries(int fd, enum kind kind, struct set *to);
int store_entries(const struct store *st, int gen, struct set *to);
/* Entries in a map and its room. */
int map_used(int fd, size_t *used, size_t *room);

/* Makes the maps of the idle generation hold these entries, and nothing else. */
int store_fill(struct store *st, int gen, const struct set *live);
/* Puts an entry into a map, or takes it out. */
int map_put(int fd, const struct entry *e);
int map_drop(int fd, const struct entry *e);
/* Pins the idle generation's maps in a directory, from where they go to the place of the others. */
int store_pin_next(struct store *st, int gen);
/* Programs of the first edition look into arrays of their own. */
int store_follow(struct store *st, int gen);

/* Whether programs look into a map that cannot be replaced; whether some of the first edition look
 * on, which know no tables.
 */
bool is_fixed(const struct store *st);
bool has_followers(const struct store *st);

/* For table_map.c. */
__u32 boot_ms(void); /* CLOCK_BOOTTIME, the lower 32 bits */
int map_create(const char *name, __u32 type, __u32 key, __u32 value, __u32 entries, __u32 flags,
	       int inner);
__u32 map_id(int fd); /* 0: none */
int slot_map(int array, __u32 slot);
int slot_put(int array, __u32 slot, int fd);
int slot_clear(int array, __u32 slot);

/* The key of an entry as bpftool shows it: hex digits of its bytes, joined by "_". */
#define KEY_TEXT 64
char *key_text(char text[KEY_TEXT], const struct entry *e);

#endif
