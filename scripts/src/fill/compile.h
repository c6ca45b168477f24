/* SPDX-License-Identifier: GPL-2.0-only */
/* Compiled tables (maps/table.h): ranges into chunks, and back.
 *
 * A table of given ranges is always the same, byte for byte. No map is touched here: whoever loads
 * a table makes an ARRAY of key 4, value sizeof(struct pb_table_chunk), max_entries = chunks, flags
 * PB_TABLE_MAP_FLAGS, and copies all chunks to where the map is mapped (the element size is that of
 * a chunk). All is in host order.
 */
#ifndef PLAINBPF_COMPILE_H
#define PLAINBPF_COMPILE_H

#include <stddef.h>
#include "ranges.h"
#include "table.h"

struct table {
	struct pb_table_chunk *chunk;
	size_t chunks;
};

/* ranges: canonical, and of a family: bits 32 or 128. 0, -ENOMEM, -EFBIG (above 2 GiB), or -ENOSPC:
 * no seed suits (not seen but with addresses made for it). *table is set only if it is 0.
 */
int table_compile(unsigned int bits, const struct ranges *ranges, struct table *table);
void table_free(struct table *table);

/* What image, of len bytes, says of its family: 32, 128, or -EBADMSG if it is no table of this
 * machine and this version. Nothing else is looked at.
 */
int table_bits(const void *image, size_t len);
/* Its ranges, canonical, added to nothing: *ranges must be empty, and is if it fails. Whatever is
 * in the image, no byte outside of it is read, and it ends. 0, -EBADMSG or -ENOMEM.
 */
int table_decode(const void *image, size_t len, struct ranges *ranges);
/* Whether this is a table, every byte of it: whether the compiler makes the same of its ranges. A
 * table that was damaged, or made by another version, does not pass. It costs as much as making it.
 * Its family (32 or 128), -EBADMSG or -ENOMEM.
 */
int table_check(const void *image, size_t len);

#endif
