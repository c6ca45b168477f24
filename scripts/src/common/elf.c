// SPDX-License-Identifier: GPL-2.0-only
/* Takes ELF files apart and puts them together, see elf.h. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "elf.h"

#ifndef SHT_LLVM_ADDRSIG
#define SHT_LLVM_ADDRSIG 0x6fff4c03 /* llvm/BinaryFormat/ELF.h */
#endif

uint64_t elf_get(const struct elf_image *m, const uint8_t *p, int size)
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < size; i++)
		v |= (uint64_t)p[i] << 8 * (m->big ? size - 1 - i : i);
	return v;
}

void elf_put(const struct elf_image *m, uint8_t *p, int size, uint64_t v)
{
	int i;

	for (i = 0; i < size; i++)
		p[i] = v >> 8 * (m->big ? size - 1 - i : i);
}

#define GET(m, p, type, field)                                                                     \
	elf_get(m, (p) + offsetof(type, field), sizeof(((type *)NULL)->field))
#define PUT(m, p, type, field, v)                                                                  \
	elf_put(m, (p) + offsetof(type, field), sizeof(((type *)NULL)->field), v)

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

static uint64_t rel_size(const struct elf_part *s)
{
	return s->type == SHT_RELA ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel);
}

uint64_t elf_rels(const struct elf_image *m, uint32_t section)
{
	const struct elf_part *s = &m->part[section];

	if ((s->type != SHT_REL && s->type != SHT_RELA) || !m->symtab || s->link != m->symtab)
		return 0;
	return s->size / rel_size(s);
}

/* Elf64_Rela begins as Elf64_Rel does. */
void elf_rel(const struct elf_image *m, uint32_t section, uint64_t i, struct elf_rel *r)
{
	const uint8_t *p = m->part[section].data + i * rel_size(&m->part[section]);
	uint64_t info = GET(m, p, Elf64_Rel, r_info);

	r->at = GET(m, p, Elf64_Rel, r_offset);
	r->symbol = ELF64_R_SYM(info);
	r->type = ELF64_R_TYPE(info);
}

void elf_set_rel(const struct elf_image *m, uint32_t section, uint64_t i, const struct elf_rel *r)
{
	uint8_t *p = m->part[section].own + i * rel_size(&m->part[section]);

	PUT(m, p, Elf64_Rel, r_offset, r->at);
	PUT(m, p, Elf64_Rel, r_info, ELF64_R_INFO((uint64_t)r->symbol, r->type));
}

int elf_grow(struct elf_image *m, uint32_t section, uint64_t size)
{
	struct elf_part *s = &m->part[section];
	uint64_t old = s->data ? s->size : 0;
	uint8_t *own;

	if (size > INT32_MAX)
		return -EBADMSG;
	own = calloc(1, size ? size : 1);
	if (!own)
		return -ENOMEM;
	if (s->data)
		memcpy(own, s->data, old < size ? old : size);
	free(s->own);
	s->own = own;
	s->data = own;
	s->size = size;
	return 0;
}

static int add_string(struct elf_image *m, uint32_t section, const char *text, uint32_t *off)
{
	struct elf_part *s = &m->part[section];
	int err;

	*off = s->size;
	err = elf_grow(m, section, s->size + strlen(text) + 1);
	if (!err)
		memcpy(s->own + *off, text, strlen(text) + 1);
	return err;
}

int elf_rename(struct elf_image *m, uint32_t section, const char *name)
{
	m->part[section].name = name;
	return add_string(m, m->names, name, &m->part[section].name_off);
}

int elf_rename_symbol(struct elf_image *m, uint32_t symbol, const char *name)
{
	m->symbol[symbol].name = name;
	return add_string(m, m->part[m->symtab].link, name, &m->symbol[symbol].name_off);
}

int elf_add(struct elf_image *m, const char *name, uint32_t type, uint32_t *section)
{
	struct elf_part *more = realloc(m->part, (m->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	m->part = more;
	if (m->n + 1 >= SHN_LORESERVE)
		return -EBADMSG;
	*section = m->n++;
	memset(&more[*section], 0, sizeof(*more));
	more[*section].type = type;
	more[*section].align = 8;
	return elf_rename(m, *section, name);
}

/* ELF requires local symbols first, so relocations get new symbol numbers. */
static int write_symbols(struct elf_image *m)
{
	struct elf_part *s = &m->part[m->symtab];
	uint32_t *to, i, j, locals = 0;
	bool moved = false;
	int err, pass;

	to = calloc(m->n_symbols + 1, sizeof(*to));
	if (!to)
		return -ENOMEM;
	err = elf_grow(m, m->symtab, s->size);
	for (j = 0, pass = 0; !err && pass < 2; pass++) {
		for (i = 0; i < m->n_symbols; i++) {
			const struct elf_symbol *y = &m->symbol[i];
			uint8_t *p = s->own + j * sizeof(Elf64_Sym);

			if ((ELF64_ST_BIND(y->info) != STB_LOCAL) != pass)
				continue;
			PUT(m, p, Elf64_Sym, st_name, y->name_off);
			PUT(m, p, Elf64_Sym, st_info, y->info);
			PUT(m, p, Elf64_Sym, st_other, y->other);
			PUT(m, p, Elf64_Sym, st_shndx, y->section);
			PUT(m, p, Elf64_Sym, st_value, y->value);
			PUT(m, p, Elf64_Sym, st_size, y->size);
			moved |= i != j;
			to[i] = j++;
		}
		locals = pass ? locals : j;
	}
	s->info = locals;
	for (i = 1; !err && moved && i < m->n; i++) {
		uint64_t k, entries = elf_rels(m, i);
		struct elf_rel r;

		if (m->part[i].type ==
		    SHT_LLVM_ADDRSIG) /* holds symbol numbers; 0 marks it stale */
			m->part[i].link = 0;
		if (m->part[i].type == SHT_GROUP && m->part[i].info < m->n_symbols)
			m->part[i].info = to[m->part[i].info];
		if (entries)
			err = elf_grow(m, i, m->part[i].size);
		for (k = 0; !err && k < entries; k++) {
			elf_rel(m, i, k, &r);
			r.symbol = to[r.symbol];
			elf_set_rel(m, i, k, &r);
		}
	}
	free(to);
	return err;
}

static int place(const struct elf_image *m, uint64_t *at, uint32_t i, uint64_t *size)
{
	const struct elf_part *s = &m->part[i];

	if (s->align > ELF_ALIGN_MAX || (s->align & (s->align - 1)))
		return -EBADMSG;
	*size = s->data ? s->size : 0;
	if (s->align)
		*at = (*at + s->align - 1) & -s->align;
	return 0;
}

int elf_write(struct elf_image *m, uint8_t **out, size_t *len)
{
	uint64_t at = sizeof(Elf64_Ehdr), size, kept = 0;
	uint8_t *b, *p;
	uint32_t i;
	int err;

	err = m->symtab ? write_symbols(m) : 0;
	for (i = 0; !err && i < m->n; i++) {
		err = place(m, &at, i, &size);
		at += size;
		kept += m->part[i].own ? 0 : size;
	}
	if (err)
		return err;
	if (kept > m->len) /* sections overlap */
		return -EBADMSG;
	at = (at + 7) & -8ull;
	*len = at + m->n * sizeof(Elf64_Shdr);
	b = calloc(1, *len);
	if (!b)
		return -ENOMEM;
	memcpy(b, m->buf, sizeof(Elf64_Ehdr));
	PUT(m, b, Elf64_Ehdr, e_shoff, at);
	PUT(m, b, Elf64_Ehdr, e_shnum, m->n);
	PUT(m, b, Elf64_Ehdr, e_phoff, 0);
	PUT(m, b, Elf64_Ehdr, e_phnum, 0);
	p = b + at;
	at = sizeof(Elf64_Ehdr);
	for (i = 0; i < m->n; i++, p += sizeof(Elf64_Shdr)) {
		const struct elf_part *s = &m->part[i];

		place(m, &at, i, &size);
		PUT(m, p, Elf64_Shdr, sh_name, s->name_off);
		PUT(m, p, Elf64_Shdr, sh_type, s->type);
		PUT(m, p, Elf64_Shdr, sh_flags, s->flags);
		PUT(m, p, Elf64_Shdr, sh_addr, s->addr);
		PUT(m, p, Elf64_Shdr, sh_offset, i ? at : 0);
		PUT(m, p, Elf64_Shdr, sh_size, s->size);
		PUT(m, p, Elf64_Shdr, sh_link, s->link);
		PUT(m, p, Elf64_Shdr, sh_info, s->info);
		PUT(m, p, Elf64_Shdr, sh_addralign, s->align);
		PUT(m, p, Elf64_Shdr, sh_entsize, s->entry);
		if (size)
			memcpy(b + at, s->data, size);
		at += size;
	}
	*out = b;
	return 0;
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
