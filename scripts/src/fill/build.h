/* SPDX-License-Identifier: GPL-2.0-only */
/* Edits of a list: what it is to become, and the generation that is that. */
#ifndef PLAINBPF_BUILD_H
#define PLAINBPF_BUILD_H

#include "set.h"
#include "store.h"

enum edit {
	EDIT_ADD,
	EDIT_DEL,
	EDIT_REPLACE, /* also by nothing */
	EDIT_ROLLBACK,
};

/* may_miss: what is to be taken out need not be in the list.
 *
 * Builds the generation that is to become active, and prints what is left to do, a line:
 *   flip B0 … B7 PLUS MINUS   these bytes into pb_lists, then the pins of next/ to their places
 *   same                      nothing: the list is so already
 *   done PLUS MINUS           nothing: the maps cannot be replaced, and were changed one by one
 * With dry nothing is changed. Returns the exit status.
 */
int build(const char *dir, enum edit edit, struct set *asked, bool dry, bool may_miss);
/* Makes what is missing, and completes what was interrupted. */
int open_list(const char *dir);

#endif
