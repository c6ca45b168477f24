#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What each kind of frame gets (docs/frames.md), put through the loaded programs.

load helper
load fixtures/frames

# The tables are the same for all tests. A shell of its own makes them, as bats looks at every command of
# a test, which takes most of the time of a long loop.
setup_file() {
	local table
	for table in allow_table icmp_table; do
		# shellcheck disable=SC2016 # expanded there
		repo=$repo bash -euc '. "$repo/test/fixtures/frames.bash" && "$1"' make "$table" >"$BATS_FILE_TMPDIR/$table"
		cut -d' ' -f3 "$BATS_FILE_TMPDIR/$table" | sed 's/../\\x&/g' >"$BATS_FILE_TMPDIR/$table.escaped"
	done
}

setup() {
	new_host host mounts
	host ip link add v1 type veth peer name v2
	host ip link set v1 up
}
teardown() { sandbox_end; }

# Runs every frame of a table through a program, by one bpftool, and compares verdict and reason. The
# reason is the one counter of runs that has gone up.
check_table() { # TABLE [PROGRAM-ID]
	local id map names='' i verdict reason frame escaped name got n=0 wrong=0 dir=$BATS_TEST_TMPDIR/frames
	id=${2-$(xdp_id v1)}
	for map in $(host bpftool -j prog show id "$id" | jq '.map_ids[]'); do
		[[ $(host bpftool -j map show id "$map" | jq -r .name) != pb_counters ]] || break
	done
	for i in "${!pb_reason[@]}"; do names+="\"$((pb_reasons + i))\":\"${pb_reason[i]}\","; done
	names="{${names%,}}"
	rm -rf "$dir" && mkdir "$dir"
	echo "map dump id $map" >"$dir/batch"
	while read -r verdict reason frame name && read -r escaped <&6; do
		# The kernel runs no program of tc on frames without their Ethernet and IP headers (tc.bats
		# has them as traffic).
		case ${tc-}${frame:24:4} in
		tc0800) ((${#frame} >= 2 * 34)) || continue ;;
		tc86dd) ((${#frame} >= 2 * 54)) || continue ;;
		tc*) ((${#frame} >= 2 * 14)) || continue ;;
		esac
		n=$((n + 1))
		printf '%s\n' "$verdict $reason $name: $frame" >>"$dir/table"
		printf '%b' "$escaped" >"$dir/$n"
		printf 'prog run id %s data_in %s repeat 1\nmap dump id %s\n' "$id" "$dir/$n" "$map" >>"$dir/batch"
	done <"$BATS_FILE_TMPDIR/$1" 6<"$BATS_FILE_TMPDIR/$1.escaped"
	host bpftool -j batch file "$dir/batch" >"$dir/json" || :
	# The dump before a run, the run, the dump after it; last a complaint (bpftool 7.5).
	jq -r --argjson names "$names" --argjson runs "$pb_reasons" '
		def runs: [.output[] | {key: "\(.formatted.key // -1)", value: ([.formatted.values[].value.packets] | add)}
			| select(.value > 0 and (.key | tonumber) >= $runs)] | from_entries;
		[.[] | select(.command) | if .command[0] == "prog" then .output.retval else runs end] as $all |
		range(1; $all | length; 2) | $all[. - 1] as $before | $all[. + 1] as $after |
		"\($all[.]) " + ([$after | to_entries[] | select(.value != ($before[.key] // 0)).key |
			$names[.] // "?"] | join("+"))' "$dir/json" >"$dir/got"
	while read -r verdict reason name <&4 && read -r got frame <&5; do
		got="$(verdict_of "$got") $frame"
		if [[ $got != "$verdict $reason" ]]; then
			echo "$got, not $verdict $reason: $name"
			wrong=$((wrong + 1))
		fi
	done 4<"$dir/table" 5<"$dir/got"
	((n > 40)) || echo "only $n frames"
	((wrong == 0 && n > 40)) && (($(wc -l <"$dir/got") == n))
}
# XDP_DROP, XDP_PASS; of tc TC_ACT_SHOT, TC_ACT_UNSPEC.
verdict_of() {
	case ${tc-}$1 in
	1 | tc2) echo drop ;;
	2 | tc4294967295) echo pass ;;
	*) echo "action $1" ;;
	esac
}
tc_id() { host tc -j filter show dev v1 ingress | jq '[.[] | .options?.prog?.id? // empty][0]'; }
@test "every row of the frame table, in xdp_allow" {
	host allow -q "${listed[@]}"
	host ip link set dev v1 xdp obj "$objs/xdp_allow.o" sec xdp
	check_table allow_table
}

@test "every row of the frame table, in xdp_allow for jumbo frames" {
	host allow -q "${listed[@]}"
	host ip link set dev v1 xdp obj "$objs/xdp_allow.o" sec xdp.frags
	check_table allow_table
}

# bats test_tags=core
@test "what counts as ICMP, in xdp_icmp" {
	host xdp-on -q v1 icmp
	check_table icmp_table
}

@test "what counts as ICMP, in xdp_icmp for jumbo frames" {
	host ip link set dev v1 xdp obj "$objs/xdp_icmp.o" sec xdp.frags
	check_table icmp_table
}

# bats test_tags=core
@test "every row of the frame table, in tc_allow; what counts as ICMP, in tc_icmp" {
	local tc=tc
	host allow -q "${listed[@]}"
	host tc-on -q v1 ingress
	check_table allow_table "$(tc_id)"
	host tc-on -q v1 ingress icmp
	check_table icmp_table "$(tc_id)"
}

# bats test_tags=core
@test "attached by hand before any list exists, it fails closed" {
	local verdict
	by_hand xdp_allow host ip link set dev v1 xdp obj OBJECT sec xdp
	xxd -r -p <<<"$(v4 10.0.0.1 172.17.0.1 17 "$udp")" >"$BATS_TEST_TMPDIR/frame"
	run -0 --separate-stderr host bpftool -j prog run id "$(xdp_id v1)" data_in "$BATS_TEST_TMPDIR/frame"
	[[ $(jq .retval <<<"$output") == 1 ]]
	host allow -q 10.0.0.1
	run -0 --separate-stderr host bpftool -j prog run id "$(xdp_id v1)" data_in "$BATS_TEST_TMPDIR/frame"
	[[ $(jq .retval <<<"$output") == 2 ]]
}

@test "BIG TCP: a frame that no 16-bit length can tell is not malformed" {
	local frame
	host allow -q 10.0.0.1 2001:db8::1
	host ip link set dev v1 xdp obj "$objs/xdp_allow.o" sec xdp.frags
	for frame in "2 $(tot=0 v4 10.0.0.1 172.17.0.1 6 "$(zeros 66000)")" "1 $(tot=0 v4 10.0.0.3 172.17.0.1 6 "$(zeros 66000)")" \
		"1 $(tot=0 v4 10.0.0.1 172.17.0.1 6 "$(zeros 65000)")" "2 $(len=0 v6 "$in6" "$me6" 6 "$(zeros 66000)")"; do
		xxd -r -p <<<"${frame#* }" >"$BATS_TEST_TMPDIR/frame"
		run -0 --separate-stderr host bpftool -j prog run id "$(xdp_id v1)" data_in "$BATS_TEST_TMPDIR/frame" \
			data_out "$BATS_TEST_TMPDIR/out" data_size_out 70000
		[[ $(jq .retval <<<"$output") == "${frame%% *}" ]]
	done
}

@test "runs are counted apart from the frames of a device" {
	host allow -q 10.0.0.1
	host ip link set dev v1 xdp obj "$objs/xdp_allow.o" sec xdp
	xxd -r -p <<<"$(v4 10.0.0.1 172.17.0.1 17 "$udp")" >"$BATS_TEST_TMPDIR/frame"
	host bpftool prog run id "$(xdp_id v1)" data_in "$BATS_TEST_TMPDIR/frame" repeat 100
	[[ $(count v1 pass listed) == 0 ]]
	host ip addr add 10.0.0.2/24 dev v1
	new_host peer
	host ip link set v2 netns "${holder[peer]}"
	at peer ip addr add 10.0.0.1/24 dev v2
	at peer ip link set v2 up
	retry 20 at peer ping -qc1 -W1 10.0.0.2
	[[ $(count v1 pass listed) -gt 0 ]]
}

@test "an entry with an end lets in until then" {
	local now key end
	host allow -q 10.0.0.2
	host ip link set dev v1 xdp obj "$objs/xdp_allow.o" sec xdp
	xxd -r -p <<<"$(v4 10.0.0.1 172.17.0.1 17 "$udp")" >"$BATS_TEST_TMPDIR/frame"
	read -r now _ </proc/uptime
	now=$((${now/./} * 10000000))
	for end in past:$((now - 1)):1 future:$((now + 3600000000000)):2 none:0:2; do
		key=$(printf '%016x' "$(cut -d: -f2 <<<"$end")" | sed 's/../& /g' | tr ' ' '\n' | tac | tr '\n' ' ')
		# shellcheck disable=SC2086 # bytes are words
		host bpftool map update pinned "$globals/pb_host4" key 10 0 0 1 value hex $key
		run -0 --separate-stderr host bpftool -j prog run id "$(xdp_id v1)" data_in "$BATS_TEST_TMPDIR/frame"
				[[ $(jq .retval <<<"$output") == "${end##*:}" ]]
	done
}
