#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# status: what is attached and counted, and that it is true.

load helper

setup() { sandbox; }
teardown() { sandbox_end; }

@test "nothing attached, no lists: empty lists in JSON, one line in text" {
	run -0 --separate-stderr host status -j
	[[ $(jq -c . <<<"$output") == '{"attachments":[],"unfiltered_ports":[],"lists":[],"tables":[],"traces":[],"traced":null,"pins":[]}' ]]
	run -0 --separate-stderr host status
	[[ $output == 'nothing is attached' ]]
}

# bats test_tags=core
@test "what is counted equals what was sent, in packets and bytes" {
	local a b
	host allow -q 172.17.0.2
	host xdp-on -q br0
	a=$(host status -j br0)
	at client1 ping -qc10 -i0.01 -s 100 172.17.0.1
	run -1 at client2 ping -qc7 -i0.01 -W0.2 -s 200 172.17.0.1
	b=$(host status -j br0)
	# Ethernet 14, IP 20, ICMP 8.
	[[ $(jq -n --argjson a "$a" --argjson b "$b" '[$a, $b] | map(.attachments[0].counters.pass.listed // {packets: 0, bytes: 0}) | .[1].bytes - .[0].bytes') == 1420 ]]
	[[ $(jq -n --argjson a "$a" --argjson b "$b" '[$a, $b] | map(.attachments[0].counters.drop.not_listed // {packets: 0, bytes: 0}) | .[1].packets - .[0].packets') == 7 ]]
	[[ $(jq -n --argjson a "$a" --argjson b "$b" '[$a, $b] | map(.attachments[0].counters.drop.not_listed // {packets: 0, bytes: 0}) | .[1].bytes - .[0].bytes') == 1694 ]]
	run -0 host status br0
	[[ $output == *'br0 xdp: xdp_allow, generic mode, id '* && $output == *'  drop not_listed: 7 packets, 1694 bytes'* ]]
}

@test "counters belong to a loaded program, and ports that share one say so" {
	host allow -q 172.17.0.2
	host xdp-on -q v1
	host xdp-on -q v2
	at client1 ping -qc5 -i0.01 172.17.0.1
	[[ $(count v1 pass listed) -ge 5 ]]
	[[ $(count v2 pass listed) == 0 ]]
	[[ $(host status -j | jq -c '[.attachments[] | has("shared_with")] | unique') == '[false]' ]]
	host xdp-off -q v1
	host xdp-off -q v2
	host xdp-on -q br0 ports
	at client1 ping -qc5 -i0.01 172.17.0.1
	[[ $(count v1 pass listed) -ge 5 && $(count v2 pass listed) -ge 5 ]]
	[[ $(host status -j | jq -c '.attachments | map([.ifname, .shared_with])') == '[["v1",["v2"]],["v2",["v1"]]]' ]]
	# Shown once, at the first of them.
	run -0 host status
	[[ $output == *'  counters shared with v2'$'\n''  pass '* && $output == *'  counters shared with v1 (see there)'* ]]
	[[ $(grep -c ' listed: ' <<<"$output") == 1 ]]
	run -0 host status v2
	[[ $output == *'  counters shared with v1'$'\n''  pass '* ]]
	# A port with a program of its own is out of it.
	host xdp-on -q v2 icmp
	[[ $(host status -j | jq -c '.attachments | map(.shared_with)') == '[null,null]' ]]
}

@test "pins are shown with -v, and nothing is made by looking" {
	run -0 host status -v
	[[ $output == 'nothing is attached' ]]
	run -0 host find /sys/fs/bpf -name 'pb_*'
	[[ ! $output ]]
	host allow -q 172.17.0.2
	run -0 host status
	[[ $output != *'pin '* && $output == *'list pb_host4: 1/'* ]]
	run -0 host status -v
	[[ $(grep -c "^pin $globals/pb_" <<<"$output") == 11 ]]
}

@test "counters that cannot be read are unreadable: not nothing, and not zero" {
	local dir=$BATS_TEST_TMPDIR/bin real
	real=$(PATH=$PATH:/usr/sbin:/sbin command -v bpftool)
	mkdir "$dir"
	cat >"$dir/bpftool" <<-WRAPPER
		#!/bin/bash
		[[ "\$*" == *batch* ]] || exec $real "\$@"
		sed 's/^map dump id .*/map dump id 4294967295/' | $real "\$@"
	WRAPPER
	chmod +x "$dir/bpftool"
	host allow -q 172.17.0.2
	host xdp-on -q v1
	host xdp-on -q v2 icmp log dropped
	run -2 --separate-stderr host env PATH="$dir:$PATH" "$scripts/status"
	[[ ! $stderr && $output == *'v1 xdp: xdp_allow, '*'  counters unreadable'*'v2 xdp: xdp_icmp, '*'  counters unreadable'* ]]
	[[ $output == *'  log dropped '* && $output == *'list pb_host4: 1/'* ]]
	run -2 --separate-stderr host env PATH="$dir:$PATH" "$scripts/status" -j
	[[ $(jq -c '.attachments | map([.ifname, .counters, .unreadable])' <<<"$output") == \
		'[["v1",null,["counters","not_told"]],["v2",null,["counters","not_told"]]]' ]]
	run -0 host status -j
	[[ $(jq -c '.attachments | map(has("unreadable"))' <<<"$output") == '[false,false]' ]]
}

@test "every field that is promised, for ours and for somebody else's, xdp and tc" {
	local j
	host allow -q 172.17.0.2 172.17.0.4 10.0.0.0/8
	host xdp-on -q v1
	host ip link set dev v2 xdp obj "$(fixture xdp_other)" program drop_all
	host tc qdisc add dev br0 clsact
	clang -target bpf -g -O2 -x c -c -o "$BATS_TEST_TMPDIR/tc.o" - <<<'
		__attribute__((section("tc"), used)) int foreign(void *ctx) { return 0; }
		char LICENSE[] __attribute__((section("license"), used)) = "GPL";'
	host tc filter add dev br0 egress bpf da obj "$BATS_TEST_TMPDIR/tc.o" sec tc
	j=$(host status -j)
	[[ $(jq -c '.attachments | map([.ifname, .hook, .program, .ours, .mode]) | sort' <<<"$j") == \
		'[["br0","tc/egress","foreign",false,null],["v1","xdp","xdp_allow",true,"native"],["v2","xdp","drop_all",false,"native"]]' ]]
	[[ $(jq -c '[.attachments[] | has("ifindex", "id", "tag", "sees", "counters")] | unique' <<<"$j") == '[true]' ]]
	[[ $(jq -c '.lists | map([.name, .used]) | sort' <<<"$j") == '[["pb_host4",2],["pb_host6",0],["pb_net4",1],["pb_net6",0]]' ]]
	[[ $(jq '.lists | all(.max >= .used)' <<<"$j") == true ]]
	[[ $(jq '.pins | length' <<<"$j") == 14 && $(jq -r '.pins[0]' <<<"$j") == $globals/pb_* ]]
	[[ $(host status -j v1 | jq -c '.attachments | map(.ifname)') == '["v1"]' ]]
	run -1 --separate-stderr host status nodev
	[[ ${#stderr_lines[@]} == 1 ]]
	run -1 --separate-stderr host status v1 v2
	[[ ${#stderr_lines[@]} == 1 ]]
}

@test "a port without a program beside ports with one is marked" {
	host allow -q 172.17.0.2
	host xdp-on -q br0 ports
	[[ $(host status -j | jq -c .unfiltered_ports) == '[]' ]]
	new_host client3
	link client3 v3
	host ip link set v3 master br0
	[[ $(host status -j | jq -r '.unfiltered_ports[] | "\(.ifname) \(.master)"') == 'v3 br0' ]]
	run -0 host status
	[[ $output == *'v3: UNFILTERED port of br0'* ]]
	[[ $(host status -j v1 | jq -c .unfiltered_ports) == '[]' ]]
	host xdp-on -q br0 ports
	[[ $(host status -j | jq -c .unfiltered_ports) == '[]' ]]
	[[ $(host status -j | jq -c '.attachments | map(.ifname)') == '["v1","v2","v3"]' ]]
}

@test "a program without a name is somebody else's, and in nobody's way" {
	cc -O2 -Wall -o "$BATS_TEST_TMPDIR/nameless" "$repo/test/fixtures/nameless.c"
	host "$BATS_TEST_TMPDIR/nameless" /sys/fs/bpf/nameless
	host ip link set v2 xdp pinned /sys/fs/bpf/nameless
	host xdp-on -q v1 icmp
	[[ $(host status -j | jq -c '.attachments | map([.ifname, .program, .ours])') == '[["v1","xdp_icmp",true],["v2",null,false]]' ]]
	run -0 host status v2
	[[ $output == 'v2 xdp: a program without a name (not ours), native mode, id '* ]]
	run -2 --separate-stderr host xdp-on -q v2 icmp
	[[ ${#stderr_lines[@]} == 1 && $stderr == *'not ours'* ]]
	host xdp-on -q v2 icmp replace
	cut_off client2 172.17.0.1
	host xdp-off -q v1
	reaches client1 172.17.0.1
}

@test "a program whose maps have no BTF, as of a legacy object: counted all the same" {
	clang -target bpf -g -O2 -I "/usr/include/$(cc -dumpmachine)" -x c -c -o "$BATS_TEST_TMPDIR/xdp_info.o" - <<-'SOURCE'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		#define PB_ARRAY(NAME, SIZE, MAX) struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, MAX); \
			__uint(key_size, 4); __uint(value_size, SIZE); } NAME SEC(".maps")
		PB_ARRAY(pb_counters, 16, 64);
		PB_ARRAY(pb_lost, 8, 2);
		SEC("xdp") int xdp_info(void *ctx)
		{
			int other = 7, zero = 0;
			unsigned long long *n = bpf_map_lookup_elem(&pb_counters, &other), *lost = bpf_map_lookup_elem(&pb_lost, &zero);
			if (n && lost)
				n[0]++, n[1] += 300, (*lost)++;
			return 2;
		}
		char LICENSE[] SEC("license") = "GPL";
	SOURCE
	host ip link set v1 xdp obj "$BATS_TEST_TMPDIR/xdp_info.o" sec xdp
	reaches client1 172.17.0.1
	run -0 host status -j v1
	[[ $(jq '.attachments[0] | .ours and .counters.pass.other.packets > 0 and .counters.pass.other.bytes == 300 * .counters.pass.other.packets
		and .not_told.packets == .counters.pass.other.packets and .not_told.above_rate == 0' <<<"$output") == true ]]
}
@test "a device with control characters in its name is in nobody's way, and can be used and shown" {
	local odd=$'\e[2J\x01q'
	host ip link add "$odd" type veth peer name w2
	host ip link set "$odd" up
	# Of these even the name is lost on the way.
	host ip link add $'x\x1fy' type veth peer name w3
	host ip link add $'x\xffy' type veth peer name w4
	host allow -q 172.17.0.2
	host xdp-on -q v1
	host xdp-on -q "$odd" icmp
	[[ $(host ip link show dev "$odd") == *' xdp '* ]]
	run -0 --separate-stderr host status
	[[ $output == *'v1 xdp: xdp_allow, '* && $output == *'\x1b[2J\x01q'*'xdp: xdp_icmp, '* && $output != *'not ours'* ]]
	[[ $output$stderr != *$'\e'* ]]
	run -0 --separate-stderr host status -j
	[[ $(jq -r '[.attachments[].ifname] | sort | .[0]' <<<"$output") == "$odd" ]]
	run -0 host tc-on "$odd" ingress icmp
	[[ $output != *$'\e'* ]]
	run -0 --separate-stderr host tc-on -j "$odd" ingress icmp
	[[ $(jq -r '.attachments[].ifname' <<<"$output") == "$odd" ]]
	run -1 host why -q 10.0.0.1 proto icmp ingress dev "$odd"
	host tc-off -q "$odd"
	host xdp-off -q "$odd"
	host xdp-off -q v1
	[[ ! $(xdp_id v1) && $(host ip link show dev "$odd") != *' xdp '* ]]
}
