/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions to a list. */
#ifndef PLAINBPF_ASK_H
#define PLAINBPF_ASK_H

#include "set.h"
#include "store.h"

enum answer {
	PB_IN,	  /* an entry lets it in */
	PB_ENDED, /* one would, but its time is over */
	PB_OUT,
};

/* What programs do with an address, or with a whole network. The entry by which they do it, if any.
 */
enum answer lets_in(const struct set *list, const struct entry *e, const struct entry **by);

/* The whole list, sorted, of programs as they find it now. Returns the exit status. */
int read_now(struct store *st, const char *where, struct set *list);

/* These print, and return the exit status. */
int print_tests(const struct set *list, const struct set *asked);
int print_list(const struct set *list, bool json);
int print_diff(const struct set *list, const struct set *other);
int print_counts(struct store *st);
int print_first(const struct set *list);
int print_keys(const struct set *asked);

#endif
