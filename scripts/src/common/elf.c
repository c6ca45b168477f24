// SPDX-License-Identifier: GPL-2.0-only
/* Reads ELF files, see elf.h. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "elf.h"

uint64_t elf_get(const struct elf_image *m, const uint8_t *p, int size)
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < size; i++)
		v |= (uint64_t)p[i] << 8 * (m->big ? size - 1 - i : i);
	return v;
}

#define GET(m, p, type, field)                                                                     \
	elf_get(m, (p) + offsetof(type, field), sizeof(((type *)NULL)->field))
static const char *string(const struct elf_part *table, uint64_t off)
{
	if (off >= table->size || !table->data ||
	    !memchr(table->data + off, '\0', table->size - off))
		return NULL;
	return (const char *)table->data + off;
}

static int read_part(const struct elf_image *m, uint64_t at, struct elf_part *s)
{
	const uint8_t *p = m->buf + at;
	uint64_t off = GET(m, p, Elf64_Shdr, sh_offset);

	s->name_off = GET(m, p, Elf64_Shdr, sh_name);
	s->type = GET(m, p, Elf64_Shdr, sh_type);
	s->flags = GET(m, p, Elf64_Shdr, sh_flags);
	s->addr = GET(m, p, Elf64_Shdr, sh_addr);
	s->size = GET(m, p, Elf64_Shdr, sh_size);
	s->link = GET(m, p, Elf64_Shdr, sh_link);
	s->info = GET(m, p, Elf64_Shdr, sh_info);
	s->align = GET(m, p, Elf64_Shdr, sh_addralign);
	s->entry = GET(m, p, Elf64_Shdr, sh_entsize);
	if (s->type == SHT_NULL || s->type == SHT_NOBITS)
		return 0;
	if (off > m->len || s->size > m->len - off)
		return -EBADMSG;
	s->data = m->buf + off;
	return 0;
}

int elf_open(struct elf_image *m, const void *buf, size_t len)
{
	uint64_t table, i;
	int err = -EBADMSG;

	memset(m, 0, sizeof(*m));
	m->buf = buf;
	m->len = len;
	if (len < sizeof(Elf64_Ehdr) || memcmp(buf, ELFMAG, SELFMAG) ||
	    m->buf[EI_CLASS] != ELFCLASS64 || m->buf[EI_DATA] < ELFDATA2LSB ||
	    m->buf[EI_DATA] > ELFDATA2MSB)
		return -EBADMSG;
	m->big = m->buf[EI_DATA] == ELFDATA2MSB;
	table = GET(m, m->buf, Elf64_Ehdr, e_shoff);
	m->n = GET(m, m->buf, Elf64_Ehdr, e_shnum);
	m->names = GET(m, m->buf, Elf64_Ehdr, e_shstrndx);
	if (GET(m, m->buf, Elf64_Ehdr, e_shentsize) != sizeof(Elf64_Shdr) || m->names >= m->n ||
	    table > len || (len - table) / sizeof(Elf64_Shdr) < m->n)
		return -EBADMSG;
	m->part = calloc(m->n, sizeof(*m->part));
	if (!m->part)
		return -ENOMEM;
	for (i = 1; i < m->n; i++) /* section 0 is none, whatever the file says */
		if (read_part(m, table + i * sizeof(Elf64_Shdr), &m->part[i]))
			goto out;
	if (m->part[m->names].type != SHT_STRTAB)
		goto out;
	for (i = 0; i < m->n; i++) {
		m->part[i].name = string(&m->part[m->names], m->part[i].name_off);
		if (!m->part[i].name)
			goto out;
	}
	err = 0;
out:
	if (err)
		elf_close(m);
	return err;
}

static int read_symbol(const struct elf_image *m, const uint8_t *p, struct elf_symbol *y)
{
	y->name_off = GET(m, p, Elf64_Sym, st_name);
	y->info = GET(m, p, Elf64_Sym, st_info);
	y->other = GET(m, p, Elf64_Sym, st_other);
	y->section = GET(m, p, Elf64_Sym, st_shndx);
	y->value = GET(m, p, Elf64_Sym, st_value);
	y->size = GET(m, p, Elf64_Sym, st_size);
	y->name = string(&m->part[m->part[m->symtab].link], y->name_off);
	if (!y->name || (y->section >= m->n && y->section < SHN_LORESERVE))
		return -EBADMSG;
	return 0;
}

int elf_symbols(struct elf_image *m)
{
	const struct elf_part *s;
	uint32_t i;

	for (i = 1; i < m->n; i++) {
		if (m->part[i].type != SHT_SYMTAB)
			continue;
		if (m->symtab)
			return -EBADMSG;
		m->symtab = i;
	}
	if (!m->symtab)
		return 0;
	s = &m->part[m->symtab];
	if (s->entry != sizeof(Elf64_Sym) || s->size % sizeof(Elf64_Sym) || s->link >= m->n ||
	    m->part[s->link].type != SHT_STRTAB)
		return -EBADMSG;
	m->symbol = calloc(s->size / sizeof(Elf64_Sym) + 1, sizeof(*m->symbol));
	if (!m->symbol)
		return -ENOMEM;
	for (; m->n_symbols < s->size / sizeof(Elf64_Sym); m->n_symbols++)
		if (read_symbol(m, s->data + m->n_symbols * sizeof(Elf64_Sym),
				&m->symbol[m->n_symbols]))
			return -EBADMSG;
	for (i = 1; i < m->n; i++) {
		uint64_t j, entries = elf_rels(m, i);
		struct elf_rel r;

		for (j = 0; j < entries; j++) {
			elf_rel(m, i, j, &r);
			if (r.symbol >= m->n_symbols)
				return -EBADMSG;
		}
	}
	return 0;
}

void elf_close(struct elf_image *m)
{
	uint32_t i;

	for (i = 0; m->part && i < m->n; i++)
		free(m->part[i].own);
	free(m->part);
	free(m->symbol);
	memset(m, 0, sizeof(*m));
}

uint32_t elf_find(const struct elf_image *m, const char *name, uint32_t from)
{
	uint32_t i;

	for (i = from ? from : 1; i < m->n; i++)
		if (!strcmp(m->part[i].name, name))
			return i;
	return 0;
}

bool elf_is_code(const struct elf_image *m, uint32_t section)
{
	const struct elf_part *s = &m->part[section < m->n ? section : 0];

	return s->type == SHT_PROGBITS && s->flags & SHF_EXECINSTR;
}

uint64_t elf_rel_size(const struct elf_part *s)
{
	return s->type == SHT_RELA ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel);
}

uint64_t elf_rels(const struct elf_image *m, uint32_t section)
{
	const struct elf_part *s = &m->part[section];

	if ((s->type != SHT_REL && s->type != SHT_RELA) || !m->symtab || s->link != m->symtab)
		return 0;
	return s->size / elf_rel_size(s);
}

/* Elf64_Rela begins as Elf64_Rel does. */
void elf_rel(const struct elf_image *m, uint32_t section, uint64_t i, struct elf_rel *r)
{
	const uint8_t *p = m->part[section].data + i * elf_rel_size(&m->part[section]);
	uint64_t info = GET(m, p, Elf64_Rel, r_info);

	r->at = GET(m, p, Elf64_Rel, r_offset);
	r->symbol = ELF64_R_SYM(info);
	r->type = ELF64_R_TYPE(info);
}

int elf_section(const void *buf, size_t len, const char *name, const uint8_t **data, size_t *size)
{
	struct elf_image m;
	uint32_t i;
	int err;

	err = elf_open(&m, buf, len);
	if (err)
		return err;
	i = elf_find(&m, name, 1);
	if (i) {
		*data = m.part[i].data ? m.part[i].data : m.buf;
		*size = m.part[i].data ? m.part[i].size : 0;
	}
	elf_close(&m);
	return i ? 0 : -ENOENT;
}
