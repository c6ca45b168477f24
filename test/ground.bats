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
