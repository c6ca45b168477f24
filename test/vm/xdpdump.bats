#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Packets without loss beside xdpdump, which needs a kernel with fentry: Debian's 6.1 and 6.12 have
# it. It takes minutes, so no tag chooses it:
#   test/vm/run 6.12 test/vm/xdpdump.bats
# Ratios within one run: an emulated CPU is slow, and slow in another way.
# shellcheck disable=SC2016,SC2154 # jq expands; repo is helper.bash's

load ../helper

teardown() { cat "$BATS_TEST_TMPDIR/said"; } # if the test fails

# Asks the rows of a run.
asked() { # CONDITION
	jq -se 'map(select(.measure == "rate")) as $rows
		| def lossless($size; $who): $rows[] | select(.size == $size and .reader == $who) | .lossless;
		def beside_xdpdump($size): lossless($size; "events-w") / lossless($size; "xdpdump");
		'"$1" "$BATS_TEST_TMPDIR/rows"
}

@test "events -w gets 0.7 of the small frames a second that xdpdump gets without loss, and as many large ones" {
	local enough='beside_xdpdump(64) >= 0.7 and beside_xdpdump(1514) >= 1'
	cd "$BATS_TEST_TMPDIR"
	for _ in 1 2 3; do
		# What runs in the VM is kept on the first CPU.
		taskset -c 0,1 "$repo/test/bench/packets" -j quick captures count 100000 >rows 2>said
		sed 's/^/# /' rows >&3
		if asked "$enough"; then break; fi
	done

	# All that was to be measured is there: xdpdump read, and lost none at some pace.
	asked '($rows | map([.size, .reader]) | sort) == ([[64, 1514], ["events-w", "tcpdump", "xdpdump"]]
		| [combinations]) and ($rows | all(.flat > 0 and .lost_percent >= 0 and .lossless > 0))'
	asked "$enough"
}
