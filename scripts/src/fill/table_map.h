/* SPDX-License-Identifier: GPL-2.0-only */
/* Compiled tables in the kernel (table.h): made from entries, and read back.
 *
 * Beside a table there is a text file with the entries as they were written, because a table joins
 * what touches. It is named by the table's map id, and may be lost: then the list has the fewest
 * networks that mean the same.
 */
#ifndef PLAINBPF_TABLE_MAP_H
#define PLAINBPF_TABLE_MAP_H

#include "set.h"
#include "store.h"

/* A map for a table of so many chunks; fd or -errno. */
int table_map(bool six, unsigned int chunks);
/* Compiles the entries of a family, which are sorted, into a new map; fd or -errno. */
int table_make(bool six, const struct entry *e, size_t n);
/* Adds the entries of a generation's table to a set. Says what goes wrong. */
int table_entries(const struct store *st, int gen, bool six, struct set *to);
/* The whole list of the active generation, sorted: its tables and its maps. Says what goes wrong.
 */
int list_entries(const struct store *st, struct set *to);
/* Entries of a table, and its bytes. */
int table_used(const struct store *st, int gen, bool six, size_t *entries, size_t *bytes);
/* Removes the text files of tables that are no more. */
void table_sweep(void);

#endif
