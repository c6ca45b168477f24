// SPDX-License-Identifier: GPL-2.0-only
/*
 * map_count: how many entries maps have. The kernel tells how many they have room for, but not
 * this, and to dump a map as text takes a second at 50 000 entries.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "say.h"
#include "sys.h"

#define CHUNK 4096 /* entries a call */

static const char usage[] =
	"Usage: map_count [PIN | id N]...\n"
	"Summary: count the entries of maps\n"
	"\n"
	"Prints a line \"ENTRIES ROOM\" for each map: a hash or a trie that is pinned or\n"
	"has this id. Changes nothing.\n"
	"\n"
	"Options: -h, -V\n"
	"Status: 0 done, 1 invalid arguments, 2 no such map, or it cannot be counted\n";

static int complain(const char *name, const char *what)
{
	say("%s: %s", name, what);
	return 2;
}

/* One key after the other: before Linux 5.6, and for types without BPF_MAP_LOOKUP_BATCH. */
static long long count_keys(int fd, const struct bpf_map_info *info)
{
	char *key = malloc(info->key_size), *next = malloc(info->key_size);
	union bpf_attr attr = { .map_fd = fd, .next_key = (uintptr_t)next };
	long long n = 0;
	int err = key && next ? 0 : -ENOMEM;

	while (!err) {
		err = sys_bpf(BPF_MAP_GET_NEXT_KEY, &attr);
		if (err)
			break;
		/* An entry that goes while it is counted begins it again: not for ever. */
		if (++n > 2LL * info->max_entries)
			err = -EAGAIN;
		memcpy(key, next, info->key_size);
		attr.key = (uintptr_t)key;
	}
	free(key);
	free(next);
	return err == -ENOENT ? n : err;
}

/* Entries, or -errno. */
static long long count(int fd, const struct bpf_map_info *info)
{
	/* A call that is given too little for one bucket of a hash fails with ENOSPC. */
	__u32 chunk = info->max_entries < CHUNK ? info->max_entries : CHUNK;
	size_t batch_size = info->key_size < 4 ? 4 : info->key_size;
	char *keys = NULL, *values = NULL, *in = malloc(batch_size), *out = malloc(batch_size);
	long long n = 0, err = in && out ? 0 : -ENOMEM;
	union bpf_attr attr;

	if (!err) {
		keys = malloc((size_t)chunk * info->key_size);
		values = malloc((size_t)chunk * ((info->value_size + 7) & ~7u));
		err = keys && values ? 0 : -ENOMEM;
	}
	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = fd;
	attr.batch.keys = (uintptr_t)keys;
	attr.batch.values = (uintptr_t)values;
	attr.batch.out_batch = (uintptr_t)out;
	while (!err) {
		attr.batch.count = chunk;
		err = sys_bpf(BPF_MAP_LOOKUP_BATCH, &attr);
		if (!err || err == -ENOENT)
			n += attr.batch.count;
		memcpy(in, out, batch_size);
		attr.batch.in_batch = (uintptr_t)in;
	}
	free(keys);
	free(values);
	free(in);
	free(out);
	if (err == -ENOENT)
		return n;
	return err == -ENOMEM ? err : count_keys(fd, info);
}

/* What the kernel says that a map takes, in bytes; -1 if it does not. */
static long long memlock(int fd)
{
	char path[64], line[128];
	long long n = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %lld", &n) == 1)
			break;
	if (file)
		fclose(file);
	return n;
}

/* Since Linux 6.4 a trie's memlock is its number of entries times the size of one. That size is
 * found by a trie of our own with a single entry. -1: the kernel is older.
 */
static long long count_by_size(int fd, const struct bpf_map_info *info)
{
	union bpf_attr attr = { .map_type = info->type,
				.key_size = info->key_size,
				.value_size = info->value_size,
				.max_entries = info->max_entries,
				.map_flags = info->map_flags };
	char *zero = calloc(1, info->key_size + info->value_size);
	int one = zero ? sys_bpf(BPF_MAP_CREATE, &attr) : -ENOMEM;
	long long n = -1, size;

	if (one >= 0 && !memlock(one)) {
		memset(&attr, 0, sizeof(attr));
		attr.map_fd = one;
		attr.key = (uintptr_t)zero;
		attr.value = (uintptr_t)zero;
		if (!sys_bpf(BPF_MAP_UPDATE_ELEM, &attr)) {
			size = memlock(one);
			n = memlock(fd);
			n = size > 0 && n >= 0 && n % size == 0 ? n / size : -1;
		}
	}
	if (one >= 0)
		close(one);
	free(zero);
	return n;
}

static int is_counted(const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_HASH || info->type == BPF_MAP_TYPE_LRU_HASH ||
	       info->type == BPF_MAP_TYPE_LPM_TRIE;
}

static int print_count(int fd, const char *name)
{
	struct bpf_map_info info;
	long long n;

	if (fd < 0)
		return complain(name, fd == -EPERM || fd == -EACCES ? "must be root"
				      : fd == -ENOENT		    ? "no such map"
								    : strerror(-fd));
	memset(&info, 0, sizeof(info));
	if (bpf_info(fd, &info, sizeof(info)) || !info.key_size || !is_counted(&info))
		return complain(name, "not a hash and not a trie");
	n = info.type == BPF_MAP_TYPE_LPM_TRIE ? count_by_size(fd, &info) : -1;
	if (n < 0)
		n = count(fd, &info);
	if (n < 0)
		return complain(name, strerror(-n));
	if (printf("%lld %u\n", n, info.max_entries) < 0)
		return complain("stdout", strerror(errno));
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long id;
	int i, fd, status;
	char *end;

	if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")))
		return answer(usage);
	if (argc > 1 && (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version")))
		return printf("%s\n", version) < 0 ? 2 : 0;
	if (argc < 2)
		return bad_argument("no map given", "see map_count -h");
	for (i = 1; i < argc; i++) {
		if (argv[i][0] == '-')
			return bad_argument("unknown option", argv[i]);
		if (!strcmp(argv[i], "id")) {
			id = i + 1 < argc ? strtoul(argv[++i], &end, 10) : 0;
			if (!id || id > UINT32_MAX || *end || argv[i][0] < '0' || argv[i][0] > '9')
				return bad_argument("not an id", argv[i]);
			fd = bpf_id_open(BPF_MAP_GET_FD_BY_ID, id);
		} else {
			fd = bpf_pin_open(argv[i]);
		}
		status = print_count(fd, argv[i]);
		if (fd >= 0)
			close(fd);
		if (status)
			return status;
	}
	return fflush(stdout) ? complain("stdout", strerror(errno)) : 0;
}
