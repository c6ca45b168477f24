// SPDX-License-Identifier: GPL-2.0-only
/* The maps of a list in the kernel, see store.h. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <linux/membarrier.h>
#include "say.h"
#include "map.h"
#include "store.h"
#include "sys.h"
#include "table_map.h"

#define ROOM_LEAST 256 /* in the smallest map */
#define PATH_MOST  4096

__u32 boot_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (__u32)(now.tv_sec * 1000ULL + now.tv_nsec / 1000000);
}

/* --- finding */

static void none(struct store *st)
{
	enum kind k;

	st->lists = st->tables[0] = st->tables[1] = -1;
	for (k = 0; k < KINDS; k++)
		st->slots[k] = st->fixed[k] = st->before[k] = -1;
}

static int *named(struct store *st, const char *name, size_t len)
{
	char slots[32], before[32];
	enum kind k;

	if (len == 5 && !memcmp(name, "lists", len))
		return &st->lists;
	if (len == 12 && !memcmp(name, "table4_slots", len))
		return &st->tables[0];
	if (len == 12 && !memcmp(name, "table6_slots", len))
		return &st->tables[1];
	for (k = 0; k < KINDS; k++) {
		snprintf(slots, sizeof(slots), "%s_slots", kind_name[k]);
		snprintf(before, sizeof(before), "%s_slot", kind_name[k]);
		if (len == strlen(slots) && !memcmp(name, slots, len))
			return &st->slots[k];
		if (len == strlen(before) && !memcmp(name, before, len))
			return &st->before[k];
		if (len == strlen(kind_name[k]) && !memcmp(name, kind_name[k], len))
			return &st->fixed[k];
	}
	return NULL;
}

static int open_ids(struct store *st, const char *where)
{
	const char *equal;
	char *end;
	int *fd;

	for (; *where; where = *end ? end + 1 : end) {
		equal = strchr(where, '=');
		fd = equal ? named(st, where, equal - where) : NULL;
		if (!fd || *fd >= 0) {
			say("not a map of a list: %s", where);
			return -EINVAL;
		}
		*fd = bpf_id_open(BPF_MAP_GET_FD_BY_ID, strtoul(equal + 1, &end, 10));
		if (*fd < 0) {
			say("cannot read the list: map %s: %s", where, strerror(-*fd));
			return *fd;
		}
		if (*end && *end != ',') {
			say("not a map of a list: %s", where);
			return -EINVAL;
		}
	}
	return 0;
}

static void pin_path(char path[PATH_MOST], const char *dir, const char *before, const char *name,
		     const char *after)
{
	snprintf(path, PATH_MOST, "%s/%spb_%s%s", dir, before, name, after);
}

/* A pin that is there and cannot be opened is no empty list. */
static int open_pin(const char *dir, const char *name, const char *after, int *fd)
{
	char path[PATH_MOST];

	pin_path(path, dir, "", name, after);
	*fd = bpf_pin_open(path);
	if (*fd >= 0 || *fd == -ENOENT)
		return 0;
	say("cannot read the list: %s: %s", path, strerror(-*fd));
	return *fd;
}

int store_state(struct store *st)
{
	__u32 list = PB_LIST_ALLOW;

	memset(&st->state, 0, sizeof(st->state));
	return st->lists < 0 ? 0 : map_elem(BPF_MAP_LOOKUP_ELEM, st->lists, &list, &st->state, 0);
}

int store_set_state(struct store *st, const struct pb_list *state)
{
	__u32 list = PB_LIST_ALLOW;
	int err = map_elem(BPF_MAP_UPDATE_ELEM, st->lists, &list, (void *)state, BPF_ANY);

	if (!err)
		st->state = *state;
	return err;
}

static int open_dir(struct store *st, const char *dir)
{
	enum kind k;
	int err;

	st->dir = dir;
	err = open_pin(dir, "lists", "", &st->lists);
	for (k = 0; k < KINDS && !err; k++) {
		err = open_pin(dir, kind_name[k], "_slots", &st->slots[k]);
		if (!err)
			err = open_pin(dir, kind_name[k], "_slot", &st->before[k]);
		if (!err && st->lists < 0 && st->before[k] < 0)
			err = open_pin(dir, kind_name[k], "", &st->fixed[k]);
	}
	if (!err)
		err = open_pin(dir, "table4_slots", "", &st->tables[0]);
	if (!err)
		err = open_pin(dir, "table6_slots", "", &st->tables[1]);
	return err;
}

int store_open(struct store *st, const char *where)
{
	int err;

	memset(st, 0, sizeof(*st));
	none(st);
	err = *where == '/' ? open_dir(st, where) : open_ids(st, where);
	if (err)
		return err;
	err = store_state(st);
	if (err)
		say("cannot read the list's state: %s", strerror(-err));
	return err;
}

int store_map(const struct store *st, enum kind kind, int gen)
{
	if (st->slots[kind] >= 0)
		return slot_map(st->slots[kind], PB_SLOT(PB_LIST_ALLOW, gen));
	if (st->before[kind] >= 0)
		return slot_map(st->before[kind], 0);
	return st->fixed[kind] >= 0 ? dup(st->fixed[kind]) : -ENOENT;
}

int store_entries(const struct store *st, int gen, struct set *to)
{
	enum kind k;
	int fd, err;

	for (k = 0; k < KINDS; k++) {
		fd = store_map(st, k, gen);
		if (fd == -ENOENT)
			continue;
		err = fd < 0 ? fd : map_entries(fd, k, to);
		if (fd >= 0)
			close(fd);
		if (err) {
			say("cannot read the list: %s: %s", kind_name[k], strerror(-err));
			return err;
		}
	}
	if (set_sort(to)) {
		say("cannot read the list: %s", strerror(ENOMEM));
		return -ENOMEM;
	}
	return 0;
}

/* --- writing */

/* Entries that a map of n should have room for. Eight times as many up to 32768: a hash with empty
 * buckets answers faster, until they no longer fit the processor's cache beside the entries
 * (docs/performance.md). Beyond, the next power of two; but not the room of a map of objs/legacy,
 * by which those are known.
 */
static __u32 capacity(size_t n)
{
	size_t want = n * 8, room = ROOM_LEAST;

	if (want > 32768)
		want = n > 32768 ? n : 32768;
	while (room < want)
		room *= 2;
	return room == PB_LIST_LEGACY_MAX ? room * 2 : room;
}

static int fill_kind(struct store *st, enum kind kind, int gen, const struct set *live)
{
	int fd = store_map(st, kind, gen), old = fd, err = 0;
	struct bpf_map_info info;
	size_t i, n = 0;
	__u32 room;

	for (i = 0; i < live->n; i++)
		n += kind_of(&live->e[i]) == kind;
	room = capacity(n);
	if (fd >= 0)
		err = map_info(fd, &info);
	else if (fd != -ENOENT)
		err = fd;
	if (err)
		goto out;
	if (fd >= 0 && info.max_entries == room)
		err = map_clear(fd);
	else
		fd = new_map(kind, room);
	if (fd < 0)
		err = fd;
	for (i = 0; i < live->n && !err; i++)
		if (kind_of(&live->e[i]) == kind)
			err = map_put(fd, &live->e[i]);
	if (!err && fd != old)
		err = slot_put(st->slots[kind], PB_SLOT(PB_LIST_ALLOW, gen), fd);
out:
	if (fd != old && fd >= 0)
		close(fd);
	if (old >= 0)
		close(old);
	return err;
}

/* A program that began before the last change of the list may still be looking into the generation
 * that has been idle since then. It has a second; if that is not over, the kernel says when the
 * last of them has ended.
 */
static void wait_for_readers(const struct store *st)
{
	if ((__u32)(boot_ms() - st->state.since) < 1000 &&
	    syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(100000);
}

int store_fill(struct store *st, int gen, const struct set *live)
{
	struct pb_list state = st->state;
	enum kind k;
	int err = 0;

	if (state.earlier) { /* no more, from here on */
		state.earlier = state.earlier_tables = 0;
		err = store_set_state(st, &state);
	}
	if (!err)
		wait_for_readers(st);
	for (k = 0; k < KINDS && !err; k++)
		err = fill_kind(st, k, gen, live);
	return err;
}

/* --- making and mending */

static int make_array(struct store *st, int *fd, const char *name, int inner)
{
	char path[PATH_MOST], map[16];
	int err;

	if (*fd >= 0)
		return 0;
	snprintf(map, sizeof(map), "pb_%s", name);
	pin_path(path, st->dir, "", name, "");
	if (inner < 0)
		*fd = map_create(map, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct pb_list), PB_LISTS, 0,
				 -1);
	else
		*fd = map_create(map, BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, PB_SLOTS, 0, inner);
	err = *fd < 0 ? *fd : map_pin(*fd, path);
	if (err)
		say("cannot make %s: %s", path, strerror(-err));
	return err;
}

/* The pin is put beside and moved, so that there is always one. */
static int repin(const struct store *st, enum kind kind, int fd)
{
	char path[PATH_MOST], beside[PATH_MOST];
	int err;

	pin_path(path, st->dir, "", kind_name[kind], "");
	pin_path(beside, st->dir, "", kind_name[kind], "_new");
	unlink(beside);
	err = map_pin(fd, beside);
	if (!err && rename(beside, path))
		err = -errno;
	if (err)
		say("cannot pin %s: %s", path, strerror(-err));
	return err;
}

/* The map of the active generation: what programs look into already, else what is pinned, which may
 * be of the first edition or of an object of objs/legacy, else a new one.
 */
static int active_map(const struct store *st, enum kind kind)
{
	char path[PATH_MOST];
	int fd = store_map(st, kind, st->state.active & 1);

	if (fd == -ENOENT && st->slots[kind] >= 0 && st->before[kind] >= 0)
		fd = slot_map(st->before[kind], 0);
	if (fd == -ENOENT) {
		pin_path(path, st->dir, "", kind_name[kind], "");
		fd = bpf_pin_open(path);
		if (fd >= 0 && !map_fits(fd, kind)) {
			say("%s: not a map of a list", path);
			close(fd);
			return -EINVAL;
		}
	}
	if (fd == -ENOENT)
		fd = new_map(kind, ROOM_LEAST);
	if (fd < 0)
		say("cannot make the list: %s: %s", kind_name[kind], strerror(-fd));
	return fd;
}

static int make_kind(struct store *st, enum kind kind)
{
	__u32 slot = PB_SLOT(PB_LIST_ALLOW, st->state.active & 1), there;
	char name[32], path[PATH_MOST];
	int fd = active_map(st, kind), err, pinned;

	if (fd < 0)
		return fd;
	snprintf(name, sizeof(name), "%s_slots", kind_name[kind]);
	err = make_array(st, &st->slots[kind], name, fd);
	if (!err && map_elem(BPF_MAP_LOOKUP_ELEM, st->slots[kind], &slot, &there, 0)) {
		err = slot_put(st->slots[kind], slot, fd);
		if (err)
			say("cannot fill %s: %s", name, strerror(-err));
	}
	pin_path(path, st->dir, "", kind_name[kind], "");
	pinned = bpf_pin_open(path);
	if (!err && (pinned < 0 || map_id(pinned) != map_id(fd)))
		err = repin(st, kind, fd);
	if (pinned >= 0)
		close(pinned);
	/* What a killed command has left. */
	pin_path(path, st->dir, "", kind_name[kind], "_new");
	unlink(path);
	pin_path(path, st->dir, "next/", kind_name[kind], "");
	unlink(path);
	close(fd);
	return err;
}

int store_make(struct store *st, const char *dir)
{
	int err = store_open(st, dir), six, fd;
	enum kind k;

	for (k = 0; k < KINDS && !err; k++)
		err = make_kind(st, k);
	for (six = 0; six < 2 && !err; six++) {
		if (st->tables[six] >= 0)
			continue;
		fd = table_map(six, 1);
		err = make_array(st, &st->tables[six], six ? "table6_slots" : "table4_slots", fd);
		if (fd >= 0)
			close(fd);
	}
	/* The last one: with it the list is there. */
	if (!err)
		err = make_array(st, &st->lists, "lists", -1);
	for (k = 0; k < KINDS && !err; k++) {
		close(st->fixed[k]);
		st->fixed[k] = -1;
	}
	return err ? err : store_follow(st, st->state.active & 1);
}

int store_pin_next(struct store *st, int gen)
{
	char path[PATH_MOST];
	enum kind k;
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/next", st->dir);
	if (mkdir(path, 0700) && errno != EEXIST)
		err = -errno;
	for (k = 0; k < KINDS && !err; k++) {
		pin_path(path, st->dir, "next/", kind_name[k], "");
		fd = store_map(st, k, gen);
		err = fd < 0 ? fd : map_pin(fd, path);
		if (fd >= 0)
			close(fd);
	}
	if (err)
		say("cannot pin %s: %s", path, strerror(-err));
	return err;
}

int store_follow(struct store *st, int gen)
{
	enum kind k;
	int fd, now, err = 0;

	for (k = 0; k < KINDS && !err; k++) {
		if (st->before[k] < 0)
			continue;
		fd = store_map(st, k, gen);
		now = slot_map(st->before[k], 0);
		err = fd < 0 ? fd : 0;
		if (!err && map_id(fd) != map_id(now))
			err = slot_put(st->before[k], 0, fd);
		if (fd >= 0)
			close(fd);
		if (now >= 0)
			close(now);
		if (err)
			say("cannot fill pb_%s_slot: %s", kind_name[k], strerror(-err));
	}
	return err;
}

bool is_fixed(const struct store *st)
{
	struct bpf_map_info info;
	enum kind k;
	int fd;
	bool fixed = false;

	for (k = 0; k < KINDS && !fixed; k++) {
		fd = store_map(st, k, st->state.active & 1);
		fixed = fd >= 0 && !map_info(fd, &info) && info.max_entries == PB_LIST_LEGACY_MAX;
		if (fd >= 0)
			close(fd);
	}
	return fixed;
}

bool has_followers(const struct store *st)
{
	return st->before[HOST4] >= 0 || st->before[HOST6] >= 0 || st->before[NET4] >= 0 ||
	       st->before[NET6] >= 0;
}
