#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# modernize: legacy objects of all kinds (fixtures/legacy.bpf.c) on this machine's loaders, by traffic;
# what cannot be carried over; files that are none.
# shellcheck disable=SC2154,SC2030,SC2031,SC2016 # set by helper.bash; a test is a subshell; quotes are meant

load helper
load fixtures/trace

setup() { cd "$BATS_TEST_TMPDIR" || return; }
teardown() { sandbox_end; }

# An object NAME.o of the fixture.
legacy() { # NAME FLAG…
	"${compiler:-clang}" -target "${target:-bpf}" -O2 -Wall -Werror -I "/usr/include/$(cc -dumpmachine)" "${@:2}" \
		-c "$repo/test/fixtures/legacy.bpf.c" -o "$1.o"
}
# The same, made modern: NAME.new.o.
modern() { # NAME FLAG…
	legacy "$@"
	modernize -q "$1.o" "$1.new.o"
}

# A client behind each of two ports, the page on the host; programs are attached to the port v1.
network() {
	sandbox
	serve host 8080
}
attach() { # OBJECT [SECTION]
	host ip link set dev v1 xdp obj "$1" sec "${2-xdp_legacy}"
}
detach() {
	host ip link set dev v1 xdp off
	# Else an attachment that failed looks like this one.
	[[ ! $(xdp_id v1) ]]
}
filters() {
	reaches client2 172.17.0.1 && cut_off client1 172.17.0.1 && gets_page client1 http://172.17.0.1:8080
}

tag() { host bpftool -j prog show id "$(xdp_id v1)" | jq -r .tag; }
map_id() { # NAME: of the program on v1
	local id
	for id in $(host bpftool -j prog show id "$(xdp_id v1)" | jq -r '.map_ids[]'); do
		host bpftool -j map show id "$id" | jq -r --arg name "$1" 'select(.name == $name) | .id'
	done
}
value() { # MAP-ID: element 0 as a number
	host bpftool -j map lookup id "$1" key 0 0 0 0 |
		jq '[.value | reverse | .[] | ltrimstr("0x") | explode | map(if . > 96 then . - 87 else . - 48 end)
			| .[0] * 16 + .[1]] | reduce .[] as $b (0; . * 256 + $b)'
}
# Every frame was counted in the right maps: 10 times as much in second as in first, and so on.
each_map_is_its_own() { # [MAP=FACTOR…]
	local n pair
	host ip link set v1 down # nothing more comes
	n=$(value "$(map_id first)")
	((n > 0)) || return 1
	for pair in second=10 third=100 "$@"; do
		[[ $(value "$(map_id "${pair%=*}")") == $((n * ${pair#*=})) ]] || { echo "$pair: not $n times" && return 1; }
	done
	host ip link set v1 up
	retry 50 gets_page client1 http://172.17.0.1:8080
}
# One object: loads by ip, filters, and counts rightly.
works() { # OBJECT [MAP=FACTOR…]
	attach "$1" || { echo "$1" && false; }
	filters || { echo "$1: does not filter" && false; }
	each_map_is_its_own "${@:2}" || { echo "$1" && false; }
	detach
}

# The tag that ip of a Debian 11 gives an object, if such a system lies in a directory:
# PLAINBPF_OLD_ROOT. There libbpf is 0.3, which loads both kinds.
old_tag() { # OBJECT
	unshare -n -m --propagation private bash -c 'set -e
		mount --bind "$1" "$1"
		mount -t proc proc "$1/proc"
		mount --rbind /sys "$1/sys"
		mount -t bpf bpf "$1/sys/fs/bpf"
		mount -t tmpfs tmpfs "$1/run"
		mount -t tmpfs tmpfs "$1/tmp"
		cp "$2" "$1/tmp/old.o"
		ip link add v1 type veth peer name v2
		chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin ip link set dev v1 xdp obj /tmp/old.o sec xdp_legacy
		ip -j link show dev v1 | jq -r ".[0].xdp.prog.tag"' old_tag "$PLAINBPF_OLD_ROOT" "$1"
}

section() { # OBJECT NAME: its bytes
	llvm-objcopy -O binary --set-section-flags "$2=alloc" --only-section="$2" "$1" section.bin
	cat section.bin
}
# What a refusal or an error looks like: one line, this status, nothing written, nothing changed.
fails() { # STATUS PATTERN OLD [NEW]
	local new=${4-none.o} before=''
	[[ ! -f $3 ]] || before=$(sha256sum <"$3")
	run -"$1" --separate-stderr modernize "$3" "$new"
	# shellcheck disable=SC2053 # a pattern
	[[ ${#stderr_lines[@]} == 1 && ! $output && $stderr == $2 ]] || { echo "$stderr" && false; }
	[[ ! $before || $before == "$(sha256sum <"$3")" ]]
	[[ ! -e none.o && -z $(compgen -G '*.o.??????') ]]
}

# What clang 3.7 to 7 made of it: functions and maps whose symbols have neither a type nor a size.
old_form() { # NAME FLAG…
	legacy "$1" -S "${@:2}"
	grep -q '\.type.*@function' "$1.o"
	sed -E '/^\s*\.type\s.*@function/d; /^\s*\.size\s/d; s/@object/@notype/' "$1.o" >"$1.s"
	"${compiler:-clang}" -target bpf -c "$1.s" -o "$1.o"
	[[ $(llvm-readelf -s "$1.o") != *FUNC* ]]
}
# And of clang 8 to 11 without -g: BTF and function information with nothing in them.
empty_btf() { # NAME FLAG…
	legacy "$@"
	printf '\x9f\xeb\x01\x00\x18\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0' >empty.btf
	printf '\x9f\xeb\x01\x00\x18\0\0\0\0\0\0\0\x04\0\0\0\x04\0\0\0\x04\0\0\0\x08\0\0\0\x10\0\0\0' >empty.ext
	llvm-objcopy --add-section .BTF=empty.btf --add-section .BTF.ext=empty.ext "$1.o"
}
# bpftool puts tail.o's programs into its array; the ping is dropped behind the tail call.
tail_calls() { # OBJECT
	host bpftool prog loadall "$1" /sys/fs/bpf/tail type xdp pinmaps /sys/fs/bpf/tail_maps
	host ip link set dev v1 xdp pinned /sys/fs/bpf/tail/legacy
	filters
	host bpftool map delete pinned /sys/fs/bpf/tail_maps/jumps key 1 0 0 0
	reaches client1 172.17.0.1
	detach
	host rm -r /sys/fs/bpf/tail /sys/fs/bpf/tail_maps
}

# --- by traffic

@test "definitions of 16 to 280 bytes, with and without BTF: ip refuses the old object, takes the new one, and it filters" {
	local size btf
	network
	for size in 16 20 24 28 36 40 280; do
		for btf in '' -g; do
			modern "d$size$btf" -DDEF="$size" $btf
			run ! attach "d$size$btf.o"
			# Of larger definitions ip itself does not know what they are.
			[[ $size -gt 36 || $output == *"legacy map definitions in 'maps' section are not supported by libbpf v1.0+"* ]]
			works "d$size$btf.new.o"
		done
	done
}

@test "static maps: each reference still goes to its own map" {
	network
	for btf in '' -g; do
		modern "static$btf" -DSTATIC $btf
		works "static$btf.new.o"
	done
}

@test "legacy and BTF definitions in one object, static maps among them, and a map inside a function" {
	network
	modern mixed -DMIXED -g
	works mixed.new.o fourth=1000
	modern both -DMIXED -DSTATIC -g
	works both.new.o fourth=1000
	for btf in '' -g; do
		legacy "within$btf" -DINNER_FUNCTION $btf
		run -0 --separate-stderr modernize "within$btf.o" "within$btf.new.o"
		[[ $stderr == 'modernize: map legacy.within: renamed, because BTF requires an identifier: legacy_within' ]]
		works "within$btf.new.o" legacy_within=5
	done
}

@test "a section for each map, as gobpf has them" {
	network
	for flags in '' -g '-DSTATIC -g' '-DMIXED -g' -DDEF=280; do
		# shellcheck disable=SC2086 # words
		modern each -DEACH $flags
		works each.new.o
	done
}

@test "global data, a sub-program, CO-RE relocations, and an object stripped of debug information" {
	network
	modern globals -DGLOBALS -g
	works globals.new.o
	modern globals_only -DGLOBALS
	works globals_only.new.o
	modern sub -DSUBPROG -g
	works sub.new.o
	modern core -DCORE -g
	works core.new.o
	legacy stripped -DSTATIC -DSUBPROG -g
	llvm-strip --strip-debug stripped.o
	modernize -q stripped.o stripped.new.o
	works stripped.new.o
	modern all -DDEF=36 -DPIN=2 -DINNER=1 -DGLOBALS -DSUBPROG -DCORE -DMIXED -g
	works all.new.o fourth=1000
}

@test "BTF that does not know the maps, and function information that has lost its BTF" {
	network
	printf '%s\n' '__attribute__((section("x"), used)) int pass(void *ctx) { return 2; }' >none.c
	clang -target bpf -O2 -g -c none.c -o none.bpf
	section none.bpf .BTF >none.btf
	legacy other -DSTATIC -g
	llvm-objcopy --remove-section=.BTF.ext --remove-section=.rel.BTF --remove-section=.rel.BTF.ext \
		--update-section=.BTF=none.btf other.o
	[[ $(bpftool btf dump file other.o) != *VAR* ]]
	modernize -q other.o other.new.o
	works other.new.o
	[[ $(bpftool btf dump file other.new.o) == "$(bpftool btf dump file other.o)"*"VAR 'first'"* ]]
	legacy orphan -g
	llvm-objcopy --remove-section=.BTF --remove-section=.rel.BTF orphan.o
	[[ -n $(section orphan.o .BTF.ext | tr -d '\0') ]]
	modernize -q orphan.o orphan.new.o
	works orphan.new.o
}

@test "symbols of old compilers: without a type, without a size, local or hidden" {
	network
	legacy plain -S
	mv plain.o plain.s
	grep -q '\.type.*first,@object' plain.s
	sed '/\.type.*,@object/d; /\.size.*\(first\|second\|third\|unused\)/d' plain.s >notype.s
	sed '/\.globl.*\(first\|second\|third\|unused\)/d; /\.type.*,@object/d' plain.s >local.s
	sed 's/\.globl\(.*\)\(first\|second\|third\|unused\)\(.*\)/&\n\t.hidden \2/' plain.s >hidden.s
	for name in notype local hidden; do
		! cmp -s plain.s "$name.s"
		clang -target bpf -c "$name.s" -o "$name.o"
		modernize -q "$name.o" "$name.new.o"
		works "$name.new.o"
	done
}

@test "the kernel's tag of the program is that of the same code with BTF definitions" {
	local flags name=0 want
	network
	for flags in '' -DSTATIC -DSUBPROG '-DSUBPROG -DGLOBALS' -DCORE; do
		name=$((name + 1))
		# shellcheck disable=SC2086 # words
		legacy "want$name" -DMODERN ${flags/-DSTATIC/} -g
		# shellcheck disable=SC2086
		modern "got$name" $flags -g
		attach "want$name.o"
		want=$(tag)
		detach
		attach "got$name.new.o"
		[[ $(tag) == "$want" && $want =~ ^[0-9a-f]{16}$ ]] || { echo "$flags" && false; }
		detach
		# It takes no static maps, and cannot read the BTF of this kernel.
		if [[ ${PLAINBPF_OLD_ROOT-} && $flags != -DSTATIC && $flags != -DCORE ]]; then
			[[ $(old_tag "got$name.o") == "$want" && $(old_tag "got$name.new.o") == "$want" ]] || { echo "old: $flags" && false; }
		fi
	done
}

@test "bpf_elf_map's pinning 2 pins at the path where it always did, and a second object finds the map there" {
	network
	modern pin -DDEF=36 -DPIN=2
	works pin.new.o
	[[ -e /proc/${holder[host]}/root$globals/second || $(host ls "$globals") == second ]]
	attach pin.new.o
	[[ $(host bpftool -j map show pinned "$globals/second" | jq .id) == "$(map_id second)" ]]
	# Of the frames before, too.
	(($(value "$(map_id second)") > 10 * $(value "$(map_id first)")))
}

@test "iproute2's map of maps: the inner map is in its slot" {
	network
	for btf in '' -g; do
		modern "inner$btf" -DDEF=36 -DINNER=2 $btf
		attach "inner$btf.new.o"
		filters
		host ip link set v1 down
		run -0 host bpftool -j map dump id "$(map_id outer)"
		[[ $(jq -c '[.[] | select(.inner_map_id) | .key[0]]' <<<"$output") == '["0x02"]' ]]
		[[ $(value "$(jq -r '.[] | .inner_map_id // empty' <<<"$output")") == $(($(value "$(map_id first)") * 10000)) ]]
		host ip link set v1 up
		retry 50 gets_page client1 http://172.17.0.1:8080
		detach
	done
}

@test "the kernel samples' map of maps: which map is inside, by its number" {
	new_host host mounts
	modern index -DDEF=28 -DNUMA=0 -DINDEX=2 -g
	modern number -DDEF=28 -DNUMA=0 -DINDEX=2
	for name in index number; do
		host bpftool prog loadall "$name.new.o" "/sys/fs/bpf/$name" type xdp pinmaps "/sys/fs/bpf/${name}_maps"
		host bpftool map update pinned "/sys/fs/bpf/${name}_maps/outer" key 0 0 0 0 value pinned "/sys/fs/bpf/${name}_maps/third"
		run -234 host bpftool map update pinned "/sys/fs/bpf/${name}_maps/outer" key 1 0 0 0 value pinned "/sys/fs/bpf/${name}_maps/first"
	done
	legacy which -DDEF=28 -DNUMA=0 -DINDEX=99
	fails 2 'modernize: * which.o: map outer: a map of maps, and the object does not say of which' which.o
}

@test "iproute2's tail calls: bpftool puts the programs in, and ip says that it does not" {
	network
	legacy tail -DDEF=36 -DTAIL -g
	run -0 --separate-stderr modernize tail.o tail.new.o
	[[ $stderr == 'modernize: map jumps: its programs are filled in by bpftool prog loadall, not by ip or tc: target' ]]
	run -0 modernize show tail.o
	[[ $output == *'map jumps: prog_array, '*', programs put in by bpftool only; legacy, 36 bytes'* ]]
	[[ ${lines[-1]} == 'modernize makes an object of it that bpftool takes' ]]
	[[ $(modernize -j show tail.o | jq -c '.maps[] | select(.name == "jumps") | .programs') == '[{"key":1,"name":"target"}]' ]]
	run ! attach tail.new.o
	[[ $output == *"failed to initialize slot [1] to prog 'target'"* && ! $(xdp_id v1) ]]
	tail_calls tail.new.o
}

@test "a static program, which libbpf since 1.0 refuses too, becomes a global one" {
	network
	modern old -DMODERN -DSTATIC_PROGRAM -g # copied
	run ! attach old.new.o
	[[ $output == *"program 'legacy' is static and not supported"* ]]
	for btf in '' -g; do
		legacy "program$btf" -DSTATIC_PROGRAM -DSTATIC -DSUBPROG $btf
		run -0 --separate-stderr modernize "program$btf.o" "program$btf.new.o"
		[[ $stderr == 'modernize: program legacy: was static, is global now: xdp_legacy' ]]
		works "program$btf.new.o"
	done
}

@test "a numa node is kept where the flags ask for one" {
	network
	modern numa -DDEF=28 -DNUMA=0
	works numa.new.o
	legacy far -DDEF=28 -DNUMA=7777
	modernize -q far.o far.new.o
	run ! attach far.new.o # no machine has so many
	modern id -DDEF=28 -DPIN=2
	works id.new.o
	[[ $(host ls "$globals") == *second* ]]
}

@test "plainbpf's own legacy objects for XDP and tc filter" {
	local name
	network
	for name in xdp_icmp xdp_allow tc_icmp tc_allow; do modernize -q "$objs/legacy/$name.o" "$name.o"; done
	attach xdp_icmp.o xdp
	filters
	detach
	attach xdp_allow.o xdp
	cut_off client1 172.17.0.1
	host bpftool map update pinned "$globals/pb_host4" key 172 17 0 2 value 0 0 0 0 0 0 0 0
	reaches client1 172.17.0.1
	gets_page client1 http://172.17.0.1:8080
	detach
	host tc qdisc add dev v1 clsact
	host tc filter add dev v1 ingress bpf da obj tc_icmp.o sec tc
	filters
	host tc filter del dev v1 ingress
	# The same list.
	host tc filter add dev v1 ingress bpf da obj tc_allow.o sec tc
	reaches client1 172.17.0.1
	host bpftool map delete pinned "$globals/pb_host4" key 172 17 0 2
	cut_off client1 172.17.0.1
}

@test "plainbpf's own legacy tracing objects load by bpftool, and send" {
	local name
	new_host host mounts
	tracefs
	BATS_FILE_TMPDIR=$PWD tools
	for name in perf ringbuf ringbuf_output; do
		modernize -q "$objs/legacy/trace_$name.o" "my_$name.o"
		BATS_FILE_TMPDIR=$PWD new_writer -i 0.05 -n 20
		host trace-on -q obj "my_$name.o" pid "$writer"
		go
		run -0 --separate-stderr host events -j "my_$name" count 1 duration 10
		[[ $(jq .pid <<<"$output") == "$writer" && $(jq -r .comm <<<"$output") == testwrite ]] || { echo "$name" && false; }
		host trace-off -q "my_$name"
		wait "$writer"
	done
	for name in minimal tracepoint pids; do
		modernize -q "$objs/legacy/trace_$name.o" "my_$name.o"
		host bpftool prog loadall "my_$name.o" "/sys/fs/bpf/$name"
		host rm -rf "/sys/fs/bpf/$name"
	done
}

@test "clang 3.7 to 7: functions without a type and a size are programs again, sub-programs and tail calls too" {
	local flags n=0
	network
	for flags in '' -DSTATIC '-DSUBPROG -DSTATIC' -DEACH; do
		n=$((n + 1))
		# shellcheck disable=SC2086 # words
		old_form "form$n" $flags
		run -0 --separate-stderr modernize "form$n.o" "form$n.new.o"
		[[ $output == *'made modern' && ! $stderr ]]
		works "form$n.new.o"
		# A loader sees what it would see of the same code from a newer compiler.
		# shellcheck disable=SC2086
		modern "newer$n" $flags
		diff <(modernize -j show "form$n.new.o" | jq .programs) <(modernize -j show "newer$n.new.o" | jq .programs)
	done
	old_form tail -DDEF=36 -DTAIL
	run -0 --separate-stderr modernize tail.o tail.new.o
	[[ $stderr == 'modernize: map jumps: its programs are filled in by bpftool prog loadall, not by ip or tc: target' ]]
	tail_calls tail.new.o
	# Labels of blocks are no functions, though their symbols look the same.
	[[ $(llvm-readelf -s tail.o) == *NOTYPE*LBB* && $(modernize show tail.o) != *LBB* ]]
}

@test "such functions in an object without maps, or with modern ones, are mended too, and xdp-on takes them" {
	network
	printf '%s\n' '.section xdp_drop, "ax", @progbits' '.globl drop' 'drop:' 'r0 = 1' 'exit' \
		'.section license, "aw", @progbits' '.asciz "GPL"' >none.s
	clang -target bpf -c none.s -o none.o
	run ! attach none.o xdp_drop
	run -0 --separate-stderr modernize none.o none.new.o
	[[ $output == 'none.new.o: 1 function symbol made modern' && ! $stderr ]]
	attach none.new.o xdp_drop
	cut_off client1 172.17.0.1
	detach
	run -0 --separate-stderr host xdp-on v1 obj none.o sec xdp_drop
	[[ $stderr == *"none.o: an old compiler's functions, which this ip does not load; loading a modernized copy"* ]]
	cut_off client1 172.17.0.1
	host xdp-off -q v1
	legacy modern -DMODERN -DSUBPROG -g -S
	sed -E '/^\s*\.type\s.*@function/d; /^\s*\.size\s+(legacy|count_third)/d' modern.o >modern.s
	clang -target bpf -c modern.s -o modern.o
	[[ $(modernize show modern.o) == *'makes an object of it that they take' ]]
	modernize -q modern.o modern.new.o
	works modern.new.o
}

@test "clang 8 to 11 without -g: empty BTF is none" {
	network
	for flags in '' '-DSTATIC -DSUBPROG'; do
		# shellcheck disable=SC2086 # words
		empty_btf empty $flags
		modernize -q empty.o empty.new.o
		works empty.new.o
	done
	# Types, but function information without a record.
	legacy noext -g
	llvm-objcopy --remove-section=.rel.BTF.ext --update-section=.BTF.ext=empty.ext noext.o
	modernize -q noext.o noext.new.o
	works noext.new.o
}

@test "sections by #pragma clang section: BTF calls them .data, and the object loads nevertheless" {
	network
	for btf in '' -g; do
		modern "pragma$btf" -DPRAGMA $btf
		works "pragma$btf.new.o"
	done
	[[ $(bpftool btf dump file pragma-g.o) == *"DATASEC '.data'"* ]]
	# Data that is where BTF says stays described.
	modern data -DPRAGMA -DGLOBALS -g
	works data.new.o
}

@test "sizes that loaders filled in, because the type dictates them" {
	network
	for btf in '' -g; do
		legacy "zero$btf" -DZERO $btf
		run -0 --separate-stderr modernize "zero$btf.o" "zero$btf.new.o"
		[[ ${stderr_lines[0]} == 'modernize: map events: a size was 0, its type dictates it: key 4, value 4' ]]
		[[ ${stderr_lines[1]} == 'modernize: map jumps: a size was 0, its type dictates it: key 4, value 4' && ${#stderr_lines[@]} == 2 ]]
		works "zero$btf.new.o"
	done
	[[ $(modernize -j show zero.o | jq -c '.notes[0]') == '{"kind":"map","name":"events","note":"a size was 0, its type dictates it","word":"key 4, value 4"}' ]]
}

@test "the names that Calico gives a definition's members, and a definition inside another struct" {
	network
	modern calico -DDEF=28 -DCALICO -DPIN=2 -g
	works calico.new.o
	[[ $(host ls "$globals") == *second* ]]
	host rm "$(host find /sys/fs/bpf -name second -print -quit)"
	modern nested -DDEF=24 -DNESTED -DPIN=2 -g
	works nested.new.o
	[[ $(host ls "$globals") == *second* ]]
}

@test "a program in .text, which loaders keep for sub-programs: its section gets another name, and that is said" {
	network
	for btf in '' '-g -DCORE'; do
		name=text${btf%% *}
		# shellcheck disable=SC2086 # words
		legacy "$name" -DTEXT $btf
		run -0 --separate-stderr modernize "$name.o" "$name.new.o"
		[[ $stderr == "modernize: section .text: today's loaders keep this name for sub-programs, the programs are now in: text" ]]
		[[ $(modernize show "$name.o") == *'note: section .text: '*' text'* ]]
		attach "$name.new.o" text
		filters
		each_map_is_its_own
		detach
	done
	[[ $(bpftool btf dump file text-g.new.o) == *"FUNC 'legacy'"* ]]
	# Beside others it stays, and is named.
	sed 's/^char _license/int lonely(CONTEXT *ctx) { return 1; }\n&/' "$repo/test/fixtures/legacy.bpf.c" >both.c
	clang -target bpf -O2 -DSUBPROG -I "/usr/include/$(cc -dumpmachine)" -c both.c -o both.o
	run -0 --separate-stderr modernize both.o both.new.o
	[[ $stderr == "modernize: program lonely: nothing calls it, and today's loaders load no program from: .text" ]]
	works both.new.o
	# Programs in .text that call each other have no place where they could go.
	legacy calls -DTEXT -DSUBPROG
	fails 2 "modernize: cannot be carried over: calls.o: its programs are in .text, which today's loaders keep for sub-programs" calls.o
}

@test "sections that are empty now are gone: no loader complains of them" {
	new_host host mounts
	for flags in -DEACH '-DEACH -g' '-DEACH -DSTATIC -g'; do
		# shellcheck disable=SC2086 # words
		modern each $flags
		[[ $(llvm-readelf -S each.o) == *' maps/first '*' maps/third '* ]]
		run -0 llvm-readelf -S each.new.o
		[[ $output == *' .maps '* && $output != *maps/* && $output != *moved* ]]
		run -0 host bpftool -d prog loadall each.new.o /sys/fs/bpf/each type xdp
		[[ $output == *libbpf:* && $output != *'elf: skipping'* ]]
		host rm -r /sys/fs/bpf/each
		llvm-readelf -a each.new.o >/dev/null 2>readelf.err
		[[ ! -s readelf.err ]]
		# Debug information still stands where it stood.
		[[ $flags != *-g* ]] || diff <(llvm-dwarfdump each.o | tail -n +2) <(llvm-dwarfdump each.new.o | tail -n +2)
	done
	modern orphan -g
	legacy orphan -g
	llvm-objcopy --remove-section=.BTF --remove-section=.rel.BTF orphan.o
	modernize -q orphan.o orphan.new.o
	[[ $(llvm-readelf -S orphan.new.o) != *.BTF.ext* ]]
}

@test "what only the object's own loader can complete is named, and not called loadable" {
	local complete='modernize makes an object of it that only its own loader can complete'
	new_host host mounts
	for btf in '' -g; do
		legacy "extern$btf" -DEXTERN $btf
		run -0 --separate-stderr modernize "extern$btf.o" new.o
		[[ $stderr == "modernize: symbol limit: its own loader puts the value in; today's loaders refuse the object: undefined" ]]
		[[ $output == 'new.o: 4 legacy map definitions made modern; only its own loader can complete it' ]]
		run -0 modernize show "extern$btf.o"
		[[ $output == *'note: symbol limit: '* && ${lines[-1]} == "$complete" ]]
		run ! host bpftool prog loadall new.o /sys/fs/bpf/new type xdp
	done
	legacy entries -DZERO=2
	run -0 --separate-stderr modernize entries.o new.o
	[[ ${stderr_lines[-1]} == "modernize: map sized: its own loader set the number of entries, today's loaders cannot create it: max_entries 0" ]]
	[[ $output == *'; only its own loader can complete it' ]]
	run -0 modernize show entries.o
	[[ $output == *'note: map sized: '* && ${lines[-1]} == "$complete" ]]
	run ! host bpftool prog loadall new.o /sys/fs/bpf/new type xdp
	# An index of 0 may as well mean that nobody set it.
	legacy index -DDEF=28 -DNUMA=0 -DINDEX=0
	run -0 --separate-stderr modernize index.o new.o
	[[ $stderr == 'modernize: map outer: its inner map is taken to be the first one, because inner_map_idx is 0: first' ]]
	[[ $(modernize show index.o) == *"note: map outer: "* ]]
	host bpftool prog loadall new.o /sys/fs/bpf/new type xdp
}

@test "an array of definitions is refused: its maps have no names" {
	printf '%s\n' 'struct def { unsigned type, key_size, value_size, max_entries, map_flags; };' \
		'__attribute__((section("maps"), used)) struct def all[N] = { { 2, 4, 8, 1 }, [N - 1] = { 1, 4, 8, 5 } };' \
		'__attribute__((section("xdp"), used)) int pass(void *ctx) { return 2; }' >all.c
	for btf in '' -g; do
		clang -target bpf -O2 $btf -DN=2 -c all.c -o all.o
		fails 2 'modernize: cannot be carried over: all.o: map all: an array of 2 definitions, and each map needs a name' all.o
	done
	clang -target bpf -O2 -g -DN=1 -Wno-initializer-overrides -c all.c -o one.o
	[[ $(modernize show one.o) == *'map all: hash, key 4, value 8, entries 5; legacy, 20 bytes'* ]]
	modernize -q one.o one.new.o
	[[ $(modernize show one.new.o) == *'map all: hash, key 4, value 8, entries 5; BTF'* ]]
}

@test "code that has no name, and BTF that libbpf refuses, are never called modern" {
	legacy nameless -S
	sed -E '/\.(type|size|globl)\s+legacy/d; s/^legacy:/.Lnameless:/' nameless.o >nameless.s
	clang -target bpf -c nameless.s -o nameless.o
	fails 2 "modernize: cannot be carried over: nameless.o: it has code that no function's name stands for" nameless.o
	legacy ext -g
	printf '\x9f\xeb\x01\x00\x18\0\0\0\0\0\0\0\x04\0\0\0\x04\0\0\0\x04\0\0\0\x09\0\0\0\x10\0\0\0' >odd.ext
	llvm-objcopy --remove-section=.rel.BTF.ext --update-section=.BTF.ext=odd.ext ext.o
	fails 2 'modernize: cannot be carried over: ext.o: its .BTF.ext is corrupt' ext.o
}

@test "tail calls through a pinned array: the page's two lines" {
	network
	legacy tail -DDEF=36 -DTAIL
	sed 's/\.id = 7/&, .pinning = 2/' "$repo/test/fixtures/legacy.bpf.c" >pinned.c
	clang -target bpf -O2 -DDEF=36 -DTAIL -I "/usr/include/$(cc -dumpmachine)" -c pinned.c -o pinned.o
	modernize -q pinned.o pinned.new.o
	[[ $(modernize show pinned.o) == *'map jumps: '*', pinned, '* ]]
	host bpftool prog loadall pinned.new.o /sys/fs/bpf/tail type xdp
	host ip link set dev v1 xdp pinned /sys/fs/bpf/tail/legacy
	filters
	host bpftool map delete pinned /sys/fs/bpf/jumps key 1 0 0 0
	reaches client1 172.17.0.1
}

# --- what several compilers make

# Everything that the fixture can be, by one compiler; records by the types that it writes.
every_kind() { # COMPILER
	local compiler=$1 flags n=0
	for flags in '' -DSTATIC -DSUBPROG -DGLOBALS '-DDEF=36 -DINNER=1' -DMIXED -DEACH -DPRAGMA -DZERO '-DDEF=28 -DCALICO' '-DDEF=24 -DNESTED'; do
		for btf in '' -g; do
			[[ $flags$btf != -DMIXED ]] || continue # needs BTF
			n=$((n + 1))
			echo "$compiler $flags $btf" # shown if it fails
			# shellcheck disable=SC2086 # words
			modern "kind$n" $flags $btf
			works "kind$n.new.o"
		done
		[[ $flags != -DMIXED ]] || continue
		echo "$compiler $flags, the form of older ones"
		# shellcheck disable=SC2086
		old_form "old$n" $flags
		modernize -q "old$n.o" "old$n.new.o"
		works "old$n.new.o"
	done
	modern tail -DDEF=36 -DTAIL -g
	tail_calls tail.new.o
	modern record -DRECORD -g
	run -0 bpf_dump -q -j -t record -b record.new.o - < <(printf '\x20\0\0\0\x2a\0\0\0\xfe\xff\xff\xffsome name\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0')
	[[ $(jq -c '[.id, .change, .name, .kind]' <<<"$output") == '[42,-2,"some name","two"]' ]]
}

# bats test_tags=long
@test "clang 11 of Debian 11: every kind loads, filters and is decoded" {
	local old
	old=$("$repo/test/fixtures/get-clang")
	[[ $("$old" --version) == *'version 11.'* ]]
	network
	every_kind "$old"
}

# bats test_tags=long
@test "this machine's clang, and clang 19 where it is: every kind loads, filters and is decoded" {
	network
	every_kind clang
	if command -v clang-19 >/dev/null; then every_kind clang-19; else echo '# cannot: clang-19 is not installed' >&3; fi
}

# --- on the way, in commands

@test "xdp-on and tc-on take a legacy object: they modernize a copy, say so, and keep its section" {
	local command
	network
	legacy old -DDEF=36 -DPIN=2
	run -0 --separate-stderr host xdp-on v1 obj old.o sec xdp_legacy
	[[ ${stderr_lines[0]} == 'xdp-on: old.o: legacy map definitions, which this ip does not load; loading a modernized copy' ]]
	[[ ${stderr_lines[1]} == '+ mkdir -p '* && ${stderr_lines[2]} == "+ $scripts/modernize old.o "*/old.o && $stderr == *'+ ip link set dev v1 xdp obj '*'/old.o sec xdp_legacy'* ]]
	[[ $output == 'v1: legacy, native mode'* ]]
	filters
	each_map_is_its_own
	[[ $(host ls "$globals") == *second* ]]
	host xdp-on -q v1 obj old.o sec xdp_legacy # again: nothing changes
	host xdp-off -q v1
	reaches client1 172.17.0.1
	legacy classifier -DTC
	run -0 --separate-stderr host tc-on v1 ingress obj classifier.o sec classifier
	[[ $stderr == *'+ tc filter replace dev v1 ingress '*'/classifier.o sec classifier'* ]]
	filters
	host tc-off -q v1 ingress
	# A dry run changes nothing, a modern object is taken as it is.
	run -0 --separate-stderr host xdp-on -n v1 obj old.o sec xdp_legacy
	[[ $stderr == *'modernize old.o'* && ! $(xdp_id v1) ]]
	legacy new -DMODERN -g
	run -0 --separate-stderr host xdp-on v1 obj new.o sec xdp_legacy
	[[ $stderr != *moderniz* && $stderr == *'xdp obj new.o sec xdp_legacy'* ]]
	filters
}

@test "xdp-on and trace-on: what cannot be carried over is named, nothing is attached" {
	local command
	network
	legacy pin -DDEF=36 -DPIN=1
	for command in 'xdp-on v1 obj pin.o sec xdp_legacy' 'trace-on obj pin.o' 'tc-on v1 ingress obj pin.o sec xdp_legacy'; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr host $command
		[[ ${stderr_lines[-1]} == "${command%% *}: pin.o: legacy map definitions that cannot be carried over: second: pinned for this object only "* ]]
	done
	legacy tail -DDEF=36 -DTAIL
	run -2 --separate-stderr host xdp-on -q v1 obj tail.o sec xdp_legacy
	[[ $stderr == 'xdp-on: tail.o: tail calls, which ip does not set up (with bpftool: see modernize(8))' ]]
	[[ ! $(xdp_id v1) ]]
	reaches client1 172.17.0.1
}

@test "trace-on takes a legacy object; an object for an old loader is left as it is" {
	new_host host mounts
	BATS_FILE_TMPDIR=$PWD tools
	cp "$objs/legacy/trace_ringbuf.o" my_own.o
	BATS_FILE_TMPDIR=$PWD new_writer -i 0.05 -n 20
	run -0 --separate-stderr host trace-on obj my_own.o pid "$writer"
	[[ ${stderr_lines[*]} == *'my_own.o: legacy map definitions, which this bpftool does not load; loading a modernized copy'* ]]
	go
	run -0 --separate-stderr host events -j my_own count 1 duration 10
	[[ $(jq .pid <<<"$output") == "$writer" ]]
	host trace-off -q my_own
	wait "$writer"
	# ip with libbpf 0.x, or without: it gets the user's own file, and here that fails.
	mkdir bin
	printf '#!/bin/sh\ncase $1 in -V) echo "ip utility, iproute2-5.9.0, libbpf 0.3.0" ;; *) exec %s "$@" ;; esac\n' "$(type -P ip)" >bin/ip
	chmod +x bin/ip
	host ip link add v1 type veth peer name v2
	legacy old
	run -2 --separate-stderr host env PATH="$PWD/bin:$PATH" "$scripts/xdp-on" v1 obj old.o sec xdp_legacy
	[[ $stderr != *'modernized copy'* && ${stderr_lines[-1]} == *'legacy map definitions, which this libbpf does not load'* ]]
}

# --- the file

@test "programs stay byte for byte, BTF is only added to, .BTF.ext and the license stay" {
	local name
	modern m -DSUBPROG -DGLOBALS -DCORE -g
	for name in xdp_legacy .text .BTF.ext license .data .rodata; do
		section m.o "$name" >old.bin
		section m.new.o "$name" >new.bin
		[[ -s old.bin ]]
		cmp old.bin new.bin
	done
	# Types keep their numbers; those of maps are the only ones that are different.
	bpftool btf dump file m.o >old
	bpftool btf dump file m.new.o >new
	head -n "$(wc -l <old)" new | diff old - >different || :
	grep '^<' different | grep -v "VAR '\(first\|second\|third\|unused\)'\|DATASEC 'maps'\|^<\s*type_id=[0-9]* offset=0 size=20" >others || :
	[[ ! -s others && $(grep -c '^< .*] VAR' different) == 4 ]]
	grep -q "DATASEC '.maps' size=80 vlen=4" new
	# What LLVM and bpftool say to it.
	llvm-readelf -a m.new.o >/dev/null 2>readelf.err
	[[ ! -s readelf.err ]]
	llvm-strip -g m.new.o
	modernize show m.new.o >/dev/null
}

@test "only a static map's place is different in a program" {
	modern s -DSTATIC
	section s.o xdp_legacy >old.bin
	section s.new.o xdp_legacy >new.bin
	run -1 cmp -l old.bin new.bin
	# Bytes of immediates of the 16-byte loads, and only where the second and third map stand.
	awk '{ exit !(($1 - 1) % 8 >= 4 && ($2 == "24" || $2 == "50") && $3 == 0) }' <<<"$output"
	[[ ${#lines[@]} == 4 ]]
}

@test "a big-endian object has the same maps and programs as a little-endian one" {
	local name
	for name in bpfel bpfeb; do
		target=$name modern "$name" -DDEF=36 -DPIN=2 -DINNER=2 -DMIXED -DSUBPROG -g
		modernize -j show "$name.new.o" | jq -S 'del(.file, .byte_order)' >"$name.json"
	done
	diff bpfel.json bpfeb.json
	[[ $(modernize -j show bpfeb.new.o | jq -r .byte_order) == big ]]
	[[ $(jq -c '[.maps[] | .flavour] | unique' bpfeb.json) == '["btf"]' ]]
	[[ $(jq -c '.maps[] | select(.name == "second") | [.type, .key_size, .value_size, .max_entries, .pinning]' bpfeb.json) == '["hash",4,8,16,"globals"]' ]]
	[[ $(llvm-readelf -h bpfeb.new.o) == *'big endian'* ]]
	diff <(bpftool btf dump file bpfel.new.o) <(bpftool btf dump file bpfeb.new.o)
}

@test "a modern object, and one without maps, are copied unchanged, and that is said" {
	legacy new -DMODERN -g
	run -0 --separate-stderr modernize new.o copy.o
	[[ $output == 'copy.o: modern already, copied unchanged' && ! $stderr ]]
	cmp new.o copy.o
	printf '%s\n' '__attribute__((section("xdp"), used)) int pass(void *ctx) { return 2; }' >none.c
	clang -target bpf -O2 -c none.c -o none.bpf
	run -0 modernize none.bpf copy.o
	[[ $output == 'copy.o: modern already, copied unchanged' ]]
	cmp none.bpf copy.o
	run -0 modernize -q none.bpf copy.o
	[[ ! $output ]]
	# And what it has made itself.
	modern twice -g
	run -0 modernize twice.new.o copy.o
	[[ $output == *'modern already'* ]]
	cmp twice.new.o copy.o
}

@test "NEW is written whole, with the rights of any new file; an older one is replaced" {
	legacy old
	printf 'something else' >new.o
	(umask 027 && modernize -q old.o new.o)
	[[ $(stat -c %a new.o) == 640 ]]
	[[ $(modernize -j show new.o | jq -r .state) == modern ]]
	run -0 modernize old.o new.o
	[[ $output == 'new.o: 4 legacy map definitions made modern' ]]
}

# --- show

@test "show: maps, programs and what loaders say, in words and as JSON" {
	legacy old -DDEF=36 -DPIN=2 -DSUBPROG
	run -0 --separate-stderr modernize show old.o
	[[ $output == *'map second: hash, key 4, value 8, entries 16, pinned; legacy, 36 bytes'* && ! $stderr ]]
	[[ $output == *'program legacy: section xdp_legacy, '*' instructions'* && $output == *'program count_third: section .text'* ]]
	[[ $output == *"today's loaders say: legacy map definitions in 'maps' section are not supported by libbpf v1.0+"* ]]
	[[ ${lines[-1]} == 'modernize makes an object of it that they take' ]]
	run -0 modernize -j show old.o
	[[ $(jq -c '[.state, .btf, .byte_order, .reason]' <<<"$output") == '["legacy",false,"little",null]' ]]
	[[ $(jq -c '[.maps[] | [.name, .type, .max_entries, .pinning, .definition_size]]' <<<"$output") == \
		'[["first","array",1,"none",36],["second","hash",16,"globals",36],["third","lru_hash",32,"none",36],["unused","array",7,"none",36]]' ]]
	# The new one says the same of its maps, but for what a definition looks like.
	modernize -q old.o new.o
	diff <(jq -S '[.maps[] | del(.flavour, .section, .definition_size)]' <<<"$output") \
		<(modernize -j show new.o | jq -S '[.maps[] | del(.flavour, .section, .definition_size)]')
	run -0 modernize show new.o
	[[ ${lines[-1]} == "today's loaders take its maps" ]]
	legacy refused -DDEF=36 -DPIN=1
	run -0 modernize -j show refused.o
	[[ $(jq -r '.state, .reason_map' <<<"$output") == $'refused\nsecond' ]]
}

@test "show: what a modern map of maps has inside" {
	printf '%s\n' '#define N(n, v) int (*n)[v]' \
		'struct in { N(type, 1); N(max_entries, 5); struct { int a[3]; } *key; long (*value)[4]; };' \
		'struct { N(type, 12); N(max_entries, 2); struct in *values[]; } outer __attribute__((section(".maps"), used));' \
		'__attribute__((section("xdp"), used)) int pass(void *ctx) { return 2; }' >in.c
	clang -target bpf -O2 -g -c in.c -o in.o
	run -0 modernize show in.o
	[[ $output == *'map outer: array_of_maps, key 4, value 4, entries 2, of maps like: hash, key 12, value 32, entries 5; BTF'* ]]
	[[ $(modernize -j show in.o | jq -c '.maps[0].inner_definition | [.type, .key_size, .value_size, .max_entries]') == '["hash",12,32,5]' ]]
}

@test "show: what is wrong with a modern object without BTF" {
	legacy new -DMODERN -g
	llvm-objcopy --remove-section=.BTF --remove-section=.BTF.ext --remove-section=.rel.BTF --remove-section=.rel.BTF.ext new.o bare.o
	run -0 modernize show bare.o
	[[ $output == *"today's loaders say: BTF is required, but is missing or corrupted"* ]]
	network
	run ! attach bare.o
	[[ $output == *'BTF is required, but is missing or corrupted'* ]]
	fails 2 'modernize: *bare.o: its maps in section .maps need BTF, which was stripped' bare.o
}

@test "names that no terminal should see are printed through the filter, of files and out of objects" {
	local name=$'a\e[2Jb\nc.o' shown='a\x1b[2Jb\x0ac.o'
	legacy old
	run -0 --separate-stderr modernize old.o "$name"
	[[ $output == "$shown: 4 legacy map definitions made modern" && ! $stderr ]]
	run -0 --separate-stderr modernize "$name" $'\r.o'
	[[ $output == '\x0d.o: modern already, copied unchanged' && ! $stderr ]]
	# A map's name, as a name and inside the reason why it is refused.
	legacy place -DDEF=36 -DINNER=9
	LC_ALL=C sed 's/\x00inner\x00/\x00i\x1b[\x0a\x9b\x00/g' place.o >odd.o
	run ! cmp place.o odd.o
	run -0 --separate-stderr modernize show odd.o
	[[ $output == *$'\nmodernize refuses it: map outer: odd.o: i\\x1b[\\x0a\\x9b has no place in it: 9' ]]
	[[ $output == *$'\nmap "i\\x1b[\\n\\x9b": '* && $output != *$'\e'* && $output != *$'\x9b'* ]]
	fails 2 'modernize: * odd.o: map outer: i\\x1b\[\\x0a\\x9b has no place in it: 9' odd.o
}

# --- refusals and errors

@test "what cannot be carried over is refused with the map's name and the reason" {
	legacy pin1 -DDEF=36 -DPIN=1
	fails 2 'modernize: cannot be carried over: pin1.o: map second: pinned for this object only (pinning 1, *' pin1.o
	legacy pin5 -DDEF=36 -DPIN=5 -g
	fails 2 'modernize: * pin5.o: map second: pinned in a directory of its own loader*pinning 5*' pin5.o
	# A word behind the 36 bytes that says something.
	legacy tail -DDEF=40
	sed 's/char tail\[DEF - 36\]/__u32 tail/; s/{ BPF_MAP_TYPE_PROG_ARRAY/&/' "$repo/test/fixtures/legacy.bpf.c" |
		sed 's/= { TYPE, 4, sizeof(VALUE), .max_elem = MAX }/= { TYPE, 4, sizeof(VALUE), .max_elem = MAX, .tail = 3 }/' >tail.c
	for btf in '' -g; do
		clang -target bpf -O2 -DDEF=40 $btf -I "/usr/include/$(cc -dumpmachine)" -c tail.c -o tail.o
		fails 2 'modernize: * tail.o: map first: *nobody knows what*' tail.o
	done
	# A map of maps that does not say of which; one whose inner map has no place.
	legacy place -DDEF=36 -DINNER=9
	fails 2 'modernize: * place.o: map outer: inner has no place in it: 9' place.o
	sed 's/\.inner_id = 5/.inner_id = 6/' "$repo/test/fixtures/legacy.bpf.c" >which.c
	clang -target bpf -O2 -DDEF=36 -DINNER=2 -I "/usr/include/$(cc -dumpmachine)" -c which.c -o which.o
	fails 2 'modernize: * which.o: map outer: a map of maps, and the object does not say of which' which.o
}

@test "objects that were stripped of the maps' names are refused" {
	legacy g -g
	legacy s -DSTATIC -g
	llvm-strip --strip-all g.o -o all.o
	fails 2 'modernize: cannot be carried over: all.o: the maps have no names (stripped of its symbols)' all.o
	llvm-strip --discard-all s.o -o discard.o
	fails 2 'modernize: cannot be carried over: discard.o: the maps have no names*' discard.o
	# One name of several: the symbol becomes that of another section.
	clang -target bpf -O2 -S -I "/usr/include/$(cc -dumpmachine)" "$repo/test/fixtures/legacy.bpf.c" -o some.s
	sed -i '/^unused:/d; /unused/d' some.s
	clang -target bpf -c some.s -o some.o
	fails 2 'modernize: cannot be carried over: some.o: a map after third has no name*' some.o
	# Where symbols do not say how long a definition is, the last one looks twice as long.
	sed -i '/\.size.*\(first\|second\|third\)/d' some.s
	clang -target bpf -c some.s -o some.o
	fails 2 'modernize: cannot be carried over: some.o: a map near third has no name*' some.o
}

@test "files that are no BPF objects: one line, status 1, nothing written" {
	fails 1 'modernize: No such file or directory: absent.o' absent.o
	mkdir dir
	fails 1 'modernize: not an object file: dir' dir
	: >empty
	fails 1 'modernize: not an object file: empty' empty
	fails 1 'modernize: not an object file: /dev/null' /dev/null
	printf 'int x;' >x.c
	fails 1 'modernize: not an object file: x.c' x.c
	cc -c x.c -o host.o
	fails 1 'modernize: not a BPF object: host.o' host.o
	fails 1 'modernize: not a BPF object: /bin/true' /bin/true
	mkfifo pipe
	fails 1 'modernize: not an object file: pipe' pipe
	run -1 modernize one.o
	run -1 modernize a b c
	run -1 modernize -x a b
	run -1 modernize -j a b
	run -0 modernize help
	[[ $output == Usage:* ]]
}

@test "an object cut off anywhere: status 1, no crash, nothing written" {
	local n size rc bad=0
	legacy whole -DSTATIC
	modernize -q whole.o new.o
	rm new.o
	size=$(stat -c %s whole.o)
	((size > 1000))
	cp whole.o cut.o
	for ((n = size - 1; n >= 0; n--)); do
		truncate -s "$n" cut.o
		rc=0
		modernize cut.o new.o 2>err >out || rc=$?
		mapfile -t lines <err
		[[ $rc == 1 && ${#lines[@]} == 1 && ! -s out && ! -e new.o ]] || { echo "$n: $rc" && bad=1; }
	done
	[[ $bad == 0 && -z $(compgen -G 'new.o*') ]]
}

@test "absurd offsets and counts in the header and in sections: no crash, nothing but a refusal or a whole object" {
	local at rc size
	modern good -DSTATIC -g
	size=$(stat -c %s good.o)
	# Every 4 bytes of the header and of the section headers, which are the file's end.
	for ((at = 16; at < size; at += at == 60 ? size - 64 * 26 - at : 4)); do
		cp good.o odd.o
		printf '\377\377\377\377' | dd of=odd.o bs=1 seek="$at" conv=notrunc status=none
		rc=0
		modernize -q odd.o new.o 2>err || rc=$?
		((rc <= 2)) || { echo "$at: $rc" && false; }
		[[ $rc == 0 || $(wc -l <err) == 1 && ! -e new.o ]] || { echo "$at: $rc" && cat err && false; }
		[[ $rc != 0 ]] || modernize show new.o >/dev/null
		rm -f new.o
	done
}

@test "a target that cannot be written, and OLD as NEW: one line, nothing partial, what was there stays" {
	legacy old
	fails 2 'modernize: cannot be written: absent/new.o: No such file or directory' old.o absent/new.o
	fails 1 'modernize: OLD and NEW are the same file: old.o' old.o old.o
	ln old.o hard.o
	ln -s old.o soft.o
	fails 1 'modernize: OLD and NEW are the same file: hard.o' old.o hard.o
	fails 1 'modernize: OLD and NEW are the same file: soft.o' old.o soft.o
	mkdir dir
	fails 1 'modernize: not a file: dir' old.o dir
	fails 1 'modernize: not a file: /dev/full' old.o /dev/full
	# A full file system.
	new_host host mounts
	host mount -t tmpfs -o size=4k tmpfs /run
	host sh -c 'printf before >/run/new.o'
	run -2 --separate-stderr host modernize old.o /run/new.o
	[[ $stderr == 'modernize: cannot be written: /run/new.o: No space left on device' && ! $output ]]
	[[ $(host ls -A /run) == new.o && $(host cat /run/new.o) == before ]]
	# Somebody who may not write there.
	mkdir locked
	chmod 700 locked
	chmod 755 . old.o
	run -2 --separate-stderr "${not_root[@]}" "$scripts/modernize" old.o locked/new.o
	[[ ${#stderr_lines[@]} == 1 && $stderr == *'Permission denied' && -z $(ls -A locked) ]]
}

# --- fuzzing

# bats test_tags=long
@test "libFuzzer: the corpus and some time more find nothing" {
	local src=$repo/scripts/src part parts=("$repo/scripts/src/common"/*.c)
	for part in "$src/modernize"/*.c; do
		[[ $part == */main.c ]] || parts+=("$part")
	done
	clang -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		-iquote "$src/common" -iquote "$src/modernize" \
		-o fuzz "$repo/test/fuzz/fuzz_modernize.c" "${parts[@]}"
	mkdir new
	./fuzz -runs=0 "$repo/test/fuzz/corpus_modernize"
	./fuzz -max_total_time="${FUZZ_SECONDS:-15}" -max_len=8192 -timeout=10 new "$repo/test/fuzz/corpus_modernize"
}
