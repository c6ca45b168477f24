// SPDX-License-Identifier: GPL-2.0-only
/* One map of a list, see map.h. */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include "map.h"
#include "sys.h"

union key {
	__be32 host4;
	struct pb_addr6 host6;
	struct pb_net4_key net4;
	struct pb_net6_key net6;
};

#define KIND_NAME(KIND, TYPE, KEY, FLAGS)  #KIND,
#define KIND_TYPE(KIND, TYPE, KEY, FLAGS)  BPF_MAP_TYPE_##TYPE,
#define KIND_SIZE(KIND, TYPE, KEY, FLAGS)  sizeof(KEY),
#define KIND_FLAGS(KIND, TYPE, KEY, FLAGS) FLAGS,
const char *const kind_name[KINDS] = { PB_LIST_TABLE(KIND_NAME) };
static const __u32 kind_type[KINDS] = { PB_LIST_TABLE(KIND_TYPE) };
static const __u32 key_size[KINDS] = { PB_LIST_TABLE(KIND_SIZE) };
static const __u32 kind_flags[KINDS] = { PB_LIST_TABLE(KIND_FLAGS) };

/* --- calls */

int map_elem(int cmd, int fd, const void *key, void *value, __u64 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = fd;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	attr.flags = flags;
	return sys_bpf(cmd, &attr);
}

int map_pin(int fd, const char *path)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t)path;
	attr.bpf_fd = fd;
	return sys_bpf(BPF_OBJ_PIN, &attr);
}

int map_create(const char *name, __u32 type, __u32 key, __u32 value, __u32 entries, __u32 flags,
	       int inner)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key;
	attr.value_size = value;
	attr.max_entries = entries;
	attr.map_flags = flags;
	if (inner >= 0)
		attr.inner_map_fd = inner;
	memcpy(attr.map_name, name, strnlen(name, sizeof(attr.map_name) - 1));
	return sys_bpf(BPF_MAP_CREATE, &attr);
}

int map_info(int fd, struct bpf_map_info *info)
{
	memset(info, 0, sizeof(*info));
	return bpf_info(fd, info, sizeof(*info));
}

__u32 map_id(int fd) /* 0: none */
{
	struct bpf_map_info info;

	return fd < 0 || map_info(fd, &info) ? 0 : info.id;
}

int slot_map(int array, __u32 slot)
{
	__u32 id;
	int err;

	if (array < 0)
		return -ENOENT;
	err = map_elem(BPF_MAP_LOOKUP_ELEM, array, &slot, &id, 0);
	return err ? err : bpf_id_open(BPF_MAP_GET_FD_BY_ID, id);
}

int slot_put(int array, __u32 slot, int fd)
{
	__u32 value = fd;

	return map_elem(BPF_MAP_UPDATE_ELEM, array, &slot, &value, BPF_ANY);
}

int slot_clear(int array, __u32 slot)
{
	int err = map_elem(BPF_MAP_DELETE_ELEM, array, &slot, NULL, 0);

	return err == -ENOENT ? 0 : err;
}

/* --- keys */

static void key_from(union key *key, const struct entry *e)
{
	uint64_t hi = htobe64(e->hi), lo = htobe64(e->lo);

	memset(key, 0, sizeof(*key));
	switch (kind_of(e)) {
	case HOST4:
		memcpy(&key->host4, &hi, 4);
		break;
	case HOST6:
		memcpy(&key->host6, &hi, 8);
		memcpy((char *)&key->host6 + 8, &lo, 8);
		break;
	case NET4:
		key->net4.prefixlen = e->len;
		memcpy(&key->net4.addr, &hi, 4);
		break;
	default:
		key->net6.prefixlen = e->len;
		memcpy(&key->net6.addr, &hi, 8);
		memcpy((char *)&key->net6.addr + 8, &lo, 8);
	}
}

static void key_to(struct entry *e, enum kind kind, const union key *key)
{
	const void *addr = key;

	memset(e, 0, sizeof(*e));
	e->six = kind == HOST6 || kind == NET6;
	e->len = most_len(e);
	if (kind == NET4 || kind == NET6) {
		if (key->net4.prefixlen < e->len)
			e->len = key->net4.prefixlen;
		addr = (const char *)key + 4;
	}
	if (e->six) {
		memcpy(&e->hi, addr, 8);
		memcpy(&e->lo, (const char *)addr + 8, 8);
	} else {
		memcpy(&e->hi, addr, 4);
	}
	e->hi = be64toh(e->hi);
	e->lo = be64toh(e->lo);
}

char *key_text(char text[KEY_TEXT], const struct entry *e)
{
	union key key;
	__u32 i;

	key_from(&key, e);
	for (i = 0; i < key_size[kind_of(e)]; i++)
		sprintf(text + 3 * i, "%02x_", ((unsigned char *)&key)[i]);
	text[3 * i - 1] = '\0';
	return text;
}

int map_put(int fd, const struct entry *e)
{
	union key key;
	pb_until until = e->until;

	key_from(&key, e);
	return map_elem(BPF_MAP_UPDATE_ELEM, fd, &key, &until, BPF_ANY);
}

int map_drop(int fd, const struct entry *e)
{
	union key key;

	key_from(&key, e);
	return map_elem(BPF_MAP_DELETE_ELEM, fd, &key, NULL, 0);
}

/* --- reading */

#define CHUNK 4096 /* entries a call */

/* Hands a map's entries out in chunks. -EINVAL and others: this kernel has no batches for it. */
static int in_batches(int fd, const struct bpf_map_info *info, enum kind kind, struct set *to)
{
	/* A call that is given too little for one bucket of a hash fails with ENOSPC. */
	__u32 chunk = info->max_entries < CHUNK ? info->max_entries : CHUNK, i;
	char *keys = malloc((size_t)chunk * info->key_size);
	pb_until *values = malloc((size_t)chunk * sizeof(*values));
	union key in, out, key;
	union bpf_attr attr;
	struct entry e;
	int err = keys && values ? 0 : -ENOMEM;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = fd;
	attr.batch.keys = (uintptr_t)keys;
	attr.batch.values = (uintptr_t)values;
	attr.batch.out_batch = (uintptr_t)&out;
	while (!err) {
		attr.batch.count = chunk;
		err = sys_bpf(BPF_MAP_LOOKUP_BATCH, &attr);
		if (err && err != -ENOENT)
			break;
		for (i = 0; i < attr.batch.count; i++) {
			memset(&key, 0, sizeof(key));
			memcpy(&key, keys + (size_t)i * info->key_size, info->key_size);
			key_to(&e, kind, &key);
			e.until = values[i];
			if (set_add(to, &e))
				err = -ENOMEM;
		}
		in = out;
		attr.batch.in_batch = (uintptr_t)&in;
	}
	free(keys);
	free(values);
	return err == -ENOENT ? 0 : err;
}

static int one_by_one(int fd, const struct bpf_map_info *info, enum kind kind, struct set *to)
{
	union key key, next;
	union bpf_attr attr;
	struct entry e;
	pb_until until;
	size_t n = 0;
	int err;

	memset(&key, 0, sizeof(key));
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = fd;
	attr.next_key = (uintptr_t)&next;
	for (;;) {
		memset(&next, 0, sizeof(next));
		err = sys_bpf(BPF_MAP_GET_NEXT_KEY, &attr);
		if (err)
			return err == -ENOENT ? 0 : err;
		/* An entry that goes meanwhile begins it again: not for ever. */
		if (++n > 2ULL * info->max_entries)
			return -EAGAIN;
		key = next;
		attr.key = (uintptr_t)&key;
		if (map_elem(BPF_MAP_LOOKUP_ELEM, fd, &key, &until, 0))
			continue;
		key_to(&e, kind, &key);
		e.until = until;
		if (set_add(to, &e))
			return -ENOMEM;
	}
}

int map_entries(int fd, enum kind kind, struct set *to)
{
	struct bpf_map_info info;
	size_t n = to->n;
	int err = map_info(fd, &info);

	if (err)
		return err;
	if (info.key_size != key_size[kind] || info.value_size != sizeof(pb_until))
		return -EINVAL;
	err = in_batches(fd, &info, kind, to);
	if (!err || err == -ENOMEM)
		return err;
	to->n = n;
	return one_by_one(fd, &info, kind, to);
}

int map_used(int fd, size_t *used, size_t *room)
{
	struct bpf_map_info info;
	struct set set = { 0 };
	enum kind k;
	int err = map_info(fd, &info);

	if (err)
		return err;
	for (k = 0; k < KINDS && (key_size[k] != info.key_size || kind_type[k] != info.type); k++)
		;
	if (k == KINDS)
		return -EINVAL;
	err = map_entries(fd, k, &set);
	*used = set.n;
	*room = info.max_entries;
	set_free(&set);
	return err;
}

int map_clear(int fd)
{
	union key key, next;
	union bpf_attr attr;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = fd;
	attr.next_key = (uintptr_t)&key;
	err = sys_bpf(BPF_MAP_GET_NEXT_KEY, &attr);
	while (!err) {
		int gone;

		/* The next one is found from one that is still there. */
		attr.key = (uintptr_t)&key;
		attr.next_key = (uintptr_t)&next;
		err = sys_bpf(BPF_MAP_GET_NEXT_KEY, &attr);
		gone = map_elem(BPF_MAP_DELETE_ELEM, fd, &key, NULL, 0);
		if (gone && gone != -ENOENT)
			return gone;
		key = next;
	}
	return err == -ENOENT ? 0 : err;
}

int new_map(enum kind kind, __u32 room)
{
	char name[16];

	snprintf(name, sizeof(name), "pb_%s", kind_name[kind]);
	return map_create(name, kind_type[kind], key_size[kind], sizeof(pb_until), room,
			  kind_flags[kind], -1);
}

bool map_fits(int fd, enum kind kind)
{
	struct bpf_map_info info;

	return !map_info(fd, &info) && info.type == kind_type[kind] &&
	       info.key_size == key_size[kind] && info.value_size == sizeof(pb_until) &&
	       (info.map_flags & PB_NO_PREALLOC) == kind_flags[kind];
}
