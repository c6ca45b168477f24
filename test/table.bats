#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Compiled tables (maps/table.h): the compiler and the look-up against a plain reference, damaged
# tables, and the loaded look-up with real maps (test/fuzz/fuzz_tables.c). FUZZ_SEED: another seed.
# shellcheck disable=SC2154 # repo is helper.bash's

load helper

fuzz=$repo/test/fuzz/fuzz_tables

setup() { [[ ! $BATS_TEST_DESCRIPTION == tables:* ]] || make -s -C "$repo" test/fuzz/fuzz_tables test/fixtures/xdp_table.o; }
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

# Frames from listed addresses and others, through the loaded program.
# bats test_tags=core
@test "the kernel and the list agree: long lists of both families, at the ends of their entries" {
	local address want
	new_host host mounts
	host ip link add v0 type veth peer name v1
	host ip link set v0 up
	awk 'BEGIN {
		srand(3)
		for (i = 0; i < 4000; i++) printf "10.%d.%d.%d/%d\n", rand() * 4, rand() * 256, int(rand() * 256 / 16) * 16, 28 + int(rand() * 3)
		for (i = 0; i < 4000; i++) printf "2001:db8:%x:%x::%x/128\n", rand() * 3, rand() * 65536, rand() * 65536
		for (i = 0; i < 2000; i++) printf "2001:db8:9:%x::/64\n", int(rand() * 65536)
		for (i = 0; i < 500; i++) printf "2001:db8:a:%x:8000::/%d\n", i * 5, 65 + i % 50
	}' >"$BATS_TEST_TMPDIR/list"
	host allow -q file "$BATS_TEST_TMPDIR/list" 2>/dev/null
	host xdp-on -q v0
	[[ $(host fill count "$globals" | grep -c table) == 2 ]]
	# The question is answered from the text of the list; the frame by the table in the kernel.
	host allow list | awk 'NR % 97 == 0' | sed 's,/.*,,' >"$BATS_TEST_TMPDIR/asked"
	printf '%s\n' 10.0.0.255 10.200.0.1 2001:db8:9::1 2001:db8:a:5:7fff:: 2001:db8:a:5:8000::1 2001:db8:b::1 8.8.8.8 :: \
		255.255.255.255 >>"$BATS_TEST_TMPDIR/asked"
	while read -r address; do
		want=0
		host allow -q test "$address" </dev/null || want=1
		run host why -q "$address" v0 proto tcp port 80 </dev/null
		[[ $status == "$want" ]] || { echo "$address: why says $status, the list $want: $output" && false; }
	done <"$BATS_TEST_TMPDIR/asked"
	# Without the text the table tells the same networks, joined.
	host bash -c 'rm /run/plainbpf/table.*'
	host allow -q test "$(head -n 1 "$BATS_TEST_TMPDIR/asked")"
	run -1 host allow -q test 10.200.0.1
}
