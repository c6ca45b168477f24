#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# kill -9 at any step leaves the old state or the new one, and the next command works.
# shellcheck disable=SC2154,SC2317 # objs and globals are helper.bash's; kill.bash calls reset, check, finished

# bats file_tags=long

load helper
load fixtures/kill

setup() {
	sandbox
	killer_setup
}

teardown() {
	sandbox_end
}

# One packet that does not arrive, of the many kills; client1's, beside it, do.
kept_out() { ! at "$1" ping -qc1 -W0.2 "$2" >/dev/null; } # HOST ADDR

# What programs look into, kind by kind, read past the scripts: lines "KIND ENTRIES", of the active
# generation, and which tables it has.
in_force() {
	# shellcheck disable=SC2016
	host bash -c '
		[[ $(bpftool -j map lookup pinned "$0/pb_lists" key 0 0 0 0 2>/dev/null) =~ \"value\":\[\"0x0([01])\",\"0x0([0-3])\" ]] || exit 0
		gen=${BASH_REMATCH[1]}
		echo "tables ${BASH_REMATCH[2]}"
		for kind in host4 host6 net4 net6; do
			[[ $(bpftool -j map lookup pinned "$0/pb_${kind}_slots" key "$gen" 0 0 0 2>/dev/null) =~ inner_map_id\":([0-9]+) ]] || continue
			printf "%s " "$kind"
			bpftool -j map dump id "${BASH_REMATCH[1]}" | sed "s/},{/}\n{/g" | tr -d "[]" | sort | tr "\n" " "
			echo
		done' "$globals"
}

# Notes a list as the old or the new one: what is listed, and what programs then look into.
note_list() { # old|new
	host allow list >"$BATS_TEST_TMPDIR/$1.list"
	in_force >"$BATS_TEST_TMPDIR/$1.force"
}

is_list() { host allow -q list | cmp -s - "$BATS_TEST_TMPDIR/$1.list"; } # old|new

# Before anything mends it, each kind is the old or the new one. client1 gets in all the time, and
# client2 if what programs look into has it.
in_force_is_old_or_new() {
	in_force >"$BATS_TEST_TMPDIR/now.force"
	[[ $(grep -cvxF -f "$BATS_TEST_TMPDIR/old.force" -f "$BATS_TEST_TMPDIR/new.force" "$BATS_TEST_TMPDIR/now.force") == 0 ]]
	reaches client1 172.17.0.1
	if grep -q '"0xac","0x11","0x00","0x03"' "$BATS_TEST_TMPDIR/now.force"; then
		reaches client2 172.17.0.1
	else
		kept_out client2 172.17.0.1
	fi
}

# With the next command the list as a whole is the old or the new one.
list_is_old_or_new() {
	is_list old || is_list new
}

few=(172.17.0.2 192.0.2.0/24)
more=(172.17.0.3 fd17::3)

# Sets up a list as the old one, and as the new one the same after CMD, and a filter on both ports.
old_and_new() { # CMD…
	reset
	"$@"
	note_list new
	reset
	note_list old
	[[ $(<"$BATS_TEST_TMPDIR/old.list") != "$(<"$BATS_TEST_TMPDIR/new.list")" ]]
	host xdp-on -q br0 ports
}

@test "allow of many at once, killed at any call: the old list or the new one" {
	reset() {
		host allow -q flush
		host allow -q "${few[@]}"
	}
	check() {
		in_force_is_old_or_new
		list_is_old_or_new
	}
	finished() { is_list new; }
	old_and_new host allow -q "${more[@]}"
	kill_everywhere before 2 allow "${more[@]}"
	kill_everywhere after 2 allow "${more[@]}"
}

@test "allow of one address, killed while its tool goes on: the next command waits for that" {
	reset() { host allow -q flush && host allow -q "${few[@]}"; }
	check() { list_is_old_or_new; }
	finished() { is_list new; }
	old_and_new host allow -q 172.17.0.3
	kill_everywhere orphan 1 allow 172.17.0.3
}

@test "deny of many at once, killed at any call: the old list or the new one" {
	reset() { host allow -q "${few[@]}" "${more[@]}"; }
	check() {
		in_force_is_old_or_new
		list_is_old_or_new
	}
	finished() { is_list new; }
	old_and_new host deny -q "${more[@]}"
	kill_everywhere before 2 deny "${more[@]}"
	kill_everywhere after 2 deny "${more[@]}"
}

@test "replace, flush and rollback, killed at any call: the old list or the new one" {
	reset() {
		host allow -q flush
		host allow -q "${few[@]}"
	}
	check() {
		in_force_is_old_or_new
		list_is_old_or_new
	}
	finished() { is_list new; }
	printf '%s\n' 172.17.0.2 "${more[@]}" >"$BATS_TEST_TMPDIR/file"
	old_and_new host allow -q replace "$BATS_TEST_TMPDIR/file"
	kill_everywhere before 2 allow replace "$BATS_TEST_TMPDIR/file"
	kill_everywhere after 2 allow replace "$BATS_TEST_TMPDIR/file"
	reset() { host allow -q replace - <<<172.17.0.2 && host allow -q "${more[@]}"; }
	old_and_new host allow -q rollback
	kill_everywhere before 2 allow rollback
	kill_everywhere after 2 allow rollback
}

@test "an edit of a compiled list, killed at any call: the old list or the new one" {
	awk 'BEGIN { for (i = 0; i < 6000; i++) printf "10.%d.%d.%d\n", i / 65536, i / 256 % 256, i % 256; print "172.17.0.2" }' >"$BATS_TEST_TMPDIR/long"
	reset() { host allow -q replace "$BATS_TEST_TMPDIR/long"; }
	check() {
		reaches client1 172.17.0.1
		list_is_old_or_new
	}
	finished() { is_list new; }
	old_and_new host allow -q 172.17.0.3 172.17.0.4 172.17.0.5
	kill_everywhere before 2 allow 172.17.0.3 172.17.0.4 172.17.0.5
	kill_everywhere after 2 allow 172.17.0.3 172.17.0.4 172.17.0.5
	old_and_new host deny -q 10.0.0.1 10.0.0.2
	kill_everywhere before 2 deny 10.0.0.1 10.0.0.2
	kill_everywhere after 2 deny 10.0.0.1 10.0.0.2
}

# strace kills fill when it is about to make its Nth call of bpf(2).
@test "fill killed at any of its calls of the kernel: the old list, and the next command works" {
	local n before
	sandbox_list() { host allow -q replace - <<<$'172.17.0.2\n10.0.0.0/8'; }
	host xdp-on -q br0 ports
	awk 'BEGIN { for (i = 0; i < 3000; i++) printf "10.9.%d.%d\n", i / 256, i % 256; print "172.17.0.2" }' >"$BATS_TEST_TMPDIR/long"
	for ((n = 1; ; n += PLAINBPF_LONG ? 1 : 7)); do
		sandbox_list
		before=$(host allow list)
		if host strace -f -qq -o /dev/null -e trace=bpf -e "inject=bpf:signal=KILL:when=$n" \
			"$repo/scripts/fill" build "$globals" replace file "$BATS_TEST_TMPDIR/long" >/dev/null 2>&1; then
			break
		fi
		[[ $(host allow list) == "$before" ]]
		reaches client1 172.17.0.1
		host allow -q 192.0.2.1
		[[ $(host allow list) == "$before"$'\n192.0.2.1/32' ]]
	done
	echo "killed at $((n - 1)) calls"
	((n > 40))
}

@test "the first allow of all, killed at any call: no list or the list" {
	reset() { host rm -rf "$globals" /run/plainbpf; }
	check() {
		[[ $(host allow -q list) =~ ^(172.17.0.2/32)?$ ]]
		host allow -q 172.17.0.2
		finished
	}
	finished() { [[ $(host allow -q list) == 172.17.0.2/32 ]]; }
	kill_everywhere before 3 allow 172.17.0.2
	kill_everywhere after 3 allow 172.17.0.2
	host xdp-on -q br0 ports
	reaches client1 172.17.0.1
	kept_out client2 172.17.0.1
}

# The program on a port by name, or "-".
program_on() { host ip -j -d link show dev "$1" | jq -r '.[0].xdp.prog.name // "-"'; }

# client2 is not listed: what its port lets in tells which program is there.
verdict_of_program_on() { # PORT CLIENT
	case $(program_on "$1") in
	-) reaches "$2" 172.17.0.1 ;;
	xdp_icmp) kept_out "$2" 172.17.0.1 && gets_page "$2" 172.17.0.1:8080 ;;
	xdp_allow) kept_out "$2" 172.17.0.1 ;;
	*) false ;;
	esac
}

no_undo_left() { [[ -z $(host find /sys/fs/bpf/plainbpf -type f) ]]; }

@test "xdp-on, killed at any call: nothing is attached, or the program" {
	reset() { host ip link set dev v2 xdp off; }
	check() {
		[[ $(program_on v2) =~ ^(-|xdp_allow)$ ]]
		verdict_of_program_on v2 client2
		host xdp-on -q v2
		finished
	}
	finished() {
		[[ $(program_on v2) == xdp_allow ]]
		no_undo_left
	}
	serve host 8080
	host allow -q 172.17.0.2
	kill_everywhere before 5 xdp-on v2
	kill_everywhere orphan 4 xdp-on v2
	host xdp-off v2
	reaches client2 172.17.0.1
}

@test "xdp-on in the place of another program, killed at any call: the one or the other" {
	reset() { host ip -force link set dev v2 xdpdrv obj "$objs/xdp_icmp.o" sec xdp; }
	check() {
		[[ $(program_on v2) =~ ^(xdp_icmp|xdp_allow)$ ]]
		verdict_of_program_on v2 client2
		host xdp-on -q v2
		finished
	}
	finished() {
		[[ $(program_on v2) == xdp_allow ]]
		no_undo_left
	}
	serve host 8080
	host allow -q 172.17.0.2
	kill_everywhere after 9 xdp-on v2
	host xdp-off v2
	reaches client2 172.17.0.1
}

@test "xdp-on BRIDGE ports, killed at any call: each port has the old program or the new one" {
	reset() {
		host ip -force link set dev v1 xdpdrv obj "$objs/xdp_icmp.o" sec xdp
		host ip link set dev v2 xdp off
	}
	check() {
		[[ $(program_on v1) =~ ^(xdp_icmp|xdp_allow)$ ]]
		[[ $(program_on v2) =~ ^(-|xdp_allow)$ ]]
		verdict_of_program_on v2 client2
		gets_page client1 172.17.0.1:8080
		host xdp-on -q br0 ports
		finished
	}
	finished() {
		[[ $(program_on v1) == xdp_allow && $(program_on v2) == xdp_allow ]]
		no_undo_left
		reaches client1 172.17.0.1
	}
	serve host 8080
	host allow -q 172.17.0.2
	kill_everywhere before 11 xdp-on br0 ports
	kill_everywhere after 11 xdp-on br0 ports
	host xdp-off br0 ports
	reaches client2 172.17.0.1
}

@test "xdp-on of a user's object, killed at any call, can be repeated and taken off" {
	reset() { host ip link set dev v2 xdp off; }
	check() {
		[[ $(program_on v2) =~ ^(-|drop_all)$ ]]
		host xdp-on -q v2 obj "$other" program drop_all
		finished
	}
	finished() {
		[[ $(program_on v2) == drop_all ]]
		kept_out client2 172.17.0.1
		host xdp-off -q v2
		reaches client2 172.17.0.1
	}
	local other
	other=$(fixture xdp_other)
	kill_everywhere after 4 xdp-on v2 obj "$other" program drop_all
}

@test "tc-on, killed at any call, can be repeated and taken off, and nothing is left" {
	reset() { :; }
	check() {
		[[ $(host tc -j filter show dev v2 ingress | jq -r '[.[] | .options?.prog?.name? // empty] | join(" ")') =~ ^(drop_all)?$ ]]
		host tc-on -q v2 ingress obj "$theirs" sec drop
		finished
	}
	finished() {
		kept_out client2 172.17.0.1
		host tc-off -q v2
		reaches client2 172.17.0.1
		[[ -z $(host tc qdisc show dev v2 clsact) ]]
		[[ -z $(host find /sys/fs/bpf/plainbpf /run/plainbpf -mindepth 1 -type f ! -name lock ! -name private ! -path '*/tags/*') ]]
	}
	local theirs=$BATS_TEST_TMPDIR/theirs.o
	clang -target bpf -g -O2 -x c -c -o "$theirs" - <<-'SOURCE'
		__attribute__((section("drop"), used)) int drop_all(void *ctx) { return 2; }
		char LICENSE[] __attribute__((section("license"), used)) = "GPL";
	SOURCE
	kill_everywhere before 6 tc-on v2 ingress obj "$theirs" sec drop
	kill_everywhere after 6 tc-on v2 ingress obj "$theirs" sec drop
}
