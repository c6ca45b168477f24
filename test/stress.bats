#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Many editors at once, replacing and growing under traffic, long lists, a full list.
# shellcheck disable=SC2154,SC2016 # objs and globals are helper.bash's; scripts for the host's shell

load helper

teardown() {
	sandbox_end
	[[ ! ${group-} ]] || retry 50 rmdir "$group"
}

# Traffic while something is done to the filter, by a port of client1: packets from an address that
# is listed, 172.17.0.2, and from one that is not, 172.17.0.20.
traffic_setup() {
	sandbox
	at client1 ip addr add 172.17.0.20/16 dev eth0
	reaches client1 172.17.0.1
	at client1 ping -qc1 -W2 -I 172.17.0.20 172.17.0.1
	host allow -q 172.17.0.2
	host xdp-on -q v1
	[[ $(xdp_mode v1) == 1 ]]
	no_way_for_the_unlisted
}
no_way_for_the_unlisted() { ! at client1 ping -qc2 -i0.05 -W0.3 -I 172.17.0.20 172.17.0.1; }

traffic_start() {
	spawn at client1 ping -n -i0.005 -I 172.17.0.2 172.17.0.1 >"$BATS_TEST_TMPDIR/listed"
	listed=${spawned[-1]}
	spawn at client1 ping -n -q -i0.005 -I 172.17.0.20 172.17.0.1 >"$BATS_TEST_TMPDIR/unlisted"
	unlisted=${spawned[-1]}
	retry 50 grep -q icmp_seq=50 "$BATS_TEST_TMPDIR/listed"
}

# Every listed packet came through, of hundreds, and no unlisted one, of hundreds. What was under way
# when ping was stopped may have no answer yet.
traffic_stop() {
	local least
	least=$(often 200 500)
	retry 100 grep -q "icmp_seq=$least " "$BATS_TEST_TMPDIR/listed"
	kill -INT "$listed" "$unlisted"
	retry 50 grep -q transmitted "$BATS_TEST_TMPDIR/listed"
	retry 50 grep -q transmitted "$BATS_TEST_TMPDIR/unlisted"
	tail -n 3 "$BATS_TEST_TMPDIR/listed" "$BATS_TEST_TMPDIR/unlisted"
	awk -v least="$least" '
		/icmp_seq=/ {
			split($0, part, "icmp_seq=")
			if (part[2] + 0 != ++seq % 65536) { print "lost before " $0; exit bad = 1 }
		}
		/ packets transmitted/ { sent = $1 }
		END { exit bad || seq < least || sent - seq > 2 }' "$BATS_TEST_TMPDIR/listed"
	[[ $(<"$BATS_TEST_TMPDIR/unlisted") =~ ([0-9]+)\ packets\ transmitted,\ 0\ received ]]
	((BASH_REMATCH[1] >= least / 2))
	# It was the list that kept it out.
	host allow -q 172.17.0.20
	at client1 ping -qc1 -W2 -I 172.17.0.20 172.17.0.1
}

@test "fifty allow and deny at once end in the right list" {
	local n pids=() pid
	new_host host mounts
	for ((n = 0; n < 50; n++)); do
		((n % 2)) || printf '10.0.0.%d\n10.1.%d.0/24\nfd17::%x\n' $n $n $n
	done >"$BATS_TEST_TMPDIR/start"
	host allow -q file "$BATS_TEST_TMPDIR/start"
	for ((n = 0; n < 50; n++)); do
		case $((n % 4)) in
		0) host deny -q "10.0.0.$n" "10.1.$n.0/24" "fd17::$(printf %x $n)" 3>&- & ;;
		1) host allow -q "10.0.0.$n" 3>&- & ;;
		2) host deny -q "fd17::$(printf %x $n)" 3>&- & ;;
		3) host allow -q "10.0.0.$n" "10.1.$n.0/24" 3>&- & ;;
		esac
		pids+=("$!")
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	for ((n = 0; n < 50; n++)); do
		case $((n % 4)) in
		1) echo "10.0.0.$n/32" ;;
		2 | 3) printf '10.0.0.%d/32\n10.1.%d.0/24\n' $n $n ;;
		esac
	done | sort >"$BATS_TEST_TMPDIR/right"
	host allow list | sort | diff - "$BATS_TEST_TMPDIR/right"
}

# bats test_tags=long
@test "replacements under traffic let nothing in and lose nothing" {
	traffic_setup
	traffic_start
	host bash -ec '
		for ((n = 0; n < $1; n++)); do
			ip -force link set dev v1 xdpdrv obj "$0" sec xdp.frags
			ip -force link set dev v1 xdpdrv obj "$0" sec xdp
		done' "$objs/xdp_allow.o" "$(often 25 500)"
	traffic_stop
}

# bats test_tags=long
@test "flips of the list under traffic let nothing in and lose nothing: short, compiled, back and forth" {
	traffic_setup
	{ echo 172.17.0.2 && printf '10.0.0.%d\n' {1..9}; } >"$BATS_TEST_TMPDIR/short"
	{ echo 172.17.0.2 && hosts 3000; } >"$BATS_TEST_TMPDIR/long"
	traffic_start
	host bash -ec '
		for ((n = 0; n < $1; n++)); do
			allow -q replace "$2/short"
			allow -q replace "$2/long"
			allow -q 10.200.0.1 10.200.0.$((n % 200 + 2))
			allow -q rollback
			deny -q 10.0.0.7 10.0.0.8
		done' - "$(often 10 250)" "$BATS_TEST_TMPDIR"
	traffic_stop
}

# bats test_tags=long
@test "a map that is full, again and again under traffic: allow makes a larger one" {
	traffic_setup
	traffic_start
	host bash -ec '
		pin=/sys/fs/bpf/tc/globals/pb_host4
		for ((n = 0; n < $1; n++)); do
			allow -q replace - <<<172.17.0.2
			{ for ((i = 0; i < 255; i++)); do echo "map update pinned $pin key 10 0 0 $i value 0 0 0 0 0 0 0 0"; done; } | bpftool batch file - >/dev/null 2>&1 || :
			! bpftool map update pinned $pin key 10 0 1 1 value 0 0 0 0 0 0 0 0 2>/dev/null
			allow -q 10.0.1.$((n % 200 + 1))
		done' - "$(often 10 100)"
	traffic_stop
	[[ $(host allow list | grep -c '^10\.') == 256 ]]
}

# Hosts in 10.0.0.0/8, one a line, in the order of `allow list`.
hosts() { awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "10.%d.%d.%d\n", i / 65536, i / 256 % 256, i % 256 }'; }

@test "a file of 100000 lines is listed without a process for each" {
	local small large
	new_host host mounts
	hosts 1000 >"$BATS_TEST_TMPDIR/small"
	hosts 100000 >"$BATS_TEST_TMPDIR/large"
	host allow -q 172.17.0.2
	small=$(programs_of allow -q file "$BATS_TEST_TMPDIR/small")
	host allow -q flush
	host allow -q 172.17.0.2
	large=$(programs_of allow -q file "$BATS_TEST_TMPDIR/large")
	echo "1000 lines: $small programs, 100000 lines: $large"
	((small > 0 && large <= small + 3))

	host allow list >"$BATS_TEST_TMPDIR/listed"
	{ sed 's,$,/32,' "$BATS_TEST_TMPDIR/large" && echo 172.17.0.2/32; } | cmp - "$BATS_TEST_TMPDIR/listed"
	host allow -q test 10.1.134.159 # the last
	run -1 host allow -q test 10.1.134.160

	host deny -q file "$BATS_TEST_TMPDIR/large"
	[[ $(host allow list) == 172.17.0.2/32 ]]
}

# A control group that lets the processes in it, and the maps that they make, have so many bytes.
memory_group() { # BYTES
	local root=/sys/fs/cgroup limit=memory.max
	if [[ -d $root/memory ]]; then
		root=$root/memory limit=memory.limit_in_bytes
	else
		grep -qw memory $root/cgroup.controllers
		grep -qw memory $root/cgroup.subtree_control || echo +memory >$root/cgroup.subtree_control
	fi
	group=$root/plainbpf-test-$$
	mkdir "$group"
	echo "$1" >"$group/$limit"
}

@test "a list that the kernel has no memory for: list full, and nothing is changed" {
	sandbox
	memory_group $((8 << 20))
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/bash\necho $$ >%q/cgroup.procs && exec %q "$@"\n' "$group" "$(type -P bash)" >"$BATS_TEST_TMPDIR/bin/bash"
	chmod +x "$BATS_TEST_TMPDIR/bin/bash"
	host allow -q 172.17.0.2 10.9.0.0/16
	host xdp-on -q v1
	host xdp-on -q v2

	hosts 200000 >"$BATS_TEST_TMPDIR/many"
	echo 172.17.0.3 >>"$BATS_TEST_TMPDIR/many"
	run -2 --separate-stderr host "$BATS_TEST_TMPDIR/bin/bash" "$scripts/allow" -q file "$BATS_TEST_TMPDIR/many"
	echo "$stderr"
	# shellcheck disable=SC2154 # run sets it
	[[ ${#stderr_lines[@]} == 1 && $stderr == *'list full'*memory* && -z $output ]]
	[[ $(host allow list | paste -sd' ') == '10.9.0.0/16 172.17.0.2/32' ]]
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1

	# The same processes in the same group can make a list that fits; without it, the long one too.
	host "$BATS_TEST_TMPDIR/bin/bash" "$scripts/allow" -q 172.17.0.3 fd17::3
	reaches client2 172.17.0.1
	host allow -q file "$BATS_TEST_TMPDIR/many"
	[[ $(host allow list | wc -l) == 200004 ]]
}
