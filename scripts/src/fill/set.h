/* SPDX-License-Identifier: GPL-2.0-only */
/* Entries of a list in memory: hosts and networks of both families. */
#ifndef PLAINBPF_SET_H
#define PLAINBPF_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ranges.h"

struct entry {
	uint64_t hi, lo; /* the address, its first bit topmost; an IPv4 address is hi >> 32 */
	uint64_t until;	 /* a pb_until */
	uint8_t len;	 /* of the prefix: 0 to 32 or 128 */
	uint8_t six;
	uint8_t table; /* it is in a compiled table, not in a map of its own */
};

struct set {
	struct entry *e;
	size_t n, room;
	bool lens[2][129]; /* by family: prefix lengths that occur, once it is sorted */
};

static inline unsigned int most_len(const struct entry *e)
{
	return e->six ? 128 : 32;
}

static inline bool is_host(const struct entry *e)
{
	return e->len == most_len(e);
}

/* The address as ranges have it. */
ip_t entry_number(const struct entry *e);

/* A negative return value is -ENOMEM. */
int set_add(struct set *s, const struct entry *e);
/* A range of addresses as the fewest entries. */
int set_add_range(struct set *to, bool six, struct range range);
int set_add_all(struct set *to, const struct set *from);
void set_free(struct set *s);

/* IPv4 before IPv6, by address, a network before what is in it. Each entry once: of equal ones, the
 * one that stays longest is kept.
 */
int set_sort(struct set *s);

/* These want sorted sets. The order of two entries, as strcmp(3) has it: */
int entry_cmp(const struct entry *a, const struct entry *b);
struct entry *set_find(const struct set *s, const struct entry *e);
/* The entry that has most bits in common with an address; NULL if the family has none. */
struct entry *set_nearest(const struct set *s, const struct entry *e);
/* Entries of a that are not in b; `to` begins empty. */
int set_minus(struct set *to, const struct set *a, const struct set *b);

/* Clears the bits after the prefix; returns whether any was set. */
bool entry_mask(struct entry *e);
/* How many bits two addresses of a family begin with in common, at most 128. */
unsigned int common_bits(const struct entry *a, const struct entry *b);

#endif
