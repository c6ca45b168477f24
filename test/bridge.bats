#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What a bridge lives on gets through a filter on its ports; and which of its traffic is seen where.

load helper

teardown() {
	sandbox_end
}

# Two bridges with spanning tree and two links between them, on "host"; client1 at br1, client2 at
# br2. The links come up last, when the filter is there.
two_bridges() {
	local n port
	new_host host mounts
	for n in 1 2; do
		host ip link add "br$n" type bridge mcast_snooping 0 stp_state 1 forward_delay 200 hello_time 100 max_age 600
		host ip link set "br$n" up
		new_host "client$n"
		link "client$n" "v$n"
		host ip link set "v$n" master "br$n"
		at "client$n" ip addr add "172.17.0.$((n + 1))/16" dev eth0
	done
	host ip link add a1 type veth peer name a2
	host ip link add b1 type veth peer name b2
	for port in a1 b1 a2 b2; do host ip link set "$port" master "br${port#?}"; done
}
links_up() {
	local port
	for port in a1 b1 a2 b2; do host ip link set "$port" up; done
}
port_states() { # STATE; how many ports of the links are in it
	host ip -j -d link show | jq --arg state "$1" \
		'[.[] | select(.ifname | test("^[ab][12]$")) | select(.linkinfo.info_slave_data.state == $state)] | length'
}
port_states_are() { [[ $(port_states forwarding) == "$1" && $(port_states blocking) == "$2" ]]; } # FORWARDING BLOCKING

# Frames that reach client2 while client1 asks in vain, once a second, who has an address.
frames_at_client2() {
	local before after
	before=$(at client2 cat /proc/net/dev | awk '/eth0/ { print $3 }')
	at client1 ping -qc2 -W1 172.17.9.9 >/dev/null || :
	after=$(at client2 cat /proc/net/dev | awk '/eth0/ { print $3 }')
	echo $((after - before))
}

@test "two spanning-tree bridges with two links do not loop when their ports are filtered" {
	two_bridges
	host allow -q 172.17.0.2 172.17.0.3
	links_up # so that xdp-on lists all ports
	host xdp-on br1 ports
	host xdp-on br2 ports
	retry 150 port_states_are 3 1
	reaches client1 172.17.0.3
	run -0 frames_at_client2
	echo "frames: $output"
	((output > 0 && output < 30))
	# Who is root says it to the other, and which of them that is their addresses decide.
	(($(count a1 pass l2_control) + $(count b1 pass l2_control) + $(count a2 pass l2_control) + $(count b2 pass l2_control) > 0))

	# The twin: the same with a filter that takes away what spanning tree says. All ports open, and
	# one question goes round and round.
	local port other
	other=$(fixture xdp_other)
	for port in a1 b1 a2 b2; do host ip link set "$port" down; done
	for port in v1 v2 a1 b1 a2 b2; do host ip -force link set "$port" xdpdrv obj "$other" program drop_bpdu; done
	links_up
	retry 150 port_states_are 4 0
	run -0 frames_at_client2
	host ip link set a1 down
	echo "frames: $output"
	((output > 1000))
}

# A bridge that sends multicast only to who has asked for it, and forgets who has not for 2 s.
snooping_bridge() {
	local n
	new_host host mounts
	host ip link add br0 type bridge mcast_snooping 1 mcast_mld_version 2 \
		mcast_query_interval 100 mcast_startup_query_interval 25 mcast_query_response_interval 50 \
		mcast_membership_interval 200 mcast_querier_interval 200
	host sysctl -qw net.ipv6.conf.br0.accept_dad=0
	host ip link set br0 up
	host ip addr add fd17::1/64 dev br0
	# Not before it is up and has addresses: Linux 6.18 then sends queries, but forwards as if nobody did.
	retry 50 has_link_local
	host ip link set br0 type bridge mcast_querier 1
	for n in 1 2; do
		new_host "client$n"
		link "client$n" "v$n"
		host ip link set "v$n" master br0
		at "client$n" ip addr add "fd17::$((n + 1))/64" dev eth0
	done
}
has_link_local() { host ip -6 addr show dev br0 scope link -tentative | grep fe80; }
# Whether the bridge knows that client2 listens to its solicited-node group.
client2_listens() { # true|false
	[[ $(host bridge -j mdb show dev br0 | jq 'any(.[].mdb[]?; .port == "v2" and .grp == "ff02::1:ff00:3")') == "${1-true}" ]]
}
# Neighbour discovery from the beginning, and a ping.
finds_client2() {
	at client1 ip -6 neigh flush dev eth0
	at client2 ip -6 neigh flush dev eth0
	at client1 ping -6 -qc1 -W1 fd17::3 >/dev/null
}
does_not_find_client2() { ! finds_client2; }

@test "a snooping bridge with filtered ports keeps IPv6 alive when the timers have run out" {
	snooping_bridge
	retry 100 client2_listens
	finds_client2
	host allow -q fd17::2 fd17::3
	host xdp-on br0 ports
	# Longer than the bridge remembers. Each time it must have been told again.
	local n
	for n in 1 2 3 4 5; do
		sleep 1
		retry 20 client2_listens
		finds_client2
	done
	[[ $(count v2 pass mld) -gt 0 ]]

	# The twin: a filter that takes the reports away. Then nobody is found any more.
	local other
	other=$(fixture xdp_other)
	for n in 1 2; do host ip -force link set "v$n" xdpdrv obj "$other" program drop_mld; done
	retry 100 client2_listens false
	retry 5 does_not_find_client2
	for n in 1 2; do host ip link set "v$n" xdp off; done
	retry 100 client2_listens
	finds_client2
}

@test "container to container is not seen on the bridge, and is on its ports" {
	sandbox
	host allow -q 172.17.0.2 fd17::2
	run -0 --separate-stderr host xdp-on br0
	[[ $output == *'not container to container'* ]]
	cut_off client2 172.17.0.1
	cut_off client2 fd17::1
	reaches client2 172.17.0.2
	reaches client2 fd17::2
	host xdp-off br0
	host xdp-on br0 ports
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
	cut_off client2 172.17.0.2
	cut_off client2 fd17::2
	host allow -q 172.17.0.3 fd17::3
	reaches client2 172.17.0.2
	reaches client2 fd17::2
}

# The last port is one that takes no program without a section for jumbo frames.
add_jumbo_port() {
	host ip link add d1 mtu 9000 type veth peer name d2 mtu 9000
	host ip link set d1 master br0
}

@test "when one port cannot, the others get back what they had" {
	sandbox
	serve host 8080
	host xdp-on -q v1 icmp
	local id
	id=$(xdp_id v1)
	host allow -q 172.17.0.4
	add_jumbo_port
	run -2 --separate-stderr host xdp-on -q br0 ports obj "$(fixture xdp_other)" program pass_all
	# shellcheck disable=SC2154 # run sets it
	[[ ${#stderr_lines[@]} == 1 && $stderr == *d1* && -z $output ]]
	[[ $(xdp_id v1) == "$id" && -z $(xdp_id v2) && -z $(xdp_id d1) ]]
	[[ -z $(host find /sys/fs/bpf/plainbpf -type f) ]]
	cut_off client1 172.17.0.1
	gets_page client1 172.17.0.1:8080
	reaches client2 172.17.0.1
	# With a program that all can take it is another one on each.
	host xdp-on -q br0 ports
	[[ $(xdp_id v1) != "$id" && -n $(xdp_id v2) && -n $(xdp_id d1) ]]
	run -28 at client1 curl -s -m0.5 172.17.0.1:8080
	cut_off client2 172.17.0.1
}

@test "a port with somebody else's program: no port is touched, unless replace is said" {
	sandbox
	local other id
	other=$(fixture xdp_other)
	host ip link set dev v2 xdp obj "$other" program pass_all
	id=$(xdp_id v2)
	host allow -q 172.17.0.2
	run -2 --separate-stderr host xdp-on -q br0 ports
	[[ ${#stderr_lines[@]} == 1 && $stderr == *'v2: pass_all'*'replace'* && -z $output ]]
	[[ -z $(xdp_id v1) && $(xdp_id v2) == "$id" ]]
	reaches client2 172.17.0.1

	# With it, and a last port that cannot: theirs is back in its place.
	add_jumbo_port
	run -2 --separate-stderr host xdp-on -q br0 ports replace obj "$other" program drop_all
	[[ $stderr == *d1* ]]
	[[ -z $(xdp_id v1) && $(xdp_id v2) == "$id" ]]
	reaches client2 172.17.0.1
	host ip link del d1
	host xdp-on -q br0 ports replace
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
}

@test "a port that joins later is not filtered, status says so, and ports again mends it" {
	sandbox
	host allow -q 172.17.0.2
	host xdp-on -q br0 ports
	cut_off client2 172.17.0.1
	[[ $(host status -j | jq -c '.unfiltered_ports | map(.ifname)') == '[]' ]]

	new_host client3
	link client3 v3
	host ip link set v3 master br0
	at client3 ip addr add 172.17.0.4/16 dev eth0
	retry 50 reaches client3 172.17.0.1
	[[ $(host status -j | jq -c '.unfiltered_ports | map(.ifname)') == '["v3"]' ]]
	run -0 --separate-stderr host status
	[[ $output == *'v3: UNFILTERED port of br0'* ]]

	local id
	id=$(xdp_id v1)
	host xdp-on -q br0 ports
	cut_off client3 172.17.0.1
	reaches client1 172.17.0.1
	[[ $(xdp_id v1) == "$id" ]]
	[[ $(host status -j | jq -c '.unfiltered_ports') == '[]' ]]
}

@test "the object is loaded once for all ports, and a jumbo port gets one of its own" {
	sandbox
	host allow -q 172.17.0.2
	add_jumbo_port
	run -0 --separate-stderr host xdp-on br0 ports
	[[ $(xdp_id v1) == "$(xdp_id v2)" && -n $(xdp_id d1) && $(xdp_id d1) != "$(xdp_id v1)" ]]
	[[ $(grep -c '^+ ip .* obj .* sec xdp$' <<<"$stderr") == 1 ]]
	[[ $(grep -c '^+ ip .* xdp pinned ' <<<"$stderr") -ge 1 ]]
	[[ -z $(host find /sys/fs/bpf/plainbpf -type f) ]]
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
	# Their counters are one program's. Again changes nothing.
	[[ $(host status -j | jq -c '[.attachments[] | select(.ifname == "v1" or .ifname == "v2").counters.drop.not_listed.packets] | unique | length') == 1 ]]
	run -0 --separate-stderr host xdp-on br0 ports
	[[ $stderr != *'+ '* ]]
}

@test "the log of one port is switched for that port only" {
	local id
	sandbox
	host allow -q 172.17.0.2 172.17.0.3
	host xdp-on -q br0 ports
	id=$(xdp_id v2)
	host xdp-on -q v1 log all
	[[ $(xdp_id v1) != "$id" && $(xdp_id v2) == "$id" ]]
	[[ $(host status -j | jq -c '.attachments | map([.ifname, .log]) | sort') == '[["v1","all"],["v2","off"]]' ]]
	# Alone with its program, it is switched in place; and so is that of all ports together.
	id=$(xdp_id v1)
	host xdp-on -q v1 log dropped
	[[ $(xdp_id v1) == "$id" ]]
	host xdp-on -q br0 ports log all
	[[ $(xdp_id v1) == "$id" ]]
	[[ $(host status -j | jq -c '.attachments | map([.ifname, .log]) | sort') == '[["v1","all"],["v2","all"]]' ]]
	# What is replaced leaves its log to the new one, port by port.
	host xdp-on -q v1 log off
	host xdp-on -q br0 ports icmp
	[[ $(host status -j | jq -c '.attachments | map([.ifname, .program, .log]) | sort') == '[["v1","xdp_icmp","off"],["v2","xdp_icmp","all"]]' ]]
	host xdp-off -q br0 ports
	host xdp-on -q br0 ports icmp
	[[ $(xdp_id v1) == "$(xdp_id v2)" ]]
	host xdp-on -q br0 ports icmp log dropped
	[[ $(xdp_id v1) == "$(xdp_id v2)" && $(host status -j | jq -c '.attachments | map(.log)') == '["dropped","dropped"]' ]]
}

@test "a port that goes away meanwhile is no error for the others" {
	sandbox
	mkdir "$BATS_TEST_TMPDIR/struck"
	printf '#!/bin/sh\ncase "$*" in *set*v1*xdp*) %s link del v1 ;; esac\nexec %s "$@"\n' "$(type -P ip)" "$(type -P ip)" >"$BATS_TEST_TMPDIR/struck/ip"
	chmod +x "$BATS_TEST_TMPDIR/struck/ip"
	run -0 --separate-stderr host env PATH="$BATS_TEST_TMPDIR/struck:$PATH" "$scripts/xdp-on" br0 ports icmp
	[[ $output == v2:* && ${#lines[@]} == 1 && $stderr == *'v1: went away'* ]]
	cut_off client2 172.17.0.1
}

@test "the calls that -n shows can be pasted: ports of a bridge, and their log" {
	sandbox
	host xdp-on -q v1 icmp
	run -0 --separate-stderr host xdp-on -n br0 ports icmp log dropped
	[[ $stderr == *'+ mkdir -p '*'/plainbpf/shared'* || $stderr != *pinned* ]]
	host bash -ec "$(sed -n 's/^+ //p' <<<"$stderr")"
	[[ $(host status -j | jq -c '.attachments | map([.ifname, .program]) | sort') == '[["v1","xdp_icmp"],["v2","xdp_icmp"]]' ]]
	host xdp-off -q br0 ports
	run -0 --separate-stderr host xdp-on -n br0 ports icmp log dropped
	[[ $stderr == *'+ mkdir -p '*'/plainbpf/shared'*'+ bpftool map update '* ]]
	host bash -ec "$(sed -n 's/^+ //p' <<<"$stderr")"
	[[ $(xdp_id v1) == "$(xdp_id v2)" && $(host status -j | jq -c '.attachments | map(.log)') == '["dropped","dropped"]' ]]
	[[ -z $(host find /sys/fs/bpf/plainbpf -type f) ]]
}

# A PATH on which the Nth call of a tool finds a port gone, or takes it away when it is done.
strike() { # N before|after
	local dir=$BATS_TEST_TMPDIR/strike tool
	mkdir -p "$dir"
	echo 0 >"$dir/n"
	for tool in ip bpftool; do
		cat >"$dir/$tool" <<-WRAPPER
			#!/bin/bash
			read -r n <$dir/n
			echo \$((++n)) >$dir/n
			((n != $1)) || [[ $2 != before ]] || $(type -P ip) link del v1
			$(type -P "$tool") "\$@"
			rc=\$?
			((n != $1)) || [[ $2 != after ]] || $(type -P ip) link del v1
			exit \$rc
		WRAPPER
		chmod +x "$dir/$tool"
	done
}

@test "a port that goes away at any moment of xdp-on ports: the others are filtered" {
	local n=0 when done=''
	new_host host mounts
	host ip link add br0 type bridge
	host ip link add v2 type veth peer name far2
	host ip link set v2 master br0
	host allow -q 172.17.0.2
	while [[ ! $done ]]; do
		n=$((n + 1))
		for when in before after; do
			host ip link add v1 type veth peer name far1
			host ip link set v1 master br0
			strike "$n" "$when"
			run -0 --separate-stderr host env PATH="$BATS_TEST_TMPDIR/strike:$PATH" "$scripts/xdp-on" br0 ports
			[[ $(xdp_id v2) && $output == *'v2: xdp_allow, '* ]]
			(($(<"$BATS_TEST_TMPDIR/strike/n") >= n)) || done=1
			# As is nothing that it has pinned meanwhile.
			[[ ! $(host find /sys/fs/bpf/plainbpf -type f 2>/dev/null) ]]
			host xdp-off -q v2
			host ip link del v1 2>/dev/null || :
		done
	done
	((n > 6))
	# The only one: there is nothing left to do, and it is no failure.
	host ip link del v2
	host ip link add v1 type veth peer name far1
	host ip link set v1 master br0
	strike 4 before
	run -2 --separate-stderr host env PATH="$BATS_TEST_TMPDIR/strike:$PATH" "$scripts/xdp-on" -q br0 ports
	[[ ${stderr_lines[-1]} == *'no port is left' ]]
}
