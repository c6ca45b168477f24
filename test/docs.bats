#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The docs are true: command table, man pages and completion are compared with the commands' own
# help, examples are run, links are followed, and the VM description is checked.
# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # set by helper.bash; a test is a subshell; quotes are meant

load helper
load fixtures/docs

man=$repo/docs/man

teardown() {
	[[ ! ${holder[host]-} ]] || host lab -q down
	sandbox_end
}

verbs() { plainbpf verbs; }

# "VERB: what it does", a line each.
summaries() {
	local verb
	for verb in $(verbs); do printf '%s: %s\n' "$verb" "$(plainbpf help "$verb" | sed -n 's/^Summary: //p')"; done
}

# The Usage lines of a command, one a line, blanks as they come out of any formatter.
usages() { # [VERB]
	plainbpf help "$@" | awk '
		/^Summary:/ { exit }
		{ new = sub(/^(Usage:|      ) ?/, "") && !/^ / }
		{ if (NR > 1 && new) printf "\n"; printf "%s ", $0 }' | blanks
	echo
}
blanks() { sed 's/…/.../g; s/ *\.\.\./.../g; s/  */ /g; s/^ //; s/ $//'; }

# The words of a command's Usage lines that look so, without its name.
words_of() { # VERB REGEX
	usages "$1" | tr -d '[].' | tr ' ' '\n' | grep -xE "($2)([|]$2)*" | grep -vx -- "$1" | sort -u
}

# The commands that are installed, and so have a man page, and its file.
paged() { verbs | grep -vx deps; }
page() { # VERB
	[[ -e $man/$1.8 ]] && printf '%s' "$man/$1.8" || printf '%s' "$man/plainbpf-$1.8"
}

rendered() { # PAGE [SECTION]
	LC_ALL=C MANWIDTH=400 man -l "$1" | sed 's/.\x08//g' |
		awk -v section="${2-}" '/^[A-Z]/ { inside = $0 == section } section == "" || (inside && /^ /)'
}

# --- the same words everywhere

@test "README's table has each command with its own summary, and no other" {
	run -0 sed -n 's/^| `\([a-z_-]*\)` | \(.*\) |$/\1: \2/p' "$repo/README.md"
	[[ ${#lines[@]} -gt 5 ]]
	diff <(summaries | sort) <(printf '%s\n' "${lines[@]}" | sort)
}

@test "each command has a man page with its summary and its Usage lines" {
	local verb prefix
	for verb in $(paged) fill; do
		prefix='plainbpf '
		[[ -e $man/plainbpf-$verb.8 ]] || prefix=''
		run -0 rendered "$(page "$verb")" NAME
		[[ $output == *" $(plainbpf help "$verb" | sed -n 's/^Summary: //p')" ]]
		rendered "$(page "$verb")" SYNOPSIS | blanks >"$BATS_TEST_TMPDIR/synopsis"
		usages "$verb" | sed "s/^/$prefix/" | diff - "$BATS_TEST_TMPDIR/synopsis"
	done
	rendered "$man/plainbpf.8" SYNOPSIS | blanks | diff <(usages) -
}

@test "a command's man page explains each word and option of its Usage lines" {
	local verb word text words
	for verb in $(paged); do
		text=$(rendered "$(page "$verb")" | sed '1,/^DESCRIPTION/d')
		words=$(words_of "$verb" '-?[a-z0-9]+')
		[[ $words ]]
		for word in ${words//|/ }; do
			[[ $word == dev ]] || grep -qw -- "$word" <<<"$text" || { echo "$verb: $word" && false; }
		done
	done
}

@test "plainbpf.8 lists each command that has a page, with its summary" {
	local verb
	for verb in $(paged); do
		printf '.It Xr %s 8\n' "$(basename "$(page "$verb")" .8)"
		plainbpf help "$verb" | sed -n 's/^Summary: //p'
	done >"$BATS_TEST_TMPDIR/list"
	sed -n '/^\.Ss Commands/,/^\.El/{/^\.[SBE]/d;p}' "$man/plainbpf.8" | diff "$BATS_TEST_TMPDIR/list" -
}

@test "the man pages have no fault that man or mandoc finds" {
	local page
	for page in "$man"/*.8; do
		run -0 mandoc -T lint -W warning "$page"
		[[ ! $output ]]
		run -0 --separate-stderr man --warnings=w -l "$page"
		[[ $output == *'NAME'* && ! $stderr ]]
	done
}

@test "platforms.md has each userland and each kernel that the harness knows, and what each was told" {
	local platform n
	# shellcheck source=test/vm/lib.bash
	mapfile -t lines < <(. "$repo/test/vm/lib.bash" && printf '%s\n' "${suites[@]}" "${!kernel_suite[@]}")
	((${#lines[@]} >= 7))
	for platform in "${lines[@]}"; do
		grep -q "^| $platform |.* [1-9][0-9]* of [1-9][0-9]* |$" "$repo/docs/platforms.md" || { echo "$platform" && false; }
	done
	for n in $(grep -o '\[[0-9]*\]' "$repo/docs/platforms.md" | tr -d '[]' | sort -u); do
		grep -q "^$n\. \`" "$repo/docs/platforms.md"
	done
	# Tests with another tag would run on no platform, nor more often in `make test-long`.
	[[ $(sed -nE 's/^# bats (test|file)_tags=//p' "$repo"/test/*.bats | sort -u | paste -sd' ') == 'core long' ]]
}

@test "frames.md has each reason of the programs, with its verdict, and no other" {
	local i
	# shellcheck source=scripts/lib/contract.bash
	. "$scripts/lib/contract.bash"
	for i in "${!pb_reason[@]}"; do
		printf '%s %s\n' "${pb_verdicts[i >= pb_first_drop]}" "${pb_reason[i]}"
	done | sort >"$BATS_TEST_TMPDIR/reasons"
	[[ $(wc -l <"$BATS_TEST_TMPDIR/reasons") -gt 10 ]]
	awk -F' [|] ' '$3 ~ /^`/ { gsub(/`/, "", $3); print $2, $3 }' "$repo/docs/frames.md" | sort -u |
		diff "$BATS_TEST_TMPDIR/reasons" -
}

@test "make install: a page for each command, no deps, and what to type next; uninstall leaves nothing" {
	local root=$BATS_TEST_TMPDIR/root verb
	make -s -C "$repo" all
	run -0 make -s -C "$repo" install DESTDIR="$root" PREFIX=/usr
	[[ ${#lines[@]} == 2 && ${lines[0]} == *"$root/usr/sbin/plainbpf"* && ${lines[1]} == *'plainbpf help'*'make uninstall'* ]]
	for verb in $(paged) plainbpf fill; do basename "$(page "$verb")"; done | sort |
		diff - <(cd "$root/usr/share/man/man8" && printf '%s\n' * | sort)
	cd "$root/usr/lib/plainbpf/scripts"
	[[ -e lib/contract.bash && -x xdp-on && -x fill && ! -e deps ]]
	cd /
	make -s -C "$repo" uninstall DESTDIR="$root" PREFIX=/usr
	[[ -z $(find "$root" -type f -o -type l) ]]
}

# --- completion

# What is offered for the last of these words, a line each.
offered() { # WORD…
	# shellcheck source=scripts/completion.bash
	. "$scripts/completion.bash"
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
	_plainbpf
	printf '%s\n' "${COMPREPLY[@]}"
}
offers() { # LINE WORD…: exactly these, LINE being what is typed
	local words
	IFS=' ' read -ra words <<<"$1|"
	words[-1]=${words[-1]%|}
	diff <(printf '%s\n' "${@:2}" | sort) <(offered "${words[@]}")
}

@test "completion offers each command, and each word of its Usage lines" {
	local verb word words
	diff <({ verbs && printf '%s\n' help verbs; } | sort) <(offered plainbpf '')
	for verb in $(verbs); do
		offered plainbpf "$verb" '' >"$BATS_TEST_TMPDIR/offered"
		words=$(words_of "$verb" '-?[a-z0-9]+' | grep -v '|')
		for word in $words; do
			grep -qx -- "$word" "$BATS_TEST_TMPDIR/offered" || { echo "$verb: $word" && false; }
		done
	done
}

@test "completion knows devices, programs, files, modes and hosts where they belong" {
	local programs
	new_host host mounts
	host ip link add docker0 type bridge
	ip() { host ip "$@"; }
	offers 'plainbpf xdp-on dev ' docker0 lo
	offers 'plainbpf xdp-on do' docker0
	offers 'plainbpf xdp-off docker0 p' ports purge
	programs=("$objs"/xdp_*.bpf.c)
	programs=("${programs[@]#"$objs"/xdp_}")
	programs=("${programs[@]%.bpf.c}")
	offers 'plainbpf xdp-on docker0 ' "${programs[@]}" -j -n -q dev log mode obj ports program replace sec
	offers 'plainbpf xdp-on docker0 mode ' auto generic native
	offers 'plainbpf lab exec ' client1 client2 host
	offers 'plainbpf help xdp-' xdp-off xdp-on
	offers 'plainbpf events ring' ringbuf ringbuf-output
	offers 'plainbpf events i' icmp info
	offers 'plainbpf events info verdict ' drop pass
	offers 'plainbpf trace-off p' perf
	cd "$BATS_TEST_TMPDIR"
	touch 'list of $(touch pwned)' list.txt
	offers 'plainbpf allow file list' 'list of $(touch pwned)' list.txt
	offers 'plainbpf xdp-on docker0 obj list.' list.txt
	offers 'plainbpf events info -w list.' list.txt
	offers 'plainbpf modernize show list.' list.txt
	offers 'plainbpf modernize list.txt list.' list.txt
	[[ ! -e pwned ]]
}

# --- examples

@test "README: the examples do what it says" {
	docker_sandbox
	examples "$repo/README.md" 8
}

@test "the guide to the allow list: the examples do what it says" {
	docker_sandbox
	examples "$repo/docs/guides/allow-list.md" 30
}

@test "the guide to icmp: the examples do what it says" {
	docker_sandbox
	examples "$repo/docs/guides/icmp.md" 20
}

@test "the guide to old objects: the examples do what it says" {
	docker_sandbox
	examples "$repo/docs/guides/legacy.md" 15
}

@test "the guide to tracing: the examples do what it says" {
	docker_sandbox
	cc -O2 -pthread -o "$BATS_TEST_TMPDIR/testwrite" "$repo/test/fixtures/testwrite.c"
	spawn host "$BATS_TEST_TMPDIR/testwrite" -i 0.1 >/dev/null
	examples "$repo/docs/guides/tracing.md" 23
}

@test "the guide to packets: the examples do what it says" {
	docker_sandbox
	examples "$repo/docs/guides/packets.md" 14
}

@test "lists.md: the examples do what it says" {
	docker_sandbox
	examples "$repo/docs/lists.md" 30
}

@test "frames.md: the examples do what it says" {
	docker_sandbox
	examples "$repo/docs/frames.md" 4
}

@test "hacking.md: its program is found by its name, filters, counts, and explains itself" {
	local tree=$BATS_TEST_TMPDIR/tree
	mkdir "$tree"
	cp -r "$repo"/{Makefile,maps,objs,scripts,docs} "$tree"
	sed -n '/^```c$/,/^```$/{/^```/d;p}' "$repo/docs/hacking.md" >"$tree/objs/xdp_ip4.bpf.c"
	make -s -C "$tree" objs/xdp_ip4.o objs/legacy/xdp_ip4.o
	clang-format --dry-run -Werror --style=file:"$repo/.clang-format" "$tree/objs/xdp_ip4.bpf.c"
	sandbox
	host "$tree/scripts/xdp-on" -q br0 ip4
	at client1 ping -qc1 -W2 172.17.0.1
	run -1 at client1 ping -qc1 -W1 fd17::1
	run -0 host "$tree/scripts/status" br0
	[[ $output == *xdp_ip4* && $output == *'drop ethertype: '[1-9]* ]]
	run -1 host "$tree/scripts/why" -q fd17::2 dev br0
	host "$tree/scripts/why" -q 172.17.0.2 dev br0
}

@test "an example that does something else than it says is found" {
	new_host host mounts
	mkdir "$BATS_TEST_TMPDIR/bin"
	example x 'echo a b; echo c' 'a …' c
	example x 'exit 3' 'status 3'
	run -1 example x 'echo a; echo b' b a
	run -1 example x 'echo a' b
	run -1 example x 'echo "a[x]"' 'a?x?'
	run -1 example x true 'status 1'
	run -1 example x false
	printf '%s\n' '```console' '$ false' '```' '```sh' true '# no such output' '```' >"$BATS_TEST_TMPDIR/text"
	run -1 examples "$BATS_TEST_TMPDIR/text" 1
	sed -i '/no such/d' "$BATS_TEST_TMPDIR/text"
	examples "$BATS_TEST_TMPDIR/text" 1
	run -1 examples "$BATS_TEST_TMPDIR/text" 2
}

# --- files

@test "links lead to files that exist" {
	local file link n=0
	cd "$repo"
	for file in README.md docs/*.md; do
		while read -r link; do
			n=$((n + 1))
			[[ $link == http* || -e $(dirname "$file")/${link%%#*} ]] || { echo "$file: $link" && false; }
		done < <(grep -o '](\([^)]*\))' "$file" | sed 's/^](//; s/)$//')
	done
	((n > 10))
}

@test "the Lima file is YAML with what Lima requires and only fields that it knows" {
	run -0 python3 - "$repo/docs/lima/ebpf.yaml" <<'PY'
import sys, yaml

known = {
    "": "images cpus memory disk mountTypesUnsupported mounts containerd provision probes message",
    "images": "location arch digest",
    "mounts": "location mountPoint writable",
    "containerd": "system user",
    "provision": "mode script",
    "probes": "mode description script hint",
}

def check(name, value):
    for part in value if isinstance(value, list) else [value]:
        assert set(part) <= set(known[name].split()), (name, sorted(part))

text = yaml.safe_load(open(sys.argv[1]))
check("", text)
for name in known:
    if name:
        check(name, text[name])
assert {i["arch"] for i in text["images"]} == {"x86_64", "aarch64"}
assert all(i["location"].startswith("https://") for i in text["images"])
assert all(m["location"] for m in text["mounts"])
assert all(p["mode"] in ("system", "user") for p in text["provision"])
assert all(p["script"].startswith("#!") for p in text["provision"] + text["probes"])
print("deps" in text["provision"][0]["script"] and "make" in text["provision"][0]["script"])
PY
	[[ $output == True ]]
	# Its scripts are shell.
	python3 -c 'import sys, yaml
for p in (lambda t: t["provision"] + t["probes"])(yaml.safe_load(open(sys.argv[1]))): print(p["script"])' \
		"$repo/docs/lima/ebpf.yaml" | bash -n
}
