// SPDX-License-Identifier: GPL-2.0-only
/* Programs, BTF and counters of a map, see users.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <linux/btf.h>
#include "elf.h"
#include "say.h"
#include "sys.h"
#include "users.h"

#define MAX_MAPS 256 /* of a program; the verifier allows 64 */

/*
 * Split BTF continues a base: its first type and its first name have the numbers that come after
 * the base's last. Put behind the base it is BTF like any other. -EXDEV: not behind this one.
 */
static int join(const void *base, size_t base_len, const void *split, uint8_t **buf, size_t *joined)
{
	struct btf_header b, s, h;
	uint8_t *to;

	memcpy(&b, base, sizeof(b));
	memcpy(&s, split, sizeof(s));
	if (base_len < sizeof(b) || b.magic != BTF_MAGIC || b.hdr_len > base_len ||
	    (uint64_t)b.type_off + b.type_len > base_len - b.hdr_len ||
	    (uint64_t)b.str_off + b.str_len > base_len - b.hdr_len)
		return -EXDEV;
	h = b;
	h.hdr_len = sizeof(h);
	h.type_off = 0;
	h.type_len = b.type_len + s.type_len;
	h.str_off = h.type_len;
	h.str_len = b.str_len + s.str_len;
	*joined = sizeof(h) + (size_t)h.type_len + h.str_len;
	*buf = to = malloc(*joined);
	if (!to)
		return -ENOMEM;
	memcpy(to, &h, sizeof(h));
	to += sizeof(h);
	memcpy(to, (const uint8_t *)base + b.hdr_len + b.type_off, b.type_len);
	to += b.type_len;
	memcpy(to, (const uint8_t *)split + s.hdr_len + s.type_off, s.type_len);
	to += s.type_len;
	memcpy(to, (const uint8_t *)base + b.hdr_len + b.str_off, b.str_len);
	to += b.str_len;
	memcpy(to, (const uint8_t *)split + s.hdr_len + s.str_off, s.str_len);
	return 0;
}

/* Only a base has the empty name, with which names begin. */
static bool is_split(const void *data, size_t len)
{
	struct btf_header h;

	if (len < sizeof(h))
		return false;
	memcpy(&h, data, sizeof(h));
	return h.magic == BTF_MAGIC && h.version == BTF_VERSION && h.hdr_len >= sizeof(h) &&
	       h.hdr_len <= len && (uint64_t)h.type_off + h.type_len <= len - h.hdr_len &&
	       (uint64_t)h.str_off + h.str_len <= len - h.hdr_len &&
	       (!h.str_len || ((const char *)data)[h.hdr_len + h.str_off]);
}

static int add(struct users *f, uint32_t id, const char *owner, void *buf, const void *data,
	       size_t len)
{
	struct users_btf *more = realloc(f->btfs, (f->n_btfs + 1) * sizeof(*more));
	struct users_btf *n;
	int err;

	if (!more)
		return -ENOMEM;
	f->btfs = more;
	n = &f->btfs[f->n_btfs];
	memset(n, 0, sizeof(*n));
	err = btf_open(&n->btf, data, len);
	if (err)
		return err;
	n->id = id;
	n->first = 1;
	n->buf = buf;
	snprintf(n->owner, sizeof(n->owner), "%s", owner);
	f->n_btfs++;
	return 0;
}

int users_add_btf(struct users *f, uint32_t id, const char *owner)
{
	struct bpf_btf_info info;
	uint8_t *buf = NULL;
	int i, fd, err;

	for (i = 0; i < f->n_btfs; i++)
		if (f->btfs[i].id == id)
			return 0;
	fd = bpf_id_open(BPF_BTF_GET_FD_BY_ID, id);
	if (fd < 0)
		return fd;
	memset(&info, 0, sizeof(info));
	err = bpf_info(fd, &info, sizeof(info));
	if (!err) {
		uint32_t len = info.btf_size;

		buf = malloc(len ? len : 1);
		memset(&info, 0, sizeof(info));
		info.btf = (uintptr_t)buf;
		info.btf_size = len;
		err = buf ? bpf_info(fd, &info, sizeof(info)) : -ENOMEM;
		if (!err)
			err = add(f, id, owner, buf, buf, len);
	}
	if (err)
		free(buf);
	close(fd);
	return err;
}

/* Adds split BTF behind its base, or if that is NULL the kernel's. */
static int add_split(struct users *f, const char *owner, const uint8_t *base, size_t base_len,
		     const uint8_t *data)
{
	uint8_t *kernel = NULL, *buf = NULL;
	size_t joined = 0;
	struct btf only;
	int err = 0;

	if (!base) {
		err = read_file("/sys/kernel/btf/vmlinux", NULL, &kernel, &base_len);
		base = kernel;
	}
	err = err ? -EXDEV : btf_open(&only, base, base_len);
	if (err) {
		free(kernel);
		return err == -ENOMEM ? err : -EXDEV;
	}
	err = join(base, base_len, data, &buf, &joined);
	err = err ?: add(f, 0, owner, buf, buf, joined);
	if (err)
		free(buf);
	else
		f->btfs[f->n_btfs - 1].first = only.types;
	btf_close(&only);
	free(kernel);
	return err == -EBADMSG ? -EXDEV : err;
}

int users_add_file(struct users *f, const char *path)
{
	const char *base = strrchr(path, '/');
	const uint8_t *data, *below = NULL;
	size_t len, size, below_len = 0;
	uint8_t *buf;
	int err;

	err = read_file(path, NULL, &buf, &len);
	if (err)
		return err;
	data = buf;
	size = len;
	if (len < 2 || ((buf[0] != 0x9f || buf[1] != 0xeb) && (buf[0] != 0xeb || buf[1] != 0x9f)))
		err = elf_section(buf, len, ".BTF", &data, &size);
	/* a module of Linux 6.11 and later brings what it needs of its base */
	if (data != buf && !err && elf_section(buf, len, ".BTF.base", &below, &below_len))
		below = NULL;
	if (err == -ENOENT)
		err = -ENODATA;
	base = base ? base + 1 : path;
	if (!err && is_split(data, size)) {
		err = add_split(f, base, below, below_len, data);
		free(buf);
		return err;
	}
	err = err ?: add(f, 0, base, buf, data, size);
	if (err)
		free(buf);
	return err;
}

static uint32_t possible_cpus(void)
{
	char text[64] = "";
	int fd = open("/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	char *dash = n > 0 ? strrchr(text, '-') : NULL, *comma = n > 0 ? strrchr(text, ',') : NULL;

	if (fd >= 0)
		close(fd);
	if (dash || comma)
		return strtoul((dash > comma ? dash : comma) + 1, NULL, 10) + 1;
	return 1;
}

static int add_lost(struct users *f, uint32_t id)
{
	struct users_lost *more, l = { .id = id, .cpus = 1 };
	struct bpf_map_info info;
	int i;

	for (i = 0; i < f->n_losts; i++)
		if (f->losts[i].id == id)
			return 0;
	l.fd = bpf_id_open(BPF_MAP_GET_FD_BY_ID, id);
	if (l.fd < 0)
		return l.fd == -ENOENT ? 0 : l.fd;
	memset(&info, 0, sizeof(info));
	if (bpf_info(l.fd, &info, sizeof(info)) ||
	    (strcmp(info.name, "pb_lost") && strcmp(info.name, "lost")) || info.value_size < 8 ||
	    (info.type != BPF_MAP_TYPE_PERCPU_ARRAY && info.type != BPF_MAP_TYPE_ARRAY)) {
		close(l.fd);
		return 0;
	}
	if (info.type == BPF_MAP_TYPE_PERCPU_ARRAY)
		l.cpus = possible_cpus();
	l.stride = (info.value_size + 7) / 8 * 8;
	l.seen = calloc(l.cpus, sizeof(*l.seen));
	more = realloc(f->losts, (f->n_losts + 1) * sizeof(*more));
	if (more)
		f->losts = more;
	if (!more || !l.seen) {
		free(l.seen);
		close(l.fd);
		return -ENOMEM;
	}
	f->losts[f->n_losts++] = l;
	return 0;
}

static int add_program(struct users *f, int fd, uint32_t map_id, bool btf)
{
	uint32_t maps[MAX_MAPS], i, n;
	struct bpf_prog_info info;
	bool uses = false;
	int err;

	memset(&info, 0, sizeof(info));
	info.map_ids = (uintptr_t)maps;
	info.nr_map_ids = MAX_MAPS;
	err = bpf_info(fd, &info, sizeof(info));
	if (err)
		return err;
	n = info.nr_map_ids < MAX_MAPS ? info.nr_map_ids : MAX_MAPS;
	for (i = 0; i < n; i++)
		uses = uses || maps[i] == map_id;
	if (!uses)
		return 0;
	f->programs++;
	for (i = 0; i < n && !err; i++)
		err = add_lost(f, maps[i]);
	if (!err && btf && info.btf_id)
		err = users_add_btf(f, info.btf_id, info.name);
	else if (!info.btf_id)
		snprintf(f->no_btf, sizeof(f->no_btf), "%.*s", (int)sizeof(info.name), info.name);
	return err;
}

int users_find(struct users *f, uint32_t map_id, bool btf)
{
	union bpf_attr attr;
	uint32_t id = 0;
	int fd, err;

	for (;;) {
		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		err = sys_bpf(BPF_PROG_GET_NEXT_ID, &attr);
		if (err)
			return err == -ENOENT ? 0 : err;
		id = attr.next_id;
		fd = bpf_id_open(BPF_PROG_GET_FD_BY_ID, id);
		if (fd == -ENOENT) /* unloaded just now */
			continue;
		if (fd < 0)
			return fd;
		err = add_program(f, fd, map_id, btf);
		close(fd);
		if (err)
			return err;
	}
}

void users_lost(struct users *f, struct sink *s)
{
	uint32_t zero = 0, c;
	int i;

	for (i = 0; i < f->n_losts; i++) {
		struct users_lost *l = &f->losts[i];
		uint8_t *value = calloc(l->cpus, l->stride);

		if (!value || bpf_elem(BPF_MAP_LOOKUP_ELEM, l->fd, &zero, value)) {
			free(value);
			continue;
		}
		for (c = 0; c < l->cpus; c++) {
			uint64_t now;

			memcpy(&now, value + c * l->stride, sizeof(now));
			if (now > l->seen[c] && s)
				s->lost(s, now - l->seen[c], l->cpus > 1 ? (int)c : -1);
			l->seen[c] = now;
		}
		free(value);
	}
}

uint64_t users_lost_total(const struct users *f)
{
	uint64_t sum = 0;
	uint32_t c;
	int i;

	for (i = 0; i < f->n_losts; i++)
		for (c = 0; c < f->losts[i].cpus; c++)
			sum += f->losts[i].seen[c];
	return sum;
}

void users_free(struct users *f)
{
	int i;

	for (i = 0; i < f->n_btfs; i++) {
		btf_close(&f->btfs[i].btf);
		free(f->btfs[i].buf);
	}
	for (i = 0; i < f->n_losts; i++) {
		close(f->losts[i].fd);
		free(f->losts[i].seen);
	}
	free(f->btfs);
	free(f->losts);
	memset(f, 0, sizeof(*f));
}
