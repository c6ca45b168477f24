#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The objects as files: two flavours and two byte orders from one source, and an installed tree.

load helper

teardown() { sandbox_end; }

sections() { llvm-readelf -SW "$1" | sed -n 's/^ *\[ *[0-9]*\] \([^ ]*\) .*/\1/p'; }
has() { grep -qx "$2" <<<"$(sections "$1")"; }

# Bytes of relocations against the kernel: the last word of .BTF.ext's header.
core_relocations() { # OBJECT
	llvm-objcopy -O binary --only-section=.BTF.ext --set-section-flags .BTF.ext=alloc "$1" "$BATS_TEST_TMPDIR/ext"
	od -An -t u4 -j 28 -N 4 "$BATS_TEST_TMPDIR/ext" | tr -d ' '
}

@test "every program is built in both flavours" {
	local source name section
	for source in "$objs"/xdp_*.bpf.c; do
		name=$(basename "$source" .bpf.c)
		for section in .maps .BTF xdp xdp.frags; do has "$objs/$name.o" "$section"; done
		for section in maps .BTF xdp; do has "$objs/legacy/$name.o" "$section"; done
		run ! has "$objs/$name.o" maps
		run ! has "$objs/legacy/$name.o" .maps
	done
}

@test "legacy definitions are of 36 bytes, and lists ask to be pinned in the globals directory" {
	local size symbols pinning
	size=$(llvm-readelf -SW "$objs/legacy/xdp_allow.o" | sed -n 's/.* maps  *PROGBITS  *[0-9a-f]* [0-9a-f]* \([0-9a-f]*\) .*/\1/p')
	symbols=$(llvm-readelf -sW "$objs/legacy/xdp_allow.o" | grep -c ' OBJECT .* pb_')
	[[ $((16#$size)) == $((36 * symbols)) && $symbols == 5 ]]
	[[ $(llvm-readelf -sW "$objs/legacy/xdp_allow.o" | awk '/ OBJECT .* pb_/ { print $3 }' | sort -u) == 36 ]]
	# The seventh word of each.
	llvm-objcopy -O binary --only-section=maps --set-section-flags maps=alloc "$objs/legacy/xdp_allow.o" "$BATS_TEST_TMPDIR/maps"
	pinning=$(od -An -v -w36 -t u4 "$BATS_TEST_TMPDIR/maps" | awk '{ print $1, $7 }' | sort | tr '\n' ' ')
	[[ $pinning == '1 2 1 2 11 2 11 2 6 0 ' ]]
}

@test "tracing objects: two flavours, the legacy definitions of 20 bytes, the record in the BTF" {
	local source name size symbols
	for source in "$objs"/trace_*.bpf.c; do
		name=$(basename "$source" .bpf.c)
		has "$objs/$name.o" .maps
		has "$objs/legacy/$name.o" maps
		run ! has "$objs/legacy/$name.o" .maps
		size=$(llvm-readelf -SW "$objs/legacy/$name.o" | sed -n 's/.* maps  *PROGBITS  *[0-9a-f]* [0-9a-f]* \([0-9a-f]*\) .*/\1/p')
		symbols=$(llvm-readelf -sW "$objs/legacy/$name.o" | grep -c ' OBJECT .* pb_')
		[[ $((16#$size)) == $((20 * symbols)) && $symbols -ge 1 ]]
	done
	for name in perf ringbuf ringbuf_output; do
		for source in "$objs/trace_$name.o" "$objs/legacy/trace_$name.o"; do
			[[ $(bpftool btf dump file "$source") == *"STRUCT 'pb_event' size=48"* ]]
		done
	done
}

@test "the programs that send records are built for x86-64, arm64 and any other machine" {
	local arch
	for arch in x86 arm64 none; do
		clang -target bpf -D__TARGET_ARCH_$arch -g -O2 -Wall -Wextra -Werror -I "$repo/maps" -I "$objs/parts" \
			-I "/usr/include/$(cc -dumpmachine)" -c "$objs/trace_ringbuf.bpf.c" -o "$BATS_TEST_TMPDIR/$arch.o"
	done
	for arch in x86 arm64; do has "$BATS_TEST_TMPDIR/$arch.o" raw_tp/sys_enter; done
	has "$BATS_TEST_TMPDIR/none.o" tp/syscalls/sys_enter_write
	new_host host mounts
	tracefs
	# The classic one is taken by every kernel.
	host bpftool prog loadall "$BATS_TEST_TMPDIR/none.o" /sys/fs/bpf/none autoattach
	[[ $(host bpftool link show) == *'tracepoint sys_enter_write'* ]]
}

@test "BPF_TARGET=bpfeb builds big-endian objects that compare the other way round" {
	local dir=$BATS_TEST_TMPDIR/tree little big
	mkdir "$dir"
	cp -r "$repo/Makefile" "$repo/objs" "$repo/maps" "$repo/scripts" "$repo/docs" "$dir"
	# The little-endian ones that are there are made anew.
	make -s -C "$dir" BPF_TARGET=bpfeb all
	[[ $(llvm-readelf -h "$dir/objs/xdp_allow.o") == *"big endian"* ]]
	[[ $(llvm-readelf -h "$dir/objs/legacy/xdp_icmp.o") == *"big endian"* ]]
	[[ $(llvm-readelf -h "$objs/xdp_allow.o") == *"little endian"* ]]
	# EtherTypes as the machine reads them: IPv4 is 0x0800 on the wire, 8 to a little-endian reader.
	big=$(llvm-objdump -d --no-show-raw-insn "$dir/objs/xdp_allow.o")
	little=$(llvm-objdump -d --no-show-raw-insn "$objs/xdp_allow.o")
	[[ $big =~ 'if r'[0-9]+' '[!=]=' 2048 ' && $big =~ 'if r'[0-9]+' '[!=]=' 34525 ' && $big =~ 'if r'[0-9]+' '[!=]=' 33024 ' ]]
	[[ $little =~ 'if r'[0-9]+' '[!=]=' 8 ' && $little =~ 'if r'[0-9]+' '[!=]=' 56710 ' && $little =~ 'if r'[0-9]+' '[!=]=' 129 ' ]]
	[[ ! $big =~ 'if r'[0-9]+' '[!=]=' 56710 ' && ! $little =~ 'if r'[0-9]+' '[!=]=' 34525 ' ]]
}

@test "where the kernel's BTF cannot be read, the list's programs do without, and no other needs it" {
	local object copy
	for object in "$objs"/xdp_*.o "$objs"/tc_*.o; do
		case ${object##*/} in
		*_allow.o) (($(core_relocations "$object") > 0)) ;;
		*) [[ $(core_relocations "$object") == 0 ]] ;;
		esac
	done
	sandbox
	host mount -t tmpfs tmpfs /sys/kernel/btf
	run ! host ip link set dev br0 xdp obj "$objs/xdp_allow.o" sec xdp
	host allow -q 172.17.0.2 fd17::/64
	run -0 --separate-stderr host xdp-on br0
	[[ $stderr == *"+ cp $objs/xdp_allow.o "*"+ dd if=/dev/zero of="*"+ ip link set dev br0 xdp obj "*"/xdp_allow.o sec xdp"* ]]
	[[ $stderr != *warning* ]]
	# What is said can be pasted.
	copy=$BATS_TEST_TMPDIR/copy.o
	cp "$objs/xdp_allow.o" "$copy"
	[[ $stderr =~ (seek=[0-9]+) ]]
	dd if=/dev/zero of="$copy" bs=1 count=4 "${BASH_REMATCH[1]}" conv=notrunc status=none
	[[ $(core_relocations "$copy") == 0 && $(cmp -l "$copy" "$objs/xdp_allow.o" | wc -l) -lt 5 ]]
	host ip -force link set dev br0 xdp obj "$copy" sec xdp
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
	reaches client2 fd17::1
	run -0 --separate-stderr host xdp-on br0
	[[ $stderr != *'+ ip '* ]]
	run -0 --separate-stderr host tc-on br0 egress icmp
	[[ $stderr == *"obj $objs/tc_icmp.o sec tc/egress"* ]]
	[[ $(host status -j | jq -c '[.attachments[].ours]') == '[true,true]' ]]
}

@test "reasons that are renumbered and added in maps/verdict.h are right everywhere after make" {
	local copy=$BATS_TEST_TMPDIR/copy counters
	mkdir "$copy"
	tar -c -C "$repo" --exclude=./.git --exclude=./test/.cache . | tar -x -C "$copy"
	sed -i 's/define PB_FIRST_DROP 16/define PB_FIRST_DROP 12/
		s/R(16, NOT_LISTED,/R(12, NOT_LISTED,/; s/R(19, MALFORMED,/R(27, MALFORMED,/
		s/^\(\tR(7, OTHER,.*\)/\tR(9, TUNNEL, "of a test") \\\n\1/' "$copy/maps/verdict.h"
	sed -i 's/^\tif (pb_is_igmp_query/\tif (ip->protocol == 99)\n\t\treturn PB_TUNNEL;\n&/' "$copy/objs/parts/allow.bpf.h"
	make -s -C "$copy" scripts/lib/contract.bash objs/xdp_allow.o
	[[ $(bpftool btf dump file "$copy/objs/xdp_allow.o") == *"'PB_TUNNEL' val=9"* ]]
	# The commands: what has been counted, and why.
	sandbox
	host "$copy/scripts/allow" -q 172.17.0.2
	host "$copy/scripts/xdp-on" -q br0
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
	counters=$(host "$copy/scripts/status" -j br0 | jq -c '.attachments[0].counters')
	echo "$counters"
	jq -e '.pass.listed.packets > 0 and .drop.not_listed.packets > 0 and (.pass | has("not_listed") | not)' <<<"$counters"
	run -0 host "$copy/scripts/why" 10.9.0.1 proto 99 br0
	[[ ${lines[0]} == 'br0 xdp: xdp_allow: pass (tunnel)'* ]]
	run -1 host "$copy/scripts/why" -q 10.9.0.1 proto tcp br0
	[[ $output == *'drop (not_listed)'* ]]
	# Every row of the table, in a suite of its own.
	run env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root bats -f 'in xdp_allow$' "$copy/test/frames.bats"
	echo "$output"
	[[ $output == *$'\n''ok 1 every row'* ]]
}

@test "an installed tree works, with DESTDIR too" {
	local root=$BATS_TEST_TMPDIR/root
	make -s -C "$repo" install DESTDIR="$root" PREFIX=/usr
	[[ $(ls "$root/usr/sbin") == plainbpf ]]
	sandbox
	host "$root/usr/sbin/plainbpf" allow -q 172.17.0.2
	host "$root/usr/sbin/plainbpf" xdp-on -q br0
	reaches client1 172.17.0.1
	cut_off client2 172.17.0.1
	run -0 host "$root/usr/sbin/plainbpf" status
	[[ $output == *xdp_allow* ]]
	host "$root/usr/sbin/plainbpf" xdp-off -q br0
	run -0 "$root/usr/sbin/plainbpf" help
	[[ $output == *xdp-on*attach* && $output == *allow* ]]
	run -0 "$root/usr/sbin/plainbpf" help xdp-on
	[[ $output == Usage:* ]]
	host "$root/usr/sbin/plainbpf" -q xdp-on br0 icmp
	[[ $(host "$root/usr/sbin/plainbpf" -j status br0 | jq -r '.attachments[0].program') == xdp_icmp ]]
	run -1 --separate-stderr "$root/usr/sbin/plainbpf" ../evil
	run -1 --separate-stderr "$root/usr/sbin/plainbpf" nothing
	[[ ${#stderr_lines[@]} == 1 ]]
	make -s -C "$repo" uninstall DESTDIR="$root" PREFIX=/usr
	[[ -z $(find "$root" -type f -o -type l) ]]
}

@test "every command has help, a version, and refuses what it does not know" {
	local verb bad
	while read -r verb; do
		bad=1
		[[ $verb != why ]] || bad=2 # its 1 is a verdict
		run -0 --separate-stderr "$scripts/$verb" -h
		[[ $output == Usage:* && $output == *Summary:* && -z $stderr ]]
		run -0 --separate-stderr "$scripts/$verb" help
		[[ $output == Usage:* ]]
		run -0 --separate-stderr "$scripts/$verb" -V
		[[ $output == 'plainbpf '[0-9]* ]]
		run "-$bad" --separate-stderr "$scripts/$verb" --no-such-option
		[[ ${#stderr_lines[@]} == 1 && -z $output ]]
	done < <("$scripts/plainbpf" verbs)
}
