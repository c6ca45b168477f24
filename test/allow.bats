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
	# Nothing needs a place for temporary files.
	run -0 --separate-stderr host env TMPDIR=/nowhere "$scripts/allow" test 10.0.0.1
	run -0 --separate-stderr host env TMPDIR=/nowhere "$scripts/allow" -q file - <<<10.0.0.1
}

@test "allow test says why not, in one line, and nothing with -q" {
	run -1 --separate-stderr host allow test 10.0.0.1
	[[ $stderr == 'allow: 10.0.0.1/32: not allowed; the list has no IPv4 entry' && -z $output ]]
	host allow -q 10.0.0.9 10.0.7.0/24 192.0.2.1 2001:db8::1
	run -1 --separate-stderr host allow test 10.0.0.8
	[[ $stderr == 'allow: 10.0.0.8/32: not allowed; nearest 10.0.0.9/32' ]]
	run -1 --separate-stderr host allow test 10.0.6.8
	[[ $stderr == 'allow: 10.0.6.8/32: not allowed; nearest 10.0.7.0/24' ]]
	run -1 --separate-stderr host allow test 2001:db8::2
	[[ $stderr == 'allow: 2001:db8::2/128: not allowed; nearest 2001:db8::1/128' ]]
	run -1 --separate-stderr host allow -q test 10.0.0.8
	[[ -z $stderr && -z $output ]]
	run -0 --separate-stderr host allow -q test 10.0.7.8
	[[ -z $stderr && -z $output ]]
}

# An entry of "host" that ends in so many seconds.
entry_ends() { # MAP KEY SECONDS
	local up value
	read -r up _ </proc/uptime
	value=$(printf '%016x\n' $(((${up%.*} + $3) * 1000000000)) | fold -w 2 | tac | paste -sd' ')
	# shellcheck disable=SC2086 # words
	host bpftool map update pinned "$globals/$1" key $2 value hex $value
}

# bats test_tags=core
@test "an entry whose time has ended lets nobody in, and allow test says the same" {
	new_host client
	link client v1
	host ip addr add 172.17.0.1/16 dev v1
	at client ip addr add 172.17.0.2/16 dev eth0
	host allow -q 172.17.0.2
	host xdp-on -q v1
	reaches client 172.17.0.1
	host allow -q test 172.17.0.2
	entry_ends pb_host4 '172 17 0 2' -1
	cut_off client 172.17.0.1
	run -1 --separate-stderr host allow test 172.17.0.2
	[[ $stderr == 'allow: 172.17.0.2/32: not allowed; the time of 172.17.0.2/32 has ended' ]]
	run -1 host allow -q test 172.17.0.2
	entry_ends pb_host4 '172 17 0 2' 3600
	reaches client 172.17.0.1
	run -0 --separate-stderr host allow test 172.17.0.2
	[[ $stderr == 'allow: 172.17.0.2/32: allowed by 172.17.0.2/32' ]]
	# A network that has ended hides a wider one, for both.
	host deny -q 172.17.0.2
	host allow -q 172.16.0.0/12
	reaches client 172.17.0.1
	entry_ends pb_net4 '16 0 0 0 172 17 0 0' -1
	cut_off client 172.17.0.1
	run -1 --separate-stderr host allow test 172.17.0.2
	[[ $stderr == *'not allowed; the time of 172.17.0.0/16 has ended' ]]
	run -1 host allow -q test 172.17.0.2
	# deny takes it out, and warns of what lets in again.
	run -0 --separate-stderr host deny -q 172.17.0.0/16
	[[ $stderr == 'deny: 172.17.0.0/16: still allowed by 172.16.0.0/12' ]]
	reaches client 172.17.0.1
	run -0 host allow -q test 172.17.0.2
	# One that has ended does not let in what is taken out beside it.
	entry_ends pb_net4 '12 0 0 0 172 16 0 0' -1
	host allow -q 172.17.0.2
	run -0 --separate-stderr host deny -q 172.17.0.2
	[[ -z $stderr ]]
	cut_off client 172.17.0.1
}

@test "questions make no maps, and deny on a machine without lists says so" {
	run -0 --separate-stderr host allow list
	[[ -z $output ]]
	run -1 host allow test 10.0.0.1
	run -1 host allow -q test 10.0.0.0/8
	run -0 host status
	run -0 host find /sys/fs/bpf -name 'pb_*'
	[[ -z $output ]]
	run -1 --separate-stderr host deny -q 10.0.0.1
	[[ $stderr == 'deny: not in the list: 10.0.0.1/32' ]]
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
	run -1 --separate-stderr host allow file /dev/null
	[[ $stderr == 'allow: no address in /dev/null' ]]
	list_is ''
}

@test "a file as other tools write it: BOM, CRLF, comments, ranges, ipset save, JSON lines" {
	printf '\xef\xbb\xbf192.0.2.1\r\n192.0.2.2\r\n' >"$BATS_TEST_TMPDIR/bom"
	host allow -q file "$BATS_TEST_TMPDIR/bom"
	list_is '192.0.2.1/32 192.0.2.2/32'
	printf '%s\n' '; DROP list' '192.0.2.0/24 ; SBL000001' '' '2001:db8::/32 ; SBL2' | host allow -q replace -
	list_is '192.0.2.0/24 2001:db8::/32'
	printf '%s\n' 'create good hash:net family inet hashsize 1024' 'add good 192.0.2.0/24' 'add good 198.51.100.7' | host allow -q replace -
	list_is '192.0.2.0/24 198.51.100.7/32'
	printf '%s\n' '{"cidr":"192.0.2.0/24","sblid":"SBL1","rir":"x"}' '{"type":"metadata","records":1}' | host allow -q replace -
	list_is '192.0.2.0/24'
	printf '%s\n' 192.0.2.9-192.0.2.12 2001:db8::ffff-2001:db8::1:0 | host allow -q replace -
	list_is '192.0.2.9/32 192.0.2.10/31 192.0.2.12/32 2001:db8::ffff/128 2001:db8::1:0/128'
}

@test "a bad file: the invisible is shown, a few lines and a count, and nothing is done" {
	local line
	host allow -q 10.0.0.1
	while read -r line; do
		printf %b "$line\n" >"$BATS_TEST_TMPDIR/bad"
		run -1 --separate-stderr host allow file "$BATS_TEST_TMPDIR/bad"
		[[ ${#stderr_lines[@]} == 1 && $stderr == *bad:1:* && $stderr != *[$'\x01'-$'\x1f\x7f'-$'\xff']* ]]
	done <<-'BAD'
		192.0.2.1\xc2\xa0
		192.0.2.3 \x1b]0;owned\x07\x1b[31m
		192.0.2.1\r192.0.2.2
		192.0.2.1\x00192.0.2.2
		192.0.2.1\x0b
		192.0.2.0/255.255.255.0
		192.0.2.9-192.0.2.1
		add good 192.0.2.1 nomatch
		{"sblid":"SBL1"}
		192.0.2.1,192.0.2.2
	BAD
	head -c 1000000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/long"
	run -1 --separate-stderr host allow file "$BATS_TEST_TMPDIR/long"
	((${#stderr} < 300))
	printf '10.0.0.%d\n' {250..300} >"$BATS_TEST_TMPDIR/bad"
	run -1 --separate-stderr host allow replace "$BATS_TEST_TMPDIR/bad"
	[[ ${#stderr_lines[@]} == 6 && ${stderr_lines[0]} == *bad:7:*256 && ${stderr_lines[5]} == 'allow: … and 40 more bad lines' ]]
	list_is '10.0.0.1/32'
	printf '10.1.%d.7/24\n' {0..99} >"$BATS_TEST_TMPDIR/bits"
	host bash -c 'allow file "$1" 2>&1 | head -1' - "$BATS_TEST_TMPDIR/bits"
	[[ $(host allow list | wc -l) == 101 ]]
	run -0 --separate-stderr host allow -q file "$BATS_TEST_TMPDIR/bits"
	[[ ${#stderr_lines[@]} == 6 ]]
	run -1 --separate-stderr host timeout 20 bash -c 'allow -q file - <&-'
	[[ $stderr == *'no address in standard input' ]]
}

# bats test_tags=core
@test "the whole list is replaced in one step, and rolled back, and forth" {
	printf '%s\n' 10.0.0.1 10.1.0.0/16 2001:db8::1 >"$BATS_TEST_TMPDIR/one"
	printf '%s\n' 10.0.0.1 10.2.0.0/16 >"$BATS_TEST_TMPDIR/two"
	run -0 --separate-stderr host allow replace "$BATS_TEST_TMPDIR/one"
	[[ ${stderr_lines[-1]} == 'allow: + 3 - 0' ]]
	run -1 --separate-stderr host allow diff "$BATS_TEST_TMPDIR/two"
	[[ $output == $'- 10.1.0.0/16\n+ 10.2.0.0/16\n- 2001:db8::1/128' ]]
	run -0 --separate-stderr host allow -n replace "$BATS_TEST_TMPDIR/two"
	list_is '10.0.0.1/32 10.1.0.0/16 2001:db8::1/128'
	run -0 --separate-stderr host allow replace "$BATS_TEST_TMPDIR/two"
	[[ ${stderr_lines[-1]} == 'allow: + 1 - 2' && $stderr == *"+ bpftool map update pinned $globals/pb_lists key 0 0 0 0 value "* ]]
	list_is '10.0.0.1/32 10.2.0.0/16'
	run -0 host allow diff "$BATS_TEST_TMPDIR/two"
	[[ -z $output ]]
	run -0 --separate-stderr host allow rollback
	[[ ${stderr_lines[-1]} == 'allow: + 2 - 1' ]]
	list_is '10.0.0.1/32 10.1.0.0/16 2001:db8::1/128'
	host allow -q rollback
	list_is '10.0.0.1/32 10.2.0.0/16'
	# A hand edits what is active.
	host bpftool map update pinned "$globals/pb_host4" key 10 9 9 9 value 0 0 0 0 0 0 0 0
	list_is '10.0.0.1/32 10.2.0.0/16 10.9.9.9/32'
	run -1 --separate-stderr host allow replace /dev/null
	[[ $stderr == 'allow: no address in /dev/null (to empty the list: allow flush)' ]]
	host allow save "$BATS_TEST_TMPDIR/saved"
	host allow -q flush
	list_is ''
	host allow -q restore "$BATS_TEST_TMPDIR/saved"
	list_is '10.0.0.1/32 10.2.0.0/16 10.9.9.9/32'
}

@test "without an earlier list there is no way back, and one that a failed edit spoilt is none" {
	run -2 --separate-stderr host allow rollback
	[[ ${#stderr_lines[@]} == 1 && $stderr == 'allow: no earlier list' ]]
	host allow -q 10.0.0.1
	run -2 --separate-stderr host allow rollback
	[[ $stderr == *'no earlier list' ]]
	host allow -q 10.0.0.2 10.0.0.3
	host allow -q rollback
	list_is '10.0.0.1/32'
}

@test "an edit that is broken off before it is in force is none, also later" {
	host allow -q 10.0.0.1
	awk 'BEGIN { for (; n < 60000; n++) printf "10.1.%d.%d\n", n / 256, n % 256 }' >"$BATS_TEST_TMPDIR/many"
	# A bpftool that strikes its whole process group before the one step.
	mkdir "$BATS_TEST_TMPDIR/struck"
	cat >"$BATS_TEST_TMPDIR/struck/bpftool" <<-TOOL
		#!/bin/bash
		touch "$BATS_TEST_TMPDIR/was_struck"
		kill -KILL 0
	TOOL
	chmod +x "$BATS_TEST_TMPDIR/struck/bpftool"
	run host env PATH="$BATS_TEST_TMPDIR/struck:$PATH" setsid -w "$scripts/allow" -q file "$BATS_TEST_TMPDIR/many"
	[[ $status != 0 && -e $BATS_TEST_TMPDIR/was_struck ]]
	list_is '10.0.0.1/32'
	host allow -q 10.0.0.2
	list_is '10.0.0.1/32 10.0.0.2/32'
	run -0 host find "$globals/next" -type f
	[[ -z $output ]]
	# No place for the text beside the table, and none for anything else.
	host mount -t tmpfs -o size=40k tmpfs /run/plainbpf
	host env TMPDIR=/nowhere "$scripts/allow" -q file "$BATS_TEST_TMPDIR/many"
	[[ $(host allow list | wc -l) == 60002 || $(host allow list | wc -l) -lt 300 ]]
	host allow -q test 10.1.234.95
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
	cat "$BATS_TEST_TMPDIR/pasted"
	(($(wc -l <"$BATS_TEST_TMPDIR/pasted") == 5)) # a directory, the maps; added, added, removed, added
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

@test "a dry run shows every call that it leaves out" {
	host rm -rf "$globals" /run/plainbpf
	run -0 --separate-stderr host allow -n 10.0.0.2
	[[ $stderr == *"+ mkdir -p /run/plainbpf"* && $stderr == *"+ mkdir -p $globals"* ]]
	[[ $stderr == *"/fill open $globals"* && $stderr == *"+ bpftool map update pinned $globals/pb_host4 key hex 0a 00 00 02"* ]]
	host bash -c "! test -e /run/plainbpf && ! test -e $globals"
	sed -n 's/^+ //p' <<<"$stderr" >"$BATS_TEST_TMPDIR/pasted"
	host bash -e "$BATS_TEST_TMPDIR/pasted"
	list_is 10.0.0.2/32
}

@test "nobody has to listen to what an edit says" {
	host bash -c 'allow 10.0.0.1 10.0.0.2 10.1.0.0/16 2> >(exec true); allow 10.0.0.3 2>&-; deny 10.0.0.1 10.0.0.2 2>&1 | true'
	retry 20 list_is '10.0.0.3/32 10.1.0.0/16'
}

@test "a slot that holds another map than the one that is pinned: the pin follows, and the edit is made there" {
	local verb active
	host allow -q 10.0.0.1
	for verb in allow deny; do
		host bpftool map create /sys/fs/bpf/other type hash key 4 value 8 entries 256 name pb_host4
		host bpftool map update pinned /sys/fs/bpf/other key 10 9 9 9 value 0 0 0 0 0 0 0 0
		host bpftool map update pinned /sys/fs/bpf/other key 10 0 0 7 value 0 0 0 0 0 0 0 0
		active=$(host bpftool -j map lookup pinned "$globals/pb_lists" key 0 0 0 0 | jq -r '.value[0]')
		host bpftool map update pinned "$globals/pb_host4_slots" key "$active" 0 0 0 value pinned /sys/fs/bpf/other
		list_is '10.0.0.7/32 10.9.9.9/32'
		host allow -q test 10.9.9.9
		run -1 host allow -q test 10.0.0.1
		host "$verb" -q 10.0.0.7 10.9.9.9
		list_is "$([[ $verb == deny ]] || printf '10.0.0.7/32 10.9.9.9/32')"
		host rm /sys/fs/bpf/other
	done
}

# So many that they are compiled into a table.
many() {
	awk 'BEGIN { for (i = 0; i < 6000; i++) printf "10.%d.%d.%d\n", i / 65536, i / 256 % 256, i % 256 }' | host allow -q file -
}

@test "a long list is edited as a short one is: all or none, entries as they were written" {
	many
	host allow -q 172.17.0.1
	host allow -q 172.17.0.2 172.17.0.3 172.17.0.4
	host allow -q 172.17.0.5 172.17.0.2 172.17.0.6 10.0.0.9
	run -0 --separate-stderr host allow test 172.17.0.3
	[[ $(host allow list | wc -l) == 6006 ]]
	run -1 --separate-stderr host deny 172.17.0.5 172.17.0.7 172.17.0.6
	[[ $stderr == 'deny: not in the list: 172.17.0.7/32' ]]
	[[ $(host allow list | wc -l) == 6006 ]]
	host deny -q 172.17.0.5 172.17.0.3 172.17.0.2
	[[ $(host allow list | tail -n 3 | paste -sd' ') == '172.17.0.1/32 172.17.0.4/32 172.17.0.6/32' ]]
	run -1 --separate-stderr host allow test 172.17.0.2
	[[ $stderr == 'allow: 172.17.0.2/32: not allowed; nearest 172.17.0.1/32' ]]
	# One that is in the table only, and one that is in both.
	run -0 --separate-stderr host deny 10.0.1.7
	run -1 host allow -q test 10.0.1.7
	host allow -q 10.0.2.7
	host deny -q 10.0.2.7
	run -1 host allow -q test 10.0.2.7
	[[ $(host allow list | wc -l) == 6001 ]]
	host bpftool map update pinned "$globals/pb_host4" key 172 18 0 1 value 0 0 0 0 0 0 0 0
	host allow -q test 172.18.0.1
	host allow -q flush
	list_is ''
	host allow -q rollback
	[[ $(host allow list | wc -l) == 6002 ]]
}

@test "not root: one line, status 2" {
	run -2 --separate-stderr host "${not_root[@]}" "$scripts/allow" 10.0.0.1
	[[ ${#stderr_lines[@]} == 1 && $stderr == *'not root'* ]]
}

# bats test_tags=core
@test "a list grows with its content and shrinks with it" {
	printf '10.0.0.%d\n' {0..255} | host allow -q file -
	[[ $(host bpftool -j map show pinned "$globals/pb_host4" | jq .max_entries) -ge 256 ]]
	awk 'BEGIN { for (; n < 3000; n++) printf "10.1.%d.%d\n", n / 256, n % 256 }' | host allow -q file -
	[[ $(host allow list | wc -l) == 3256 ]]
	[[ $(host fill count "$globals" | grep table) == 'table4 3256 '* ]]
	host allow -q flush
	[[ $(host fill count "$globals") == $'host4 0 256\nhost6 0 256\nnet4 0 256\nnet6 0 256\nend' ]]
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

# The list as the first edition had it: four maps, each in an array with one slot.
first_edition() {
	local kind shape
	host mkdir -p "$globals"
	for kind in host4 host6 net4 net6; do
		case $kind in
		host4) shape='type hash key 4' ;;
		host6) shape='type hash key 16' ;;
		net4) shape='type lpm_trie key 8 flags 1' ;;
		net6) shape='type lpm_trie key 20 flags 1' ;;
		esac
		# shellcheck disable=SC2086 # words
		host bpftool map create "$globals/pb_$kind" $shape value 8 entries 256 name "pb_$kind"
		host bpftool map create "$globals/pb_${kind}_slot" type array_of_maps key 4 value 4 entries 1 \
			name "pb_${kind}_slot" inner_map pinned "$globals/pb_$kind"
		host bpftool map update pinned "$globals/pb_${kind}_slot" key 0 0 0 0 value pinned "$globals/pb_$kind"
	done
	host bpftool map update pinned "$globals/pb_host4" key 172 17 0 2 value 0 0 0 0 0 0 0 0
	host bpftool map update pinned "$globals/pb_net4" key 16 0 0 0 10 9 0 0 value 0 0 0 0 0 0 0 0
}

@test "a list of the first edition is taken over with the program that looks into it" {
	new_host client
	link client v1
	host ip addr add 172.17.0.1/16 dev v1
	at client ip addr add 172.17.0.2/16 dev eth0
	first_edition
	host ip link set dev v1 xdp obj "$(fixture first_edition)" sec xdp
	reaches client 172.17.0.1
	list_is '10.9.0.0/16 172.17.0.2/32'
	# A question takes nothing over, an edit does.
	run -0 host find "$globals" -name pb_lists
	[[ -z $output ]]
	host allow -q 10.0.0.1
	list_is '10.0.0.1/32 10.9.0.0/16 172.17.0.2/32'
	reaches client 172.17.0.1
	# Edits of several entries reach the old program too, and so does the way back.
	host deny -q 172.17.0.2 10.0.0.1
	cut_off client 172.17.0.1
	host allow -q rollback
	reaches client 172.17.0.1
	awk 'BEGIN { print "172.17.0.2"; for (i = 0; i < 3000; i++) printf "10.%d.%d.1\n", i / 256, i % 256 }' | host allow -q replace -
	reaches client 172.17.0.1
	[[ $(host fill count "$globals") != *table* ]]
	# The program of today takes its place; then the old arrays go, and the list is compiled.
	host xdp-on -q v1
	reaches client 172.17.0.1
	run -0 host find "$globals" -name 'pb_*_slot'
	[[ -z $output ]]
	host allow -q 10.200.0.1 10.200.0.2
	[[ $(host fill count "$globals") == *'table4 3003 '* ]]
	reaches client 172.17.0.1
	host deny -q 172.17.0.2
	cut_off client 172.17.0.1
}
