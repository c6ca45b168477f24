#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The tutorial's own scenario, on a real docker0 with real containers.
# shellcheck disable=SC2154 # objs is helper.bash's

load helper
load fixtures/docker

# One docker for all of them, and one docker0.
export BATS_NO_PARALLELIZE_WITHIN_FILE=1

setup_file() {
	docker_up
}

teardown_file() {
	docker_down
}

teardown() {
	local port
	for port in docker0 $(ports); do
		host ip link set dev "$port" xdp off
		host ip link set dev "$port" xdpgeneric off
	done
	host allow -q flush
	sandbox_end
}

# The host's ends of the containers' links.
ports() { host ip -j link show master docker0 | jq -r '.[].ifname'; }

# The tutorial's commands, word by word. For who is kept out curl says 28: timed out.
fetch() { docker exec "$1" curl -s -m5 172.17.0.1:8080; }              # CONTAINER
kept_out() { run -28 docker exec "$1" curl -s -m0.5 172.17.0.1:8080; } # CONTAINER

all_is_open() {
	local name
	for name in client1 client2; do
		reaches "$name" 172.17.0.1
		gets_page "$name" 172.17.0.1:8080
	done
	reaches client1 172.17.0.3
	reaches client2 172.17.0.2
}

@test "the containers have the tutorial's addresses on docker0, and nothing is filtered" {
	[[ $(docker exec client1 busybox hostname -i) == 172.17.0.2 ]]
	[[ $(docker exec client2 busybox hostname -i) == 172.17.0.3 ]]
	[[ $(ports | wc -l) == 2 ]]
	all_is_open
}

@test "xdp-on docker0 and allow 172.17.0.2: client1 gets the page and client2 does not" {
	host xdp-on docker0
	kept_out client1
	host allow 172.17.0.2
	[[ $(fetch client1) == 'Welcome to the lab' ]]
	reaches client1 172.17.0.1
	kept_out client2
	cut_off client2 172.17.0.1

	host deny 172.17.0.2
	kept_out client1
	host allow 172.17.0.2 172.17.0.3
	[[ $(fetch client1) == 'Welcome to the lab' ]]
	[[ $(fetch client2) == 'Welcome to the lab' ]]

	host deny 172.17.0.3
	kept_out client2
	host xdp-off docker0
	all_is_open
}

@test "xdp-on docker0 icmp: ping is dropped, the page comes, trace_pipe says why" {
	host xdp-on docker0 icmp
	spawn host timeout 10 cat /sys/kernel/tracing/trace_pipe >"$BATS_TEST_TMPDIR/trace"
	cut_off client1 172.17.0.1
	cut_off client2 172.17.0.1
	[[ $(fetch client1) == 'Welcome to the lab' ]]
	[[ $(fetch client2) == 'Welcome to the lab' ]]
	retry 50 grep 'Drop ICMP packets' "$BATS_TEST_TMPDIR/trace"

	host xdp-off docker0
	all_is_open
}

@test "the plain ip command of the tutorial drops ping on docker0" {
	host ip link set dev docker0 xdp obj "$objs/xdp_icmp.o" sec xdp verbose
	cut_off client1 172.17.0.1
	[[ $(fetch client1) == 'Welcome to the lab' ]]
	host xdp-off docker0
	all_is_open
}

@test "the plain ip command lets nobody in by an empty list, and whom allow adds afterwards" {
	host ip link set dev docker0 xdp obj "$objs/xdp_allow.o" sec xdp
	kept_out client1
	host allow 172.17.0.2
	[[ $(fetch client1) == 'Welcome to the lab' ]]
	kept_out client2
}

@test "from icmp to allow and back docker0 is replaced in place" {
	host xdp-on docker0 icmp
	host allow 172.17.0.2
	host xdp-on docker0 allow
	reaches client1 172.17.0.1
	kept_out client2
	host xdp-on docker0 icmp
	cut_off client1 172.17.0.1
	[[ $(fetch client2) == 'Welcome to the lab' ]]
}

@test "container to container passes xdp-on docker0, and xdp-on docker0 ports stops the unlisted" {
	host allow 172.17.0.2
	run --separate-stderr host xdp-on docker0
	[[ $status == 0 && $output == *'not container to container'* ]]
	cut_off client2 172.17.0.1
	reaches client2 172.17.0.2
	host xdp-off docker0

	run --separate-stderr host xdp-on docker0 ports
	[[ $status == 0 && ${#lines[@]} == 2 ]]
	[[ $(fetch client1) == 'Welcome to the lab' ]]
	kept_out client2
	cut_off client2 172.17.0.2

	host allow 172.17.0.3
	reaches client2 172.17.0.2
	[[ $(fetch client2) == 'Welcome to the lab' ]]
	host deny 172.17.0.3
	cut_off client2 172.17.0.2

	host xdp-off docker0 ports
	all_is_open
}
