#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Compiled tables (maps/table.h): the compiler and the look-up against a plain reference, damaged
# tables, and the loaded look-up with real maps (test/fuzz/fuzz_tables.c). FUZZ_SEED: another seed.
# shellcheck disable=SC2154 # repo is helper.bash's

load helper

fuzz=$repo/test/fuzz/fuzz_tables

setup() { make -s -C "$repo" test/fuzz/fuzz_tables test/fixtures/xdp_table.o; }
teardown() { sandbox_end; }

# bats test_tags=long
@test "tables: what was compiled answers like the list, decodes to it, and damaged ones are refused" {
	local n=100000
	[[ ! ${PLAINBPF_LONG-} ]] || n=10000000
	run -0 "$fuzz" -n "$n" -s "${FUZZ_SEED:-1}"
	echo "$output"
	[[ $output =~ ^[1-9][0-9]*' tables, '([0-9]+)' probes, '[1-9][0-9]*' damaged' ]]
	((BASH_REMATCH[1] >= n))
}

@test "tables: the loaded look-up gives frames the same verdicts, with inner maps that were filled by mmap" {
	new_host host mounts
	host mkdir /sys/fs/bpf/table
	host bpftool prog loadall "$repo/test/fixtures/xdp_table.o" /sys/fs/bpf/table pinmaps /sys/fs/bpf/table
	run -0 host "$fuzz" -n 3000 -s 3 -k /sys/fs/bpf/table/xdp_table /sys/fs/bpf/table/tables
	echo "$output"
	[[ $output =~ ', '([0-9]+)' frames run'$ ]]
	((BASH_REMATCH[1] >= 3000))
}
