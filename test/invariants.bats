#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# One invariant of every command, whatever goes wrong around it: its status is 0 to 3; 0 only if the
# kernel is as asked; otherwise a line says why; and the list is the old or the new one.
# shellcheck disable=SC2154,SC2317,SC2034,SC2030,SC2031,SC2016 # helper.bash's and fail.bash's; expanded elsewhere

load helper
load fixtures/fail
load fixtures/around

setup() {
	new_host host mounts
	host mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null || :
	host sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	host ip link add v1 type veth peer name v2
	host ip link set v1 up
	reads=''
}

teardown() { sandbox_end; }

list_again() {
	host allow -q flush
	host allow -q "${old_list[@]}"
}

# bats test_tags=long
@test "allow, each tool call going wrong in turn" {
	fail_setup
	reset() { list_again; }
	fail_everywhere 1 allow 10.0.0.2
	fail_everywhere 2 allow 10.0.0.2 10.0.0.3 10.1.0.0/16 fe80::2
	fail_everywhere 1 allow file "$BATS_TEST_DIRNAME/fixtures/addresses.txt"
	none_wrong
}

# bats test_tags=long
@test "deny and flush, each tool call going wrong in turn" {
	fail_setup
	reset() { list_again; }
	fail_everywhere 1 deny 10.0.0.1
	fail_everywhere 2 deny 10.0.0.1 192.0.2.0/24 fe80::1
	fail_everywhere 2 allow flush
	none_wrong
}

# bats test_tags=long
@test "the very first allow, each tool call going wrong in turn" {
	fail_setup
	reset() { host rm -rf /sys/fs/bpf/tc /run/plainbpf; }
	fail_everywhere 2 allow 10.0.0.2
	none_wrong
}

# bats test_tags=long
@test "what only reads, each tool call going wrong in turn" {
	fail_setup
	reads=1
	list_again
	host xdp-on -q v1
	host tc-on -q v1 egress
	host trace-on -q ringbuf pid 1
	host pid -q add 1
	reset() { :; }
	fail_everywhere 1 allow list
	fail_everywhere 1 allow -j list
	fail_everywhere 1 allow test 192.0.2.3
	fail_everywhere 3 status
	fail_everywhere 3 status -j v1
	fail_everywhere 1 pid list
	none_wrong
}

# bats test_tags=long
@test "why, each tool call going wrong in turn" {
	fail_setup
	reads=1
	list_again
	host xdp-on -q v1
	reset() { :; }
	fail_everywhere 5 why 10.0.0.1 to 10.9.0.1 v1
	fail_everywhere 5 why -q pack v1
	none_wrong
}

# bats test_tags=long
@test "xdp-on and xdp-off, each tool call going wrong in turn" {
	fail_setup
	list_again
	reset() { host xdp-off -q v1; }
	fail_everywhere 4 xdp-on v1
	reset() { host xdp-on -q v1 icmp; }
	fail_everywhere 4 xdp-on v1 log dropped
	fail_everywhere 4 xdp-off v1
	none_wrong
}

# bats test_tags=long
@test "xdp-on and xdp-off of a bridge's ports, each tool call going wrong in turn" {
	fail_setup
	list_again
	host ip link add br0 type bridge
	host ip link add v3 type veth peer name v4
	host ip link set v1 master br0
	host ip link set v3 master br0
	reset() {
		host xdp-off -q br0 ports
		host xdp-on -q v3 icmp
	}
	fail_everywhere 5 xdp-on br0 ports
	fail_everywhere 4 xdp-off br0 ports
	none_wrong
}

# bats test_tags=long
@test "xdp-on and tc-on of a user's object, each tool call going wrong in turn" {
	fail_setup
	list_again
	local other
	other=$(fixture xdp_other)
	reset() { host xdp-off -q v1; }
	fail_everywhere 4 xdp-on v1 obj "$other" program drop_all
	reset() { host bash -c 'tc qdisc del dev v1 clsact 2>/dev/null; rm -f /run/plainbpf/clsact/*'; }
	fail_everywhere 4 tc-on v1 ingress obj "$repo/objs/legacy/tc_icmp.o"
	none_wrong
}

# bats test_tags=long
@test "tc-on and tc-off, each tool call going wrong in turn" {
	fail_setup
	list_again
	reset() { host bash -c 'tc qdisc del dev v1 clsact 2>/dev/null; rm -f /run/plainbpf/clsact/*'; }
	fail_everywhere 4 tc-on v1 ingress
	reset() {
		host bash -c 'tc qdisc del dev v1 clsact 2>/dev/null; rm -f /run/plainbpf/clsact/*'
		host tc-on -q v1 egress
	}
	fail_everywhere 4 tc-off v1
	none_wrong
}

# bats test_tags=long
@test "trace-on and trace-off, each tool call going wrong in turn" {
	fail_setup
	reset() { host trace-off -q all; }
	fail_everywhere 2 trace-on ringbuf
	fail_everywhere 2 trace-on ringbuf pid 1
	reset() { host trace-off -q all && host trace-on -q ringbuf && host trace-on -q perf; }
	fail_everywhere 2 trace-off ringbuf
	fail_everywhere 2 trace-off all
	none_wrong
}

# bats test_tags=long
@test "pid, each tool call going wrong in turn" {
	fail_setup
	reset() { host trace-off -q all; }
	fail_everywhere 2 pid add 1
	reset() {
		host pid -q flush
		host pid -q add 1 "${holder[host]}"
	}
	fail_everywhere 1 pid del 1
	fail_everywhere 1 pid flush
	fail_everywhere 1 pid del name sleep
	none_wrong
}

# bats test_tags=long
@test "events, each tool call going wrong in turn" {
	fail_setup
	host xdp-on -q v1 info
	host trace-on -q ringbuf
	reset() { :; }
	fail_everywhere 2 events info duration 0.05
	fail_everywhere 1 events ringbuf duration 0.05
	none_wrong
}

# bats test_tags=long
@test "every command in a Turkish locale, in C, and in one that is not there" {
	local locale
	around_setup
	export LOCPATH=$BATS_TEST_TMPDIR/loc
	mkdir "$LOCPATH"
	localedef -i tr_TR -f UTF-8 "$LOCPATH/tr_TR.UTF-8" 2>/dev/null || [[ -d $LOCPATH/tr_TR.UTF-8 ]]
	for locale in tr_TR.UTF-8 C no_WHERE; do
		around=(env LC_ALL="$locale" LANG="$locale")
		try_around "$locale"
	done
	none_wrong
}

# bats test_tags=long
@test "every command with closed inputs and outputs" {
	around_setup
	around=(bash -c 'exec "$@" <&-' -)
	try_around 'stdin closed'
	around=(bash -c 'exec "$@" >&-' -)
	try_around 'stdout closed' stdout
	around=(bash -c 'exec "$@" 2>&-' -)
	try_around 'stderr closed' stderr
	around=(bash -c 'exec "$@" >/dev/full' -)
	try_around 'stdout full' stdout
	around=(bash -c 'exec "$@" 2>/dev/full' -)
	try_around 'stderr full' stderr
	none_wrong
}

# bats test_tags=long
@test "every command with a full disk where it writes: TMPDIR, the state directory" {
	around_setup
	local full=$BATS_TEST_TMPDIR/full
	mkdir "$full"
	host mount -t tmpfs -o size=64k tmpfs "$full"
	host bash -c 'cat /dev/zero >"$1/fill" 2>/dev/null || :' - "$full"
	around=(env TMPDIR="$full")
	try_around 'TMPDIR full'
	around=(env TMPDIR=/nowhere)
	try_around 'no TMPDIR'
	# The reset between two commands needs room.
	around=(bash -c 'mount -o remount,size=64k /run 2>/dev/null; cat /dev/zero >/run/fill 2>/dev/null
		"$@"; rc=$?; rm -f /run/fill; exit $rc' -)
	try_around '/run full'
	none_wrong
}

# bats test_tags=long
@test "every command without each of root's capabilities" {
	local cap caps=(sys_admin net_admin bpf perfmon dac_override sys_resource)
	around_setup
	[[ ! ${PLAINBPF_LONG-} ]] || mapfile -t caps < <(setpriv --list-caps | head -n $(($(</proc/sys/kernel/cap_last_cap) + 1)))
	for cap in "${caps[@]}"; do
		around=(setpriv --bounding-set="-$cap" --inh-caps=-all)
		try_around "without $cap"
	done
	none_wrong
}

# bats test_tags=long
@test "every command beside a hostile local user" {
	local victim=$BATS_TEST_TMPDIR/victim hostile user_does
	around_setup
	mkdir -p "$victim/minimal/maps" "$victim/globals" "$victim/undo" "$victim/bpf"
	: >"$victim/minimal/file"
	: >"$victim/globals/pb_host4"
	chmod -R a+rwX "$victim"
	find "$victim" | sort >"$BATS_TEST_TMPDIR/victim.was"
	# Each is done by the user before each command, and taken away after it; a bpffs open to all lies over
	# root's for those that need one.
	local -A does=(
		[links in the scratch directory]='for n in 1 2 $$; do ln -s "$0" $TMPDIR/plainbpf.$n.abcdef; mkdir -p $TMPDIR/plainbpf.99$n.x && ln -s "$0" $TMPDIR/plainbpf.99$n.x/y; done'
		[the lock held]='exec 9</run/plainbpf/lock && flock -n 9 && sleep 3'
		[files in the state directory]='echo flush >/run/plainbpf/journal; echo x >/run/plainbpf/private; mkdir /run/plainbpf/attached/x'
		[names]='exec -a "$(printf "\\e[2J\\nallow: done")" sleep 2'
	)
	user_does='cd / && setpriv --reuid 65534 --regid 65534 --clear-groups bash -c "$HOSTILE" "$VICTIM" >/dev/null 2>&1 & sleep 0.05
		umask 000; "$@"; rc=$?; rm -rf $TMPDIR/plainbpf.*.abcdef $TMPDIR/plainbpf.99*; exit $rc'
	host mkdir -m 1777 /run/tmp
	for hostile in "${!does[@]}"; do
		around=(env HOSTILE="${does[$hostile]}" VICTIM="$victim" TMPDIR=/run/tmp bash -c "$user_does" -)
		try_around "$hostile"
	done
	# A bpffs that is open to all, as root may have mounted it: nothing in it that is the user's is used.
	for hostile in 'mkdir /sys/fs/bpf/plainbpf; ln -s "$0" /sys/fs/bpf/plainbpf/trace' 'ln -s "$0" /sys/fs/bpf/tc' \
		'mkdir -p /sys/fs/bpf/tc/globals' 'ln -s "$0" /sys/fs/bpf/plainbpf'; do
		around=(unshare -m bash -c 'mount -t bpf -o mode=1777 bpf /sys/fs/bpf
			setpriv --reuid 65534 --regid 65534 --clear-groups bash -c "$0" "$1"; shift; "$@"' "$hostile" "$victim")
		refused_around "$hostile"
	done
	[[ -z $(host find /run/plainbpf ! -user 0 -o -perm /077) ]]
	diff "$BATS_TEST_TMPDIR/victim.was" <(find "$victim" | sort)
	none_wrong
}

# In another mount namespace the state of this one stays as it is; the status is 0 to 3, and said why.
refused_around() { # NAME
	local line words what n=0 old_state
	reset
	for line in "${all_commands[@]}" "${all_questions[@]}"; do
		read -ra words <<<"${line/FILE/$addresses}"
		what="$line ($1)"
		running "${words[@]}"
		((status <= 3)) || not_so "status $status"
		((status == 0)) || grep -qvE '^([+#] |$)' <<<"$stderr" || not_so "status $status without a word"
		! grep -qE '^[^ ]*: line [0-9]+: ' <<<"$stderr" || not_so 'a complaint of bash'
	done
}
