#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# xdp-on and xdp-off, by traffic: who gets in, in each mode, and what is refused.

# shellcheck disable=SC2016 # what must not be expanded
load helper

setup() { sandbox; }
teardown() { sandbox_end; }

one_line() { [[ ${#stderr_lines[@]} == 1 ]] || { printf '%s\n' "${stderr_lines[@]}" && return 1; }; }
listed_gets_in() {
	reaches client1 172.17.0.1
	reaches client1 fd17::1
	gets_page client1 http://172.17.0.1:8080/
	cut_off client2 172.17.0.1
	cut_off client2 fd17::1
	run -28 at client2 curl -gsf -m1 http://172.17.0.1:8080/
}
all_get_in() {
	reaches client1 172.17.0.1
	reaches client2 172.17.0.1
	reaches client2 fd17::1
}

# bats test_tags=core
@test "on the bridge, generic: client1 gets the page, client2 does not, IPv4 and IPv6" {
	serve host 8080
	all_get_in
	host allow -q 172.17.0.2 fd17::2
	run -0 --separate-stderr host xdp-on br0
	[[ $output == br0:*xdp_allow*generic*"not container to container"* && ${#lines[@]} == 1 ]]
	[[ $(xdp_mode br0) == 2 ]]
	at client2 ip neigh flush dev eth0
	listed_gets_in
	[[ $(count br0 drop not_listed) -gt 5 && $(count br0 pass listed) -gt 5 && $(count br0 pass nd) -gt 0 ]]
	host xdp-off br0
	[[ -z $(xdp_id br0) ]]
	all_get_in
}

# bats test_tags=core
@test "on the ports, native: the same, and between containers too" {
	serve host 8080
	host allow -q 172.17.0.2 fd17::2
	host xdp-on br0
	reaches client2 172.17.0.3
	reaches client1 172.17.0.3
	host xdp-off br0
	run -0 --separate-stderr host xdp-on br0 ports
	[[ ${#lines[@]} == 2 && $(xdp_mode v1) == 1 && $(xdp_mode v2) == 1 ]]
	listed_gets_in
	cut_off client2 172.17.0.2
	host allow -q 172.17.0.3
	reaches client2 172.17.0.2
	host xdp-off br0 ports
	all_get_in
}

@test "in generic mode on a port that knows native" {
	serve host 8080
	host allow -q 172.17.0.2 fd17::2
	host xdp-on v2 mode generic
	host xdp-on v1 mode generic
	[[ $(xdp_mode v2) == 2 ]]
	listed_gets_in
	host xdp-off v2
	[[ -z $(xdp_id v2) ]]
	reaches client2 172.17.0.1
}

@test "a network lets all of it in, and taking it out shuts it" {
	host xdp-on -q br0
	cut_off client1 172.17.0.1
	host allow -q 172.17.0.0/16 fd17::/64
	all_get_in
	host deny -q 172.17.0.0/16
	cut_off client1 172.17.0.1
	reaches client1 fd17::1
}

@test "the very first network, listed by hand, counts at once" {
	host xdp-on -q br0
	cut_off client1 172.17.0.1
	host bpftool map update pinned "$globals/pb_net4" key 16 0 0 0 172 17 0 0 value 0 0 0 0 0 0 0 0
	reaches client1 172.17.0.1
	host bpftool map update pinned "$globals/pb_host6" key hex fd 17 00 00 00 00 00 00 00 00 00 00 00 00 00 03 value 0 0 0 0 0 0 0 0
	reaches client2 fd17::1
	cut_off client1 fd17::1
}

@test "attached by hand with exactly the tutorial's call, without a list: closed, then edited" {
	host ip link set dev br0 xdp obj "$objs/xdp_allow.o" sec xdp verbose
	cut_off client1 172.17.0.1
	host allow -q 172.17.0.2
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
	run -0 --separate-stderr host xdp-on br0
	[[ $stderr != *'+ ip '* ]]
	host ip link set dev br0 xdp off
	reaches client2 172.17.0.1
}

# bats test_tags=core
@test "icmp by hand with exactly the tutorial's call: ping stops, HTTP lives, trace_pipe tells" {
	serve host 8080
	tracefs
	all_get_in
	by_hand xdp_icmp host ip link set dev br0 xdp obj OBJECT sec xdp verbose
	cut_off client1 172.17.0.1
	gets_page client1 http://172.17.0.1:8080/
	gets_page client2 'http://[fd17::1]:8080/'
	cut_off client2 fd17::1
	host grep -m1 'bpf_trace_printk: Drop ICMP packets' /sys/kernel/tracing/trace
	host xdp-off br0
	all_get_in
}

@test "ping with IP options, in fragments and behind a tag is ping all the same" {
	host xdp-on -q br0 icmp
	cut_off client1 172.17.0.1
	run -1 at client1 ping -qc2 -i0.05 -W0.3 -T tsonly 172.17.0.1
	run -1 at client1 ping -qc2 -i0.05 -W0.3 -s 4000 172.17.0.1
	[[ $(count br0 drop icmp) -ge 9 ]]
	host xdp-off -q br0
	at client1 ping -qc1 -W2 -T tsonly 172.17.0.1
	at client1 ping -qc1 -W2 -s 4000 172.17.0.1
}

@test "options and fragments of a listed address pass, of others do not" {
	host allow -q 172.17.0.2
	host xdp-on -q br0
	at client1 ping -qc1 -W2 -T tsonly 172.17.0.1
	at client1 ping -qc1 -W2 -s 4000 172.17.0.1
	run -1 at client2 ping -qc2 -i0.05 -W0.3 -T tsonly 172.17.0.1
	run -1 at client2 ping -qc2 -i0.05 -W0.3 -s 4000 172.17.0.1
}

# What the clients send carries tags in the frame, as from a NIC that leaves them in.
tags() { # PUSH
	local i obj
	obj=$(fixture vlan)
	for i in 1 2; do
		at "client$i" ethtool -K eth0 txvlan off tx-vlan-stag-hw-insert off
		at "client$i" tc qdisc add dev eth0 clsact
		at "client$i" tc filter add dev eth0 egress bpf da obj "$obj" sec "tc/$1"
		host tc qdisc add dev "v$i" clsact
		host tc filter add dev "v$i" ingress bpf da obj "$obj" sec tc/pop
	done
	reaches client1 172.17.0.1
	reaches client2 fd17::1
}
tagged_listed_gets_in() { # PUSH BYTES [MODE]
	tags "$1"
	host allow -q 172.17.0.2 fd17::2
	host xdp-on -q br0 ports mode "${3-auto}"
	reaches client1 172.17.0.1
	reaches client1 fd17::1
	cut_off client2 172.17.0.1
	cut_off client2 fd17::1
	# Four bytes a tag longer: the tags were there when XDP looked.
	[[ $(host status -j v2 | jq '.attachments[0].counters.drop.not_listed | .bytes / .packets') == "$2" ]]
}

@test "behind a tag in the frame the address decides as well: 802.1Q" {
	# Three echoes of IPv4 (98 bytes) and three of IPv6 (118), on the average 108.
	tagged_listed_gets_in push_8021q 112
}

@test "behind a tag in the frame the address decides as well: 802.1ad" {
	tagged_listed_gets_in push_8021ad 112
}

@test "behind a tag in the frame the address decides as well: VLAN id 0" {
	tagged_listed_gets_in push_zero 112
}

@test "behind a tag in the frame the address decides as well: two of them" {
	tagged_listed_gets_in push_two 116
}

@test "behind a tag in the frame the address decides as well: generic mode" {
	tagged_listed_gets_in push_8021q 112 generic
}

@test "ARP is answered to who is not listed, and only ARP" {
	host xdp-on -q br0
	at client2 ip neigh flush dev eth0
	cut_off client2 172.17.0.1
	[[ $(at client2 ip -j neigh show 172.17.0.1 dev eth0 | jq -r '.[0].lladdr') == $(host ip -j link show br0 | jq -r '.[0].address') ]]
	[[ $(count br0 pass arp) -gt 0 ]]
}

@test "the same again changes nothing, and says so by what it does not call" {
	local id
	host allow -q 172.17.0.2
	host xdp-on -q br0
	id=$(xdp_id br0)
	run -0 --separate-stderr host xdp-on br0
	[[ $(xdp_id br0) == "$id" && -z $stderr && $output == br0:*"id $id,"* ]]
	run -0 --separate-stderr host xdp-on dev br0 allow mode generic
	[[ $(xdp_id br0) == "$id" && -z $stderr ]]
}

@test "another of ours takes its place, and back" {
	serve host 8080
	host allow -q 172.17.0.2
	host xdp-on -q br0
	cut_off client2 172.17.0.1
	run -0 --separate-stderr host xdp-on br0 icmp
	[[ $stderr == *'+ ip -force link set dev br0 xdpgeneric obj '* ]]
	gets_page client2 http://172.17.0.1:8080/
	cut_off client1 172.17.0.1
	host xdp-on -q br0 allow
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
}

@test "somebody else's program is left alone unless replace is said" {
	local id
	host ip link set dev br0 xdp obj "$(fixture xdp_other)" program drop_all
	id=$(xdp_id br0)
	host allow -q 172.17.0.2
	run -2 --separate-stderr host xdp-on br0
	one_line
	[[ $stderr == *drop_all*"id $id"*'not ours'* && $(xdp_id br0) == "$id" ]]
	run -2 --separate-stderr host xdp-off br0
	one_line
	[[ $stderr == *drop_all*'not ours'* && $(xdp_id br0) == "$id" ]]
	cut_off client1 172.17.0.1
	host xdp-on br0 replace
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
	host xdp-off br0
}

@test "an object of the user's own is attached, known again and taken off" {
	local id
	host xdp-on br0 obj "$(fixture xdp_other)" program drop_all
	id=$(xdp_id br0)
	cut_off client1 172.17.0.1
	host xdp-on br0 obj "$(fixture xdp_other)" program drop_all
	[[ $(xdp_id br0) == "$id" ]]
	host xdp-off br0
	reaches client1 172.17.0.1
}

@test "the mode is not changed under way" {
	host allow -q 172.17.0.2
	host xdp-on -q v2 mode generic
	run -2 --separate-stderr host xdp-on v2 mode native
	one_line
	[[ $stderr == *'xdp-off v2'* && $(xdp_mode v2) == 2 ]]
	cut_off client2 172.17.0.1
	host xdp-off v2
	host xdp-on -q v2 mode native
	[[ $(xdp_mode v2) == 1 ]]
	cut_off client2 172.17.0.1
	host xdp-off v2
	reaches client2 172.17.0.1
}

@test "jumbo frames: the section for them is taken where it is needed, and they pass" {
	local dev
	at client1 ip link set eth0 mtu 9000
	at client2 ip link set eth0 mtu 9000
	for dev in v1 v2 br0; do host ip link set $dev mtu 9000; done
	host allow -q 172.17.0.2
	run -0 --separate-stderr host xdp-on br0 ports
	[[ $output == *xdp_allow_frags* && $(xdp_mode v1) == 1 ]]
	at client1 ping -qc2 -i0.1 -W2 -M "do" -s 8900 172.17.0.1
	run -1 at client2 ping -qc2 -i0.05 -W0.3 -M "do" -s 8900 172.17.0.1
	[[ $(host status -j v1 | jq '.attachments[0].counters.pass.listed.bytes') -gt 17000 ]]
	run -0 --separate-stderr host xdp-on br0 ports
	[[ $stderr != *'+ ip '* ]]
	host xdp-off br0 ports
}

@test "jumbo frames where the object has no section for them: refused" {
	at client1 ip link set eth0 mtu 9000
	host ip link set v1 mtu 9000
	run -2 --separate-stderr host xdp-on -q v1 obj "$(fixture xdp_other)" program drop_all
	one_line
	[[ $stderr == *MTU* && -z $(xdp_id v1) ]]
	reaches client1 172.17.0.1
}

@test "native mode on a bridge: refused" {
	run -2 --separate-stderr host xdp-on -q br0 icmp mode native
	one_line
	[[ $stderr == *native* && -z $(xdp_id br0) ]]
}

@test "a device without an Ethernet header: refused" {
	host ip tuntap add tun0 mode tun
	run -2 --separate-stderr host xdp-on -q tun0
	one_line
	[[ $stderr == *tun0*Ethernet* ]]
	run -2 --separate-stderr host xdp-on -q lo
	one_line
}

@test "an object without BTF, no object, no such section, device, program, file" {
	local dir=$BATS_TEST_TMPDIR
	llvm-objcopy --remove-section .BTF --remove-section .BTF.ext "$objs/xdp_icmp.o" "$dir/nobtf.o"
	head -c 1000 "$objs/xdp_icmp.o" >"$dir/cut.o"
	run -2 --separate-stderr host xdp-on -q br0 obj "$dir/nobtf.o"
	one_line
	[[ $stderr == *'no BTF'* ]]
	run -1 --separate-stderr host xdp-on -q br0 obj /etc/passwd
	one_line
	[[ $stderr == *'not an object'* ]]
	run --separate-stderr host xdp-on -q br0 obj "$dir/cut.o"
	[[ $status == [12] ]]
	one_line
	run -1 --separate-stderr host xdp-on -q br0 obj "$objs/xdp_icmp.o" sec nowhere
	one_line
	[[ $stderr == *nowhere* ]]
	run -1 --separate-stderr host xdp-on -q br0 obj "$objs/xdp_icmp.o" program nobody
	one_line
	[[ $stderr == *nobody* ]]
	run -1 --separate-stderr host xdp-on -q nodev
	one_line
	[[ $stderr == *nodev* ]]
	run -1 --separate-stderr host xdp-off -q nodev
	one_line
	run -1 --separate-stderr host xdp-on -q br0 nothing
	one_line
	[[ $stderr == *nothing* ]]
	run -1 --separate-stderr host xdp-on -q br0 obj /nowhere.o
	one_line
	[[ $stderr == */nowhere.o* ]]
	[[ -z $(xdp_id br0) ]]
	reaches client1 172.17.0.1
}

@test "bad words" {
	local words
	for words in '' 'br0 mode' 'br0 mode fast' 'br0 allow icmp' 'br0 obj' 'br0 obj x.o allow' 'br0 sec xdp' '-x br0' \
		'br0 -q' 'br0 ../objs/xdp_allow' 'dev' 'v1 dev v2 icmp' 'br0 obj a obj b' 'br0 xdp_'; do
		# shellcheck disable=SC2086 # words
		run -1 --separate-stderr host xdp-on $words
		one_line
	done
	for words in '' 'br0 br0' '-x br0' 'br0 -q' 'dev'; do
		# shellcheck disable=SC2086 # words
		run -1 --separate-stderr host xdp-off $words
		one_line
	done
	[[ -z $(xdp_id br0) ]]
}

@test "not root: one line, status 2" {
	local verb
	for verb in 'xdp-on br0' 'xdp-off br0' status 'lab up'; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr host "${not_root[@]}" "$scripts"/$verb
		one_line
	[[ $stderr == *'not root'* ]]
	done
}

@test "xdp-off: twice is fine, in every mode, by whom it may have been attached" {
	local mode
	for mode in xdp xdpgeneric xdpdrv; do
		host ip link set dev v1 $mode obj "$objs/xdp_icmp.o" sec xdp
		cut_off client1 172.17.0.1
		host xdp-off v1
		[[ -z $(xdp_id v1) ]]
		reaches client1 172.17.0.1
		host xdp-off v1
	done
}

@test "xdp-off purge removes the pins, but not from under another device" {
	host allow -q 172.17.0.2
	host xdp-on -q v1
	host xdp-on -q v2
	run -2 --separate-stderr host xdp-off v1 purge
	one_line
	[[ $stderr == *'in use'* && -n $(xdp_id v1) ]]
	host xdp-off v2
	host xdp-off v1 purge
	run -0 host bash -c "shopt -s nullglob; printf '%s' $globals/pb_*"
	[[ -z $output ]]
}

@test "lists outlive xdp-off and the device" {
	host allow -q 172.17.0.2
	host xdp-on -q br0
	host xdp-off -q br0
	host xdp-on -q v2
	host ip link del v2
	[[ $(host allow list) == 172.17.0.2/32 ]]
	host xdp-on -q br0
	reaches client1 172.17.0.1
}

@test "warnings: an empty list, an address by DHCP, an ssh session that would hang" {
	run -0 --separate-stderr host xdp-on -q br0
	one_line
	[[ $stderr == *'list is empty'* ]]
	host xdp-off -q br0
	host allow -q 172.17.0.2
	run -0 --separate-stderr host xdp-on -q br0
	[[ -z $stderr ]]
	host xdp-off -q br0
	host ip addr add 172.17.0.9/16 dev br0 valid_lft 1000 preferred_lft 1000
	run -0 --separate-stderr host xdp-on -q br0
	one_line
	[[ $stderr == *DHCP* ]]
	host xdp-off -q br0
	host ip addr del 172.17.0.9/16 dev br0
	run -0 --separate-stderr host env SSH_CONNECTION='172.17.0.3 1234 172.17.0.1 22' "$scripts/xdp-on" -q br0
	one_line
	[[ $stderr == *ssh*172.17.0.3* ]]
	host xdp-off -q br0
	run -0 --separate-stderr host env SSH_CONNECTION='172.17.0.2 1234 172.17.0.1 22' "$scripts/xdp-on" -q br0
	[[ -z $stderr ]]
	host xdp-off -q br0
	# sudo takes the variable away, but not from the shell above.
	run -0 --separate-stderr host env SSH_CONNECTION='172.17.0.3 1234 172.17.0.1 22' bash -c "env -i PATH=\$PATH '$scripts/xdp-on' -q br0; :"
	one_line
	[[ $stderr == *ssh*172.17.0.3* ]]
}

@test "warnings: ssh and DHCP on a device on top, a macvlan; and the one whose program is in the way is named" {
	host ip link set v1 nomaster
	host ip link add link v1 name mv0 type macvlan mode bridge
	host ip link set mv0 up
	host ip addr add 10.7.0.1/24 dev mv0
	at client1 ip addr add 10.7.0.2/24 dev eth0
	host allow -q 10.7.0.3
	reaches client1 10.7.0.1
	run -0 --separate-stderr host env SSH_CONNECTION='10.7.0.2 1234 10.7.0.1 22' "$scripts/xdp-on" -q v1
	one_line
	[[ $stderr == *ssh*10.7.0.2*v1*'(first: scripts/allow 10.7.0.2)' ]]
	cut_off client1 10.7.0.1
	host xdp-off -q v1
	host ip addr add 10.7.0.9/24 dev mv0 valid_lft 1000 preferred_lft 1000
	run -0 --separate-stderr host xdp-on -q v1
	one_line
	[[ $stderr == *'mv0, on top of v1, has its address by DHCP'* ]]
	host xdp-off -q v1
	host xdp-on -q mv0 icmp
	run -2 --separate-stderr host xdp-on -q v1 icmp
	one_line
	[[ $stderr == *'upper device'*'(first: scripts/xdp-off mv0)' ]]
	host xdp-off -q mv0
	host xdp-on -q v1 icmp
}

# A stranger's router advertisement: fe80::99 to ff02::1, lifetime 1800 s.
advertisement=33330000000102000000009986dd6000000000103afffe800000000000000000000000000099ff0200000000000000000000000000018600348f400007080000000000000000
default_routes() { host ip -6 route show default proto ra; }
advertise() {
	xxd -r -p <<<"$advertisement" >"$BATS_TEST_TMPDIR/ra"
	[[ -x $BATS_TEST_TMPDIR/send ]] || cc -O2 -Wall -o "$BATS_TEST_TMPDIR/send" "$repo/test/fixtures/send_frame.c"
	at client1 "$BATS_TEST_TMPDIR/send" eth0 0 "$BATS_TEST_TMPDIR/ra"
}
has_default() { advertise && [[ $(default_routes) == *fe80::99* ]]; }

@test "a stranger's router advertisement makes him no router, a listed one does, and an unlisted one is named" {
	host sysctl -qw net.ipv6.conf.br0.accept_ra=2
	host allow -q 172.17.0.2
	host xdp-on -q br0
	advertise
	advertise
	reaches client1 172.17.0.1
	[[ $(count br0 drop not_listed) -ge 2 && ! $(default_routes) ]]
	host allow -q fe80::99
	retry 50 has_default
	host xdp-off -q br0
	run -0 --separate-stderr host xdp-on -q br0
	[[ ! $stderr ]]
	host xdp-off -q br0
	host deny -q fe80::99
	run -0 --separate-stderr host xdp-on -q br0
	one_line
	[[ $stderr == *'br0 has its default route by advertisements of fe80::99'*'(first: scripts/allow fe80::99)' ]]
	host xdp-off -q br0
	# A port of the bridge is on the way too; what goes out is not.
	run -0 --separate-stderr host tc-on -q v1 ingress
	one_line
	[[ $stderr == *'(first: scripts/allow fe80::99)' ]]
	run -0 --separate-stderr host tc-on -q br0 egress
	[[ ! $stderr ]]
}

@test "an ssh session whose entry has ended is warned too" {
	host allow -q 172.17.0.3 172.17.0.0/30
	# One nanosecond after the machine was started.
	host bpftool map update pinned "$globals/pb_host4" key 172 17 0 3 value 1 0 0 0 0 0 0 0
	run -0 --separate-stderr host env SSH_CONNECTION='172.17.0.3 1234 172.17.0.1 22' "$scripts/xdp-on" -q br0 icmp
	[[ -z $stderr ]]
	# The network around it still lets it in.
	run -0 --separate-stderr host env SSH_CONNECTION='172.17.0.3 1234 172.17.0.1 22' "$scripts/xdp-on" -q br0
	[[ -z $stderr ]]
	host deny -q 172.17.0.0/30
	run -0 --separate-stderr host env SSH_CONNECTION='172.17.0.3 1234 172.17.0.1 22' "$scripts/xdp-on" -q br0
	one_line
	[[ $stderr == *ssh*172.17.0.3*'scripts/allow 172.17.0.3'* ]]
	cut_off client2 172.17.0.1
}

@test "-q says nothing, neither of XDP nor of tc" {
	host allow -q 172.17.0.2
	run -0 --separate-stderr host xdp-on -q br0 log dropped
	[[ -z $output && -z $stderr ]]
	run -0 --separate-stderr host xdp-on -q br0
	[[ -z $output && -z $stderr ]]
	run -0 --separate-stderr host tc-on -q br0 egress
	[[ -z $output && -z $stderr ]]
	run -0 --separate-stderr host xdp-on -q -j br0
	[[ $(jq -r '.attachments[0].program' <<<"$output") == xdp_allow ]]
	run -0 --separate-stderr host tc-off -q br0
	[[ -z $output && -z $stderr ]]
	run -0 --separate-stderr host xdp-off -q br0
	[[ -z $output && -z $stderr ]]
}

@test "an object that was built again is another one" {
	local id object=$BATS_TEST_TMPDIR/again.o
	build() { # VERDICT
		printf '__attribute__((section("xdp"), used)) int again(void *ctx) { return %s; }\nchar LICENSE[] __attribute__((section("license"), used)) = "GPL";\n' "$1" |
			clang -target bpf -g -O2 -x c -c -o "$object" -
	}
	build 1
	host xdp-on -q br0 obj "$object"
	cut_off client1 172.17.0.1
	id=$(xdp_id br0)
	run -0 --separate-stderr host xdp-on br0 obj "$object"
	[[ $(xdp_id br0) == "$id" && $stderr != *'+ ip'* ]]
	build 2
	host xdp-on -q br0 obj "$object"
	[[ $(xdp_id br0) != "$id" ]]
	reaches client1 172.17.0.1
	# The file of before in its place, with its old times.
	id=$(xdp_id br0)
	cp -p "$object" "$BATS_TEST_TMPDIR/passes.o"
	build 1
	host xdp-on -q br0 obj "$object"
	cut_off client1 172.17.0.1
	mv "$BATS_TEST_TMPDIR/passes.o" "$object"
	host xdp-on -q br0 obj "$object"
	reaches client1 172.17.0.1
	host xdp-off -q br0
}

@test "the bridge and its ports exclude each other, and it says what to do first" {
	host allow -q 172.17.0.2
	host xdp-on -q br0
	run -2 --separate-stderr host xdp-on -q br0 ports
	one_line
	[[ $stderr == *'xdp-off br0'* && -z $(xdp_id v1) && -z $(xdp_id v2) && -n $(xdp_id br0) ]]
	cut_off client2 172.17.0.1
	host xdp-off -q br0
	host xdp-on -q br0 ports
	cut_off client2 172.17.0.1
}

@test "the same program with lists that are pinned no more is replaced, so that deny reaches it" {
	host allow -q 172.17.0.2
	host xdp-on -q br0
	host bash -c "rm $globals/pb_*"
	run -3 host allow -q 172.17.0.3
	reaches client1 172.17.0.1
	[[ $(host status -j br0 | jq '.attachments[0].stale_list') == true ]]
	run -0 --separate-stderr host xdp-on br0
	[[ $stderr == *'+ ip -force link set dev br0'* ]]
	cut_off client1 172.17.0.1
	reaches client2 172.17.0.1
	[[ $(host status -j br0 | jq '.attachments[0].stale_list') == null ]]
}

@test "a signal in the middle of ports undoes what was done" {
	local signal
	host allow -q 172.17.0.2
	mkdir "$BATS_TEST_TMPDIR/struck"
	# An ip that strikes its whole process group when it has done the second port.
	printf '#!/bin/sh\n%s "$@" || exit\ncase "$*" in *v2*xdp*) kill -s "$STRIKE" 0 && sleep 5 ;; esac\n' "$(type -P ip)" >"$BATS_TEST_TMPDIR/struck/ip"
	chmod +x "$BATS_TEST_TMPDIR/struck/ip"
	for signal in INT TERM; do
		run host env PATH="$BATS_TEST_TMPDIR/struck:$PATH" STRIKE=$signal setsid -w "$scripts/xdp-on" -q br0 ports
		[[ $status != 0 ]]
		[[ -z $(xdp_id v1) && -z $(xdp_id v2) ]]
	done
	host xdp-on -q br0 ports
	[[ -n $(xdp_id v1) && -n $(xdp_id v2) ]]
}

@test "an alternative name is the device's" {
	host ip link property add dev br0 altname lan-of-the-clients
	host allow -q 172.17.0.2
	run -0 --separate-stderr host xdp-on -j lan-of-the-clients
	[[ $(jq -r '.attachments[0].ifname' <<<"$output") == br0 ]]
	[[ $(host status -j lan-of-the-clients | jq -r '.attachments[0].ifname') == br0 ]]
	host xdp-off lan-of-the-clients
	[[ -z $(xdp_id br0) ]]
}

@test "warnings for a port look at its bridge too" {
	host allow -q 172.17.0.2
	run -0 --separate-stderr host env SSH_CONNECTION='172.17.0.3 1234 172.17.0.1 22' "$scripts/xdp-on" -q v2
	one_line
	[[ $stderr == *ssh*172.17.0.3* ]]
	host xdp-off -q v2
	run -0 --separate-stderr host env SSH_CONNECTION='fe80::9%br0 1234 fe80::1%br0 22' "$scripts/xdp-on" -q br0
	one_line
	[[ $stderr == *ssh*fe80::9* ]]
}

@test "what could not be attached is not ours later" {
	at client1 ip link set eth0 mtu 9000
	host ip link set v1 mtu 9000
	run -2 --separate-stderr host xdp-on -q v1 obj "$(fixture xdp_other)" program drop_all
	at client1 ip link set eth0 mtu 1500
	host ip link set v1 mtu 1500
	host ip link set dev v1 xdp obj "$BATS_TEST_TMPDIR/xdp_other.o" program drop_all
	run -2 --separate-stderr host xdp-off v1
	[[ -n $(xdp_id v1) ]]
	host xdp-on -q v1 obj "$BATS_TEST_TMPDIR/xdp_other.o" program drop_all replace
	host xdp-off -q v1
	[[ -z $(xdp_id v1) ]]
}

@test "-n shows the call and attaches nothing" {
	host allow -q 172.17.0.2
	run -0 --separate-stderr host xdp-on -n br0
	[[ $stderr == "+ ip link set dev br0 xdp obj $objs/xdp_allow.o sec xdp" && -z $(xdp_id br0) ]]
	host xdp-on -q br0
	run -0 --separate-stderr host xdp-off -n br0
	[[ $stderr == '+ ip link set dev br0 xdpgeneric off' && -n $(xdp_id br0) ]]
}

@test "-j says what is attached" {
	host allow -q 172.17.0.2
	run -0 --separate-stderr host xdp-on -j br0
	[[ $(jq -r '.attachments[0] | "\(.ifname) \(.hook) \(.program) \(.ours) \(.mode)"' <<<"$output") == 'br0 xdp xdp_allow true generic' ]]
	[[ $(jq .attachments[0].id <<<"$output") == "$(xdp_id br0)" ]]
}

# A PATH on which a tool fails at calls that fit a pattern, once FILE exists; a call that changes a hook makes it.
blind() { # TOOL PATTERN
	local dir=$BATS_TEST_TMPDIR/blind
	rm -rf "$dir" && mkdir "$dir"
	cat >"$dir/$1" <<-WRAPPER
		#!/bin/bash
		if [[ -e $dir/changed && "\$*" == $2 ]]; then echo 'Cannot allocate memory' >&2; exit 1; fi
		$(type -P "$1") "\$@" || exit
		case "\$*" in *'link set'*|*'filter replace'*|*'filter del'*) : >$dir/changed ;; esac
	WRAPPER
	chmod +x "$dir/$1"
}

@test "what was changed and cannot be read back: 3, and what is in force is said" {
	host allow -q 172.17.0.2
	blind ip '*-j*show*'
	run -3 --separate-stderr host env PATH="$BATS_TEST_TMPDIR/blind:$PATH" "$scripts/xdp-on" -q v2
	one_line
	[[ $stderr == *'v2: xdp_allow was attached, but cannot be read back '* ]]
	[[ $(xdp_id v2) ]]
	cut_off client2 172.17.0.1
	blind ip '*-j*show*'
	run -3 --separate-stderr host env PATH="$BATS_TEST_TMPDIR/blind:$PATH" "$scripts/xdp-off" -q v2
	one_line
	[[ $stderr == *'v2: detached, but that cannot be read back '* && ! $(xdp_id v2) ]]
	blind ip '*-j*show*'
	run -3 --separate-stderr host env PATH="$BATS_TEST_TMPDIR/blind:$PATH" "$scripts/xdp-on" -q br0 ports
	one_line
	[[ $stderr == *'v1, v2: xdp_allow was attached, but cannot be read back '* && $(xdp_id v1) && $(xdp_id v2) ]]
	blind ip '*-j*show*'
	run -3 --separate-stderr host env PATH="$BATS_TEST_TMPDIR/blind:$PATH" "$scripts/xdp-off" -q br0 ports
	one_line
	[[ $stderr == *'v1, v2: detached, but that cannot be read back '* && ! $(xdp_id v1)$(xdp_id v2) ]]
	blind tc '*-j*filter*show*'
	run -3 --separate-stderr host env PATH="$BATS_TEST_TMPDIR/blind:$PATH" "$scripts/tc-on" -q v2 ingress
	one_line
	[[ $stderr == *'v2 ingress: tc_allow was attached, but cannot be read back '* ]]
	cut_off client2 172.17.0.1
	# What is attached is also said where only the report is lost.
	run -3 --separate-stderr host bash -c 'xdp-on v2 icmp >/dev/full'
	[[ ${stderr_lines[-1]} == *'v2: attached, but the output cannot be written' && $(xdp_id v2) ]]
}

@test "ports first and then the bridge: both filter, and status says what each sees" {
	host allow -q 172.17.0.2 172.17.0.3
	host xdp-on -q br0 ports icmp
	run -0 --separate-stderr host xdp-on -q br0
	[[ $(xdp_id v1) && $(xdp_id br0) ]]
	run -0 host status
	[[ $output == *'br0 xdp: xdp_allow'*'  sees what comes up to the host through br0 (container to host, container to outside), after the programs on its ports: v1, v2'* ]]
	[[ $output != *'use: '* ]]
	cut_off client1 172.17.0.1
	# What the kernel refuses then, and what to do first.
	run -2 --separate-stderr host xdp-off -q br0 ports
	one_line
	[[ $stderr == *'(first: '*'xdp-off br0)' && $(xdp_id v1) ]]
	host xdp-off -q br0
	host xdp-off -q br0 ports
	reaches client1 172.17.0.1
	host xdp-on -q br0
	host deny -q 172.17.0.2
	cut_off client1 172.17.0.1
	run -0 host status br0
	[[ $output == *'not container to container (use: '*'xdp-on br0 ports)'* ]]
}

@test "another list only when asked for: another root's is kept, named and shown" {
	local other=/sys/fs/bpf/guests
	host mkdir "$other"
	host allow -q 172.17.0.2
	host env TC_BPF_MNT="$other" allow -q 172.17.0.3
	host env TC_BPF_MNT="$other" xdp-on -q v2
	reaches client2 172.17.0.1
	run -2 --separate-stderr host xdp-on -q v2
	one_line
	[[ $stderr == *"v2: attached with the list of $other"*"TC_BPF_MNT=$other"*replace* ]]
	reaches client2 172.17.0.1
	run -0 --separate-stderr host status v2
	[[ $output == *"  list $other/tc/globals/pb_*"* && $output != *'pinned no more'* ]]
	[[ $(host status -j v2 | jq -r '.attachments[0].list') == "$other/tc/globals" ]]
	# why says which list, and the command that it names does it.
	run -1 --separate-stderr host why 172.17.0.9 dev v2
	[[ $output == *"172.17.0.9; nearest 172.17.0.3/32; the list of $other"* && $output != *'no more'* ]]
	[[ ${lines[1]} == "  to change it: TC_BPF_MNT=$other scripts/allow 172.17.0.9" ]]
	(cd "$repo" && host env "TC_BPF_MNT=$other" scripts/allow -q 172.17.0.9)
	host bash -c "${lines[2]#  by hand: }"
	run -0 host why -q 172.17.0.9 dev v2
	# Another program of ours is another question; so is its own root.
	run -0 --separate-stderr host env TC_BPF_MNT="$other" "$scripts/xdp-on" -q v2
	[[ ! $stderr ]]
	host xdp-on -q v2 replace
	cut_off client2 172.17.0.1
	run -0 host status v2
	[[ $output == *"  list $globals/pb_*"* ]]
	run -2 --separate-stderr host env TC_BPF_MNT="$other" "$scripts/xdp-on" -q v2
	[[ $stderr == *'v2: attached with the list of /sys/fs/bpf '* ]]
	host tc-on -q v1 ingress
	run -2 --separate-stderr host env TC_BPF_MNT="$other" "$scripts/tc-on" -q v1 ingress
	[[ $stderr == *'v1 ingress: attached with the list of /sys/fs/bpf '* ]]
}
