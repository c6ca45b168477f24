/* SPDX-License-Identifier: GPL-2.0-only */
/* One map of a list in the kernel: its entries and keys, and the calls that it takes. The functions
 * return 0, or what they say, or -errno, and say nothing.
 */
#ifndef PLAINBPF_MAP_H
#define PLAINBPF_MAP_H

#include <linux/bpf.h>
#include "list.h"
#include "set.h"

enum kind {
	HOST4,
	HOST6,
	NET4,
	NET6,
	KINDS,
};

extern const char *const kind_name[KINDS];

static inline enum kind kind_of(const struct entry *e)
{
	return (is_host(e) ? HOST4 : NET4) + e->six;
}

/* --- maps of any kind. Those that return a map return a new fd. */

int map_create(const char *name, __u32 type, __u32 key, __u32 value, __u32 entries, __u32 flags,
	       int inner);
int map_elem(int cmd, int fd, const void *key, void *value, __u64 flags);
int map_pin(int fd, const char *path);
int map_info(int fd, struct bpf_map_info *info);
__u32 map_id(int fd); /* 0: none */
/* What is in a slot of an array of maps. */
int slot_map(int array, __u32 slot);
int slot_put(int array, __u32 slot, int fd);
int slot_clear(int array, __u32 slot);

/* --- maps of entries */

int new_map(enum kind kind, __u32 room);
bool map_fits(int fd, enum kind kind); /* whether it is such a map */
/* Adds the entries of a map to a set. */
int map_entries(int fd, enum kind kind, struct set *to);
int map_used(int fd, size_t *used, size_t *room);
int map_put(int fd, const struct entry *e);
int map_drop(int fd, const struct entry *e);
int map_clear(int fd);

/* The key of an entry as bpftool shows it: hex digits of its bytes, joined by "_". */
#define KEY_TEXT 64
char *key_text(char text[KEY_TEXT], const struct entry *e);

#endif
