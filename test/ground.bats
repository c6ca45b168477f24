#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What the commands stand on: local users who would lead root astray, a mount namespace that ends with
# the command, tools that do not work, locales, other pin roots.

# shellcheck disable=SC2016 # what must not be expanded
load helper

setup() { new_host host mounts; }
teardown() { sandbox_end; }

user() { host setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
open_bpffs() { host mount -t bpf -o mode=1777 bpf /sys/fs/bpf; }
# shellcheck disable=SC2053 # a pattern
one_line() { [[ ${#stderr_lines[@]} == 1 && $stderr == $1 ]] || { printf 'said: %s\n' "$stderr" && return 1; }; } # PATTERN

@test "a bpffs that we mount is open to nobody else" {
	# The machine's own lies below that of the sandbox.
	host bash -c 'while mountpoint -q /sys/fs/bpf; do umount /sys/fs/bpf; done'
	host allow -q 10.0.0.1
	[[ $(host stat -c %a /sys/fs/bpf) == *700 ]]
	run -2 user ls /sys/fs/bpf/tc
	[[ $(host allow list) == 10.0.0.1/32 ]]
}

@test "a local user's directory, or link, in an open bpffs is not worked in, and nothing behind it is removed" {
	local victim=$BATS_TEST_TMPDIR/victim
	mkdir -p "$victim/minimal/maps"
	: >"$victim/minimal/file"
	open_bpffs
	user mkdir /sys/fs/bpf/plainbpf
	user ln -s "$victim" /sys/fs/bpf/plainbpf/trace
	run -2 --separate-stderr host trace-off all
	one_line '*/sys/fs/bpf/plainbpf: not a directory that belongs to root*'
	[[ -e $victim/minimal/file ]]
	user mkdir /sys/fs/bpf/tc
	run -2 --separate-stderr host allow -q 10.0.0.1
	one_line '*/sys/fs/bpf/tc: not a directory that belongs to root*'
	# The positive twin: root's own.
	user rmdir /sys/fs/bpf/tc
	user rm /sys/fs/bpf/plainbpf/trace
	user rmdir /sys/fs/bpf/plainbpf
	host allow -q 10.0.0.1
	[[ $(host allow list) == 10.0.0.1/32 ]]
}

@test "nobody but root can hold the lock, or write what root reads back" {
	host bash -c 'umask 000; mkdir -p /run/plainbpf; : >/run/plainbpf/lock'
	host bash -c 'umask 000; exec "$@"' - allow -q 10.0.0.1
	[[ $(host stat -c %a /run/plainbpf) == 700 ]]
	run -0 host find /run/plainbpf -perm /077
	[[ ! $output ]]
	run ! user flock -n /run/plainbpf/lock true
	run ! user touch /run/plainbpf/edit.1
	host allow -q 10.0.0.2
	[[ $(host allow list | wc -l) == 2 ]]
}

@test "a state directory that is another user's is refused" {
	host mkdir /run/plainbpf
	host chown 65534 /run/plainbpf
	run -2 --separate-stderr host allow -q 10.0.0.1
	one_line '*/run/plainbpf: not a directory that belongs to root*'
}

@test "under ip netns exec nothing is pinned: it would end with the command" {
	local verb
	host mkdir -p /run/netns
	host ip netns add c
	host allow -q 10.0.0.1
	for verb in 'allow 10.0.0.2' 'xdp-on lo0' 'trace-on ringbuf'; do
		host ip -n c link show lo0 &>/dev/null || host ip -n c link add lo0 type veth peer name lo1
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr host ip netns exec c $verb
		one_line "${verb%% *}: under \`ip netns exec\`*nsenter --net=/run/netns/c *"
	done
	host nsenter --net=/run/netns/c allow -q 10.0.0.3
	[[ $(host allow list | paste -sd' ') == '10.0.0.1/32 10.0.0.3/32' ]]
	host ip netns del c
}

@test "a read-only bpffs is refused in one line, and can be looked at" {
	host ip link add v1 type veth peer name v2
	host allow -q 10.0.0.1
	host mount -o remount,ro,bind /sys/fs/bpf
	local verb
	for verb in 'xdp-on v1' 'tc-on v1 ingress' 'trace-on minimal' 'pid add 1'; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr host $verb
		one_line "${verb%% *}: /sys/fs/bpf is mounted read-only *"
	done
	[[ $(host allow list) == 10.0.0.1/32 && -z $(xdp_id v1) ]]
	host status >/dev/null
	host mount -o remount,rw,bind /sys/fs/bpf
	host xdp-on -q v1
	[[ $(xdp_id v1) ]]
}

@test "another pin root is a directory in a bpffs, under one name" {
	host mkdir /sys/fs/bpf/g /run/elsewhere
	host env TC_BPF_MNT=/sys/fs/bpf/g allow -q 10.0.0.1
	[[ $(host env TC_BPF_MNT=/sys/fs/bpf//g/ allow list) == 10.0.0.1/32 ]]
	run -2 --separate-stderr host env TC_BPF_MNT=/run/elsewhere allow -q 10.0.0.1
	one_line '*TC_BPF_MNT: not in a bpffs: /run/elsewhere'
	run ! host mountpoint -q /run/elsewhere
	for root in '/sys/fs/bpf/a b' /sys/fs/bpf/g/../h sys/fs/bpf; do
		run -2 --separate-stderr host env TC_BPF_MNT="$root" allow -q 10.0.0.1
		one_line '*TC_BPF_MNT: not a plain absolute path: *'
	done
}

@test "a bpftool that is only a wrapper is noticed before anything is done" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\necho "WARNING: bpftool not found for kernel 6.8.0-31, install linux-tools-6.8.0-31" >&2\nexit 2\n' >"$BATS_TEST_TMPDIR/bin/bpftool"
	chmod +x "$BATS_TEST_TMPDIR/bin/bpftool"
	host ip link add d0 type veth peer name d1
	local verb
	for verb in 'allow 10.0.0.1' 'xdp-on d0 icmp' 'xdp-off d0' 'trace-on ringbuf' status 'why 10.0.0.1 d0'; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr host env PATH="$BATS_TEST_TMPDIR/bin:$PATH" $verb
		one_line "${verb%% *}: bpftool does not work: *linux-tools-*"
	done
}

@test "a tool that cannot be started is status 2, not its own" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/nowhere\n' >"$BATS_TEST_TMPDIR/bin/flock"
	chmod +x "$BATS_TEST_TMPDIR/bin/flock"
	run -2 host env PATH="$BATS_TEST_TMPDIR/bin:$PATH" allow 10.0.0.1
}

# A shell on "host" as root without these capabilities.
without() { # CAP[,-CAP…] CMD…
	local caps=$1
	shift
	host setpriv --bounding-set="-$caps" --inh-caps=-all "$@"
}

@test "root without a capability that is needed is told which, and nothing is done" {
	local verb
	host ip link add d0 type veth peer name d1
	host allow -q 10.0.0.1
	host xdp-on -q d0 icmp
	for verb in 'allow 10.0.0.2' 'allow flush' 'allow list' 'allow test 10.0.0.1' 'deny 10.0.0.1' 'xdp-on d0' 'xdp-off d0' \
		'tc-on d0 ingress' 'tc-off d0' 'trace-on ringbuf' 'trace-off all' 'pid add 1' 'pid list' status 'why 10.0.0.1 d0' 'events info' 'lab up'; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr without sys_admin $verb
		one_line "${verb%% *}: root without CAP_SYS_ADMIN*"
	done
	for verb in 'xdp-on d0' 'xdp-off d0' 'tc-on d0 ingress' 'tc-off d0' 'lab up'; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr without net_admin $verb
		one_line "${verb%% *}: root without CAP_NET_ADMIN*"
	done
	run -2 --separate-stderr without net_admin,-sys_admin tc-off d0
	one_line 'tc-off: root without CAP_SYS_ADMIN CAP_NET_ADMIN*'
	run -2 --separate-stderr host unshare -Ur status
	one_line 'status: root of a user namespace only*'
	# The positive twin: others are not needed.
	without net_raw,-bpf,-perfmon allow -q 10.0.0.3
	[[ $(host allow list | paste -sd' ') == '10.0.0.1/32 10.0.0.3/32' ]]
	[[ $(host ip -d link show d0) == *xdp_icmp* && -z $(host tc qdisc show dev d0 clsact) ]]
}

@test "a loader's complaint: the line that tells why, with the object's name" {
	cd "$BATS_TEST_TMPDIR"
	clang -O2 -target bpf -x c -c -o ext.o - <<-'SOURCE'
		extern const int gone;
		__attribute__((section("xdp"), used)) int x(void *c) { return gone; }
		char l[] __attribute__((section("license"), used)) = "GPL";
	SOURCE
	clang -g -O2 -target bpf -Wno-everything -x c -c -o rb.o - <<-'SOURCE'
		struct event { unsigned a; };
		struct { int (*type)[27]; int (*max_entries)[4096]; struct event *value; } events __attribute__((section(".maps"), used));
		__attribute__((section("raw_tp/sys_enter"), used)) int x(void *c) { return ((long (*)(void *, void *, long, long))130)(&events, &events, 0, 0), 0; }
		char l[] __attribute__((section("license"), used)) = "GPL";
	SOURCE
	clang -g -O2 -target bpf -Wno-everything -x c -c -o refused.o - <<-'SOURCE'
		__attribute__((section("raw_tp/sys_enter"), used)) int x(long *c) { return *(int *)c[0]; }
		char l[] __attribute__((section("license"), used)) = "GPL";
	SOURCE
	host ip link add d0 type veth peer name d1
	run -2 --separate-stderr host xdp-on -q d0 obj "$PWD/ext.o"
	one_line "xdp-on: d0: $PWD/ext.o: *extern 'gone'*"
	run -2 --separate-stderr host trace-on -q obj "$PWD/rb.o"
	one_line "trace-on: $PWD/rb.o: *map 'events': failed to create: Invalid argument*"
	run -2 --separate-stderr host trace-on -q obj "$PWD/refused.o"
	one_line "trace-on: $PWD/refused.o: *Permission denied*invalid mem access*"
}

@test "a program with a long name is ours under the name that the kernel keeps, with any bpftool" {
	local tree=$BATS_TEST_TMPDIR/tree path
	mkdir -p "$tree/bin"
	cp -r "$repo"/{Makefile,maps,objs,scripts} "$tree"
	sed 's/\<xdp_icmp\>/xdp_count_packets/' "$repo/objs/xdp_icmp.bpf.c" >"$tree/objs/xdp_count_packets.bpf.c"
	make -s -C "$tree" objs/xdp_count_packets.o
	printf '#!/bin/bash\n%s "$@" | sed -E "/bytes_xlated/s/(\\"name\\":\\"[^\\"]{15})[^\\"]*\\"/\\1\\"/g"\nexit ${PIPESTATUS[0]}\n' "$(type -P bpftool)" >"$tree/bin/bpftool"
	chmod +x "$tree/bin/bpftool"
	host ip link add d0 type veth peer name d1
	# The program's name for older bpftools, and the whole one.
	for path in "$tree/bin:$PATH" "$PATH"; do
		host env PATH="$path" "$tree/scripts/xdp-on" -q d0 count_packets log dropped
		host env PATH="$path" "$tree/scripts/status" d0 | grep '^d0 xdp: xdp_count_packe, '
		run -0 --separate-stderr host env PATH="$path" "$tree/scripts/xdp-on" d0 count_packets
		[[ $output == 'd0: xdp_count_packe, '*'log dropped'* && $stderr != *ip\ link* ]]
		host env PATH="$path" "$tree/scripts/xdp-off" -q d0
		[[ -z $(xdp_id d0) ]]
	done
}

@test "a second bpffs over the first: allow, deny and flush name what they do not reach" {
	new_host client
	link client v1
	host ip addr add 10.9.0.1/24 dev v1
	at client ip addr add 10.9.0.2/24 dev eth0
	host allow -q 10.9.0.2
	host xdp-on -q v1
	reaches client 10.9.0.1
	host allow -q 10.9.0.5
	host mount -t bpf bpf /sys/fs/bpf
	local verb
	for verb in 'allow flush' 'allow 10.9.0.3' 'allow 10.9.0.3 10.9.0.4 fe80::1' 'deny 10.9.0.3' 'deny 10.9.0.4 fe80::1'; do
		# shellcheck disable=SC2086 # words
		run -3 --separate-stderr host ${verb/ / -q }
		one_line "${verb%% *}: v1 xdp: xdp_allow (id $(xdp_id v1)) looks into another list*"
	done
	run -1 --separate-stderr host deny -q 10.9.0.2
	[[ $stderr == *'v1 xdp: xdp_allow '*'looks into another list'* ]]
	reaches client 10.9.0.1
	# Attached to the new one: it is reached, and the old one is not when that is back.
	host xdp-on -q v1
	cut_off client 10.9.0.1
	host allow -q 10.9.0.2
	reaches client 10.9.0.1
	host umount /sys/fs/bpf
	run -3 --separate-stderr host deny -q 10.9.0.2
	one_line '*v1 xdp: xdp_allow *looks into another list*'
	reaches client 10.9.0.1
	host xdp-on -q v1
	cut_off client 10.9.0.1
	host allow -q 10.9.0.2
	reaches client 10.9.0.1
	# Another list by choice is no fault, pins that a hand has removed are one.
	host mkdir /sys/fs/bpf/g
	host env TC_BPF_MNT=/sys/fs/bpf/g allow -q 10.9.0.6
	host bash -c "rm '$globals'/pb_*"
	run -3 --separate-stderr host allow -q 10.9.0.7
	[[ $stderr == *'v1 xdp: xdp_allow '*'looks into another list'* ]]
}

@test "what a killed command left is swept by the next one, what is in use is not" {
	export TMPDIR=$BATS_TEST_TMPDIR
	host ip link add d0 type veth peer name d1
	host xdp-on -q d0 icmp
	# why waits for the lock with its scratch directory.
	spawn host flock /run/plainbpf/lock sleep 3600
	retry 50 host bash -c '! flock -n /run/plainbpf/lock true'
	left() { compgen -G "$TMPDIR/plainbpf.*" | wc -l; }
	has_left() { [[ $(left) == "$1" ]]; }
	spawn host why -q 10.0.0.1 d0
	retry 50 has_left 1
	# nsenter has become the command.
	kill -9 "${spawned[-1]}"
	mkdir "$TMPDIR/plainbpf.x" "$TMPDIR/plainbpf.99999999.other"
	chown 65534 "$TMPDIR/plainbpf.99999999.other"
	spawn host why -q 10.0.0.2 d0
	retry 50 has_left 3
	[[ $(compgen -G "$TMPDIR/plainbpf.*.??????") ]]
	host status >/dev/null
	has_left 3
	rm -r "$TMPDIR/plainbpf.x" "$TMPDIR/plainbpf.99999999.other"
}

@test "what is noted of a device goes with it, also with its namespace" {
	local other=$BATS_TEST_TMPDIR/other.o notes=(/run/plainbpf/clsact /run/plainbpf/attached)
	printf '__attribute__((section("tc"), used)) int drop(void *c) { return 2; }\nchar l[] __attribute__((section("license"), used)) = "GPL";\n' |
		clang -g -O2 -target bpf -x c -c -o "$other" -
	new_host client
	link client v1
	link2() { host ip link add "$1" type veth peer name "far$1"; }
	link2 d0
	link2 d1
	host tc-on -q d0 ingress obj "$other"
	at client tc-on -q eth0 ingress obj "$other"
	[[ $(host find "${notes[@]}" -type f | wc -l) == 4 ]]
	# What is still there stays.
	host xdp-on -q d1 icmp
	[[ $(host find "${notes[@]}" -type f | wc -l) == 4 ]]
	host ip link del d0
	host xdp-on -q d1 info
	[[ $(host find "${notes[@]}" -type f | wc -l) == 2 ]]
	kill -9 "${holder[client]}"
	wait "${holder[client]}" || :
	retry 50 host bash -c '! ip link show v1'
	host xdp-off -q d1
	[[ ! $(host find "${notes[@]}" -type f) ]]
}

@test "another pin root has one name: no link leads to it" {
	host mkdir /sys/fs/bpf/g
	host ln -s /sys/fs/bpf/g /sys/fs/bpf/h
	run -2 --separate-stderr host env TC_BPF_MNT=/sys/fs/bpf/h allow -q 10.0.0.1
	one_line '*TC_BPF_MNT: /sys/fs/bpf/h is a link*'
	host env TC_BPF_MNT=/sys/fs/bpf/g/ allow -q 10.0.0.1
	[[ $(host env TC_BPF_MNT=/sys/fs/bpf//g allow list) == 10.0.0.1/32 ]]
}

is_plain() { # TEXT
	local LC_ALL=C text=${1//…/}
	[[ $text != *[!\ -~$'\n']* ]]
}

@test "nothing foreign reaches the terminal as it is, or at any length" {
	local long word verb
	printf -v long '%0100000d' 0
	host ip link add d0 type veth peer name d1
	for word in $'\e[2J\e]0;x\a' $'two\nlines' $'\x9b31m' $'\u202e\u200b' "$long"; do
		for verb in 'allow' 'allow test' 'deny' 'xdp-on' 'xdp-on d0' 'xdp-on d0 obj' 'tc-on d0 ingress' 'xdp-off' 'tc-off' 'status' \
			'trace-on' 'trace-on obj' 'trace-off' 'pid add' 'pid del' 'pid' 'pid del name' 'events' 'events info src' 'why' 'why 10.0.0.1' 'lab' \
			'lab exec' 'plainbpf' 'deps' 'allow file' 'why frame'; do
			# shellcheck disable=SC2086 # words
			run --separate-stderr host $verb "$word" d0
			[[ $status == [12] ]] || { printf '%s: status %d\n' "$verb" "$status" && false; }
			# shellcheck disable=SC2154 # bats sets it
			{ [[ $stderr ]] && ((${#stderr} < 1500)); } || { printf '%s: said %d bytes\n' "$verb" "${#stderr}" && false; }
			is_plain "$stderr" || { printf '%s: %q\n' "$verb" "$stderr" && false; }
			[[ ${#stderr_lines[@]} == 1 ]] || { printf '%s: %d lines: %s\n' "$verb" "${#stderr_lines[@]}" "$stderr" && false; }
		done
	done
	run -1 --separate-stderr host xdp-on d0 Größe
	one_line 'xdp-on: unknown program: Größe*'
	run -1 --separate-stderr host xdp-on d0 $'Gr\xf6\xdfe'
	one_line 'xdp-on: unknown program: Gr\\xf6\\xdfe*'
}

@test "a Turkish locale, or one that is not there, changes nothing" {
	export LOCPATH=$BATS_TEST_TMPDIR/loc
	mkdir "$LOCPATH"
	localedef -i tr_TR -f UTF-8 "$LOCPATH/tr_TR.UTF-8" 2>/dev/null || [[ -d $LOCPATH/tr_TR.UTF-8 ]]
	new_host client
	link client v1
	host ip addr add 10.9.0.1/24 dev v1
	at client ip addr add 10.9.0.2/24 dev eth0
	host allow -q 192.0.2.1
	host xdp-on -q v1
	cut_off client 10.9.0.1
	local locale plain
	plain=$(host why 10.9.0.2 v1 || :)
	[[ $plain == *'drop (not_listed)'* ]]
	for locale in tr_TR.UTF-8 no_WHERE; do
		[[ $(LC_ALL=$locale host why 10.9.0.2 v1 || :) == "$plain" ]]
		LC_ALL=$locale host status v1 | grep 'drop not_listed: [1-9]'
	done
	export LC_ALL=tr_TR.UTF-8
	host xdp-on -q v1 icmp
	host xdp-off -q v1
}
