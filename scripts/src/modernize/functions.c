// SPDX-License-Identifier: GPL-2.0-only
/* Finds the functions of an object, see functions.h. */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include "functions.h"

#define INSN 8 /* bytes of an instruction */

struct start { /* of a function */
	uint32_t section, symbol;
	uint64_t at;
	bool typed, local;
};

static uint8_t opcode(const struct elf_image *m, uint32_t section, uint64_t at)
{
	return m->part[section].data[at];
}

/* A call of a function in the object: not a helper, not a function of the kernel. */
static bool is_call(const struct elf_image *m, uint32_t section, uint64_t at)
{
	uint8_t regs = m->part[section].data[at + 1];

	return opcode(m, section, at) == (BPF_JMP | BPF_CALL) &&
	       (m->big ? regs & 15 : regs >> 4) == BPF_PSEUDO_CALL;
}

bool is_function(const struct elf_image *m, const struct elf_symbol *y)
{
	return ELF64_ST_TYPE(y->info) == STT_FUNC && elf_is_code(m, y->section);
}

/* Block labels, which old compilers wrote into the symbol table: LBB0_2, Ltmp3, Lfunc_end0. */
static bool is_label(const char *name)
{
	static const char *const kinds[] = { "BB", "tmp", "func_begin", "func_end", "JTI", "CPI" };
	size_t i, len;

	if (name[0] == '.' || name[0] == '$' || !name[0])
		return true;
	for (i = 0; name[0] == 'L' && i < sizeof(kinds) / sizeof(*kinds); i++) {
		len = strlen(kinds[i]);
		if (!strncmp(name + 1, kinds[i], len) && isdigit((unsigned char)name[1 + len]) &&
		    !name[1 + len + strspn(name + 1 + len, "0123456789_")])
			return true;
	}
	return false;
}

static bool may_begin(const struct elf_image *m, const struct elf_symbol *y)
{
	uint32_t type = ELF64_ST_TYPE(y->info);
	uint8_t before;

	if (!elf_is_code(m, y->section) || y->value >= m->part[y->section].size || y->value % INSN)
		return false;
	if (type == STT_FUNC)
		return true;
	if (type != STT_NOTYPE || is_label(y->name))
		return false;
	before = y->value ? opcode(m, y->section, y->value - INSN) : BPF_JMP | BPF_EXIT;
	return before == (BPF_JMP | BPF_EXIT) || before == (BPF_JMP | BPF_JA);
}

static int in_order(const void *a, const void *b)
{
	const struct start *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->local != y->local)
		return x->local ? 1 : -1;
	return x->symbol < y->symbol ? -1 : x->symbol > y->symbol;
}

/* The functions of one section: each reaches to the next one. */
static uint32_t type_section(struct elf_image *m, const struct start *s, uint32_t n)
{
	uint64_t end = m->part[s->section].size, next;
	uint32_t i, j, done = 0;
	bool typed = false;

	for (i = 0; i < n; i++)
		typed |= s[i].typed;
	for (i = 0; i < n; i = j) {
		for (j = i + 1; j < n && (s[j].at == s[i].at || s[j].typed != typed); j++)
			;
		next = j < n ? s[j].at : end;
		for (uint32_t k = i; k < j && s[k].at == s[i].at; k++) {
			struct elf_symbol *y = &m->symbol[s[k].symbol];

			/* without types, the first name of a place is the function's */
			if (s[k].typed != typed || (typed && y->size) || (!typed && k > i))
				continue;
			if (next == s[k].at || (next - s[k].at) % INSN)
				continue;
			y->info = ELF64_ST_INFO(ELF64_ST_BIND(y->info), STT_FUNC);
			y->size = next - s[k].at;
			done++;
		}
	}
	return done;
}

int functions_type(struct elf_image *m, uint32_t *n)
{
	struct start *s = calloc(m->n_symbols + 1, sizeof(*s));
	uint32_t i, j, all = 0;

	*n = 0;
	if (!s)
		return -ENOMEM;
	for (i = 0; i < m->n_symbols; i++) {
		const struct elf_symbol *y = &m->symbol[i];

		if (may_begin(m, y))
			s[all++] = (struct start){ .section = y->section,
						   .symbol = i,
						   .at = y->value,
						   .typed = is_function(m, y),
						   .local = ELF64_ST_BIND(y->info) == STB_LOCAL };
	}
	qsort(s, all, sizeof(*s), in_order);
	for (i = 0; i < all; i = j) {
		for (j = i; j < all && s[j].section == s[i].section; j++)
			;
		*n += type_section(m, s + i, j - i);
	}
	free(s);
	return 0;
}

uint32_t functions_missing(const struct elf_image *m)
{
	uint32_t i, j;

	for (i = 1; i < m->n; i++) {
		if (!elf_is_code(m, i) || !m->part[i].size)
			continue;
		for (j = 0; j < m->n_symbols; j++)
			if (m->symbol[j].section == i && m->symbol[j].size &&
			    is_function(m, &m->symbol[j]))
				break;
		if (j == m->n_symbols)
			return i;
	}
	return 0;
}

uint32_t lone_text(const struct elf_image *m)
{
	uint32_t i, text = 0;

	for (i = 1; i < m->n; i++) {
		if (!elf_is_code(m, i) || !m->part[i].size)
			continue;
		if (text || strcmp(m->part[i].name, ".text"))
			return 0;
		text = i;
	}
	return text;
}

bool has_calls(const struct elf_image *m, uint32_t section)
{
	uint64_t at;

	for (at = 0; at + INSN <= m->part[section].size; at += INSN)
		if (is_call(m, section, at))
			return true;
	return false;
}

/* Where the instruction at a place of its section leads to, if it refers to `section`. */
static uint64_t leads_to(const struct elf_image *m, uint32_t code, uint64_t at,
			 const struct elf_symbol *y)
{
	int32_t imm = elf_get(m, m->part[code].data + at + 4, 4);

	if (ELF64_ST_TYPE(y->info) != STT_SECTION)
		return y->value;
	return y->value + (is_call(m, code, at) ? INSN * ((int64_t)imm + 1) : imm);
}

bool function_is_used(const struct elf_image *m, uint32_t symbol)
{
	const struct elf_symbol *f = &m->symbol[symbol];
	uint64_t at, size = m->part[f->section].size, j;
	uint32_t i;

	for (i = 1; i < m->n; i++) {
		uint32_t code = m->part[i].info;

		for (j = 0; elf_is_code(m, code) && j < elf_rels(m, i); j++) {
			struct elf_rel r;

			elf_rel(m, i, j, &r);
			if (m->symbol[r.symbol].section == f->section &&
			    m->part[code].size >= INSN && r.at <= m->part[code].size - INSN &&
			    leads_to(m, code, r.at, &m->symbol[r.symbol]) == f->value)
				return true;
		}
	}
	for (at = 0; at + INSN <= size; at += INSN) { /* calls that need no relocation */
		int32_t imm = elf_get(m, m->part[f->section].data + at + 4, 4);

		if (is_call(m, f->section, at) && at + INSN * ((int64_t)imm + 1) == f->value)
			return true;
	}
	return false;
}
