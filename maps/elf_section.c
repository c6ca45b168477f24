// SPDX-License-Identifier: GPL-2.0-only
/* ELF section finder, see elf_section.h. */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "elf_section.h"

struct image {
	const uint8_t *buf;
	size_t len;
	bool swap;
};

struct section {
	uint64_t name, off, size;
};

static uint64_t get(const struct image *m, uint64_t at, int size)
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < size; i++) {
		bool big = m->swap == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

		v |= (uint64_t)m->buf[at + i] << 8 * (big ? size - 1 - i : i);
	}
	return v;
}

static int read_section(const struct image *m, uint64_t table, uint64_t i, struct section *s)
{
	uint64_t at = table + i * sizeof(Elf64_Shdr);

	if (at < table || at > m->len || m->len - at < sizeof(Elf64_Shdr))
		return -EBADMSG;
	s->name = get(m, at + offsetof(Elf64_Shdr, sh_name), 4);
	s->off = get(m, at + offsetof(Elf64_Shdr, sh_offset), 8);
	s->size = get(m, at + offsetof(Elf64_Shdr, sh_size), 8);
	if (get(m, at + offsetof(Elf64_Shdr, sh_type), 4) == SHT_NOBITS)
		s->size = 0;
	if (s->off > m->len || s->size > m->len - s->off)
		return -EBADMSG;
	return 0;
}

int elf_section(const void *buf, size_t len, const char *name, const uint8_t **data, size_t *size)
{
	struct image m = { .buf = buf, .len = len };
	uint64_t table, n, i, names;
	struct section s, strings;
	int data_order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

	if (len < sizeof(Elf64_Ehdr) || memcmp(buf, ELFMAG, SELFMAG) ||
	    m.buf[EI_CLASS] != ELFCLASS64 || m.buf[EI_DATA] < ELFDATA2LSB ||
	    m.buf[EI_DATA] > ELFDATA2MSB)
		return -EBADMSG;
	m.swap = m.buf[EI_DATA] != data_order;
	table = get(&m, offsetof(Elf64_Ehdr, e_shoff), 8);
	n = get(&m, offsetof(Elf64_Ehdr, e_shnum), 2);
	names = get(&m, offsetof(Elf64_Ehdr, e_shstrndx), 2);
	if (get(&m, offsetof(Elf64_Ehdr, e_shentsize), 2) != sizeof(Elf64_Shdr) || names >= n ||
	    read_section(&m, table, names, &strings))
		return -EBADMSG;
	for (i = 1; i < n; i++) {
		size_t room = strlen(name) + 1;

		if (read_section(&m, table, i, &s))
			return -EBADMSG;
		if (s.name < strings.size && room <= strings.size - s.name &&
		    !memcmp(m.buf + strings.off + s.name, name, room)) {
			*data = m.buf + s.off;
			*size = s.size;
			return 0;
		}
	}
	return -ENOENT;
}
