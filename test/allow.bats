#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# allow and deny: what they take, what they refuse, and that the list is right afterwards.

# shellcheck disable=SC2016 # what must not be expanded
load helper

setup() { new_host host mounts; }
teardown() { sandbox_end; }

list() { host allow list | paste -sd' '; }
list_is() { # TEXT
	local now
	now=$(list)
	[[ $now == "$1" ]] || { echo "the list is: ${now:0:300}" && return 1; }
}
# bats test_tags=core
@test "addresses and networks of both families are listed, sorted and canonical" {
	host allow -q 172.17.0.2 10.0.0.0/8 2001:DB8:0:0::1 9.9.9.9 2001:db8::/32 ::1 0.0.0.0/0
	list_is '0.0.0.0/0 9.9.9.9/32 10.0.0.0/8 172.17.0.2/32 ::1/128 2001:db8::/32 2001:db8::1/128'
	run -0 --separate-stderr host allow -j list
	[[ $(jq -r '.[3].addr' <<<"$output") == 172.17.0.2/32 ]]
}

@test "an empty list is an empty list, in JSON too" {
	list_is ''
	run -0 --separate-stderr host allow -j list
	[[ $output == '[]' ]]
}

@test "bits behind the prefix are cleared, and that is said" {
	run -0 --separate-stderr host allow -q 10.1.2.3/8
	[[ $stderr == *'10.1.2.3/8: host bits cleared: 10.0.0.0/8' ]]
	list_is '10.0.0.0/8'
}

@test "adding twice is fine, one or many" {
	host allow 10.0.0.1
	host allow 10.0.0.1
	host allow 10.0.0.1 10.0.0.2 10.0.0.1
	host allow 10.0.0.1 10.0.0.2
	list_is '10.0.0.1/32 10.0.0.2/32'
}

@test "bad words are refused with one line and change nothing" {
	local word
	host allow -q 10.0.0.1
	for word in 172.17.0.256 172.017.0.2 1.2.3 1.2.3.4.5 ::g 10.0.0.0/33 10.0.0.0/ 10.0.0.0/-1 10.0.0.0/08 \
		::/129 1::2::3 ::: fe80::1%eth0 ::ffff:1.2.3.4 ::ffff:102:304 localhost '' ' ' '*' '$(reboot)' '`id`' \
		';id' '10.0.0.1;id' '10.0.0.2 10.0.0.3' $'10.0.0.2\n10.0.0.3' --all -x -1.2.3.4 0x0a000001 167772161 \
		'10.0.0.1/8/8' é; do
		run -1 --separate-stderr host allow "$word"
		[[ ${#stderr_lines[@]} == 1 && -z $output ]]
		run -1 --separate-stderr host allow 10.0.0.2 "$word" 10.0.0.3
		[[ ${#stderr_lines[@]} == 1 && -z $output ]]
		run -1 --separate-stderr host deny 10.0.0.1 "$word"
		[[ ${#stderr_lines[@]} == 1 && -z $output ]]
	done
	list_is '10.0.0.1/32'
}

@test "without words, and with too many, they say what is missing" {
	run -1 --separate-stderr host allow
	[[ ${#stderr_lines[@]} == 1 && $stderr == *'no address'* ]]
	run -1 --separate-stderr host deny
	[[ ${#stderr_lines[@]} == 1 ]]
	run -1 --separate-stderr host allow list 10.0.0.1
	[[ ${#stderr_lines[@]} == 1 ]]
	run -1 --separate-stderr host allow file
	[[ ${#stderr_lines[@]} == 1 ]]
	run -1 --separate-stderr host allow file /nowhere
	[[ ${#stderr_lines[@]} == 1 ]]
	run -1 --separate-stderr host allow file /tmp
	[[ ${#stderr_lines[@]} == 1 ]]
}

# bats test_tags=core
@test "deny takes out one or many, and all or none" {
	host allow -q 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 ::1 10.0.0.0/8
	host deny -q 10.0.0.1
	list_is '10.0.0.0/8 10.0.0.2/32 10.0.0.3/32 10.0.0.4/32 ::1/128'
	run -1 --separate-stderr host deny 10.0.0.2 10.0.0.9
	[[ ${#stderr_lines[@]} == 1 && $stderr == *10.0.0.9* ]]
	run -1 --separate-stderr host deny 10.0.0.9
	[[ ${#stderr_lines[@]} == 1 ]]
	run -1 --separate-stderr host deny 10.0.0.0/9
	[[ ${#stderr_lines[@]} == 1 ]]
	list_is '10.0.0.0/8 10.0.0.2/32 10.0.0.3/32 10.0.0.4/32 ::1/128'
	host deny -q 10.0.0.0/8 10.0.0.2 ::1 10.0.0.4
	list_is '10.0.0.3/32'
}

@test "a network inside a listed one is an entry of its own" {
	host allow -q 10.0.0.0/8
	host allow -q 10.1.0.0/16
	list_is '10.0.0.0/8 10.1.0.0/16'
	run -0 --separate-stderr host deny -q 10.1.0.0/16
	[[ $stderr == 'deny: 10.1.0.0/16: still allowed by 10.0.0.0/8' ]]
	list_is '10.0.0.0/8'
}

@test "deny says what still lets an address in" {
	host allow -q 172.17.0.2 172.17.0.0/16 172.16.0.0/12 2001:db8::1 2001:db8::/32
	run -0 --separate-stderr host deny -q 172.17.0.2 2001:db8::1
	[[ $stderr == *'172.17.0.2/32: still allowed by 172.17.0.0/16'* ]]
	[[ $stderr == *'2001:db8::1/128: still allowed by 2001:db8::/32'* ]]
}

@test "allow test answers by status and names the entry" {
	host allow -q 10.0.0.1 172.17.0.0/16 172.16.0.0/12 2001:db8::/32
	run -0 --separate-stderr host allow test 10.0.0.1
	run -1 --separate-stderr host allow test 10.0.0.2
	run -0 --separate-stderr host allow test 172.17.3.4
	[[ $stderr == *'allowed by 172.17.0.0/16' ]]
	run -0 --separate-stderr host allow test 172.17.0.0/24
	run -1 --separate-stderr host allow test 172.0.0.0/8
	run -0 --separate-stderr host allow test 2001:db8:ffff::1
	run -1 --separate-stderr host allow test 2001:db9::1
	run -2 --separate-stderr host allow test nonsense
	[[ ${#stderr_lines[@]} == 1 ]]
	run -2 --separate-stderr host env TMPDIR=/nowhere "$scripts/allow" test 10.0.0.1
	[[ ${#stderr_lines[@]} == 1 ]]
}

@test "a file: comments, blank lines, white space, both families; a bad line is named" {
	printf '%s\n' '# ours' '10.0.0.1   # one' '' '  10.1.0.0/16' $'::1\r' >"$BATS_TEST_TMPDIR/list"
	host allow -q file "$BATS_TEST_TMPDIR/list"
	list_is '10.0.0.1/32 10.1.0.0/16 ::1/128'
	host deny -q file - <"$BATS_TEST_TMPDIR/list"
	list_is ''
	printf '%s\n' 10.0.0.1 10.0.0.300 10.0.0.2 >"$BATS_TEST_TMPDIR/bad"
	run -1 --separate-stderr host allow file "$BATS_TEST_TMPDIR/bad"
	[[ ${#stderr_lines[@]} == 1 && $stderr == *"bad:2: "*10.0.0.300 ]]
	list_is ''
	run -0 host allow file /dev/null
	list_is ''
}

@test "an edit that is broken off before it is in force is none, also later" {
	host allow -q 10.0.0.1
	awk 'BEGIN { for (; n < 60000; n++) printf "10.1.%d.%d\n", n / 256, n % 256 }' >"$BATS_TEST_TMPDIR/many"
	# A bpftool that strikes its whole process group when it has done half of the long batch.
	mkdir "$BATS_TEST_TMPDIR/struck"
	cat >"$BATS_TEST_TMPDIR/struck/bpftool" <<-TOOL
		#!/bin/bash
		[[ " \$* " != *' batch file '* ]] || ((\$(wc -l <"\${@: -1}") < 1000)) || {
			$(type -P bpftool) batch file <(head -n 30000 "\${@: -1}") >/dev/null
			touch "$BATS_TEST_TMPDIR/was_struck"
			kill -INT 0
			sleep 5
		}
		exec $(type -P bpftool) "\$@"
	TOOL
	chmod +x "$BATS_TEST_TMPDIR/struck/bpftool"
	run host env PATH="$BATS_TEST_TMPDIR/struck:$PATH" setsid -w "$scripts/allow" -q file "$BATS_TEST_TMPDIR/many"
	[[ $status != 0 && -e $BATS_TEST_TMPDIR/was_struck ]]
	list_is '10.0.0.1/32'
	run -0 host find "$globals" -name '*_new'
	[[ -z $output ]]
	host mkdir -p /run/small
	host mount -t tmpfs -o size=200k tmpfs /run/small
	run --separate-stderr host env TMPDIR=/run/small "$scripts/allow" -q file "$BATS_TEST_TMPDIR/many"
	[[ $status != 0 ]]
	list_is '10.0.0.1/32'
}

@test "flush empties the list" {
	host allow -q 10.0.0.1 10.0.0.0/8 ::1 2001:db8::/32
	host allow -q flush
	list_is ''
	host allow -q flush
	list_is ''
}

# bats test_tags=core
@test "the list is edited by hand with plain bpftool, as the help says" {
	host allow -q 10.0.0.9
	host bpftool map update pinned "$globals/pb_host4" key 172 17 0 2 value 0 0 0 0 0 0 0 0
	host bpftool map update pinned "$globals/pb_net4" key 16 0 0 0 10 1 0 0 value 0 0 0 0 0 0 0 0
	host bpftool map update pinned "$globals/pb_host6" key hex 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 value 0 0 0 0 0 0 0 0
	host bpftool map update pinned "$globals/pb_net6" key hex 20 00 00 00 20 01 0d b9 00 00 00 00 00 00 00 00 00 00 00 00 value 0 0 0 0 0 0 0 0
	list_is '10.0.0.9/32 10.1.0.0/16 172.17.0.2/32 2001:db8::1/128 2001:db9::/32'
	host bpftool map delete pinned "$globals/pb_host4" key 10 0 0 9
	list_is '10.1.0.0/16 172.17.0.2/32 2001:db8::1/128 2001:db9::/32'
}

@test "to add an entry that ends is to let it in until removed, alone or among others" {
	local address
	host allow -q 10.0.0.9
	for address in 1 2; do
		host bpftool map update pinned "$globals/pb_host4" key 10 0 0 "$address" value 1 0 0 0 0 0 0 0
	done
	host allow -q 10.0.0.1
	host allow -q 10.0.0.2 10.0.0.3
	for address in 1 2 3 9; do
		[[ $(host bpftool -j map lookup pinned "$globals/pb_host4" key 10 0 0 "$address" | jq -c '.value | unique') == '["0x00"]' ]]
	done
}

@test "a /32 that a hand has put among the networks lets in, and is found" {
	host allow -q 10.0.0.9
	host bpftool map update pinned "$globals/pb_net4" key 32 0 0 0 10 0 0 1 value 0 0 0 0 0 0 0 0
	host allow -q test 10.0.0.1
	run -1 host allow test 10.0.0.2
}

@test "the calls that are printed do the same when they are pasted" {
	host allow 172.17.0.2 2>"$BATS_TEST_TMPDIR/calls"
	host deny 172.17.0.2 2>>"$BATS_TEST_TMPDIR/calls"
	host allow ::1 2>>"$BATS_TEST_TMPDIR/calls"
	list_is '::1/128'
	host bash -c "rm $globals/pb_*"
	sed -n 's/^+ //p' "$BATS_TEST_TMPDIR/calls" >"$BATS_TEST_TMPDIR/pasted"
	(($(wc -l <"$BATS_TEST_TMPDIR/pasted") >= 15))
	host bash -e "$BATS_TEST_TMPDIR/pasted"
	list_is '::1/128'
}

@test "-n shows the calls and changes nothing, -q shows nothing" {
	host allow -q 10.0.0.1
	run -0 --separate-stderr host allow -n 10.0.0.2
	[[ $stderr == '+ bpftool map update pinned'* ]]
	run -0 --separate-stderr host deny -n 10.0.0.1
	[[ $stderr == '+ bpftool map delete pinned'* ]]
	run -0 --separate-stderr host allow -n flush
	run -0 --separate-stderr host allow -n 10.0.0.3 10.0.0.4 ::1
	list_is '10.0.0.1/32'
	run -0 --separate-stderr host allow -q 10.0.0.2
	[[ -z $stderr && -z $output ]]
}

@test "a dry run on a machine without lists makes none" {
	run -0 --separate-stderr host allow -n 10.0.0.2
	[[ $stderr == *'+ bpftool map update'* ]]
	run -0 host bash -c "shopt -s nullglob; printf '%s' $globals/pb_*"
	[[ -z $output ]]
}

@test "not root: one line, status 2" {
	run -2 --separate-stderr host "${not_root[@]}" "$scripts/allow" 10.0.0.1
	[[ ${#stderr_lines[@]} == 1 && $stderr == *'not root'* ]]
}

# bats test_tags=core
@test "the maps grow with their content and shrink with it" {
	printf '10.0.0.%d\n' {0..255} | host allow -q file -
	[[ $(host bpftool -j map show pinned "$globals/pb_host4" | jq .max_entries) -ge 256 ]]
	awk 'BEGIN { for (; n < 3000; n++) printf "10.1.%d.%d\n", n / 256, n % 256 }' | host allow -q file -
	[[ $(host allow list | wc -l) == 3256 ]]
	[[ $(host bpftool -j map show pinned "$globals/pb_host4" | jq .max_entries) -ge 3256 ]]
	host allow -q flush
	[[ $(host bpftool -j map show pinned "$globals/pb_host4" | jq .max_entries) -le 256 ]]
}

@test "a map that is full by hand still takes one more" {
	local i
	host allow -q 10.255.0.1
	for ((i = 0; i < 255; i++)); do
		echo "map update pinned $globals/pb_host4 key 10 0 0 $i value 0 0 0 0 0 0 0 0"
	done >"$BATS_TEST_TMPDIR/fill"
	host bpftool batch file "$BATS_TEST_TMPDIR/fill"
	run host bpftool map update pinned "$globals/pb_host4" key 10 0 1 0 value 0 0 0 0 0 0 0 0
	[[ $status != 0 ]]
	host allow 10.255.0.2
	[[ $(host allow list | wc -l) == 257 ]]
	host allow -q test 10.255.0.2
	host allow -q test 10.0.0.7
}

@test "networks grow as well" {
	awk 'BEGIN { for (; n < 700; n++) printf "10.%d.%d.0/24\n", n / 256, n % 256 }' | host allow -q file -
	printf '2001:db8:%x::/48\n' {0..699} | host allow -q file -
	[[ $(host allow list | wc -l) == 1400 ]]
	host allow -q test 10.2.187.9
	host allow -q test 2001:db8:2bb::1
	run -1 host allow test 10.2.188.9
}
