/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations that format.c makes and print.c runs: put the literal `pre`, then the value at
 * `off`. A LOOP is followed by its body, which runs once per element of an array, with `off`
 * counted from the element.
 */
#ifndef PLAINBPF_OPS_H
#define PLAINBPF_OPS_H

#include "format.h"

enum op_kind {
	OP_INT, /* 1, 2, 4 or 8 bytes, in decimal */
	OP_HEX, /* the same in hexadecimal; in JSON a string */
	OP_BOOL,
	OP_ENUM,
	OP_INT128,
	OP_FLOAT,
	OP_STRING, /* up to the first NUL */
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
};

#define FMT_SHORT 16 /* so many bytes can be read from any place in the literals */

struct op {
	uint8_t kind;
	uint8_t size; /* of an integer, bytes */
	bool is_signed;
	bool big;	/* big-endian */
	bool flex;	/* the last array of a record: as long as the record */
	uint8_t bits;	/* of a bit-field, else 0 */
	uint8_t bit;	/* its first bit, counted from off */
	uint16_t width; /* text: columns to fill, 0 for none */
	uint16_t pre_len;
	uint32_t off, len; /* bytes of the record that the value takes */
	uint32_t pre;	   /* where its literal begins */
	uint32_t arg;	   /* ENUM: its table; LOOP: number of operations in its body */
	uint32_t count, stride;
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
	struct enum_table *enums;
	uint32_t n_enums;
	char *header;
	uint32_t header_len;
	uint32_t captured; /* header_len without the last column, bytes of no fixed length; or 0 */
	bool empty;	   /* no member is printed */
	bool flex;	   /* ends with an array of no fixed length */
};

#endif
