#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# One invariant of every command, whatever goes wrong around it: its status is 0 to 3; 0 only if the
# kernel is as asked; otherwise a line says why; and the list is the old or the new one.
# shellcheck disable=SC2154,SC2317,SC2034 # helper.bash's; fail.bash calls reset and asks for reads

load helper
load fixtures/fail

setup() {
	new_host host mounts
	host mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null || :
	host sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	host ip link add v1 type veth peer name v2
	host ip link set v1 up
	reads=''
}

teardown() { sandbox_end; }

old_list=(10.0.0.1 192.0.2.0/24 fe80::1)
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
