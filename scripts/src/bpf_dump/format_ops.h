/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations between format.c, which makes them, and format_run.c, which runs them: put the
 * literal `pre`, then the value at `off`. A LOOP is followed by its body, which it runs for each
 * element of an array, `off` counting from the element. A KEPT is followed by operations whose text
 * it remembers.
 */
#ifndef PLAINBPF_FORMAT_OPS_H
#define PLAINBPF_FORMAT_OPS_H

#include "format.h"

enum op_kind {
	OP_INT, /* 1, 2, 4 or 8 bytes, in decimal */
	OP_HEX, /* the same in hexadecimal; in JSON a string */
	OP_BOOL,
	OP_ENUM,
	OP_INT128,
	OP_FLOAT,
	OP_STRING, /* to the first NUL */
	OP_BYTES,  /* as hexadecimal digits */
	OP_IP4,
	OP_IP16,
	OP_MAC,
	OP_TIME,
	OP_IFNAME,
	OP_IPPROTO,
	OP_NULL,    /* a member that has no value to show */
	OP_LITERAL, /* only the literal */
	OP_LOOP,
	OP_KEPT,
};

/*
 * Most values are integers of the host's order, times and short strings, behind a short literal:
 * these are printed on the way, the others by a call.
 */
enum op_fast {
	FAST_NOT,
	FAST_U8,
	FAST_U16,
	FAST_U32,
	FAST_U64,
	FAST_S32,
	FAST_S64,
	FAST_TIME,
	FAST_STRING, /* what of it can do without escapes and quotes */
	FAST_KEPT,
};

#define FAST_STRING_MAX 256

#define KEPT_BYTES 64  /* of a record, at most, 8 at least */
#define KEPT_TEXT  192 /* at most */
#define KEPT_SLOTS 64  /* a power of two */
#define KEPT_TRUST 32
#define KEPT_REST  1024

/*
 * Most members of a record are what they were in the one before, or in one of those of the few
 * processes that take turns. So the text of some in a row is kept by the bytes it came from: all
 * that it depends on. Where bytes are new most of the time, looking costs more than it brings, and
 * is left for a while.
 */
struct kept {
	int score;     /* found more often than not: > 0 */
	uint32_t rest; /* records that are not looked for */
	struct kept_slot {
		uint8_t key[KEPT_BYTES];
		uint16_t len; /* of the text; 0: empty */
		char text[KEPT_TEXT];
	} slots[KEPT_SLOTS];
};

struct op {
	uint8_t kind;
	uint8_t fast;
	uint8_t size; /* of an integer, bytes */
	bool is_signed;
	bool big;	/* big-endian */
	bool flex;	/* the last array of a record: as long as the record */
	uint8_t bits;	/* of a bit-field, else 0 */
	uint8_t bit;	/* its first bit, counted from off */
	uint16_t width; /* text: columns to fill, 0 for none */
	uint16_t pre_len;
	uint32_t off, len; /* bytes of the record that the value takes */
	uint32_t need;	   /* fast: bytes that there have to be; else more than there can be */
	char lit[16];	   /* fast: its literal */
	uint32_t pre;	   /* where its literal begins */
	uint32_t arg;	   /* ENUM: its table; LOOP, KEPT: number of operations in its body */
	uint32_t count, stride;
	struct kept *kept; /* of a KEPT */
};

struct enum_name {
	uint64_t value;
	char *name;
};

struct enum_table {
	struct enum_name *names; /* by value */
	uint32_t id, n, width;	 /* BTF id; number of names; longest name */
};

struct fmt {
	enum fmt_mode mode;
	uint32_t size;
	struct op *ops;
	uint32_t n_ops, room_ops;
	char *lit; /* the literals, one after the other; `tail` is the last */
	uint32_t lit_len, lit_room, tail;
	char end[16];	  /* what a whole record ends with … */
	uint32_t end_len; /* … if it is so short */
	struct enum_table *enums;
	uint32_t n_enums;
	char *header;
	uint32_t header_len;
	uint32_t
		captured; /* … without the column of bytes at the end of no fixed length; 0: none */
	bool empty;	  /* no member is printed */
	bool flex;	  /* ends with an array of no fixed length */
};

#endif
