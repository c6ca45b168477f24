/* SPDX-License-Identifier: GPL-2.0-only */
/* How a map is defined: two flavours from one source. Kernel side; empty for user space.
 *
 * Default: BTF definitions in section ".maps". With -DPB_LEGACY: struct bpf_elf_map in section
 * "maps" (36 bytes, iproute2's include/bpf_elf.h), the only legacy layout that can ask to be
 * pinned. All definitions of one object must have the same size, so an object that pins one map
 * uses that layout for all its maps. Tracing objects use struct bpf_map_def (20 bytes).
 */
#ifndef PB_FLAVOUR_H
#define PB_FLAVOUR_H

/* bpf_dump and bpftool read types from the BTF of an object. clang puts those of map values and of
 * function arguments there, but not those of local variables. So what would be local only is made
 *   PB_BTF_MEMBER(TYPE)  a member of a map's value, of no bytes, or
 *   PB_BTF_FUNCTION      an argument of a function that stays one
 */
#define PB_BTF_MEMBER(TYPE) TYPE in_btf[0]
#define PB_BTF_FUNCTION	    static __attribute__((noinline))

#ifdef __bpf__

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef PB_LEGACY

struct bpf_elf_map {
	__u32 type;
	__u32 size_key;
	__u32 size_value;
	__u32 max_elem;
	__u32 flags;
	__u32 id;
	__u32 pinning; /* 0 none, 2 in the tc globals directory */
	__u32 inner_id;
	__u32 inner_idx;
};

_Static_assert(sizeof(struct bpf_elf_map) == 36, "iproute2's layout");

#define PB_ELF_MAP(NAME, TYPE, KEY, VALUE, MAX, FLAGS, PIN)                                        \
	struct bpf_elf_map SEC("maps") NAME = {                                                    \
		.type = (TYPE),                                                                    \
		.size_key = sizeof(KEY),                                                           \
		.size_value = sizeof(VALUE),                                                       \
		.max_elem = (MAX),                                                                 \
		.flags = (FLAGS),                                                                  \
		.pinning = (PIN),                                                                  \
	}

#define PB_MAP(NAME, TYPE, KEY, VALUE, MAX)    PB_ELF_MAP(NAME, TYPE, KEY, VALUE, MAX, 0, 0)
#define PB_PINNED(NAME, TYPE, KEY, VALUE, MAX) PB_ELF_MAP(NAME, TYPE, KEY, VALUE, MAX, 0, 2)
#define PB_PINNED_RING(NAME, SIZE)                                                                 \
	struct bpf_elf_map SEC("maps") NAME = {                                                    \
		.type = BPF_MAP_TYPE_RINGBUF,                                                      \
		.max_elem = (SIZE),                                                                \
		.pinning = 2,                                                                      \
	}

/* In a legacy object a list is one pinned map of fixed size: map-in-map has no portable form. */
#define PB_LIST(NAME, TYPE, KEY, VALUE, FLAGS)                                                     \
	PB_ELF_MAP(NAME, TYPE, KEY, VALUE, PB_LIST_LEGACY_MAX, FLAGS, 2)
#define PB_LIST_MAP(NAME, SLOT) ((void)(SLOT), (void *)&NAME)

/* For the tracing objects, which pin nothing by themselves: the layout of the kernel's samples. */
struct bpf_map_def {
	__u32 type;
	__u32 key_size;
	__u32 value_size;
	__u32 max_entries;
	__u32 map_flags;
};

_Static_assert(sizeof(struct bpf_map_def) == 20, "the samples' layout");

#define PB_MAP_DEF(NAME, TYPE, KEY_SIZE, VALUE_SIZE, MAX)                                          \
	struct bpf_map_def SEC("maps") NAME = {                                                    \
		.type = (TYPE),                                                                    \
		.key_size = (KEY_SIZE),                                                            \
		.value_size = (VALUE_SIZE),                                                        \
		.max_entries = (MAX),                                                              \
	}
#define PB_TRACE_MAP(NAME, TYPE, KEY, VALUE, MAX)                                                  \
	PB_MAP_DEF(NAME, TYPE, sizeof(KEY), sizeof(VALUE), MAX)
#define PB_TRACE_BUFFER(NAME, TYPE, SIZE, MAX) PB_MAP_DEF(NAME, TYPE, SIZE, SIZE, MAX)

#else

#define PB_MAP(NAME, TYPE, KEY, VALUE, MAX)                                                        \
	struct {                                                                                   \
		__uint(type, TYPE);                                                                \
		__uint(max_entries, MAX);                                                          \
		__type(key, KEY);                                                                  \
		__type(value, VALUE);                                                              \
	} NAME SEC(".maps")

/* Shared by all objects that define a map of this name. */
#define PB_PINNED(NAME, TYPE, KEY, VALUE, MAX)                                                     \
	struct {                                                                                   \
		__uint(type, TYPE);                                                                \
		__uint(max_entries, MAX);                                                          \
		__uint(pinning, LIBBPF_PIN_BY_NAME);                                               \
		__type(key, KEY);                                                                  \
		__type(value, VALUE);                                                              \
	} NAME SEC(".maps")
#define PB_PINNED_RING(NAME, SIZE)                                                                 \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                                \
		__uint(max_entries, SIZE);                                                         \
		__uint(pinning, LIBBPF_PIN_BY_NAME);                                               \
	} NAME SEC(".maps")

#define PB_TRACE_MAP(NAME, TYPE, KEY, VALUE, MAX) PB_MAP(NAME, TYPE, KEY, VALUE, MAX)

/* A ring buffer (SIZE 0) or a perf event array (SIZE 4; MAX 0 means one slot per CPU). */
#define PB_TRACE_BUFFER(NAME, TYPE, SIZE, MAX)                                                     \
	struct {                                                                                   \
		__uint(type, TYPE);                                                                \
		__uint(max_entries, MAX);                                                          \
		__uint(key_size, SIZE);                                                            \
		__uint(value_size, SIZE);                                                          \
	} NAME SEC(".maps")

/* A list is an inner map of any size in a slot of a pinned array (list.h). User space creates it.
 * An empty slot is an empty list.
 */
#define PB_SLOTS_OF(NAME, TYPE, KEY_SIZE, VALUE_SIZE, FLAGS)                                       \
	struct NAME##_inner {                                                                      \
		__uint(type, TYPE);                                                                \
		__uint(max_entries, 1);                                                            \
		__uint(map_flags, FLAGS);                                                          \
		__uint(key_size, KEY_SIZE);                                                        \
		__uint(value_size, VALUE_SIZE);                                                    \
	};                                                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                          \
		__uint(max_entries, PB_SLOTS);                                                     \
		__uint(pinning, LIBBPF_PIN_BY_NAME);                                               \
		__type(key, __u32);                                                                \
		__array(values, struct NAME##_inner);                                              \
	} NAME##_slots SEC(".maps")
#define PB_LIST(NAME, TYPE, KEY, VALUE, FLAGS)                                                     \
	PB_SLOTS_OF(NAME, TYPE, sizeof(KEY), sizeof(VALUE), FLAGS)
#define PB_LIST_MAP(NAME, SLOT) bpf_map_lookup_elem(&NAME##_slots, SLOT)

#endif

#endif /* __bpf__ */

#endif
