#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# why: what it says is what the attached programs do, by traffic and by their counters.
# shellcheck disable=SC2030,SC2031 # a test is a subshell

load helper
load fixtures/frames

teardown() { sandbox_end; }

# One device, for tests that need no traffic.
pair() {
	new_host host mounts
	host ip link add v1 type veth peer name v2
	host ip link set v1 up
	host ip addr add 172.17.0.1/16 dev v1
	host ip addr add fd17::1/64 dev v1
}
xdp() { host ip link set dev v1 xdp obj "$1" sec "${2:-xdp}"; } # OBJECT [SECTION], by hand
# says STATUS TEXT WORD…: the first line of what why prints.
says() {
	local status=$1 text=$2
	shift 2
	run --separate-stderr -"$status" host why "$@"
	[[ ${lines[0]} == "$text" ]] || { printf '%s\n' "not: $text" "${lines[@]}" "$stderr" && return 1; }
}

# bats test_tags=core
@test "it says what happens to real packets, and what it names changes that" {
	local line
	sandbox
	reaches client1 172.17.0.1
	reaches client2 172.17.0.1
	host allow -q 172.17.0.2
	host xdp-on -q br0
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
	says 0 'br0 xdp: xdp_allow: pass (listed): 172.17.0.2/32' 172.17.0.2 to 172.17.0.1 proto tcp port 8080 dev br0
	[[ ${lines[1]} == '  to change it: scripts/deny 172.17.0.2/32' ]]
	says 1 'br0 xdp: xdp_allow: drop (not_listed): 172.17.0.3; nearest 172.17.0.2/32' 172.17.0.3 br0
	[[ ${lines[1]} == '  to change it: scripts/allow 172.17.0.3' && ${#lines[@]} == 3 ]]
	line=${lines[2]#  by hand: }
	host bash -c "$line"
	reaches client2 172.17.0.1
	says 0 'br0 xdp: xdp_allow: pass (listed): 172.17.0.3/32' dev br0 172.17.0.3
	line=${lines[2]#  by hand: }
	[[ $line == bpftool* ]]
	host bash -c "$line"
	cut_off client2 172.17.0.1
	says 1 'br0 xdp: xdp_allow: drop (not_listed): fd17::3; the list has no IPv6 entry' fd17::3 dev br0
}

@test "the device's counters do not move, and those of runs do" {
	local before
	sandbox
	host allow -q 172.17.0.2
	host xdp-on -q v1
	host tc-on -q v1 ingress
	reaches client1 172.17.0.1
	at client1 ip link set eth0 down
	retry 20 at_rest
	before=$(host status -j v1 | jq -c '.attachments[].counters')
	[[ $before == *listed* ]]
	host why -q 172.17.0.2 dev v1
	run -1 host why -q 172.17.0.3 dev v1
	run -0 host why -q pack v1
	[[ $(host status -j v1 | jq -c '.attachments[].counters') == "$before" ]]
	# The pack puts more than 60 frames through each of two programs.
	for id in $(host status -j v1 | jq '.attachments[].id'); do
		[[ $(runs_of "$id") -gt 60 ]]
	done
}
at_rest() { [[ $(host grep v1: /proc/net/dev) == "$(sleep 0.3 && host grep v1: /proc/net/dev)" ]]; }
runs_of() { # PROGRAM-ID
	local map
	for map in $(host bpftool -j prog show id "$1" | jq '.map_ids[]'); do
		[[ $(host bpftool -j map show id "$map" | jq -r .name) != pb_counters ]] ||
			host bpftool -j map dump id "$map" | jq '[.[].formatted | select(.key >= 32).values[].value.packets] | add'
	done
}

@test "each word puts into the frame what it says" {
	pair
	host allow -q "${listed[@]}"
	xdp "$objs/xdp_allow.o"
	says 0 'v1 xdp: xdp_allow: pass (listed): 10.8.0.0/16' 10.8.3.4 v1
	says 0 'v1 xdp: xdp_allow: pass (listed): 2001:db8:8::/48' proto udp port 53 sport 1 2001:db8:8::5 to fd17::1 dev v1
	says 0 'v1 xdp: xdp_allow: pass (arp): whoever sends it' 10.9.0.1 proto arp v1
	says 0 'v1 xdp: xdp_allow: pass (nd): whoever sends it' fe80::1 type 135 v1
	says 1 'v1 xdp: xdp_allow: drop (not_listed): fe80::1; nearest 2001:db8::1/128' fe80::1 type 135 ttl 64 v1
	says 1 'v1 xdp: xdp_allow: drop (not_listed): fe80::1; nearest 2001:db8::1/128' fe80::1 type 135 code 1 v1
	says 0 'v1 xdp: xdp_allow: pass (mld): whoever sends it' fe80::1 to ff02::16 type 143 v1
	says 0 'v1 xdp: xdp_allow: pass (igmp): whoever sends it' 0.0.0.0 proto igmp to 224.0.0.22 v1
	says 0 'v1 xdp: xdp_allow: pass (pmtu): about a packet to 10.8.1.1, 10.8.0.0/16' 10.9.0.1 about 10.8.1.1 v1
	says 0 'v1 xdp: xdp_allow: pass (pmtu): about a packet to 2001:db8::1, 2001:db8::1/128' 2001:db8:9::1 about 2001:db8::1 v1
	says 1 'v1 xdp: xdp_allow: drop (not_listed): 10.9.0.1; nearest 10.8.0.0/16' 10.9.0.1 about 10.9.1.1 v1
	says 0 'v1 xdp: xdp_allow: pass (listed): 10.0.0.1/32' 10.0.0.1 vlan 7 vlan 0 vlan 2 vlan 3 v1
	says 1 'v1 xdp: xdp_allow: drop (vlan_depth): more than 4 tags' 10.0.0.1 vlan 7 vlan 0 vlan 2 vlan 3 vlan 4 v1
	# Byte by byte, as the packet would be.
	run -0 --separate-stderr host why -j 10.0.0.1 to 10.0.0.9 proto udp port 53 sport 4000 vlan 5 vlan 6 dev v1
	[[ $(jq -r '.frames[0].frame' <<<"$output") == ????????????020000000002"88a8000581000006080045"*0a0000010a0000090fa000350008* ]]
	[[ $(jq -r '.frames[0].frame' <<<"$output") == "$(host ip -j link show v1 | jq -r '.[0].address' | tr -d :)"* ]]
	[[ $(jq -r '.frames[0].text' <<<"$output") == '10.0.0.1 > 10.0.0.9 udp 4000 > 53, 2 tags, 50 bytes' ]]
	run -0 --separate-stderr host why -j 10.0.0.1 fragment dev v1
	[[ $(jq -r '.frames[0].text' <<<"$output") == '10.0.0.1 > 172.17.0.1 tcp, later fragment, 50 bytes' ]]
	run -0 --separate-stderr host why -j 2001:db8::1 fragment proto udp dev v1
	[[ $(jq -r '.frames[0].text' <<<"$output") == '2001:db8::1 > fd17::1 udp, later fragment, 78 bytes' ]]
	run -0 --separate-stderr host why -j 10.0.0.1 type 3 code 1 ttl 9 dev v1
	[[ $(jq -r '.frames[0].text' <<<"$output") == '10.0.0.1 > 172.17.0.1 icmp 3/1, 58 bytes' ]]
	[[ $(jq -r '.frames[0].frame[44:46]' <<<"$output") == 09 ]]
}

# bats test_tags=core
@test "programs in the order in which the frame meets them, to the first that drops it" {
	pair
	host allow -q 10.0.0.1
	host xdp-on -q v1
	host tc-on -q v1 ingress icmp
	host tc-on -q v1 egress
	says 0 'v1 xdp: xdp_allow: pass (listed): 10.0.0.1/32' 10.0.0.1 port 80 v1
	[[ ${lines[3]} == 'v1 tc/ingress: tc_icmp: pass (other): nothing that it looks for' ]]
	says 1 'v1 xdp: xdp_allow: pass (listed): 10.0.0.1/32' 10.0.0.1 proto icmp v1
	[[ ${lines[3]} == 'v1 tc/ingress: tc_icmp: drop (icmp): ICMP that can be done without' ]]
	[[ ${lines[4]} == '  to change it: scripts/tc-off v1 ingress' ]]
	says 1 'v1 xdp: xdp_allow: drop (not_listed): 10.0.0.2; nearest 10.0.0.1/32' 10.0.0.2 proto icmp v1
	[[ $output != *tc_icmp* ]]
	# By one of them only; on the way out the destination is asked for.
	says 0 'v1 tc/ingress: tc_icmp: pass (other): nothing that it looks for' 10.0.0.2 v1 ingress
	says 0 'v1 tc/egress: tc_allow_egress: pass (listed): 10.0.0.1/32' to 10.0.0.1 v1 egress
	says 1 'v1 tc/egress: tc_allow_egress: drop (not_listed): 10.0.0.9; nearest 10.0.0.1/32' 10.0.0.1 to 10.0.0.9 v1 egress
	says 0 'v1 xdp: xdp_allow: pass (listed): 10.0.0.1/32' xdp 10.0.0.1 proto icmp v1
	# And what is named takes the program off.
	run -1 host why 10.0.0.1 proto icmp ingress v1
	host bash -c "${lines[2]#  by hand: }"
	host tc-off -q v1 egress
	run -2 --separate-stderr host why to 10.0.0.1 egress v1
	[[ $stderr == 'why: v1: nothing is attached there; there is: xdp xdp_allow (say: egress, ingress or xdp)' ]]
	run -2 --separate-stderr host why 10.0.0.1 v2
	[[ $stderr == 'why: v2: nothing is attached (first: scripts/xdp-on v2)' ]]
}

@test "of a bridge without a program, the ports that have one are named" {
	sandbox
	host allow -q 172.17.0.2
	host xdp-on -q br0 ports
	run -2 --separate-stderr host why 172.17.0.2 br0
	[[ $stderr == 'why: br0: nothing is attached to it, but to ports of it: v1, v2 (name one of them)' ]]
	says 0 'v1 xdp: xdp_allow: pass (listed): 172.17.0.2/32' 172.17.0.2 v1
	says 1 'v2 xdp: xdp_allow: drop (not_listed): 172.17.0.3; nearest 172.17.0.2/32' 172.17.0.3 v2
}

@test "why not: other drops, and an entry whose time has ended" {
	pair
	xdp "$objs/xdp_allow.o"
	says 1 'v1 xdp: xdp_allow: drop (not_listed): 10.0.0.1; the list has no IPv4 entry' 10.0.0.1 v1
	[[ ${#lines[@]} == 2 ]] # there is no map yet that could be edited
	host allow -q 10.0.0.1
	says 0 'v1 xdp: xdp_allow: pass (listed): 10.0.0.1/32' 10.0.0.1 v1
	host bpftool map update pinned "$globals/pb_host4" key 10 0 0 2 value 1 0 0 0 0 0 0 0
	host bpftool map update pinned "$globals/pb_net4" key 8 0 0 0 11 0 0 0 value 0 0 0 0 0 0 0 0
	host bpftool map update pinned "$globals/pb_net4" key 16 0 0 0 11 1 0 0 value 1 0 0 0 0 0 0 0
	says 1 'v1 xdp: xdp_allow: drop (not_listed): 10.0.0.2; the time of 10.0.0.2/32 has ended' 10.0.0.2 v1
	says 1 'v1 xdp: xdp_allow: drop (not_listed): 11.1.2.3; the time of 11.1.0.0/16 has ended' 11.1.2.3 v1
	says 0 'v1 xdp: xdp_allow: pass (listed): 11.0.0.0/8' 11.2.2.3 v1
	run -1 host allow test 10.0.0.2 # it agrees
	host allow test 11.2.2.3
	printf '%s\n' "$(eth 88f7 "$(zeros 46)")" >"$BATS_TEST_TMPDIR/hex"
	says 1 'v1 xdp: xdp_allow: drop (ethertype): neither IP nor ARP nor a control frame of the link' frame "$BATS_TEST_TMPDIR/hex" v1
	[[ ${lines[1]} == '  to change it: scripts/xdp-off v1' && ${lines[2]} == '  by hand: ip link set dev v1 xdpdrv off' ]]
	# A program that looks into another list than the one that is pinned.
	host bash -c "rm $globals/pb_*"
	run -3 host allow -q 10.0.0.3
	says 1 'v1 xdp: xdp_allow: drop (not_listed): 10.0.0.3; nearest 10.0.0.2/32; its list is pinned no more, allow and deny do not reach it' 10.0.0.3 v1
	[[ ${#lines[@]} == 1 ]]
}

@test "somebody else's programs: their verdict, and that they are not ours" {
	local foreign
	pair
	foreign=$(fixture xdp_other)
	host ip link set dev v1 xdp obj "$foreign" program drop_all
	says 1 'v1 xdp: drop_all (not ours): drop' 10.0.0.1 v1
	host ip -force link set dev v1 xdp obj "$foreign" program pass_all
	says 0 'v1 xdp: pass_all (not ours): pass' 10.0.0.1 v1
	# Filters in the order of their preference; the first that has the last word ends it.
	tc_objects
	host tc qdisc add dev v1 clsact
	host tc filter add dev v1 ingress pref 9 handle 1 bpf da obj "$BATS_TEST_TMPDIR/tc.o" sec shot
	host tc filter add dev v1 ingress pref 5 handle 1 bpf da obj "$BATS_TEST_TMPDIR/tc.o" sec unspec
	says 1 'v1 tc/ingress: no_word (not ours): pass' ingress 10.0.0.1 v1
	[[ ${lines[1]} == 'v1 tc/ingress: drop_it (not ours): drop' ]]
	host tc filter add dev v1 ingress pref 2 handle 1 bpf da obj "$BATS_TEST_TMPDIR/tc.o" sec ok
	says 0 'v1 tc/ingress: last_word (not ours): pass' ingress 10.0.0.1 v1
	[[ ${#lines[@]} == 1 ]]
	# What one has changed, the next one gets.
	host tc filter del dev v1 ingress
	host ip -force link set dev v1 xdp obj "$BATS_TEST_TMPDIR/tc.o" sec xdp
	host allow -q 10.9.9.9
	host tc-on -q v1 ingress
	says 1 'v1 tc/ingress: tc_allow: drop (not_listed): 10.0.0.1; nearest 10.9.9.9/32' ingress 10.0.0.1 v1
	run -0 host why 10.0.0.1 v1
	[[ ${lines[0]} == 'v1 xdp: rewrite (not ours): pass' && ${lines[1]} == 'v1 tc/ingress: tc_allow: pass (listed): 10.9.9.9/32' ]]
}
tc_objects() {
	clang -target bpf -g -O2 -x c -c -o "$BATS_TEST_TMPDIR/tc.o" -I "/usr/include/$(cc -dumpmachine)" - <<-'SOURCE'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		SEC("ok") int last_word(void *ctx) { return 0; }
		SEC("unspec") int no_word(void *ctx) { return -1; }
		SEC("shot") int drop_it(void *ctx) { return 2; }
		/* The source becomes 10.9.9.9. */
		SEC("xdp") int rewrite(struct xdp_md *ctx)
		{
			unsigned char *p = (void *)(long)ctx->data;
			if (p + 34 > (unsigned char *)(long)ctx->data_end)
				return XDP_PASS;
			p[26] = 10; p[27] = p[28] = p[29] = 9;
			return XDP_PASS;
		}
		char LICENSE[] SEC("license") = "GPL";
	SOURCE
}

@test "bad words, what is missing, and what cannot be tried have status 2" {
	local words
	pair
	host allow -q "${listed[@]}"
	xdp "$objs/xdp_allow.o"
	says 0 'v1 xdp: xdp_allow: pass (listed): 10.0.0.1/32' 10.0.0.1 v1
	while read -r words; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr host why $words
		[[ ! $output && ${#stderr_lines[@]} == 1 && $stderr == why:* ]] || { echo "$words: $output $stderr" && return 1; }
	done <<-'WORDS'

		10.0.0.1
		v1
		v1 v2 10.0.0.1
		10.0.0.1 10.0.0.2 v1
		10.0.0.1 nowhere
		10.0.0 v1
		10.0.0.256 v1
		10.0.0.0/8 v1
		10.0.0.1 to 2001:db8::1 v1
		10.0.0.1 to v1
		10.0.0.1 v1 to
		10.0.0.1 v1 port 65536
		10.0.0.1 v1 port 80 proto gre
		10.0.0.1 v1 port 080
		10.0.0.1 v1 proto foo
		10.0.0.1 v1 proto 256
		10.0.0.1 v1 vlan 4096
		10.0.0.1 v1 vlan x
		10.0.0.1 v1 type 8 proto tcp
		10.0.0.1 v1 type 256
		10.0.0.1 v1 fragment port 80
		10.0.0.1 v1 about 2001:db8::1
		10.0.0.1 v1 xdp ingress
		10.0.0.1 v1 egress
		2001:db8::1 v1 proto arp
		10.0.0.1 v1 -j
		-x 10.0.0.1 v1
		-n 10.0.0.1 v1
		frame
		frame /nonexistent v1
		frame /etc v1
		frame /etc/passwd v1
		frame /dev/null v1
		pack
		pack v1 port 80
		pack 10.0.0.1 v1
	WORDS
	run -2 --separate-stderr host "${not_root[@]}" "$scripts/why" 10.0.0.1 v1
	[[ $stderr == 'why: not root'* ]]

	# Below an Ethernet header; more than XDP is shown in a run; and more than tc takes.
	host tc-on -q v1 ingress
	printf '%024x08\n' 0 >"$BATS_TEST_TMPDIR/13"
	v4 "$in4" "$me4" 17 "$udp$(zeros 8972)" >"$BATS_TEST_TMPDIR/9014"
	says 2 'v1 xdp: xdp_allow: unknown: bpftool prog run takes no frame below 14 bytes' frame "$BATS_TEST_TMPDIR/13" v1
	says 2 'v1 xdp: xdp_allow: unknown: bpftool prog run shows it the first 3520 bytes only' frame "$BATS_TEST_TMPDIR/9014" v1
	says 2 'v1 tc/ingress: tc_allow: unknown: bpftool prog run takes no frame of this size here' frame "$BATS_TEST_TMPDIR/9014" v1 ingress
	host xdp-off -q v1
	xdp "$objs/xdp_allow.o" xdp.frags
	says 0 'v1 xdp: xdp_allow_frags: pass (listed): 10.0.0.1/32' frame "$BATS_TEST_TMPDIR/9014" v1 xdp
}

# A capture with two frames and the first bytes of a third, as each format and byte order has it.
captures() {
	python3 - "$BATS_TEST_TMPDIR" "$@" <<-'PY'
		import struct, sys
		out, frames = sys.argv[1], [bytes.fromhex(f) for f in sys.argv[2:]]
		kept = [f[:40] if i == 2 else f for i, f in enumerate(frames)]
		for name, order, magic in ("le", "<", 0xa1b2c3d4), ("be", ">", 0xa1b2c3d4), ("le-ns", "<", 0xa1b23c4d), ("be-ns", ">", 0xa1b23c4d):
		    with open(f"{out}/{name}.pcap", "wb") as f:
		        f.write(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 40, 1))
		        for k, full in zip(kept, frames):
		            f.write(struct.pack(order + "IIII", 1, 2, len(k), len(full)) + k)
		def block(order, kind, body):
		    body += bytes(-len(body) % 4)
		    size = struct.pack(order + "I", len(body) + 12)
		    return struct.pack(order + "I", kind) + size + body + size
		for name, order in ("le", "<"), ("be", ">"):
		    with open(f"{out}/{name}.pcapng", "wb") as f:
		        f.write(block(order, 0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1)))
		        f.write(block(order, 1, struct.pack(order + "HHI", 1, 0, 0)))
		        f.write(block(order, 5, bytes(12)))
		        f.write(block(order, 3, struct.pack(order + "I", len(frames[0])) + frames[0]))
		        for k, full in list(zip(kept, frames))[1:]:
		            f.write(block(order, 6, struct.pack(order + "IIIII", 0, 1, 2, len(k), len(full)) + k))
	PY
}

@test "frames from files: hex digits, pcap and pcapng in both byte orders" {
	local file
	pair
	host allow -q 10.0.0.1
	xdp "$objs/xdp_allow.o"
	captures "$(v4 "$in4" "$me4" 17 "$udp")" "$(v4 "$out4" "$me4" 17 "$udp")" "$(v4 "$in4" "$me4" 6 "$(tcp)$(zeros 100)")"
	for file in le.pcap be.pcap le-ns.pcap be-ns.pcap le.pcapng be.pcapng; do
		run -1 --separate-stderr host why frame "$BATS_TEST_TMPDIR/$file" v1
		[[ ${#lines[@]} == 3 ]]
		[[ ${lines[0]} == '1: 10.0.0.1 > 172.17.0.1 udp 1000 > 2000, 42 bytes: v1 xdp: xdp_allow: pass (listed): 10.0.0.1/32' ]]
		[[ ${lines[1]} == '2: 10.9.0.1 > 172.17.0.1 udp 1000 > 2000, 42 bytes: v1 xdp: xdp_allow: drop (not_listed): 10.9.0.1; nearest 10.0.0.1/32' ]]
		[[ ${lines[2]} == '3: 10.0.0.1 > 172.17.0.1 tcp 1000 > 2000, 154 bytes: v1 xdp: xdp_allow: pass (listed): 10.0.0.1/32' ]]
		[[ $stderr == 'why: frame 3: the last 114 bytes are not in the file: taken as 0' ]]
	done
	# Not all of a long one.
	yes "$(v4 "$in4" "$me4" 17 "$udp")"$'\n' | head -n 500 >"$BATS_TEST_TMPDIR/hex"
	run -0 --separate-stderr host why frame "$BATS_TEST_TMPDIR/hex" v1
	[[ ${#lines[@]} == 200 && ${lines[199]} == '200: '*': pass (listed): 10.0.0.1/32' && $stderr == *': only the first 200 frames' ]]
	# Broken off, another link type, no capture.
	head -c 60 "$BATS_TEST_TMPDIR/le.pcap" >"$BATS_TEST_TMPDIR/short"
	run -2 --separate-stderr host why frame "$BATS_TEST_TMPDIR/short" v1
	[[ $stderr == *': cut off in the middle of a frame' ]]
	head -c 150 "$BATS_TEST_TMPDIR/le.pcapng" >"$BATS_TEST_TMPDIR/short"
	run -2 --separate-stderr host why frame "$BATS_TEST_TMPDIR/short" v1
	[[ $stderr == *': cut off in the middle of a block' ]]
	{ head -c 20 "$BATS_TEST_TMPDIR/le.pcap" && printf '\161\0\0\0' && tail -c +25 "$BATS_TEST_TMPDIR/le.pcap"; } >"$BATS_TEST_TMPDIR/sll"
	run -2 --separate-stderr host why frame "$BATS_TEST_TMPDIR/sll" v1
	[[ $stderr == *': link type 113, not Ethernet' ]]
	# As people write hex: blanks, colons, capitals, comments, over several lines.
	{
		echo '# the first'
		v4 "$in4" "$me4" 17 "$udp" | tr a-f A-F | sed 's/../&:/g; s/:$//' | fold -w 48
		printf '\n\n'
		v4 "$out4" "$me4" 17 "$udp" | sed 's/..../& /g'
	} >"$BATS_TEST_TMPDIR/hex"
	run -1 --separate-stderr host why -q frame - dev v1 <"$BATS_TEST_TMPDIR/hex"
	[[ ${#lines[@]} == 2 && ${lines[0]} == '1: 10.0.0.1'*': pass (listed): 10.0.0.1/32' && ${lines[1]} == '2: 10.9.0.1'*': drop (not_listed)'* ]]
	printf '%s\n' 0102 xyz >"$BATS_TEST_TMPDIR/hex"
	run -2 --separate-stderr host why frame "$BATS_TEST_TMPDIR/hex" v1
	[[ $stderr == *': line 2: neither hex digits nor a capture' ]]
}

@test "a capture of tcpdump: what it says is what the program counted" {
	sandbox
	host allow -q 172.17.0.2
	spawn host tcpdump -q -U -n -i v2 -Q in -w "$BATS_TEST_TMPDIR/pcap" icmp
	retry 50 test -s "$BATS_TEST_TMPDIR/pcap"
	sleep 0.2
	reaches client2 172.17.0.1
	reaches client2 172.17.0.1
	retry 50 host bash -c "(( \$(tcpdump -r '$BATS_TEST_TMPDIR/pcap' 2>/dev/null | wc -l) == 2 ))"
	host xdp-on -q v2
	cut_off client2 172.17.0.1
	run -1 --separate-stderr host why -q frame "$BATS_TEST_TMPDIR/pcap" v2
	[[ ${#lines[@]} == 2 && ${lines[1]} == '2: 172.17.0.3 > 172.17.0.1 icmp 8/0, 98 bytes: v2 xdp: xdp_allow: drop (not_listed): 172.17.0.3; nearest 172.17.0.2/32' ]]
}

@test "two at once do not take each other's reason" {
	local i pids=()
	pair
	host allow -q "${listed[@]}"
	xdp "$objs/xdp_allow.o"
	for i in 1 2 3 4; do
		host why -q 10.0.0.1 v1 >"$BATS_TEST_TMPDIR/in.$i" 3>&- & pids+=("$!")
		host why -q 10.9.0.1 v1 >"$BATS_TEST_TMPDIR/out.$i" 3>&- & pids+=("$!")
		host why -q 10.9.0.1 proto arp v1 >"$BATS_TEST_TMPDIR/arp.$i" 3>&- & pids+=("$!")
	done
	for i in "${pids[@]}"; do wait "$i" || :; done
	for i in 1 2 3 4; do
		[[ $(<"$BATS_TEST_TMPDIR/in.$i") == *': pass (listed): 10.0.0.1/32' ]]
		[[ $(<"$BATS_TEST_TMPDIR/out.$i") == *': drop (not_listed): 10.9.0.1; nearest 10.8.0.0/16' ]]
		[[ $(<"$BATS_TEST_TMPDIR/arp.$i") == *': pass (arp): '* ]]
	done
}

@test "installed, it names the commands as they are called there" {
	pair
	xdp "$objs/xdp_allow.o"
	mkdir "$BATS_TEST_TMPDIR/lib"
	cp -r "$scripts" "$BATS_TEST_TMPDIR/lib"
	ln -s "$objs" "$BATS_TEST_TMPDIR/lib"
	run -1 host "$BATS_TEST_TMPDIR/lib/scripts/plainbpf" why 10.0.0.1 v1
	[[ ${lines[1]} == '  to change it: plainbpf allow 10.0.0.1' ]]
}

@test "JSON: one document, with the entry and the commands" {
	pair
	host allow -q 10.0.0.1
	host xdp-on -q v1
	run -1 --separate-stderr host why -j 10.0.0.2 v1
	jq -es 'length == 1 and (.[0] | .ifname == "v1" and (.frames | length) == 1 and .frames[0].verdict == "drop")' <<<"$output"
	jq -e '.frames[0].programs[0] | .hook == "xdp" and .program == "xdp_allow" and .ours and .reason == "not_listed" and
		.address == "10.0.0.2" and .entry == null and .nearest == "10.0.0.1/32" and .change[0] == "scripts/allow 10.0.0.2"' <<<"$output"
	run -0 --separate-stderr host why -j 10.0.0.1 v1
	jq -e '.frames[0].programs[0] | .verdict == "pass" and .entry == "10.0.0.1/32" and .nearest == null and (.change | length) == 2' <<<"$output"
	run -0 --separate-stderr host why -j pack v1
	jq -es 'length == 1 and (.[0].programs[0] | .differs == 0 and (.frames | length) > 60 and
		all(.frames[]; .ok != false) and any(.frames[]; .actual == {verdict: "pass", reason: "arp"} and .ok) and
		any(.frames[]; .ok == null and .actual == null and (.text | test("bytes"))))' <<<"$output"
}

# --- the pack

# The pack on what is attached to v1, all of it ok but for what cannot be run: at most this many.
pack_ok() { # SKIPPED WORD…
	local skipped=$1
	shift
	run --separate-stderr -0 host why pack v1 "$@"
	[[ ${lines[-1]} =~ ^\ \ ([0-9]+)\ ok,\ 0\ differ,\ ([0-9]+)\ could\ not\ be\ run$ ]]
	((BASH_REMATCH[1] > 60 && BASH_REMATCH[2] <= skipped))
}

@test "the pack: allow, icmp and info on every hook get what they must" {
	local object
	pair
	host allow -q "${listed[@]}"
	for object in allow icmp info; do
		xdp "$objs/xdp_$object.o"
		pack_ok 2
		[[ ${lines[0]} == "v1 xdp: xdp_$object" ]]
		host ip link set dev v1 xdp off
		xdp "$objs/xdp_$object.o" xdp.frags
		pack_ok 0
		host ip link set dev v1 xdp off
		host tc-on -q v1 ingress "$object"
		pack_ok 6
		host tc-on -q v1 egress "$object"
		pack_ok 6 egress
		host tc-off -q v1
	done
}

@test "the pack: whatever is listed: nothing, all, hosts or networks only" {
	local list
	pair
	xdp "$objs/xdp_allow.o"
	host tc-on -q v1 egress
	pack_ok 6
	for list in '10.0.0.1' '10.0.0.0/8 2001:db8::/32' '0.0.0.0/0 ::/0' '192.0.2.77 2001:db8:ffff::77' '0.0.0.0/1 fe80::/10 224.0.0.0/4 ff00::/8'; do
		host allow -q flush
		# shellcheck disable=SC2086 # words
		host allow -q $list
		pack_ok 6
	done
	[[ $(grep -c 'pass listed  *pass listed  *ok' <<<"$output") -gt 10 ]]
}

@test "the pack finds a program that is wrong, and names the frame" {
	local dir=$BATS_TEST_TMPDIR/wrong
	pair
	host allow -q "${listed[@]}"
	# Ours, but that it drops ARP.
	mkdir -p "$dir"
	cp -r "$repo/maps" "$repo/objs/parts" "$dir"
	sed -i 's/return PB_ARP;/return PB_ETHERTYPE;/' "$dir/parts/allow.bpf.h"
	run -1 cmp -s "$dir/parts/allow.bpf.h" "$repo/objs/parts/allow.bpf.h"
	clang -target bpf -g -O2 -I "$dir/maps" -I "$dir/parts" -I "/usr/include/$(cc -dumpmachine)" -c "$objs/xdp_allow.bpf.c" -o "$dir/xdp_allow.o"
	xdp "$dir/xdp_allow.o"
	run -1 --separate-stderr host why pack v1
	[[ $(grep -c DIFFERS <<<"$output") == 2 && ${lines[-1]} == *' 2 differ, '* ]]
	[[ $(grep '^  ARP  ' <<<"$output") =~ ^\ \ ARP\ +pass\ arp\ +drop\ ethertype\ +DIFFERS$ ]]
	run -1 --separate-stderr host why -q pack v1
	[[ ${#lines[@]} == 4 ]]
	# A reason that is wrong under the right verdict differs too.
	sed -i 's/return PB_ETHERTYPE;/return PB_ND;/' "$dir/parts/allow.bpf.h"
	clang -target bpf -g -O2 -I "$dir/maps" -I "$dir/parts" -I "/usr/include/$(cc -dumpmachine)" -c "$objs/xdp_allow.bpf.c" -o "$dir/xdp_allow.o"
	host ip -force link set dev v1 xdp obj "$dir/xdp_allow.o" sec xdp
	run -1 --separate-stderr host why pack v1
	[[ $(grep '^  ARP  ' <<<"$output") =~ ^\ \ ARP\ +pass\ arp\ +pass\ nd\ +DIFFERS$ ]]
}

@test "the pack measures somebody else's program by the allow list, by verdict" {
	pair
	host allow -q "${listed[@]}"
	host ip link set dev v1 xdp obj "$(fixture xdp_other)" program drop_bpdu
	run -1 --separate-stderr host why pack v1
	[[ ${lines[0]} == 'v1 xdp: drop_bpdu (not ours)' ]]
	[[ $(grep '^  STP  ' <<<"$output") =~ ^\ \ STP\ +pass\ +drop\ +DIFFERS$ ]]
	[[ $(grep '^  ARP  ' <<<"$output") =~ ^\ \ ARP\ +pass\ +pass\ +ok$ ]]
	[[ $(grep '^  IPv4 not listed, TCP  ' <<<"$output") =~ drop\ +pass\ +DIFFERS$ ]]
}
