// SPDX-License-Identifier: GPL-2.0-only
/* Changes and writes ELF files, see elf_edit.h. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "elf_edit.h"

#ifndef SHT_LLVM_ADDRSIG
#define SHT_LLVM_ADDRSIG 0x6fff4c03 /* llvm/BinaryFormat/ELF.h */
#endif

#define PUT(m, p, type, field, v)                                                                  \
	elf_put(m, (p) + offsetof(type, field), sizeof(((type *)NULL)->field), v)

void elf_put(const struct elf_image *m, uint8_t *p, int size, uint64_t v)
{
	int i;

	for (i = 0; i < size; i++)
		p[i] = v >> 8 * (m->big ? size - 1 - i : i);
}

void elf_set_rel(const struct elf_image *m, uint32_t section, uint64_t i, const struct elf_rel *r)
{
	uint8_t *p = m->part[section].own + i * elf_rel_size(&m->part[section]);

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

/* A section symbol of it, which only debug information refers to, becomes a local one of no
 * section. */
int elf_remove(struct elf_image *m, uint32_t section)
{
	uint32_t i;

	if (section == m->names || section == m->symtab || !section)
		return -EBADMSG;
	for (i = 0; i < m->n_symbols; i++) {
		struct elf_symbol *y = &m->symbol[i];

		if (y->section != section)
			continue;
		if (ELF64_ST_TYPE(y->info) != STT_SECTION)
			return -EBADMSG;
		y->info = ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE);
		y->section = SHN_ABS;
	}
	for (i = 1; i < m->n; i++) {
		struct elf_part *s = &m->part[i];

		if (s->gone || i == section)
			continue;
		if (s->link == section)
			return -EBADMSG;
		if ((s->type == SHT_REL || s->type == SHT_RELA) && s->info == section)
			s->gone = true;
	}
	m->part[section].gone = true;
	return 0;
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

/* What refers to sections by number, now that some have gone: other sections, and groups. */
static int relink(struct elf_image *m, const uint32_t *to)
{
	uint32_t i;
	int err = 0;

	for (i = 1; !err && i < m->n; i++) {
		struct elf_part *s = &m->part[i];
		uint64_t at;

		if (s->link < m->n)
			s->link = to[s->link];
		if (s->info < m->n && (s->type == SHT_REL || s->type == SHT_RELA))
			s->info = to[s->info];
		if (s->type != SHT_GROUP)
			continue;
		err = elf_grow(m, i, s->size);
		for (at = 4; !err && at + 4 <= s->size; at += 4) {
			uint64_t member = elf_get(m, s->own + at, 4);

			elf_put(m, s->own + at, 4, member < m->n ? to[member] : member);
		}
	}
	return err;
}

/* The new number of the section that holds names, and of how many there are. */
static int renumber(struct elf_image *m, uint32_t *names, uint32_t *n)
{
	uint32_t *to = calloc(m->n, sizeof(*to)), i;
	int err;

	if (!to)
		return -ENOMEM;
	for (i = 0, *n = 0; i < m->n; i++)
		to[i] = m->part[i].gone ? 0 : (*n)++;
	*names = to[m->names];
	for (i = 0; i < m->n_symbols; i++)
		if (m->symbol[i].section < m->n)
			m->symbol[i].section = to[m->symbol[i].section];
	err = m->symtab ? write_symbols(m) : 0; /* by the old numbers */
	if (!err && *n < m->n)
		err = relink(m, to);
	free(to);
	return err;
}

static int place(const struct elf_image *m, uint64_t *at, uint32_t i, uint64_t *size)
{
	const struct elf_part *s = &m->part[i];

	if (s->gone) {
		*size = 0;
		return 0;
	}
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
	uint32_t i, n, names;
	int err;

	err = renumber(m, &names, &n);
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
	*len = at + n * sizeof(Elf64_Shdr);
	b = calloc(1, *len);
	if (!b)
		return -ENOMEM;
	memcpy(b, m->buf, sizeof(Elf64_Ehdr));
	PUT(m, b, Elf64_Ehdr, e_shoff, at);
	PUT(m, b, Elf64_Ehdr, e_shnum, n);
	PUT(m, b, Elf64_Ehdr, e_shstrndx, names);
	PUT(m, b, Elf64_Ehdr, e_phoff, 0);
	PUT(m, b, Elf64_Ehdr, e_phnum, 0);
	p = b + at;
	at = sizeof(Elf64_Ehdr);
	for (i = 0; i < m->n; i++) {
		const struct elf_part *s = &m->part[i];

		if (s->gone)
			continue;
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
		p += sizeof(Elf64_Shdr);
	}
	*out = b;
	return 0;
}
