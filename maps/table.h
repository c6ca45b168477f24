/* SPDX-License-Identifier: GPL-2.0-only */
/* A compiled table: a set of addresses of one family that programs only read.
 *
 * It is the value of one inner array map: chunks of 32 KiB, u32 keys, as many as are needed. The
 * set is a sorted list of boundaries: a boundary is where a range begins, or the address after its
 * end. An address is listed if an odd number of boundaries is at or below it. So an index over the
 * upper bits tells two things of each part of the address space: whether it begins inside a range,
 * and where the boundaries within it are (its run). Only these are searched.
 *
 * Everything is in the byte order of the machine, addresses too. A position is a number of elements
 * (u16, u32, u64, lines) counted through the data of all chunks; position 0 is never used, it means
 * "none". An index and a hash may go on in the next chunk; whatever else has a position does not.
 */
#ifndef PB_TABLE_H
#define PB_TABLE_H

#include <linux/types.h>

#define PB_TABLE_DATA	    32768 /* bytes of a chunk */
#define PB_TABLE_LANES	    (PB_TABLE_DATA / 2)
#define PB_TABLE_SLOTS	    (PB_TABLE_DATA / 4)
#define PB_TABLE_WORDS	    (PB_TABLE_DATA / 8)
#define PB_TABLE_LINES	    (PB_TABLE_DATA / 64)
#define PB_TABLE_MAGIC4	    0x01346270u /* changes with the layout */
#define PB_TABLE_MAGIC6	    0x01366270u
#define PB_TABLE_MAP_FLAGS  0x1400 /* BPF_F_MMAPABLE | BPF_F_INNER_MAP, Linux 5.10 */
#define PB_TABLE_CHUNKS_MAX 65536  /* 2 GiB: PB_SLOT_AT in lanes */

/* A slot of an index. A boundary at the very beginning of a part is not in its run: PB_SLOT_INSIDE
 * tells of it.
 */
#define PB_SLOT_INSIDE 0x80000000u /* the part begins inside a range */
#define PB_SLOT_OTHER  0x40000000u /* there is no run at the position, but what is said below */
#define PB_SLOT_AT     0x3fffffffu /* position of the run; 0: there are no boundaries in the part */

/* IPv4: the index has a slot for each /16 and fills the first 8 chunks. A run is in lanes of 16
 * bits, the lower halves of addresses:
 *   n             how many boundaries, at most PB_RUN4_MAX
 *   separators    (n - 1) / 64 lanes: the first boundary of each group of 64, but of the first
 *   boundaries    n lanes, sorted
 * Groups have an even number of boundaries, so only those in the address's own group count. With
 * PB_SLOT_OTHER there is a bitmap: bit x & 15 of lane x >> 4 tells whether x is listed.
 */
#define PB_RUN4_GROUP 64
#define PB_RUN4_MAX   4032 /* with its separators a run is then no longer than a bitmap */
#define PB_BITMAP4    4096 /* lanes */

/* IPv6: the two halves of an address are looked up apart. A set holds ranges of 64-bit numbers.
 *   nets   a set of upper halves: all /64 that are listed as a whole
 *   hosts  a hash of single addresses {upper, lower}. Ranges of up to PB_HOSTS6 addresses are here
 *   parts  a hash of the /64 of which longer ranges are listed: {upper, position of a set of lower
 *          halves}. Such a /64 is not in nets.
 *
 * A set: its index begins at slot `index` and has (span >> shift) + 1 slots, of 1 << shift numbers
 * each. shift is at most 62: two numbers of one slot then differ by less than 2^63, and the sign of
 * their difference tells which is greater. A run is in words of 64 bits:
 *   n             how many boundaries, at most PB_RUN6_MAX
 *   boundaries    n words, sorted; the end of the last range is not among them, span tells it
 * With PB_SLOT_OTHER there is a struct pb_set, which covers the slot with an index of 4096 slots of
 * its own. So the deepest set has a shift of 62 - 5 * 12 = 2.
 */
#define PB_RUN6_MAX	2048
#define PB_SUBSET_SHIFT 12
#define PB_SET_LEVELS	6

struct pb_set {
	__u64 from; /* first number listed */
	__u64 span; /* last number listed - from */
	__u32 shift;
	__u32 index; /* position of the first slot; 0: nothing is listed */
};

/* A hash: lines of 64 bytes, 4 slots each, filled from the first on; a slot of zeros is empty (so
 * the address :: is in parts). A line that is full goes on in the next. The compiler chooses a seed
 * with which no entry is farther than PB_PROBES lines from where it belongs.
 */
#define PB_HOSTS6      8
#define PB_HASH6_SLOTS 4
#define PB_PROBES      16 /* lines; about two entries belong to each */

struct pb_hash6 {
	__u32 line;  /* position of the first line */
	__u32 lines; /* those an entry may belong to, with PB_PROBES more behind them; 0: no hash */
};

struct pb_hash6_slot {
	__u64 upper;
	__u64 value; /* the lower half, or the position of a set */
};

/* The line to which an entry belongs, counted from the first; LOWER is 0 in parts. */
#define PB_HASH6_MIX(SEED, UPPER) ((UPPER) * (SEED) ^ ((UPPER) * (SEED)) >> 32)
#define PB_HASH6_LINE(SEED, UPPER, LOWER, LINES)                                                   \
	((((PB_HASH6_MIX(SEED, UPPER) ^ (LOWER)) * (SEED)) >> 32) * (LINES) >> 32)

struct pb_table_head {
	__u32 magic; /* PB_TABLE_MAGIC4 or 6 */
	__u32 chunks;
	__u64 ranges; /* merged; how many the table was made from */
	/* IPv6 only, else 0: */
	__u64 seed; /* of both hashes, odd */
	struct pb_set nets;
	struct pb_hash6 hosts;
	struct pb_hash6 parts;
};

/* The value of the map. Programs read 8 bytes from any lane on, so a few bytes must follow the
 * data: in the first chunk they are the head, in the others zero.
 */
struct pb_table_chunk {
	__u64 data[PB_TABLE_WORDS];
	struct pb_table_head head;
};

_Static_assert(sizeof(struct pb_set) == 24, "without padding");
_Static_assert(sizeof(struct pb_table_head) == 64, "a line, without padding");
_Static_assert(sizeof(struct pb_table_chunk) == PB_TABLE_DATA + 64, "lines stay aligned");

#endif
