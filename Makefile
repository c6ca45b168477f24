# SPDX-License-Identifier: GPL-2.0-only
# make help says what there is. V=1 shows the commands.

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib
MANDIR ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
INSTALL ?= install
CFLAGS ?= -O2 -g
# For what runs while building, where CC is a cross compiler.
HOSTCC ?= $(CC)

# bpfel or bpfeb; bpf is the byte order of the machine that compiles.
BPF_TARGET ?= bpf
# Ours, apart from BPF_CFLAGS, so that a packager's cannot lose them. The UAPI headers want the
# multiarch directory, which a BPF target does not search.
bpf_arch = $(shell $(CC) -dumpmachine | sed 's/-.*//; s/x86_64\|i.86/x86/; s/aarch64/arm64/; s/s390x/s390/; s/riscv.*/riscv/')
bpf_flags = -target $(BPF_TARGET) -D__TARGET_ARCH_$(bpf_arch) -g -O2 -Wall -Wextra -Werror -MMD -MP -I maps -I objs/parts \
	$(addprefix -I /usr/include/,$(shell $(CC) -dumpmachine))

version = $(shell sed -n 's/^readonly VERSION=//p' scripts/lib/base.bash)
state = $(shell sed -n 's/^readonly state=//p' scripts/lib/paths.bash)
c_flags = -Wall -Wextra -MMD -MP -I maps -DVERSION='"$(version)"' -DSTATE_DIR='"$(state)"' $(CFLAGS)

ifeq ($(V),)
Q = @
say = @printf '  %-8s %s\n'
else
say = @:
endif

comma = ,
programs = $(patsubst %.bpf.c,%,$(wildcard objs/*.bpf.c))
objects = $(programs:%=%.o)
legacy = $(programs:objs/%=objs/legacy/%.o)
harness = $(patsubst %.bpf.c,%.o,$(wildcard test/bench/*.bpf.c))
harness_tools = test/bench/writer test/bench/reader test/bench/sender test/bench/lookups
# What tests load and what they trace, where there is no compiler.
fixtures = $(patsubst %.bpf.c,%.o,$(wildcard test/fixtures/*.bpf.c))
traced = test/fixtures/testwrite test/fixtures/same_pid
frames_fuzz = test/fuzz/fuzz_frames
tables_fuzz = test/fuzz/fuzz_tables
# A helper is a folder of scripts/src with a main.c; common is what they share.
tools = $(patsubst scripts/src/%/main.c,scripts/%,$(wildcard scripts/src/*/main.c))
commands = $(filter-out %.bash %/lib %/src $(tools),$(wildcard scripts/*))
# A shell verb has its page from its own header comment; deps is for the tree only.
installed = $(filter-out scripts/deps,$(commands)) $(tools)
verb_pages = $(patsubst scripts/%,docs/man/plainbpf-%.8,$(filter-out scripts/plainbpf $(tools),$(installed)))
manuals = $(sort $(verb_pages) $(wildcard docs/man/*.8))
# What the commands know of maps/*.h.
contract = scripts/lib/contract.bash
libraries = $(sort $(wildcard scripts/lib/*) $(contract))
shell_files = $(commands) $(sort $(wildcard scripts/*.bash scripts/lib/*.bash) $(contract)) .ci/run
test_files = test/run $(addprefix test/bench/,run tables trace packets commands records) $(addprefix test/vm/,run kernel root init) \
	$(addprefix test/matrix/,run bare inside platforms) $(wildcard test/*.bats test/vm/*.bats test/vm/*.bash test/*.bash test/fixtures/*.bash test/fixtures/get-*)
c_files = $(wildcard objs/*.c objs/parts/*.h maps/*.[ch] scripts/src/*/*.[ch] test/fixtures/*.[ch] test/fuzz/*.[ch] test/bench/*.c)

.PHONY: force all deps test test-long test-bare test-vm test-matrix platforms relink lint demo bench install uninstall clean help
.DELETE_ON_ERROR:

all: $(contract) $(objects) $(legacy) $(tools) $(verb_pages) ## build the objects, the tools written in C and the man pages

# Objects of other flags, another byte order say, are made anew.
flags = objs/.flags
$(flags): force
	@printf '%s\n' '$(CLANG) $(bpf_flags) $(BPF_CFLAGS)' | cmp -s - $@ || printf '%s\n' '$(CLANG) $(bpf_flags) $(BPF_CFLAGS)' >$@
force:

maps/constants: maps/constants.c
	$(say) CC $@
	$(Q)$(HOSTCC) -Wall -Wextra -MMD -MP -MF $@.d $< -o $@

$(contract): maps/constants
	$(say) GEN $@
	$(Q)$< >$@

objs/%.o: objs/%.bpf.c $(flags)
	$(say) CLANG $@
	$(Q)$(CLANG) $(bpf_flags) $(BPF_CFLAGS) -MF $(@:.o=.d) -c $< -o $@
	$(Q)$(LLVM_STRIP) --strip-debug $@

objs/legacy/%.o: objs/%.bpf.c $(flags)
	$(say) CLANG $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(bpf_flags) -DPB_LEGACY -DBPF_NO_GLOBAL_DATA $(BPF_CFLAGS) -MF $(@:.o=.d) -c $< -o $@
	$(Q)$(LLVM_STRIP) --strip-debug $@

$(harness) $(fixtures): %.o: %.bpf.c
	$(say) CLANG $@
	$(Q)$(CLANG) $(bpf_flags) -MF $(@:.o=.d) -c $< -o $@

$(traced): %: %.c
	$(say) CC $@
	$(Q)$(CC) $(CFLAGS) -Wall -Wextra -pthread $(LDFLAGS) $< -o $@

scripts/src/%.o: scripts/src/%.c
	$(say) CC $@
	$(Q)$(CC) $(c_flags) -iquote scripts/src/common $(CPPFLAGS) -MF $(@:.o=.d) -c $< -o $@

test/bench/writer: test/bench/writer.o
test/bench/lookups: test/bench/lookups.o
test/bench/sender: test/bench/sender.o
test/bench/reader: test/bench/reader.o scripts/src/bpf_dump/ring.o scripts/src/bpf_dump/perf.o
$(harness_tools:%=%.o): test/bench/%.o: test/bench/%.c
	$(say) CC $@
	$(Q)$(CC) $(c_flags) -iquote scripts/src/common $(CPPFLAGS) -MF $(@:.o=.d) -c $< -o $@

# The sanitizers are what it is for. A frame lies as it lies: its fields are not aligned.
fuzz_flags = -O1 -g -fsanitize=address,undefined -fno-sanitize=alignment -fno-sanitize-recover=undefined
test/fuzz/%.o: test/fuzz/%.c
	$(say) CLANG $@
	$(Q)$(CLANG) -Wall -Wextra -Werror -MMD -MP $(fuzz_flags) -I maps -I objs/parts $(addprefix -iquote scripts/src/,common bpf_dump modernize fill) -MF $(@:.o=.d) -c $< -o $@
$(frames_fuzz): test/fuzz/fuzz_frames.o test/fuzz/frames_ref.o test/fuzz/frames_parser.o
	$(say) LD $@
	$(Q)$(CLANG) $(fuzz_flags) $^ -lpcap -o $@
$(tables_fuzz): test/fuzz/fuzz_tables.c $(addprefix scripts/src/fill/,$(foreach f,compile decode ranges,$(f).c)) $(wildcard scripts/src/fill/*.h) maps/table.h objs/parts/table.bpf.h
	$(say) CLANG $@
	$(Q)$(CLANG) -Wall -Wextra -Werror $(fuzz_flags) -I maps -I objs/parts -iquote scripts/src/fill -iquote scripts/src/common $(filter %.c,$^) -o $@

.SECONDEXPANSION:
$(tools): scripts/%: $$(addsuffix .o,$$(basename $$(wildcard scripts/src/$$*/*.c scripts/src/common/*.c)))
$(tools) $(harness_tools):
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@

docs/man/plainbpf-%.8: scripts/% docs/man/verb.awk docs/man/plainbpf.8
	$(say) MAN $@
	$(Q)LC_ALL=C awk -v date="$$(sed -n 's/^\.Dd //p' docs/man/plainbpf.8)" -f docs/man/verb.awk $< >$@

deps: ## install the packages that running, lab and building need (root, apt)
	$(Q)scripts/deps run lab build

# What tests load is built before they run: several of them run at once.
test: ## each behaviour once, by real traffic: installs what is missing, builds, runs test/ (root)
	$(Q)scripts/deps run lab build test
	$(Q)$(MAKE) --no-print-directory all $(harness) $(frames_fuzz) $(tables_fuzz)
	$(Q)test/run $(TESTS)

test-long: ## the tests that repeat, as often as it takes to be sure: half an hour (root)
	$(Q)scripts/deps run lab build test
	$(Q)$(MAKE) --no-print-directory all $(harness) $(frames_fuzz) $(tables_fuzz)
	$(Q)test/run long $(TESTS)

test-bare: ## the README's commands on a bare Debian with nothing but make: SUITES=bookworm,trixie TESTS=… (root)
	$(Q)scripts/deps run build test
	$(Q)TESTS='$(TESTS)' test/matrix/bare $(subst $(comma), ,$(SUITES))

test-vm: ## some of it on Debian's own kernels, in QEMU: VM_KERNELS=5.10/bullseye,6.1 TESTS=… (root)
	$(Q)scripts/deps run build test
	$(Q)$(MAKE) -s --no-print-directory all $(harness) $(harness_tools) $(fixtures) $(traced)
	$(Q)test/vm/run $(subst $(comma), ,$(VM_KERNELS)) $(TESTS)

test-matrix: ## the same with the tools of Debian 11, 12 and 13, on this kernel: SUITES=bullseye,trixie TESTS=… (root)
	$(Q)scripts/deps run build test
	$(Q)$(MAKE) -s --no-print-directory all $(harness) $(fixtures) $(traced)
	$(Q)test/matrix/run $(subst $(comma), ,$(SUITES)) $(TESTS)

platforms: ## docs/platforms.md, from a run of both on every platform (root)
	$(Q)scripts/deps run build test
	$(Q)$(MAKE) -s --no-print-directory all $(harness) $(fixtures) $(traced)
	$(Q)test/matrix/platforms

# In a copy of the tree that is taken to another Debian.
relink:
	$(Q)rm -f $(tools) $(traced)
	$(Q)$(MAKE) $(tools) $(traced)

lint: $(contract) ## run shellcheck, shfmt and clang-format, which must find nothing
	$(Q)shellcheck -x $(shell_files)
	@# bats and its "load" set variables that shellcheck cannot see.
	$(Q)shellcheck -x -e SC2154 $(test_files)
	$(Q)shfmt -d -ln bash $(filter-out %.bats,$(shell_files) $(test_files))
	$(Q)clang-format --dry-run -Werror $(c_files)

demo: ## show the whole story on a bridge of its own: install packages, build, show, take down (root)
	$(Q)scripts/deps run lab build
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/lab demo

bench: all $(harness) $(harness_tools) ## what a packet costs, compared with xdp-filter; BENCH=tables|trace|packets|commands|records: with maps of the kernel, bpftrace, tcpdump, ipset, -x (root)
	$(Q)test/bench/run $(BENCH)

install: all ## copy it below PREFIX=/usr/local (DESTDIR=, for packagers)
	$(Q)$(INSTALL) -d $(DESTDIR)$(LIBDIR)/plainbpf/scripts/lib $(DESTDIR)$(LIBDIR)/plainbpf/objs/legacy \
		$(DESTDIR)$(SBINDIR) $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(BASHCOMPDIR)
	$(Q)$(INSTALL) -m 755 $(installed) $(DESTDIR)$(LIBDIR)/plainbpf/scripts
	$(Q)$(INSTALL) -m 644 $(libraries) $(DESTDIR)$(LIBDIR)/plainbpf/scripts/lib
	$(Q)$(INSTALL) -m 644 $(objects) $(DESTDIR)$(LIBDIR)/plainbpf/objs
	$(Q)$(INSTALL) -m 644 $(legacy) $(DESTDIR)$(LIBDIR)/plainbpf/objs/legacy
	$(Q)$(INSTALL) -m 644 $(manuals) $(DESTDIR)$(MANDIR)/man8
	$(Q)$(INSTALL) -m 644 scripts/completion.bash $(DESTDIR)$(BASHCOMPDIR)/plainbpf
	$(Q)ln -sfr $(DESTDIR)$(LIBDIR)/plainbpf/scripts/plainbpf $(DESTDIR)$(SBINDIR)/plainbpf
	@printf '%s\n' 'installed: $(DESTDIR)$(SBINDIR)/plainbpf (what it runs is in $(DESTDIR)$(LIBDIR)/plainbpf), man pages, bash completion' \
		'next: plainbpf help; man plainbpf; to remove it: make uninstall$(if $(filter-out file,$(origin PREFIX)), PREFIX=$(PREFIX))$(if $(DESTDIR), DESTDIR=$(DESTDIR))'

uninstall: ## remove what install copied, with the same PREFIX and DESTDIR
	$(Q)rm -rf $(DESTDIR)$(LIBDIR)/plainbpf
	$(Q)rm -f $(DESTDIR)$(SBINDIR)/plainbpf $(manuals:docs/man/%=$(DESTDIR)$(MANDIR)/man8/%) $(DESTDIR)$(BASHCOMPDIR)/plainbpf

clean: ## remove what was built
	$(Q)rm -rf $(traced) $(flags) $(contract) maps/constants maps/*.d objs/*.[od] objs/legacy scripts/src/*/*.[od] $(tools) $(verb_pages) \
		test/bench/*.[od] $(harness_tools) test/fixtures/*.[od] test/fuzz/*.[od] $(frames_fuzz) $(tables_fuzz)

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r t h; do printf '  %-12s %s\n' "$$t" "$$h"; done

-include $(wildcard maps/*.d objs/*.d objs/legacy/*.d scripts/src/*/*.d test/bench/*.d test/fixtures/*.d test/fuzz/*.d)
