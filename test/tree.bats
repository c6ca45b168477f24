#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The arrows of docs/design.md: which file may know what. By grep, so a rule that is broken is named
# with its line; what is still an exception is listed here, and nowhere else.
# shellcheck disable=SC2154 # repo is helper.bash's

load helper

setup() { cd "$repo" || return; }

# The shell of scripts/, one "FILE:LINE:TEXT" a line, without comments; the contract is made, not written.
shell_lines() {
	local file
	for file in scripts/*; do
		[[ ! -f $file || $(head -c 2 "$file") != '#!' ]] || printf '%s\n' "$file"
	done | cat - <(ls scripts/*.bash scripts/lib/*.bash) | grep -v '/contract.bash$' | sort -u |
		xargs grep -n '' | grep -v '^[^:]*:[0-9]*:[[:blank:]]*#'
}

# only_in PATTERN FILE…: what matches is in these files. The first of them is where it belongs; the
# others are exceptions, each of which must still be one.
only_in() {
	local pattern=$1 found file
	shift
	found=$(shell_lines | grep -E -- "$pattern") || :
	for file; do
		grep -q "^$file:" <<<"$found" || { printf 'no exception any more: %s\n' "$file" && return 1; }
	done
	grep -vE "^($(IFS='|' && printf '%s' "$*")):" <<<"$found" | none
}
# No line comes; what came is shown.
none() {
	local lines
	lines=$(cat)
	[[ ! $lines ]] || { printf '%s\n' "$lines" && return 1; }
}

@test "paths below /sys/fs and /run are named in paths.bash and nowhere else" {
	# The laboratory mounts them in a namespace of its own.
	only_in '/sys/fs|/run/plainbpf|/run/netns' scripts/lib/paths.bash scripts/lib/lab.bash
	# In C they are given by the Makefile.
	grep -rnE '"/(sys/fs|run)' scripts/src | none
}

@test "only kernel.bash reads what ip, tc and bpftool say as JSON" {
	only_in '\b(ip|tc|bpftool)( -[a-z]+)* -[a-z]*j\b' scripts/lib/kernel.bash \
		scripts/lib/calls.bash scripts/lib/hook.bash scripts/lib/object.bash scripts/lib/probe.bash
}

@test "only kernel.bash and what prints JSON itself starts jq" {
	# hook.bash prints a line to be pasted.
	only_in '(^|[|(&;])[[:blank:]]*jq -?[a-zA-Z"$'"'"']|:[[:blank:]]+jq ' scripts/lib/kernel.bash \
		scripts/lib/hook.bash scripts/lib/golden.bash scripts/lib/pids.bash scripts/lib/walk.bash scripts/status scripts/trace-on
}

# Calls that explain.bash shows are in quotes.
@test "libraries that only name, compute or explain call no tool of the kernel" {
	local file
	for file in paths addr frame golden explain; do
		[[ -e scripts/lib/$file.bash ]] || continue
		grep -nE '^[^#"]*\b(ip|tc|bpftool) (-[a-z]+ )*(link|addr|filter|qdisc|map|prog|net|batch)\b' "scripts/lib/$file.bash" | none
	done
}

@test "numbers of a layout are in the contract and nowhere else" {
	local numbers
	# Those that mean nothing else: sizes and bounds above a thousand.
	numbers=$(sed -n 's/^readonly pb_[a-z_]*=\([0-9]*\)$/\1/p' scripts/lib/contract.bash | awk '$1 >= 1000' | sort -u)
	[[ $numbers ]]
	shell_lines | grep -vE '^scripts/deps:' | grep -wE "$(paste -sd'|' <<<"$numbers")" | none
	# Where reasons and run counters begin, and the words of the tables.
	shell_lines | grep -E '[<+-] (16|32)\b.*reason|reason.*[<+-] (16|32)\b' | none
	shell_lines | grep -E '=\((off|pass) (dropped|drop)( |\))' | none
}

@test "a verb has 120 lines or fewer" {
	local file lines
	for file in $(shell_lines | sed -n 's,^\(scripts/[a-z-]*\):1:#!.*,\1,p' | sort -u) $(grep -lsI '^#!' scripts/*); do
		lines=$(wc -l <"$file")
		((lines <= 120)) || { echo "$file: $lines lines" && false; }
	done
}

# The headers in quotes that a file includes, a line each.
includes() { sed -n 's/^[[:blank:]]*#[[:blank:]]*include "\(.*\)"/\1/p' "$1"; }

@test "maps/*.h compile with both compilers, each alone" {
	local file
	for file in maps/*.h; do
		printf '#include "%s"\n' "${file##*/}" >"$BATS_TEST_TMPDIR/alone.c"
		cc -Wall -Wextra -Werror -fsyntax-only -I maps "$BATS_TEST_TMPDIR/alone.c"
		clang -target bpf -Wall -Wextra -Werror -fsyntax-only -I maps -I "/usr/include/$(cc -dumpmachine)" "$BATS_TEST_TMPDIR/alone.c"
	done
}

@test "maps/ includes nothing of the other rooms, objs/ only maps/, and no function is in maps/" {
	local file name
	for file in maps/*.h; do
		for name in $(includes "$file"); do [[ -e maps/$name ]] || { echo "$file: $name" && false; }; done
	done
	for file in objs/*.c objs/parts/*.h; do
		for name in $(includes "$file"); do
			[[ -e objs/parts/$name || -e maps/$name ]] || { echo "$file: $name" && false; }
		done
	done
	grep -nE '^(static|__always_inline|__noinline).*\(.*\)[[:blank:]]*\{?$' maps/*.h | none
}

# What a part of a program may include of the other parts.
declare -gA arrows=(
	[xdp]='count parse' [tc]='count parse'
	[parse]='' [lookup]='table' [table]='' [count]='' [lost]=''
	[allow]='lookup parse' [icmp]='parse walk' [walk]='parse'
	[finish]='count tell' [tell]='lost parse'
	[on_write]='pid' [pid]=''
)

@test "parts of programs know each other in one direction: hooks, decisions, finish, tell, parse" {
	local file part name other
	for file in objs/parts/*.bpf.h; do
		part=$(basename "$file" .bpf.h)
		[[ ${arrows[$part]+known} ]] || { echo "$file: a part that this test does not know" && false; }
		for name in $(includes "$file"); do
			other=${name%.bpf.h}
			[[ $name != *.bpf.h || " ${arrows[$part]} " == *" $other "* ]] || { echo "$file: $name" && false; }
		done
	done
}

@test "what parses or decides calls no helper of the kernel, but the look-up, and makes no record" {
	grep -nE '\bbpf_(map|ringbuf|perf|ktime|get|probe|trace|skb|xdp)[a-z0-9_]*\(' objs/parts/{parse,allow,icmp}.bpf.h | none
	grep -nE 'struct pb_packet\b' objs/parts/{allow,icmp,lookup}.bpf.h | none
}

@test "no tool of scripts/src includes a part of another, and common none of theirs" {
	local file tool name
	for file in scripts/src/*/*.[ch]; do
		tool=${file#scripts/src/}
		tool=${tool%%/*}
		for name in $(includes "$file"); do
			[[ -e scripts/src/$tool/$name || -e scripts/src/common/$name || -e maps/$name ]] || { echo "$file: $name" && false; }
		done
	done
	# Formats and types know nothing of where records come from.
	grep -nE '\b(open|read|mmap|epoll_wait|syscall)\(' scripts/src/bpf_dump/{format,format_run,names}.c | none
}

@test "what a library owns is sourced, not run: none is executable, every verb is" {
	[[ -z $(find scripts/lib -type f -perm /111) ]]
	[[ -z $(find scripts -maxdepth 1 -type f ! -name '*.bash' ! -perm -100) ]]
}

@test "no name of a mirror, and no address of a machine, is in the tree" {
	grep -rnIE 'deb\.debian\.org|archive\.ubuntu\.com|ftp\.[a-z]+\.debian' --exclude-dir=.cache --exclude-dir=.git \
		--exclude=tree.bats --exclude-dir=lima . | none
}
