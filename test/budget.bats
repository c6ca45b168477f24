#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# How many programs a command starts, which is what its user waits for: one takes a millisecond or
# more. env and bash, which start a script, are counted. Times are in `make bench BENCH=commands`.
# shellcheck disable=SC2154 # helper.bash's

load helper
load fixtures/trace

teardown() { sandbox_end; }

# at_most N COMMAND…: it succeeds, and starts so many programs; those that it starts are shown.
at_most() {
	local most=$1 n
	shift
	n=$(programs_of "$@")
	printf '%s: %d programs, at most %d\n' "$*" "$n" "$most"
	sed -E 's/^[0-9]+ +//; s/, 0x.*//' "$BATS_TEST_TMPDIR/strace"
	((n > 1 && n <= most))
}
# Hosts in 10.0.0.0/8.
hosts() { awk -v n="$1" 'BEGIN { for (; i < n; i++) printf "10.%d.%d.%d\n", i / 65536, i / 256 % 256, i % 256 }'; }
listing() { # N: the lists are there, with so many hosts
	new_host host mounts
	host allow -q 192.0.2.1
	[[ $1 == 0 ]] || hosts "$1" | host allow -q file -
}

@test "allow ADDR: 4 programs, at any length of the list" {
	listing 0
	at_most 4 allow -q 172.17.0.2
	at_most 4 allow -q fd17::2
	at_most 4 allow -q 172.18.0.0/16
	hosts 50000 | host allow -q file -
	at_most 4 allow -q 172.17.0.3
	[[ $(host allow list | wc -l) == 50005 ]]
}

@test "allow A B C: 6 programs, also into a list of 50000" {
	listing 0
	at_most 6 allow -q 172.17.0.2 172.17.0.3 172.17.0.4
	hosts 50000 | host allow -q file -
	at_most 6 allow -q 172.17.0.5 172.17.0.6 172.17.0.7
	at_most 6 allow -q 172.17.0.8 fd17::8 172.19.0.0/16
	[[ $(host allow list | wc -l) == 50010 ]]
}

@test "allow test, deny, pid add: 5 programs" {
	listing 1000
	host allow -q 172.17.0.2 172.17.0.3
	at_most 5 allow -q test 172.17.0.2
	at_most 5 deny -q 172.17.0.2
	at_most 5 pid -q add $$
	[[ $(host pid list | wc -l) == 1 ]]
	run -1 host allow -q test 172.17.0.2
}

# A port to attach to, and the lists.
port() {
	listing 0
	host ip link add v1 type veth peer name v2
}

@test "xdp-on, the same again, xdp-off: 14 programs" {
	port
	at_most 14 xdp-on -q v1
	[[ $(xdp_id v1) ]]
	at_most 14 xdp-on -q v1
	at_most 14 xdp-off -q v1
	[[ -z $(xdp_id v1) ]]
}

@test "tc-on, the same again, tc-off: 14 programs" {
	port
	at_most 14 tc-on -q v1 ingress
	[[ $(host tc filter show dev v1 ingress) == *tc_allow* ]]
	at_most 14 tc-on -q v1 ingress
	at_most 14 tc-off -q v1
	[[ -z $(host tc filter show dev v1 ingress) ]]
}

@test "xdp-on BRIDGE ports: 12 programs and 2 for each port, again, and off" {
	local n
	listing 0
	host ip link add br0 type bridge
	for n in {1..10}; do
		host ip link add "p$n" type veth peer name "far$n"
		host ip link set "p$n" master br0
	done
	at_most 32 xdp-on -q br0 ports
	[[ $(xdp_id p1) && $(xdp_id p10) ]]
	at_most 32 xdp-on -q br0 ports
	at_most 32 xdp-off -q br0 ports
	[[ -z $(xdp_id p1)$(xdp_id p10) ]]
}

@test "status: 9 programs, at any length of the list, which it does not dump" {
	port
	host xdp-on -q v1
	at_most 9 status
	hosts 100000 | host allow -q file -
	at_most 9 status
	[[ $(host status) == *' 100001 entries'* ]]
	run ! grep -E '"map", "dump", .*(pb_host4|pb_net)' "$BATS_TEST_TMPDIR/strace"
}

@test "why: 15 programs" {
	port
	host allow -q 10.0.0.1
	host xdp-on -q v1
	at_most 15 why 10.0.0.1 dev v1
}

@test "trace-on: 9 programs for its first trace, 7 for another" {
	new_host host mounts
	tracefs
	at_most 9 trace-on -q ringbuf pid $$
	at_most 7 trace-on -q perf
}
