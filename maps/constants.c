// SPDX-License-Identifier: GPL-2.0-only
/* Prints what the commands need to know of these headers, as shell: scripts/lib/contract.bash.
 * `make` compiles and runs it. The output has numbers, never bytes, so it does not depend on the
 * byte order.
 */
#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include "attach.h"
#include "list.h"
#include "packet.h"
#include "pids.h"
#include "verdict.h"
#include "write.h"

static const char *before_entry;

static void word(const char *name) /* in lower case, as people type it */
{
	for (; *name; name++)
		putchar(tolower((unsigned char)*name));
}

static void key(const char *name)
{
	printf("%s[", before_entry);
	before_entry = " ";
	word(name);
	printf("]=");
}

static void number(const char *name, size_t value)
{
	key(name);
	printf("%zu", value);
}

static void name(size_t index, const char *name)
{
	printf("%s[%zu]=", before_entry, index);
	before_entry = " ";
	word(name);
}

static void text(size_t index, const char *text)
{
	printf("%s[%zu]='", before_entry, index);
	before_entry = " ";
	for (; *text; text++)
		printf(*text == '\'' ? "'\\''" : "%c", *text);
	putchar('\'');
}

#define ONE(NAME, VALUE) printf("readonly %s=%zu\n", NAME, (size_t)(VALUE))
#define ARRAY(OPTION, NAME, ENTRIES)                                                               \
	do {                                                                                       \
		printf("readonly %s %s=(", OPTION, NAME);                                          \
		before_entry = "";                                                                 \
		ENTRIES;                                                                           \
		printf(")\n");                                                                     \
	} while (0)

#define REASON_NAME(NUMBER, NAME, TEXT)	  name(NUMBER, #NAME);
#define REASON_TEXT(NUMBER, NAME, TEXT)	  text(NUMBER, TEXT);
#define PROTO(NUMBER, NAME)		  number(#NAME, NUMBER);
#define KIND_NAME(KIND, TYPE, KEY, FLAGS) name(kinds++, #KIND);
#define KIND_TYPE(KIND, TYPE, KEY, FLAGS) key(#KIND), word(#TYPE);
#define KEY_SIZE(KIND, TYPE, KEY, FLAGS)  number(#KIND, sizeof(KEY));
#define MAP_FLAGS(KIND, TYPE, KEY, FLAGS) number(#KIND, FLAGS);
#define STREAM_ASK(RING, ASK, SIZE)	  key(#RING), word(#ASK);
#define ENUM(PREFIX, NAME)		  name(PREFIX##NAME, #NAME)
#define SIZE_OF(STRUCT, MEMBER)		  sizeof(((STRUCT *)0)->MEMBER)
#define ASK_MEMBERS(OF)                                                                            \
	number("src", OF(struct pb_ask, src)), number("src_mask", OF(struct pb_ask, src_mask)),    \
		number("dst", OF(struct pb_ask, dst)),                                             \
		number("dst_mask", OF(struct pb_ask, dst_mask)),                                   \
		number("proto", OF(struct pb_ask, proto)),                                         \
		number("port", OF(struct pb_ask, port)),                                           \
		number("verdict", OF(struct pb_ask, verdict)),                                     \
		number("sample", OF(struct pb_ask, sample)),                                       \
		number("snap", OF(struct pb_ask, snap))

int main(void)
{
	int kinds = 0;

	printf("# shellcheck shell=bash disable=SC2034 # used by those who source it\n"
	       "# Made from maps/*.h by make: change those.\n"
	       "[[ ! ${pb_reasons-} ]] || return 0\n");

	/* verdict.h */
	ONE("pb_first_drop", PB_FIRST_DROP);
	ONE("pb_reasons", PB_REASONS);
	ARRAY("-a", "pb_reason", PB_REASON_TABLE(REASON_NAME));
	ARRAY("-a", "pb_reason_text", PB_REASON_TABLE(REASON_TEXT));
	ARRAY("-a", "pb_verdicts", ENUM(PB_, PASS); ENUM(PB_, DROP));
	ARRAY("-a", "pb_hooks", ENUM(PB_, XDP); ENUM(PB_, TC_INGRESS); ENUM(PB_, TC_EGRESS));
	ONE("pb_counter_size", sizeof(struct pb_counter));
	ONE("pb_max_tags", PB_TAGS_MAX);
	ONE("pb_max_ext", PB_EXT_MAX);
	/* list.h */
	ARRAY("-a", "pb_kinds", PB_LIST_TABLE(KIND_NAME));
	ARRAY("-A", "pb_map_type", PB_LIST_TABLE(KIND_TYPE));
	ARRAY("-A", "pb_map_flags", PB_LIST_TABLE(MAP_FLAGS));
	ARRAY("-A", "pb_key_size", PB_LIST_TABLE(KEY_SIZE));
	ONE("pb_value_size", sizeof(pb_until));
	ONE("pb_legacy_max", PB_LIST_LEGACY_MAX);
	/* packet.h */
	ARRAY("-A", "pb_proto", PB_PROTO_TABLE(PROTO));
	ARRAY("-A", "pb_stream_ask", PB_STREAM_PACKETS(STREAM_ASK) PB_STREAM_LOG(STREAM_ASK));
	ARRAY("-A", "pb_ask", ASK_MEMBERS(offsetof));
	ARRAY("-A", "pb_ask_bytes", ASK_MEMBERS(SIZE_OF));
	ONE("pb_ask_size", sizeof(struct pb_ask));
	ONE("pb_snap_max", PB_SNAP_MAX);
	/* attach.h, pids.h, write.h */
	ARRAY("-a", "pb_log_modes", ENUM(PB_LOG_, OFF); ENUM(PB_LOG_, DROPPED); ENUM(PB_LOG_, ALL));
	ONE("pb_role_traced", PB_TRACED);
	ONE("pb_role_reader", PB_READER);
	ONE("pb_pid_size", sizeof(struct pb_pid));
	ONE("pb_pids_max", PB_PIDS_MAX);
	ONE("pb_event_size", sizeof(struct pb_event));
	return ferror(stdout) || fflush(stdout);
}
