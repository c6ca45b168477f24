#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# tc-on and tc-off, by traffic: who gets in and what gets out, beside other people's filters.

load helper
load fixtures/frames

setup() { sandbox; }
teardown() { sandbox_end; }

one_line() { [[ ${#stderr_lines[@]} == 1 ]] || { printf '%s\n' "${stderr_lines[@]}" && return 1; }; }
# Filters of a direction, "PREF HANDLE NAME" a line each.
filters() { # DEV DIRECTION
	local progs
	progs=$(host bpftool -j prog show) # not every tc tells the names
	host tc -j filter show dev "$1" "$2" | jq -r --argjson progs "$progs" '.[] | select(.options) | .options.prog.id as $id |
		"\(.pref) \(.options.handle) \(.options.prog.name // ($progs[] | select(.id == $id).name))"'
}
foreign() { # SECTION: an object of somebody else's
	clang -target bpf -g -O2 -x c -c -o "$BATS_TEST_TMPDIR/foreign.o" - <<-'SOURCE'
		__attribute__((section("pass"), used)) int foreign_pass(void *ctx) { return -1; }
		__attribute__((section("drop"), used)) int foreign_drop(void *ctx) { return 2; }
		char LICENSE[] __attribute__((section("license"), used)) = "GPL";
	SOURCE
	printf '%s' "$BATS_TEST_TMPDIR/foreign.o"
}
all_get_in() {
	reaches client1 172.17.0.1
	reaches client1 fd17::1
	reaches client2 172.17.0.1
	reaches client2 fd17::1
}

# bats test_tags=core
@test "on the way in the source decides, IPv4 and IPv6" {
	serve host 8080
	all_get_in
	host allow -q 172.17.0.2 fd17::2
	run -0 --separate-stderr host tc-on br0 ingress
	[[ $output == 'br0 ingress: tc_allow, id '*'sees what comes up to the host through br0'* && ${#lines[@]} == 1 ]]
	[[ $stderr == *"+ tc qdisc add dev br0 clsact"*"+ tc filter replace dev br0 ingress pref 1 handle 1 bpf da obj"*"sec tc"* ]]
	reaches client1 172.17.0.1
	reaches client1 fd17::1
	gets_page client1 http://172.17.0.1:8080/
	gets_page client1 'http://[fd17::1]:8080/'
	cut_off client2 172.17.0.1
	cut_off client2 fd17::1
	run -28 at client2 curl -gsf -m1 http://172.17.0.1:8080/
	at client2 ip neigh flush dev eth0
	cut_off client2 172.17.0.1
	[[ $(count br0 drop not_listed) -gt 5 && $(count br0 pass listed) -gt 5 && $(count br0 pass arp) -gt 0 ]]
	host tc-off -q br0
	all_get_in
}

# bats test_tags=core
@test "on the way out the destination decides, by the same list" {
	all_get_in
	host allow -q 172.17.0.2 fd17::2
	host tc-on -q br0 egress
	[[ $(filters br0 egress) == '1 0x1 tc_allow_egress' && -z $(filters br0 ingress) ]]
	reaches client1 172.17.0.1
	reaches client1 fd17::1
	reaches host 172.17.0.2
	cut_off client2 172.17.0.1
	cut_off client2 fd17::1
	cut_off host 172.17.0.3
	[[ $(count br0 drop not_listed) -gt 5 ]]
	host allow -q 172.17.0.3
	reaches client2 172.17.0.1
	host tc-off -q br0 egress
	all_get_in
}

@test "on a port: what leaves by it to a client" {
	host allow -q 172.17.0.2
	host tc-on -q v1 egress
	host tc-on -q v2 egress
	reaches host 172.17.0.2
	cut_off host 172.17.0.3
	cut_off client1 172.17.0.3
	host tc-off -q v2
	reaches client1 172.17.0.3
}

@test "XDP and tc, both directions, share the list: one deny shuts all" {
	host allow -q 172.17.0.2 172.17.0.3
	host xdp-on -q v1
	host tc-on -q v1 egress
	host tc-on -q v2 ingress
	reaches client1 172.17.0.1
	reaches client2 172.17.0.1
	host deny -q 172.17.0.2 172.17.0.3
	cut_off client1 172.17.0.1
	cut_off client2 172.17.0.1
	cut_off host 172.17.0.2
	host allow -q 172.17.0.3
	reaches client2 172.17.0.1
	cut_off client1 172.17.0.1
}

# bats test_tags=core
@test "by hand with exactly the tutorial's call: ping stops, HTTP lives; tc-off takes it away" {
	serve host 8080
	all_get_in
	host tc qdisc add dev br0 clsact
	(cd "$repo" && host tc filter replace dev br0 ingress pref 1 handle 1 bpf da obj objs/tc_icmp.o sec tc)
	cut_off client1 172.17.0.1
	cut_off client2 fd17::1
	gets_page client1 http://172.17.0.1:8080/
	gets_page client2 'http://[fd17::1]:8080/'
	[[ $(host status -j | jq -c '.attachments | map([.ifname, .hook, .program, .ours, .mode])') == '[["br0","tc/ingress","tc_icmp",true,null]]' ]]
	host tc-off -q br0
	reaches client1 172.17.0.1
	# This clsact is not of tc-on's making.
	[[ $(host tc qdisc show dev br0 clsact) == *clsact* ]]
}

@test "icmp on the way out: no answer leaves, HTTP does" {
	serve host 8080
	host tc-on -q br0 egress icmp
	cut_off client1 172.17.0.1
	gets_page client1 http://172.17.0.1:8080/
	gets_page client2 'http://[fd17::1]:8080/'
	reaches client1 172.17.0.3
	[[ $(count br0 drop icmp) -gt 0 ]]
}

@test "the same again changes nothing; another of ours takes its place in one step" {
	local id
	host allow -q 172.17.0.2
	host tc-on -q br0 ingress
	id=$(host status -j | jq '.attachments[0].id')
	run -0 --separate-stderr host tc-on br0 ingress allow
	[[ $stderr != *'+ '* && $output == *"id $id,"* ]]
	[[ $(filters br0 ingress) == '1 0x1 tc_allow' ]]
	run -0 --separate-stderr host tc-on br0 ingress info
	[[ $stderr != *qdisc* && $(filters br0 ingress) == '1 0x1 tc_info' ]]
	reaches client2 172.17.0.1
	host tc-off -q br0
	run -0 --separate-stderr host tc-off br0 ingress
	[[ $stderr == *'nothing attached'* ]]
}

@test "other people's filters stay, and see what ours lets pass" {
	local other
	other=$(foreign)
	host allow -q 172.17.0.2
	host tc qdisc add dev br0 clsact
	host tc filter add dev br0 ingress pref 5 bpf da obj "$other" sec pass
	host tc filter add dev br0 egress pref 1 handle 7 bpf da obj "$other" sec pass
	host tc-on -q br0 ingress
	host tc-on -q br0 egress
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
	[[ $(filters br0 egress | sort) == $'1 0x1 tc_allow_egress\n1 0x7 foreign_pass' ]]
	# What we let pass is for the next to decide.
	host tc filter replace dev br0 ingress pref 5 handle 1 bpf da obj "$other" sec drop
	cut_off client1 172.17.0.1
	host tc-off -q br0
	[[ $(filters br0 ingress) == '5 0x1 foreign_drop' && $(filters br0 egress) == '1 0x7 foreign_pass' ]]
	[[ $(host tc qdisc show dev br0 clsact) == *clsact* ]]
}

@test "a filter that comes before ours is said" {
	local other
	other=$(foreign)
	run -0 --separate-stderr host tc-on -q br0 ingress icmp
	[[ ! $stderr ]]
	host tc filter add dev br0 ingress pref 9 bpf da obj "$other" sec pass
	run -0 --separate-stderr host tc-on -q br0 ingress icmp
	[[ ! $stderr ]]
	host tc filter add dev br0 ingress pref 1 handle 7 bpf da obj "$other" sec pass
	run -0 --separate-stderr host tc-on -q br0 ingress icmp
	[[ $stderr == *'come before it'*': foreign_pass' ]]
	one_line
}

@test "a clsact of ours goes when it is empty, and not before" {
	local other
	other=$(foreign)
	host tc-on -q br0 ingress icmp
	host tc-on -q br0 egress icmp
	host tc filter add dev br0 ingress pref 9 bpf da obj "$other" sec pass
	host tc-off -q br0 ingress
	[[ $(filters br0 egress) == '1 0x1 tc_icmp_egress' && $(filters br0 ingress) == '9 0x1 foreign_pass' ]]
	host tc-off -q br0
	[[ $(host tc qdisc show dev br0 clsact) == *clsact* ]]
	host tc filter del dev br0 ingress pref 9 bpf
	host tc-off -q br0
	[[ -z $(host tc qdisc show dev br0 clsact) ]]
}

@test "somebody else's filter at our place: refused and untouched, unless replace" {
	local other
	other=$(foreign)
	host tc qdisc add dev br0 clsact
	host tc filter add dev br0 ingress pref 1 handle 1 bpf da obj "$other" sec drop
	run -2 --separate-stderr host tc-on br0 ingress icmp
	one_line
	[[ $stderr == *'foreign_drop'*'replace'* && $(filters br0 ingress) == '1 0x1 foreign_drop' ]]
	cut_off client1 172.17.0.1
	host tc-off -q br0
	[[ $(filters br0 ingress) == '1 0x1 foreign_drop' ]]
	host tc-on -q br0 ingress info replace
	[[ $(filters br0 ingress) == '1 0x1 tc_info' ]]
	reaches client1 172.17.0.1
}

@test "an ingress qdisc has no egress hook: refused; ingress uses it and leaves it" {
	host tc qdisc add dev br0 ingress
	run -2 --separate-stderr host tc-on -q br0 egress icmp
	one_line
	[[ $stderr == *'ingress qdisc'* ]]
	reaches client1 172.17.0.1
	host tc-on -q br0 ingress icmp
	cut_off client1 172.17.0.1
	host tc-off -q br0
	reaches client1 172.17.0.1
	[[ $(host tc qdisc show dev br0) == *' ingress '* ]]
}

@test "a user's object, with its own section" {
	local other
	other=$(foreign)
	host tc-on -q br0 ingress obj "$other" sec drop
	cut_off client1 172.17.0.1
	[[ $(host status -j | jq -c '.attachments | map([.program, .ours])') == '[["foreign_drop",true]]' ]]
	run -0 --separate-stderr host tc-on br0 ingress obj "$other" sec drop
	[[ $stderr != *'+ tc'* ]]
	host tc-on -q br0 ingress obj "$other" sec pass
	reaches client1 172.17.0.1
	host tc-off -q br0
	[[ -z $(filters br0 ingress) ]]
	# Attached by somebody else it is somebody else's.
	host tc qdisc add dev br0 clsact
	host tc filter add dev br0 ingress pref 1 handle 1 bpf da obj "$other" sec drop
	host tc-off -q br0
	[[ $(filters br0 ingress) == '1 0x1 foreign_drop' ]]
}

@test "a filter of ours by hand that sees one protocol, or whose word is not the last, is not taken for attached" {
	host allow -q 172.17.0.2
	host tc qdisc add dev br0 clsact
	host tc filter add dev br0 ingress protocol ip pref 1 handle 1 bpf da obj "$objs/tc_allow.o" sec tc
	run -2 --separate-stderr host tc-on -q br0 ingress
	one_line
	[[ $stderr == *'protocol ip only'*'tc filter del dev br0 ingress pref 1'* ]]
	host tc-off -q br0
	host tc filter add dev br0 ingress pref 1 handle 1 bpf obj "$objs/tc_allow.o" sec tc
	reaches client2 172.17.0.1
	host tc-on -q br0 ingress
	cut_off client2 172.17.0.1
	cut_off client2 fd17::1
	reaches client1 172.17.0.1
}

@test "a user's object that somebody else has attached as well, elsewhere: theirs" {
	local other index
	other=$(foreign)
	host tc-on -q v1 ingress obj "$other" sec drop
	host tc filter add dev v1 egress pref 3 handle 9 bpf da obj "$other" sec drop
	# A device of the same index in another network namespace is another device.
	index=$(host ip -j link show v1 | jq '.[0].ifindex')
	at client2 ip link add same index "$index" type bridge
	at client2 tc-off -q same
	host tc-off -q v1
	[[ -z $(filters v1 ingress) && $(filters v1 egress) == '3 0x9 foreign_drop' ]]
}

@test "tc-off does not say that it is off while another way to tc has it" {
	host tc-on -q v1 ingress icmp
	# bpftool has the words since 7.5, Linux the hook since 6.6.
	host bpftool net attach tcx_ingress id "$(host status -j v1 | jq '.attachments[0].id')" dev v1
	cut_off client1 172.17.0.1
	run -3 --separate-stderr host tc-off -q v1
	one_line
	[[ $stderr == *'bpftool net'* ]]
	cut_off client1 172.17.0.1
	host bpftool net detach tcx_ingress dev v1
	reaches client1 172.17.0.1
	host tc-off -q v1
}

@test "a clsact that somebody has taken away is not taken away again" {
	host tc-on -q v1 ingress icmp
	host tc qdisc del dev v1 clsact
	run -0 --separate-stderr host tc-off -q v1
	[[ -z $stderr ]]
}

@test "a device with an odd name" {
	local name
	# shellcheck disable=SC2016 # not to be expanded
	for name in 'a\b' 'a"b' "a'b" '-x' 'a$(id)' 'a*' ingress null; do
		host ip link add dev "$name" type bridge
		host xdp-on -q dev "$name" icmp
		host tc-on -q dev "$name" egress icmp log all
		[[ $(host status -j dev "$name" | jq -c '.attachments | map([.ifname, .hook])') == \
			"$(jq -nc --arg n "$name" '[[$n, "xdp"], [$n, "tc/egress"]]')" ]]
		host xdp-off -q dev "$name"
		host tc-off -q dev "$name"
		[[ $(host status -j dev "$name" | jq '.attachments | length') == 0 ]]
	done
}

# --- what tc sees and XDP does not

@test "tags that are in the skb and not in the frame count as tags" {
	local obj push
	obj=$(fixture vlan)
	host allow -q 172.17.0.2 fd17::2
	for push in push_8021q push_8021ad push_two push_four; do
		for i in 1 2; do
			at "client$i" tc qdisc replace dev eth0 clsact
			at "client$i" tc filter replace dev eth0 egress pref 1 handle 1 bpf da obj "$obj" sec "tc/$push"
			host tc-on -q "v$i" ingress
			host tc filter replace dev "v$i" ingress pref 2 handle 1 bpf da obj "$obj" sec tc/pop
		done
		reaches client1 172.17.0.1
		reaches client1 fd17::1
		cut_off client2 172.17.0.1
		[[ $(count v1 drop vlan_depth) == 0 ]]
	done
	at client1 tc filter replace dev eth0 egress pref 1 handle 1 bpf da obj "$obj" sec tc/push_five
	cut_off client1 172.17.0.1
	[[ $(count v1 drop vlan_depth) -gt 2 ]]
	host tc filter del dev v1 ingress pref 2
	host tc filter del dev v2 ingress pref 2
}

send() { # LINEAR FRAME: from client1
	[[ -x $BATS_TEST_TMPDIR/send ]] || cc -O2 -Wall -o "$BATS_TEST_TMPDIR/send" "$repo/test/fixtures/send_frame.c"
	xxd -r -p <<<"$2" >"$BATS_TEST_TMPDIR/frame"
	at client1 "$BATS_TEST_TMPDIR/send" eth0 "$1" "$BATS_TEST_TMPDIR/frame"
}

@test "truncated at each header is malformed" {
	local i f4 f6
	f4=$(v4 10.0.0.1 172.17.0.1 17 "$udp") f6=$(v6 "$in6" "$me6" 17 "$udp")
	host allow -q 10.0.0.1 2001:db8::1
	host tc-on -q v1 ingress
	for i in 14 15 33 34 41; do send 0 "$(trunc "$f4" "$i")"; done
	for i in 14 15 53 54 61; do send 0 "$(trunc "$f6" "$i")"; done
	[[ $(count v1 drop malformed) == 10 ]]
	send 0 "$f4"
	send 0 "$f6"
	[[ $(count v1 drop malformed) == 10 && $(count v1 pass listed) == 2 ]]
}

@test "headers outside of the linear part are pulled in, never misread" {
	local frame linear
	for i in v1 br0; do host ip link set "$i" mtu 9000; done
	at client1 ip link set eth0 mtu 9000
	host allow -q 10.0.0.1 2001:db8::1
	host tc-on -q v1 ingress
	for linear in 14 20 34 40 54; do
		for frame in "$(v4 10.0.0.1 172.17.0.1 17 "$(zeros 5000)")" "$(v6 "$in6" "$me6" 17 "$(zeros 5000)")"; do
			send "$linear" "$frame"
		done
		for frame in "$(v4 10.0.0.3 172.17.0.1 17 "$(zeros 5000)")" "$(v6 "$out6" "$me6" 17 "$(zeros 5000)")"; do
			send "$linear" "$frame"
		done
	done
	[[ $(count v1 pass listed) == 10 && $(count v1 drop not_listed) -ge 10 && $(count v1 drop malformed) == 0 ]]
	# What is behind extension headers, far from the linear part.
	host tc-off -q v1
	host tc-on -q v1 ingress icmp
	for linear in 14 34 54; do
		send "$linear" "$(v6 "$out6" "$me6" 0 "$(behind_hbh 58 "$(icmp 128 0 "$(zeros 5000)")")")"
	done
	[[ $(count v1 drop icmp) == 3 ]]
}

@test "of a frame longer than all that is told of one, that much is told" {
	serve host 8080
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/www/long"
	host tc-on -q br0 egress info
	# shellcheck disable=SC2046 # bytes are words
	host bpftool map update pinned "$globals/pb_packets_ask" key 0 0 0 0 value hex $(zeros 76 | sed 's/../& /g') 00 40 00 00
	at client1 curl -sf -m20 http://172.17.0.1:8080/long | cmp - "$BATS_TEST_TMPDIR/www/long"
	host bpf_dump -j -t pb_packet -d 0.5 "$globals/pb_packets" >"$BATS_TEST_TMPDIR/told" 2>/dev/null
	jq -s '[.[] | select(.len > 16384)] | length > 0 and all(.gso)' "$BATS_TEST_TMPDIR/told" | grep -qx true
	[[ $(jq -sc '[.[] | select(.proto == "tcp") | (.data | length / 2) - ([.len, 16384] | min)] | unique' "$BATS_TEST_TMPDIR/told") == '[0]' ]]
}

@test "GSO on and off: a long page arrives whole, of a listed client" {
	local on
	serve host 8080
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/www/long"
	host allow -q 172.17.0.2
	host tc-on -q br0 ingress
	host tc-on -q br0 egress
	host tc-on -q v1 egress
	for on in on off; do
		host ethtool -K v1 tso "$on" gso "$on" gro "$on"
		host ethtool -K br0 tso "$on" gso "$on"
		at client1 curl -sf -m20 http://172.17.0.1:8080/long | cmp - "$BATS_TEST_TMPDIR/www/long"
	done
	run -28 at client2 curl -sf -m1 http://172.17.0.1:8080/long
}

# --- the log

# Records that a log has sent: read until now.
told() { host bpf_dump -j -t pb_packet -d 0.3 "$globals/pb_packet_log" 2>/dev/null; }

# bats test_tags=core
@test "log: off, dropped, all, of XDP and tc, switched while it runs" {
	host allow -q 172.17.0.2
	host xdp-on -q v1
	host xdp-on -q v2
	host tc-on -q v2 egress log dropped
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
	[[ $(told | grep -c icmp\") == 0 ]]
	[[ $(host status -j | jq -c '.attachments | map([.ifname, .hook, .log]) | sort') == \
		'[["v1","xdp","off"],["v2","tc/egress","dropped"],["v2","xdp","off"]]' ]]
	run -0 --separate-stderr host xdp-on v2 log dropped
	[[ $stderr == '+ bpftool map update id '*' value 1 0 0 0' && $output == *'log dropped'* ]]
	cut_off client2 172.17.0.1
	told >"$BATS_TEST_TMPDIR/told"
	[[ $(jq -sc '[.[] | select(.proto == "icmp") | [.ifname, .hook, .src, .dst, .verdict, .reason]] | unique' "$BATS_TEST_TMPDIR/told") == \
		'[["v2","xdp","172.17.0.3","172.17.0.1","drop","not_listed"]]' ]]
	[[ $(jq -sc '[.[] | select(.proto == "icmp")] | length' "$BATS_TEST_TMPDIR/told") == 3 ]]
	cut_off host 172.17.0.3
	[[ $(told | jq -sc '[.[] | select(.proto == "icmp") | [.ifname, .hook, .dst, .verdict, .reason]] | unique') == \
		'[["v2","tc_egress","172.17.0.3","drop","not_listed"]]' ]]
	host xdp-on -q v1 log all
	reaches client1 172.17.0.1
	[[ $(told | jq -sc '[.[] | select(.proto == "icmp") | [.ifname, .verdict, .reason]] | unique') == '[["v1","pass","listed"]]' ]]
	host xdp-on -q v1 log off
	reaches client1 172.17.0.1
	[[ $(told | grep -c icmp\") == 0 ]]
}

@test "log: what takes the place of a program keeps its log" {
	host allow -q 172.17.0.2
	host xdp-on -q v1 log dropped
	host xdp-on -q v1 icmp
	[[ $(host status -j v1 | jq -r '.attachments[0] | .program + .log') == xdp_icmpdropped ]]
	cut_off client1 172.17.0.1
	[[ $(told | jq -sc '[.[] | select(.proto == "icmp") | .reason] | unique') == '["icmp"]' ]]
	host tc-on -q v2 ingress log all
	host tc-on -q v2 ingress icmp
	[[ $(host status -j v2 | jq -r '.attachments[0] | .program + .log') == tc_icmpall ]]
	run -1 --separate-stderr host xdp-on v1 info log all
	one_line
	run -1 --separate-stderr host tc-on v2 ingress log some
	one_line
}

@test "log: above its rate and without a reader it is counted, and no verdict changes" {
	host allow -q 172.17.0.2
	host xdp-on -q v2 log dropped
	host xdp-on -q v1 log all
	blast client1 5000
	blast client2 5000
	host status -j >"$BATS_TEST_TMPDIR/status"
	jq -e '[.attachments[] | .not_told | .packets > 3000 and .above_rate > 1000] | all' "$BATS_TEST_TMPDIR/status"
	[[ $(count v2 drop not_listed) -ge 5000 && $(count v1 pass listed) -ge 5000 ]]
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
	told >"$BATS_TEST_TMPDIR/told"
	[[ $(wc -l <"$BATS_TEST_TMPDIR/told") -gt 100 ]]
}
blast() { # HOST PACKETS
	at "$1" bash -c "for ((i = 0; i < $2; i++)); do printf x >/dev/udp/172.17.0.1/9; done" 2>/dev/null
}

@test "a ring of another version: it goes if nobody uses it, else it is said" {
	host mkdir -p "$globals"
	host bpftool map create "$globals/pb_packets" type ringbuf entries 4096 name pb_packets
	host xdp-on -q v1 info
	[[ $(host bpftool -j map show pinned "$globals/pb_packets" | jq .max_entries) -gt 4096 ]]
	host rm "$globals/pb_packets"
	host bpftool map create "$globals/pb_packets" type ringbuf entries 4096 name pb_packets
	host tc-on -q v2 egress info
	reaches host 172.17.0.3
	host rm "$globals/pb_packets_ask"
	host bpftool map create "$globals/pb_packets_ask" type array key 4 value 8 entries 1 name pb_packets_ask
	host tc qdisc add dev v1 clsact
	host tc filter add dev v1 ingress pref 1 handle 1 bpf da obj "$(uses_ask)" sec tc
	run -2 --separate-stderr host tc-on -q br0 ingress info
	one_line
	[[ $stderr == *pb_packets_ask*'uses_ask id '* && -z $(filters br0 ingress) ]]
}
uses_ask() { # an object of somebody's who uses that pin
	clang -target bpf -g -O2 -I "/usr/include/$(cc -dumpmachine)" -x c -c -o "$BATS_TEST_TMPDIR/uses_ask.o" - <<-'SOURCE'
		#include <linux/bpf.h>
		#include <bpf/bpf_helpers.h>
		struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __uint(key_size, 4); __uint(value_size, 8);
			__uint(pinning, LIBBPF_PIN_BY_NAME); } pb_packets_ask SEC(".maps");
		SEC("tc") int uses_ask(void *ctx) { int key = 0; return bpf_map_lookup_elem(&pb_packets_ask, &key) ? -1 : 0; }
		char LICENSE[] SEC("license") = "GPL";
	SOURCE
	printf '%s' "$BATS_TEST_TMPDIR/uses_ask.o"
}

# --- words

@test "bad words: one line, status 1, nothing attached" {
	local words
	while read -r words; do
		# shellcheck disable=SC2086 # words
		run -1 --separate-stderr host tc-on $words
		one_line
	done <<-'LINES'
		br0
		ingress
		br0 ingress egress
		nodev ingress
		br0 ingress nosuch
		br0 ingress allow icmp
		br0 ingress obj /nonexistent
		br0 ingress obj
		br0 ingress sec tc
		br0 ingress -q
		br0 ingress log
	LINES
	run -1 --separate-stderr host tc-on -q br0 ingress obj "$objs/tc_icmp.o" sec nosuch
	one_line
	run -1 --separate-stderr host tc-off nodev
	one_line
	run -1 --separate-stderr host tc-off
	one_line
	[[ -z $(filters br0 ingress) && -z $(host tc qdisc show dev br0 clsact) ]]
	reaches client1 172.17.0.1
	run -2 --separate-stderr "${not_root[@]}" "$scripts/tc-on" br0 ingress
	one_line
}

@test "a dry run shows the calls and changes nothing" {
	run -0 --separate-stderr host tc-on -n br0 ingress icmp
	[[ $stderr == *'+ tc qdisc add dev br0 clsact'*'+ tc filter replace dev br0 ingress'* && -z $output ]]
	[[ -z $(host tc qdisc show dev br0 clsact) ]]
	host tc-on -q br0 ingress icmp
	run -0 --separate-stderr host tc-off -n br0
	[[ $stderr == *'+ tc filter del dev br0 ingress pref 1 handle 0x1 bpf'* ]]
	# The log is a call of its own.
	run -0 --separate-stderr host tc-on -n br0 ingress icmp log all
	[[ $stderr == '+ bpftool map update id '*' value 2 0 0 0' && $(host status -j br0 | jq -r '.attachments[0].log') == off ]]
	host xdp-on -q v1 icmp
	run -0 --separate-stderr host xdp-on -n v1 icmp log dropped
	[[ $stderr == '+ bpftool map update id '*' value 1 0 0 0' && $(host status -j v1 | jq -r '.attachments[0].log') == off ]]
	host xdp-off -q v1
	cut_off client1 172.17.0.1
}

@test "JSON: the attachment, one document" {
	run -0 --separate-stderr host tc-on -j br0 egress info
	[[ $(jq -c '.attachments[0] | [.ifname, .hook, .program, .ours, .mode]' <<<"$output") == '["br0","tc/egress","tc_info_egress",true,null]' ]]
}

@test "a tcx program that accepts comes first: tc-on warns, and status says what is not seen" {
	clang -target bpf -g -O2 -x c -c -o "$BATS_TEST_TMPDIR/acc.o" - <<<'
		__attribute__((section("tc"), used)) int acc(void *ctx) { return 0; }
		char LICENSE[] __attribute__((section("license"), used)) = "GPL";'
	host bpftool prog load "$BATS_TEST_TMPDIR/acc.o" /sys/fs/bpf/acc type classifier
	host bpftool net attach tcx_ingress pinned /sys/fs/bpf/acc dev v2
	host allow -q 172.17.0.2
	run -0 --separate-stderr host tc-on v2 ingress
	[[ ${stderr_lines[-1]} == *"come before it, and what they accept it does not see: acc" && $output == *'but not what programs before it accept: acc' ]]
	# So it is.
	reaches client2 172.17.0.1
	run -0 host status v2
	[[ $(grep -c 'but not what programs before it accept: acc$' <<<"$output") == 1 ]]
	host bpftool net detach tcx_ingress dev v2
	cut_off client2 172.17.0.1
	run -0 host status v2
	[[ $output == *'sees every frame that enters br0 by this port'* && $output != *accept* ]]
	run -0 --separate-stderr host tc-on -q v2 ingress
	[[ ! $stderr ]]
}
