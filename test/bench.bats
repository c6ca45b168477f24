#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The benches measure what they say they measure. What they find is for those who read it: no test
# asserts a time, nor a ratio of times.
# shellcheck disable=SC2154 # repo is helper.bash's

load helper

setup_file() {
	local repo=$BATS_TEST_DIRNAME/..
	make -s -C "$repo" all test/bench/xdp_rotate.o
}

@test "a packet's cost: each row is there, and the programs that were timed did what they are for" {
	"$repo/test/bench/run" -j check >"$BATS_TEST_TMPDIR/rows"
	jq -se 'map(select(.sources) | [.hosts, .sources, .verdicts]) == [
		[10, "hit", ["pass"]], [10, "miss", ["drop"]], [10, "mixed", ["drop", "pass"]]]' "$BATS_TEST_TMPDIR/rows"
	jq -se 'map(select(.sources)) | all(has("drop_ns") and has("allow_ns") and has("filter_ns") and has("ratio"))' "$BATS_TEST_TMPDIR/rows"
}

@test "the bench times no program whose verdicts are wrong" {
	local tree=$BATS_TEST_TMPDIR/tree
	mkdir -p "$tree/test"
	cp -r "$repo"/{maps,objs,scripts} "$tree"
	cp -r "$repo/test/bench" "$tree/test"
	# One that lets every source pass.
	cp "$objs/xdp_icmp.o" "$tree/objs/xdp_allow.o"
	run -2 --separate-stderr "$tree/test/bench/run" -j check
	[[ $stderr == *'allow: wrong verdicts: ["pass"], not ["drop"], of 10 hosts and 0 prefixes, miss' ]]
	[[ $output == *'"sources":"hit"'* && $output != *'"sources":"miss"'* ]]
}

@test "a command's cost: each row is there, and every command did what it is for" {
	"$repo/test/bench/run" -j commands check >"$BATS_TEST_TMPDIR/rows"
	jq -se 'map(select(.command)) | length >= 9 and all(.programs >= 1 and .ms > 0)' "$BATS_TEST_TMPDIR/rows"
	jq -se 'any(.command == "allow ADDR" and .against == "ipset add" and .ratio > 0)' "$BATS_TEST_TMPDIR/rows"
}
