// SPDX-License-Identifier: GPL-2.0-only
/* Compiled tables in the kernel, see table_map.h. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "compile.h"
#include "out.h"
#include "say.h"
#include "sys.h"
#include "table.h"
#include "table_map.h"
#include "text.h"

#define TEXT_NAME "table." /* and the map's id, in STATE_DIR */

int table_map(bool six, unsigned int chunks)
{
	return map_create(six ? "pb_table6" : "pb_table4", BPF_MAP_TYPE_ARRAY, 4,
			  sizeof(struct pb_table_chunk), chunks, PB_TABLE_MAP_FLAGS, -1);
}

static void text_path(char path[96], __u32 id, const char *after)
{
	snprintf(path, 96, "%s/" TEXT_NAME "%u%s", STATE_DIR, id, after);
}

/* "ENTRIES" and then the entries, a line each. Without it the list is still right. */
static void write_text(__u32 id, const struct entry *e, size_t n)
{
	char path[96], beside[96], text[ENTRY_TEXT];
	FILE *file;
	struct out o;
	size_t i;

	text_path(path, id, "");
	text_path(beside, id, ".new");
	file = fopen(beside, "we");
	if (!file || out_open(&o, fileno(file), NULL)) {
		if (file)
			fclose(file);
		return;
	}
	put_u64(&o, n);
	put_char(&o, '\n');
	for (i = 0; i < n && !o.err; i++) {
		out_room(&o, ENTRY_TEXT);
		put_str(&o, entry_text(text, &e[i]));
		put_char(&o, '\n');
	}
	out_flush(&o);
	if (o.err || rename(beside, path))
		unlink(beside);
	out_close(&o);
	fclose(file);
}

static int load(bool six, const struct table *table)
{
	size_t len = table->chunks * sizeof(*table->chunk), page = sysconf(_SC_PAGESIZE);
	size_t mapped = (len + page - 1) & ~(page - 1);
	int fd = table_map(six, table->chunks);
	void *to;

	if (fd < 0)
		return fd;
	to = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (to == MAP_FAILED) {
		close(fd);
		return -errno;
	}
	memcpy(to, table->chunk, len);
	munmap(to, mapped);
	return fd;
}

/* An element is read by a system call, as programs see it. */
static int reads_back(int fd, const struct table *table)
{
	struct pb_table_chunk *now = malloc(sizeof(*now));
	int err = now ? 0 : -ENOMEM;
	uint32_t i;

	for (i = 0; i < table->chunks && !err; i++) {
		err = bpf_elem(BPF_MAP_LOOKUP_ELEM, fd, &i, now);
		if (!err && memcmp(now, &table->chunk[i], sizeof(*now)))
			err = -EIO;
	}
	free(now);
	return err;
}

int table_make(bool six, const struct entry *e, size_t n)
{
	struct ranges ranges = { 0 };
	struct table table = { 0 };
	unsigned int bits = six ? 128 : 32;
	int err = 0, fd = -1;
	size_t i;

	for (i = 0; i < n && !err; i++)
		err = ranges_add_prefix(&ranges, bits, entry_number(&e[i]), e[i].len);
	if (!err)
		err = ranges_merge(&ranges);
	if (!err)
		err = table_compile(bits, &ranges, &table);
	ranges_free(&ranges);
	if (err)
		return err;
	fd = load(six, &table);
	err = fd < 0 ? fd : reads_back(fd, &table);
	table_free(&table);
	if (err) {
		if (fd >= 0)
			close(fd);
		return err;
	}
	write_text(map_id(fd), e, n);
	return fd;
}

/* --- reading */

/* 0: the text of this table was read. */
static int read_text(__u32 id, bool six, struct set *to)
{
	size_t had = to->n, len, want, i;
	struct stat st;
	char path[96], *p, *nl, *end;
	uint8_t *buf;
	int err;

	text_path(path, id, "");
	err = read_file(path, &st, &buf, &len);
	if (err)
		return err;
	p = (char *)buf;
	end = p + len;
	/* Only what we have written ourselves. */
	nl = st.st_uid || (st.st_mode & 022) ? NULL : memchr(p, '\n', len);
	want = nl ? strtoul(p, NULL, 10) : 0;
	for (i = 0; nl && i < want && !err; i++) {
		p = nl + 1;
		nl = p < end ? memchr(p, '\n', end - p) : NULL;
		err = !nl ? -EINVAL : read_entry(to, p, nl);
		if (!err) {
			to->e[to->n - 1].table = 1;
			err = to->e[to->n - 1].six == six ? 0 : -EINVAL;
		}
	}
	if (!want)
		err = -EINVAL;
	free(buf);
	if (err)
		to->n = had;
	return err;
}

static int read_image(int fd, struct pb_table_chunk **image, size_t *len)
{
	struct bpf_map_info info;
	int err = bpf_info(fd, memset(&info, 0, sizeof(info)), sizeof(info));
	uint32_t i;

	*image = NULL;
	if (err)
		return err;
	if (info.value_size != sizeof(**image))
		return -EBADMSG;
	*len = info.max_entries * sizeof(**image);
	*image = malloc(*len);
	if (!*image)
		return -ENOMEM;
	for (i = 0; i < info.max_entries && !err; i++)
		err = bpf_elem(BPF_MAP_LOOKUP_ELEM, fd, &i, &(*image)[i]);
	return err;
}

/* What the table itself tells: the fewest networks that mean the same. */
static int decode(int fd, bool six, struct set *to)
{
	struct pb_table_chunk *image;
	struct ranges ranges = { 0 };
	size_t len, i, had = to->n;
	unsigned int bits = six ? 128 : 32;
	int err = read_image(fd, &image, &len);

	if (!err && table_bits(image, len) != (int)bits)
		err = -EBADMSG;
	if (!err)
		err = table_decode(image, len, &ranges);
	free(image);
	for (i = 0; i < ranges.n && !err; i++)
		err = set_add_range(to, six, ranges.at[i]);
	for (i = had; i < to->n; i++)
		to->e[i].table = 1;
	ranges_free(&ranges);
	return err;
}

static int complain(bool six, int err)
{
	say("cannot read the list's table of IPv%d: %s", six ? 6 : 4, strerror(-err));
	return err;
}

int table_entries(const struct store *st, int gen, bool six, struct set *to)
{
	int fd = slot_map(st->tables[six], PB_SLOT(PB_LIST_ALLOW, gen)), err = 0;

	if (fd < 0)
		return complain(six, fd);
	if (read_text(map_id(fd), six, to))
		err = decode(fd, six, to);
	close(fd);
	return err ? complain(six, err) : 0;
}

int list_entries(const struct store *st, struct set *to)
{
	int gen = st->state.active & 1, six, err = 0;

	for (six = 0; six < 2 && !err; six++)
		if (st->state.tables & table_bit(six))
			err = table_entries(st, gen, six, to);
	return err ? err : store_entries(st, gen, to);
}

int table_used(const struct store *st, int gen, bool six, size_t *entries, size_t *bytes)
{
	int fd = slot_map(st->tables[six], PB_SLOT(PB_LIST_ALLOW, gen)), err;
	struct pb_table_chunk first;
	struct bpf_map_info info;
	uint32_t zero = 0;
	char path[96];
	FILE *file;

	if (fd < 0)
		return complain(six, fd);
	err = bpf_info(fd, memset(&info, 0, sizeof(info)), sizeof(info));
	if (!err)
		err = bpf_elem(BPF_MAP_LOOKUP_ELEM, fd, &zero, &first);
	close(fd);
	if (err)
		return complain(six, err);
	*bytes = (size_t)info.max_entries * info.value_size;
	*entries = first.head.ranges;
	text_path(path, info.id, "");
	file = fopen(path, "re");
	if (file) {
		if (fscanf(file, "%zu", entries) != 1)
			*entries = first.head.ranges;
		fclose(file);
	}
	return 0;
}

void table_sweep(void)
{
	DIR *dir = opendir(STATE_DIR);
	struct dirent *d;
	char path[sizeof(STATE_DIR) + 300];
	int fd;

	while (dir && (d = readdir(dir))) {
		const char *id = d->d_name + strlen(TEXT_NAME);

		if (strncmp(d->d_name, TEXT_NAME, strlen(TEXT_NAME)) ||
		    !isdigit((unsigned char)*id))
			continue;
		fd = bpf_id_open(BPF_MAP_GET_FD_BY_ID, strtoul(id, NULL, 10));
		if (fd >= 0)
			close(fd);
		if (fd != -ENOENT)
			continue;
		snprintf(path, sizeof(path), "%s/%s", STATE_DIR, d->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
}
