#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The objects of objs/legacy at the loaders of this platform: those of before libbpf 1.0 take them as
# they are, for the others xdp-on, tc-on and trace-on modernize them.

load helper
load fixtures/trace

setup_file() { tools; }
setup() { sandbox; }
teardown() { sandbox_end; }

# bats file_tags=core

takes_legacy() { # ip|tc
	local version
	version=$("$1" -V)
	[[ $version != *libbpf* || $version == *'libbpf '?(v)0.* ]]
}
# Attaches a legacy object to br0, as it is where the loader takes it.
attach_legacy() { # ip|tc OBJECT
	if [[ $1 == tc ]] && takes_legacy tc; then
		host tc qdisc add dev br0 clsact
		host tc filter replace dev br0 ingress pref 1 handle 1 bpf da obj "$objs/legacy/$2.o" sec tc
	elif [[ $1 == tc ]]; then
		run -0 --separate-stderr host tc-on br0 ingress obj "$objs/legacy/$2.o"
		[[ $stderr == *'legacy map definitions, which this tc does not load; loading a modernized copy'* ]]
	elif takes_legacy ip; then
		host ip link set dev br0 xdp obj "$objs/legacy/$2.o" sec xdp
	else
		run -0 --separate-stderr host xdp-on br0 obj "$objs/legacy/$2.o"
		[[ $stderr == *'legacy map definitions, which this ip does not load; loading a modernized copy'* ]]
	fi
}

@test "legacy xdp_icmp: ping stops, HTTP lives" {
	serve host 8080
	reaches client1 172.17.0.1
	attach_legacy ip xdp_icmp
	cut_off client1 172.17.0.1
	cut_off client2 fd17::1
	gets_page client1 http://172.17.0.1:8080/
	host ip link set dev br0 xdpgeneric off
	reaches client1 172.17.0.1
}

@test "legacy xdp_allow: its list is where ip pins it, and is edited by hand" {
	attach_legacy ip xdp_allow
	cut_off client1 172.17.0.1
	host bpftool map update pinned "$globals/pb_host4" key 172 17 0 2 value 0 0 0 0 0 0 0 0
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
	host bpftool map update pinned "$globals/pb_net6" key hex 40 0 0 0 fd 17 00 00 00 00 00 00 00 00 00 00 00 00 00 00 value 0 0 0 0 0 0 0 0
	reaches client2 fd17::1
}

@test "legacy tc_icmp: ping stops, HTTP lives" {
	serve host 8080
	reaches client1 172.17.0.1
	attach_legacy tc tc_icmp
	cut_off client1 172.17.0.1
	gets_page client1 http://172.17.0.1:8080/
	host tc filter del dev br0 ingress pref 1
	reaches client1 172.17.0.1
}

@test "legacy trace_ringbuf: its records are those of the writer" {
	can_trace ringbuf || return 0
	cp "$objs/legacy/trace_ringbuf.o" "$BATS_TEST_TMPDIR/my-own.o"
	new_writer -n 1 -f
	host trace-on -q obj "$BATS_TEST_TMPDIR/my-own.o" pid "$writer"
	new_reader -j my_own count 2
	written
	wait "$reader"
	[[ $(jq .pid "$seen") == "$writer"$'\n'"$writer" ]]
	host trace-off -q all
}
