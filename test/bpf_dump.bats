#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# bpf_dump: saved records without root, then streams of feeder programs (fixtures/feed_*.bpf.c), each
# test in a mount namespace with a bpffs and a /run of its own. fixtures/poke.c makes the feeders send.
# shellcheck disable=SC2001,SC2016,SC2030,SC2031,SC2154 # bats: tests are subshells; run sets output
bats_require_minimum_version 1.5.0

setup_file() {
	ROOT=$(readlink -f "$BATS_TEST_DIRNAME/..")
	DUMP=${BPF_DUMP:-$ROOT/scripts/bpf_dump}
	FIX=$BATS_FILE_TMPDIR
	CLANG=${CLANG:-clang}
	export ROOT DUMP FIX CLANG
	[[ -x $DUMP ]] || {
		printf 'not built: %s\n' "$DUMP" >&2
		return 1
	}
	local f
	cc -O2 -Wall -Wextra -Werror -o "$FIX/poke" "$BATS_TEST_DIRNAME/fixtures/poke.c"
	for f in rich burst odd size; do
		bpf_cc bpfel "$BATS_TEST_DIRNAME/fixtures/feed_$f.bpf.c" "$FIX/feed_$f.o"
	done
	bpf_cc bpfeb "$BATS_TEST_DIRNAME/fixtures/feed_odd.bpf.c" "$FIX/feed_odd.be.o"
	# libbpf hands a program's BTF to the kernel only together with .BTF.ext
	llvm-objcopy --remove-section=.BTF.ext "$FIX/feed_odd.o" "$FIX/feed_nobtf.o"
}

bpf_cc() { # TARGET SOURCE OBJECT
	"$CLANG" -O2 -g -Wall -Werror -target "$1" "-I/usr/include/$(uname -m)-linux-gnu" -c "$2" -o "$3"
}

# Links, and with them programs, go a moment after the last bpffs that had them.
teardown_file() {
	[[ $EUID -ne 0 ]] || retry none_left
}

none_left() {
	local id
	[[ -e $BATS_FILE_TMPDIR/feeders ]] || return 0 # no test that feeds was run
	while read -r id; do
		! bpftool prog show id "$id" >/dev/null 2>&1 || return 1
	done <"$BATS_FILE_TMPDIR/feeders"
}

teardown() {
	local p
	for p in "${READERS[@]}"; do
		kill -CONT "$p" 2>/dev/null || true
		kill "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	if [[ -n ${HOLDER:-} ]]; then
		kill "$HOLDER" 2>/dev/null || true
		wait "$HOLDER" 2>/dev/null || true
	fi
}

# A mount namespace that lives as long as its holder; links of feeders go with its bpffs.
sandbox() {
	[[ $EUID -eq 0 ]] || skip "needs root"
	READERS=()
	unshare -m sleep infinity 3>&- &
	HOLDER=$!
	retry ns_differs
	inside sh -c 'mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing'
	inside mount -t bpf bpf /sys/fs/bpf
	inside mount -t tmpfs tmpfs /run
	M=/sys/fs/bpf/maps
}

ns_differs() { [[ $(readlink "/proc/$HOLDER/ns/mnt" || true) != "$(readlink /proc/self/ns/mnt)" ]]; }
inside() { nsenter -t "$HOLDER" -m -- "$@"; }
dump() { inside "$DUMP" "$@"; }

retry() { # COMMAND… : for 5 s
	local i
	for ((i = 0; i < 100; i++)); do
		if "$@"; then return 0; fi
		sleep 0.05
	done
	printf 'never came true: %s\n' "$*" >&2
	return 1
}

feeder() { # OBJECT
	local t b
	TOKEN=$((BASHPID * 1000 + BATS_TEST_NUMBER))
	inside bpftool prog loadall "$FIX/$1.o" /sys/fs/bpf/progs autoattach pinmaps $M
	inside bash -c 'for pin in /sys/fs/bpf/progs/*; do bpftool -j link show pinned $pin; done' | jq .prog_id >>"$BATS_FILE_TMPDIR/feeders"
	printf -v t '%016x' "$TOKEN"
	b=$(sed 's/../0x& /g' <<<"$t" | tac -s ' ' | tr '\n' ' ')
	# shellcheck disable=SC2086 # bytes
	inside bpftool map update pinned $M/token key 0 0 0 0 value $b
}

poke() { "$FIX/poke" "$TOKEN" "$@"; } # KIND TIMES [NAME]

reader() { # ARGUMENT… : in the background, until it reads; its output in $OUT and $ERR
	OUT=$BATS_TEST_TMPDIR/out.${#READERS[@]} ERR=$BATS_TEST_TMPDIR/err.${#READERS[@]}
	nsenter -t "$HOLDER" -m -- "$DUMP" "$@" >"$OUT" 2>"$ERR" 3>&- &
	READER=$!
	READERS+=("$READER")
	retry reading "$READER"
}

# It gives up capabilities when all is open.
reading() { grep -qs '^NoNewPrivs:.*1' "/proc/$1/status"; }

ended() { # [SIGNAL] : the reader, within 5 s; its exit status
	local rc=0
	[[ $# -eq 0 ]] || kill "-$1" "$READER"
	retry gone "$READER"
	wait "$READER" || rc=$?
	return "$rc"
}

gone() { ! grep -qs '^State:.[^Z]' "/proc/$1/status"; }

bytes() { # HEX…
	local IFS=
	printf '%b' "$(sed 's/../\\x&/g' <<<"$*")"
}

record() { # HEX… : with its length before it
	local IFS= l
	local h="$*"
	printf -v l '%08x' $((${#h} / 2))
	bytes "${l:6:2}${l:4:2}${l:2:2}${l:0:2}$h"
}

rich() { tr -d '\n' <"$BATS_TEST_DIRNAME/fixtures/rich.hex"; }

# --- words -----------------------------------------------------------------------------------------

@test "-h explains every option, -V says a version, both on stdout" {
	run --separate-stderr -0 "$DUMP" -h
	[[ -z $stderr ]]
	local o
	for o in -j -x -w -s -m -t -b -c -d -u -h -V; do
		[[ $output == *" $o "* ]]
	done
	run --separate-stderr -0 "$DUMP" -V
	[[ $output == "plainbpf "[0-9]* && -z $stderr ]]
}

@test "wrong words are refused with 1 and one line" {
	local words
	for words in "" "-q x" "-j -x x" "-j -w x x" "-w x -x x" "-w" "-s -" "-c 0 x" "-c -1 x" "-c 1x x" "-d 0 x" "-d x x" "-u" "-u /no/such x" "-t" "a b"; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr -1 "$DUMP" $words
		[[ -z $output && $stderr == "bpf_dump: "*": "* && $(wc -l <<<"$stderr") -eq 1 ]]
	done
}

@test "an object that is none, has no BTF, is cut or is not there: 1 and its name" {
	local f=$BATS_TEST_TMPDIR/x.o n
	run --separate-stderr -1 "$DUMP" -b "$f" - </dev/null
	[[ $stderr == "bpf_dump: no such file: $f" ]]
	printf 'hello' >"$f"
	run --separate-stderr -1 "$DUMP" -b "$f" - </dev/null
	[[ $stderr == *"not an object file, or its BTF is corrupt: $f" ]]
	llvm-objcopy --remove-section=.BTF --remove-section=.BTF.ext "$FIX/feed_odd.o" "$f"
	run --separate-stderr -1 "$DUMP" -b "$f" - </dev/null
	[[ $stderr == *"no BTF (compile it with -g): $f" ]]
	for n in 3 63 64 200 900 2000; do
		head -c "$n" "$FIX/feed_odd.o" >"$f"
		run --separate-stderr -1 "$DUMP" -b "$f" - </dev/null
		[[ $stderr == *"corrupt: $f" ]]
	done
}

@test "what is said of a name shows its control characters, and never 20 MB of it" {
	local odd=$'a\e[31m\n\u009b1m\u202eb' long
	run --separate-stderr -1 "$DUMP" -t "$odd" -b "$FIX/feed_odd.o" - </dev/null
	[[ $stderr == 'bpf_dump: no such type in its BTF: a\x1b[31m\x0a\xc2\x9b1m\xe2\x80\xaeb' ]]
	printf -v long '%0100000d' 7
	run --separate-stderr -1 "$DUMP" -t "$long" -b "$FIX/feed_odd.o" - </dev/null
	[[ ${#stderr} -lt 4000 && $stderr == "bpf_dump: no such type in its BTF: 000"*"bytes"*0007 ]]
}

@test "a type that is not in the BTF: 1 and its name" {
	run --separate-stderr -1 "$DUMP" -t nosuch -b "$FIX/feed_odd.o" - </dev/null
	[[ $stderr == "bpf_dump: no such type in its BTF: nosuch" ]]
	run --separate-stderr -1 "$DUMP" -t nosuch - </dev/null
	[[ $stderr == *"give it with -b: nosuch" ]]
}

# --- saved records ---------------------------------------------------------------------------------

@test "a saved record with every kind of member, as JSON" {
	run --separate-stderr -0 "$DUMP" -j -t event -b "$FIX/feed_rich.o" - < <(record "$(rich)")
	[[ $output == '{"ts":"2023-11-14T22:13:20.123456789Z","big":18446744073709551615,"low":-9223372036854775808,"src":"172.17.0.2","dst":"2001:db8::1","via":"::1","gate":"192.168.0.1","ifname":null,"ifindex":1,"fruit":"pear","unknown":99,"sign":"minus","flag":1,"three":5,"twelve":2748,"minus":-3,"dport":443,"sport":50000,"proto":"tcp","yes":true,"letter":120,"point":{"x":-5,"y":-6},"track":[{"x":0,"y":0},{"x":7,"y":0}],"u":{"word":67305985,"bytes":"01020304"},"left":9,"right":9,"list":[0,65535,0],"mac":"02:00:00:00:00:ff","names":["a","b"],"comm":"testwrite","pid":4711}' ]]
	[[ $stderr == "1 events, 0 lost" ]]
	jq -e . <<<"$output"
}

@test "the same record in columns under their names" {
	run --separate-stderr -0 env TZ=UTC "$DUMP" -b "$FIX/feed_rich.o" - \
		< <(record "$(rich)" && record "$(rich)")
	[[ ${#lines[@]} -eq 3 && ${lines[1]} == "${lines[2]}" ]]
	read -ra names <<<"${lines[0]}"
	read -ra values <<<"${lines[1]}"
	[[ ${#names[@]} -eq ${#values[@]} && ${lines[1]} != *" " ]]
	declare -A got
	local i
	for i in "${!names[@]}"; do got[${names[i]}]=${values[i]}; done
	[[ ${got[TS]} == 22:13:20.123456 && ${got[SRC]} == 172.17.0.2 && ${got[DST]} == 2001:db8::1 ]]
	[[ ${got[POINT.Y]} == -6 && ${got[TRACK]} == "[{x=0,y=0},{x=7,y=0}]" && ${got[IFNAME]} == - ]]
	[[ ${got[FRUIT]} == pear && ${got[U.BYTES]} == 01020304 && ${got[PID]} == 4711 ]]
	run --separate-stderr -0 "$DUMP" -b "$FIX/feed_odd.o" - < <(record 010000000102030000000000ff)
	[[ ${lines[0]} == "PID      A                LAST" ]]
	[[ ${lines[1]} == "1        0102030000000000 255" ]]
}

@test "-o: only the members asked for, also inside a struct, in columns of a given width" {
	run --separate-stderr -0 env TZ=UTC "$DUMP" -b "$FIX/feed_rich.o" -o fruit,point.y,ts:20,track,ifname,src:5 - \
		< <(record "$(rich)")
	local names values
	read -ra names <<<"${lines[0]}"
	read -ra values <<<"${lines[1]}"
	[[ $(printf '%s\n' "${names[@]}" | sort | tr '\n' ' ') == 'FRUIT IFNAME POINT.Y SRC TRACK TS ' && ${#values[@]} == 6 ]]
	[[ $stderr == '1 events, 0 lost' ]]
	[[ " ${values[*]} " == *' 22:13:20.123456 '* && " ${values[*]} " == *' -6 '* && " ${values[*]} " == *' pear '* ]]
	[[ ${lines[0]} =~ (^|\ )TS\ {19}[A-Z] && ${lines[1]} == *'[{x=0,y=0},{x=7,y=0}]'* ]]
	# A struct as a whole.
	run --separate-stderr -0 "$DUMP" -b "$FIX/feed_rich.o" -o point - < <(record "$(rich)")
	[[ ${lines[0]} == 'POINT.X'*' POINT.Y' ]]
}

@test "-o: what is no list, and members that are not there, are told in a line" {
	local word
	for word in '' ',' 'a,' ',a' a: a:0 a:256 a:x :5 a:5:5 "$(printf 'a%.0s,' {1..64})a"; do
		run --separate-stderr -1 "$DUMP" -b "$FIX/feed_rich.o" -o "$word" - < <(record "$(rich)")
		[[ ! $output && ${stderr% } == "bpf_dump: no list of members:${word:+ $word}" ]] || { echo "$word: $stderr" && false; }
	done
	run --separate-stderr -1 "$DUMP" -b "$FIX/feed_rich.o" -j -o ts - < <(record "$(rich)")
	[[ ! $output && $stderr == 'bpf_dump: cannot be combined: -j -x -w -o' ]]
	run --separate-stderr -0 "$DUMP" -b "$FIX/feed_rich.o" -o ts,nothing - < <(record "$(rich)")
	[[ $output =~ ^[0-9a-f\ ]+$ && ${stderr_lines[0]} == 'bpf_dump: records in hexadecimal: not all that -o names are members of it: '* ]]
}

# What is printed again and again is kept as text, so that a line could show what was before.
@test "a line does not depend on the lines before it" {
	local n
	rich >"$BATS_TEST_TMPDIR/rich"
	# The record with a byte changed, often at random, often one of few ways; stretches of only new
	# ones, of the same one. Bytes 4 to 7 make it a time after boot, which drifts.
	awk 'BEGIN { srand(7); getline h; digits = "0123456789abcdef"
		for (i = 0; i < 6000; i++) {
			way = int(i / 1500)
			few = way == 0 ? 8 : way == 1 ? 100000 : way == 2 ? 1 : 40
			n = int(rand() * few) * 7919 % (length(h) / 2 * 16)
			at = int(n / 16)
			if (at > 3 && at < 8) at += 8
			printf "%s%s%s\n", substr(h, 1, 2 * at), substr(digits, n % 16 + 1, 1), substr(h, 2 * at + 2)
		} }' <"$BATS_TEST_TMPDIR/rich" >"$BATS_TEST_TMPDIR/hex"
	n=$(sort -u "$BATS_TEST_TMPDIR/hex" | wc -l)
	((n > 1000 && n < 4000))
	printf -v n '%08x' $(($(wc -c <"$BATS_TEST_TMPDIR/rich") / 2))
	sed "s/^/${n:6:2}${n:4:2}${n:2:2}${n:0:2}/" "$BATS_TEST_TMPDIR/hex" >"$BATS_TEST_TMPDIR/records"
	for n in -j ''; do
		# shellcheck disable=SC2086 # an option or none
		xxd -r -p "$BATS_TEST_TMPDIR/records" | "$DUMP" $n -t event -b "$FIX/feed_rich.o" - |
			grep -v '^TS' >"$BATS_TEST_TMPDIR/there"
		# shellcheck disable=SC2086
		tac "$BATS_TEST_TMPDIR/records" | xxd -r -p | "$DUMP" $n -t event -b "$FIX/feed_rich.o" - |
			grep -v '^TS' | tac >"$BATS_TEST_TMPDIR/back"
		cmp "$BATS_TEST_TMPDIR/there" "$BATS_TEST_TMPDIR/back"
		# a line for each: equal ones for equal records, others for others
		[[ $(wc -l <"$BATS_TEST_TMPDIR/there") -eq 6000 ]]
		[[ $(paste -d '|' "$BATS_TEST_TMPDIR"/{hex,there} | sort -u | wc -l) -eq $(sort -u "$BATS_TEST_TMPDIR/hex" | wc -l) ]]
	done
}

@test "-x prints bytes that xxd -r turns back" {
	run --separate-stderr -0 "$DUMP" -x - < <(record 00ff10 && record "" && record 7f)
	[[ $output == $'00 ff 10\n\n7f' ]]
}

@test "a record shorter than its struct is marked, a longer one too" {
	run --separate-stderr -0 "$DUMP" -j -t odd -b "$FIX/feed_odd.o" - \
		< <(record 0100000001020300000000 && record "" && record 010000000102030000000000ffabcd)
	[[ ${lines[0]} == '{"pid":1,"a":"01020300000000","last":null,"truncated":true}' ]]
	[[ ${lines[1]} == '{"pid":null,"a":"","last":null,"truncated":true}' ]]
	[[ ${lines[2]} == '{"pid":1,"a":"0102030000000000","last":255,"extra_bytes":2}' ]]
	jq -e . <<<"$output"
	run --separate-stderr -0 "$DUMP" -t odd -b "$FIX/feed_odd.o" - \
		< <(record 0100000001 && record 010000000102030000000000ffabcd)
	[[ ${lines[1]} == "1"*"01"*"… truncated" && ${lines[2]} == "1 "*"255 … 2 more bytes" ]]
}

@test "a length that lies and a file that ends inside a record: 1, after what was whole" {
	local bad
	for bad in ffffffff 00000001 05 0500000041; do
		run --separate-stderr -1 "$DUMP" -x - < <(record 4142 && bytes "$bad")
		[[ $output == "41 42" && $stderr == *"a record has a wrong length or is cut off"* ]]
	done
}

@test "strings: to the first NUL, escaped, always JSON" {
	local n=twenty
	# char text[20000] of `large`, cut: quotes, backslash, control characters, UTF-8, invalid UTF-8
	run --separate-stderr -0 "$DUMP" -j -t large -b "$FIX/feed_odd.o" - < <(
		record 0100000000000000 22 5c 0a 01 7f c3a4 ff c0af eda080 c285 e280ae f09f9880 2078 00 4142
	)
	[[ $(jq -r .text <<<"$output" | od -An -tx1 | tr -d ' \n') == 225c0a017fc3a4efbfbdefbfbdefbfbdefbfbdefbfbdefbfbdc285e280aef09f98802078"0a" ]]
	[[ $output != *[[:cntrl:]]* && $output == *'\u0085\u202e'* && $n ]]
	run --separate-stderr -0 env LC_ALL=C "$DUMP" -t large -b "$FIX/feed_odd.o" - < <(
		record 0100000000000000 22 5c 0a 1b c3a4 ff c285 2078 00
	)
	[[ ${lines[1]} == *'"\"\\\n\x1b'$'\xc3\xa4''\xff\xc2\x85 x"'* ]]
}

@test "the struct is found by the length of the record, or the line says what it may be" {
	run --separate-stderr -0 "$DUMP" -j -b "$FIX/feed_odd.o" - < <(record 010000000102030000000000ff)
	[[ $output == *'"last":255}' ]]
	run --separate-stderr -0 "$DUMP" -b "$FIX/feed_odd.o" - \
		< <(record "$(printf '%080d' 0)" && record "$(printf '%080d' 0)")
	[[ $output == "00 00 00"*$'\n'"00 00 00"* && $(wc -l <<<"$stderr") -eq 2 ]]
	[[ $stderr == *"ambiguous, choose with -t: 40 bytes may be twin_a, twin_b"* ]]
	run --separate-stderr -0 "$DUMP" -j -t "struct twin_b" -b "$FIX/feed_odd.o" - \
		< <(record "$(printf '%080d' 0)")
	[[ $output == '{"two":[0,0,0,0,0]}' && $stderr == "1 events, 0 lost" ]]
}

@test "an object of the other byte order describes records of that order" {
	run --separate-stderr -0 "$DUMP" -j -t odd -b "$FIX/feed_odd.be.o" - \
		< <(record 000000010102030000000000ff)
	[[ $output == '{"pid":1,"a":"0102030000000000","last":255}' ]]
}

@test "the last word of a name decides what is an address; an infinity is inf, what is no number nan" {
	cat >"$BATS_TEST_TMPDIR/n.c" <<-'END'
		#include <linux/types.h>
		struct names {
			__u32 ip_version, addr_family, ip_ttl, ip_count, saddr_v4, ip_src, addr_be;
			__be32 dst_ip, ip_id, id_addr;
			__u8 token[16], session_token[16], saddr_v6[16], v6[16], path_hash[4];
		} n;
		struct floats { double a, b, c, d; float e; } f;
	END
	bpf_cc bpfel "$BATS_TEST_TMPDIR/n.c" "$BATS_TEST_TMPDIR/n.o"
	local six=20010db8000000000000000000000001
	local hex='04000000 02000000 40000000 07000000 c0000201 c0000202 c0000203 c0000204 05000000 c0000205'
	hex+=" $six $six $six $six 61626364"
	run --separate-stderr -0 "$DUMP" -j -t names -b "$BATS_TEST_TMPDIR/n.o" - < <(record "${hex// /}")
	[[ $output == '{"ip_version":4,"addr_family":2,"ip_ttl":64,"ip_count":7,"saddr_v4":"192.0.2.1","ip_src":"192.0.2.2","addr_be":"192.0.2.3","dst_ip":"192.0.2.4","ip_id":83886080,"id_addr":"192.0.2.5","token":"'$six'","session_token":"'$six'","saddr_v6":"2001:db8::1","v6":"2001:db8::1","path_hash":"61626364"}' ]]
	local floats='000000000000f07f 000000000000f0ff 000000000000f87f 000000000000f83f 000080ff 00000000'
	run --separate-stderr -0 "$DUMP" -j -t floats -b "$BATS_TEST_TMPDIR/n.o" - < <(record "${floats// /}")
	[[ $(jq -c '[.a, .b, .c, .d, .e]' <<<"$output") == '["inf","-inf",null,1.5,"-inf"]' ]]
	run --separate-stderr -0 "$DUMP" -t floats -b "$BATS_TEST_TMPDIR/n.o" - < <(record "${floats// /}")
	[[ ${lines[1]} =~ ^inf\ +-inf\ +nan\ +1\.5\ +-inf\ *$ ]]
}

@test "split BTF: the kernel's is its base; split BTF of another kernel is called that" {
	[[ -r /sys/kernel/btf/vmlinux ]] || skip "the kernel has no BTF"
	cc -O2 -o "$BATS_TEST_TMPDIR/split" "$BATS_TEST_DIRNAME/fixtures/split_btf.c" -lbpf
	"$BATS_TEST_TMPDIR/split" >"$BATS_TEST_TMPDIR/split.btf"
	run --separate-stderr -0 "$DUMP" -j -b "$BATS_TEST_TMPDIR/split.btf" -t modrec - < <(record 0100000002000000)
	[[ $output == '{"one":1,"two":2}' ]]
	# without a type: of the split BTF's structs, none of the kernel's
	run --separate-stderr -0 "$DUMP" -j -b "$BATS_TEST_TMPDIR/split.btf" - < <(record 0100000002000000)
	[[ $output == '{"one":1,"two":2}' ]]
	llvm-objcopy --remove-section=.BTF.ext --remove-section=.BTF --add-section=.BTF="$BATS_TEST_TMPDIR/split.btf" "$FIX/feed_odd.o" "$BATS_TEST_TMPDIR/split.o"
	run --separate-stderr -0 "$DUMP" -j -b "$BATS_TEST_TMPDIR/split.o" -t modrec - < <(record 0100000002000000)
	[[ $output == '{"one":1,"two":2}' ]]
	# a member's type that is in no kernel
	"$BATS_TEST_TMPDIR/split" 16000000 >"$BATS_TEST_TMPDIR/other.btf"
	run --separate-stderr -1 "$DUMP" -j -b "$BATS_TEST_TMPDIR/other.btf" -t modrec - < <(record 0100000002000000)
	[[ $stderr == "bpf_dump: split BTF, and its base is not this kernel's: $BATS_TEST_TMPDIR/other.btf" ]]
}

@test "-c ends saved records too, a closed pipe is no error" {
	run --separate-stderr -0 "$DUMP" -x -c 2 - < <(record 01 && record 02 && record 03)
	[[ $output == $'01\n02' && $stderr == "2 events, 0 lost" ]]
	# four NULs are an empty record
	"$DUMP" -x - < <(head -c 4000000 /dev/zero) 2>"$BATS_TEST_TMPDIR/err" | head -n 1
	[[ ${PIPESTATUS[0]} -eq 0 ]]
	[[ $(tail -n 1 "$BATS_TEST_TMPDIR/err") == *" events, 0 lost" ]]
}

@test "a full disk is an error" {
	run --separate-stderr -2 bash -c '"$DUMP" -x - >/dev/full' < <(record 01)
	[[ $stderr == *"cannot write: standard output: No space left on device"* ]]
}

# --- the kernel's streams --------------------------------------------------------------------------

@test "not root: 2 and it says so" {
	sandbox
	feeder feed_rich
	run --separate-stderr -2 inside setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=+dac_read_search --ambient-caps=+dac_read_search "$DUMP" $M/events
	[[ -z $output && $stderr == "bpf_dump: must be root: "* ]]
}

@test "no such pin, a file, a program, another kind of map: 1 and its name" {
	sandbox
	feeder feed_rich
	local p
	for p in $M/none /etc/passwd /sys/fs/bpf/progs/feed_rich $M/token; do
		run --separate-stderr -1 dump "$p"
		[[ -z $output && $stderr == "bpf_dump: "*": $p" && $(wc -l <<<"$stderr") -eq 1 ]]
	done
}

@test "ring buffer: records as JSON, a discarded one is not there" {
	sandbox
	feeder feed_rich
	poke 3 1
	poke 1 2 testwrite
	poke 3 1
	run --separate-stderr -0 dump -j -d 0.2 $M/events
	[[ ${#lines[@]} -eq 2 && $stderr == "2 events, 0 lost" ]]
	[[ $(jq -r '[.comm,.ifname,.src,.fruit,.dport]|@csv' <<<"${lines[0]}") == '"testwrite","lo","172.17.0.2","pear",443' ]]
	# within a minute of now
	local ts
	ts=$(jq -r .ts <<<"${lines[0]}")
	[[ $ts =~ ^20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}Z$ ]]
	(($(date +%s) - $(date -d "$ts" +%s) < 60))
}

@test "perf event array: the same records" {
	sandbox
	feeder feed_rich
	reader -j -c 2 $M/stream
	poke 2 2 testwrite
	ended
	[[ $(jq -r .comm "$OUT") == $'testwrite\ntestwrite' && $(cat "$ERR") == "2 events, 0 lost" ]]
}

@test "command names that end in x or 0, with spaces, UTF-8 and control characters" {
	sandbox
	feeder feed_rich
	local n
	for n in ax a0 'a b' ' a' ä…z $'a\tb' $'a\nb' $'a\e[31m' 'a"b\c' 123456789012345; do
		poke 1 1 "$n"
		run --separate-stderr -0 dump -j -c 1 $M/events
		[[ $(jq -rj .comm <<<"$output") == "$n" && $output != *[[:cntrl:]]* ]]
		poke 1 1 "$n"
		run --separate-stderr -0 dump -c 1 $M/events
		[[ ${#lines[@]} -eq 2 && ${lines[1]} != *[$'\t\e']* ]]
	done
	[[ ${lines[1]} == *" 123456789012345 "* ]]
}

@test "a perf record of 13 bytes arrives padded to 20 and is printed as 13" {
	sandbox
	feeder feed_odd
	reader -j -c 1 $M/odds
	poke 1 1
	ended
	[[ $(cat "$OUT") == '{"pid":1,"a":"0102030000000000","last":255}' ]]
	reader -x -c 1 $M/odds
	poke 1 1
	ended
	[[ $(cat "$OUT") == "01 00 00 00 01 02 03 00 00 00 00 00 ff" ]]
}

@test "large records, found as the value of another map, and cut ones" {
	sandbox
	feeder feed_odd
	poke 2 2
	run --separate-stderr -0 dump -j -c 2 $M/things
	[[ ${#lines[@]} -eq 2 ]]
	[[ $stderr == "bpf_dump: chosen only by the size of the records, use -t for another: large"$'\n'"2 events, 0 lost" ]]
	[[ $(jq -c . <<<"${lines[1]}") == '{"first":1,"text":"quo\"ted\nline","last":2}' ]]
	reader -j -c 2 $M/larges
	poke 6 1
	poke 5 1
	ended
	[[ $(head -n 1 "$OUT") == '{"first":1,"text":"quo\"ted\nline","last":2}' ]]
	# named after the map, longer than the record: printed as far as it goes
	[[ $(tail -n 1 "$OUT") == '{"first":1,"text":"quo\"ted\nline","last":null,"truncated":true}' ]]
}

@test "two structs of one size, and none: hexadecimal, one line says why" {
	sandbox
	feeder feed_odd
	poke 3 3
	poke 4 2
	run --separate-stderr -0 dump -c 5 $M/things
	[[ ${#lines[@]} -eq 5 && $(wc -l <<<"$stderr") -eq 3 ]]
	[[ $stderr == *"40 bytes may be twin_a, twin_b"*"no struct of 56 bytes in its BTF"* ]]
	poke 3 1
	run --separate-stderr -0 dump -j -t twin_b -c 1 $M/things
	[[ $output == '{"two":[0,0,0,0,0]}' ]]
	poke 3 1
	run --separate-stderr -0 dump -j -c 1 $M/things
	[[ $(jq -r '.hex|length' <<<"$output") -eq 80 ]]
	run --separate-stderr -1 dump -t nosuch $M/things
	[[ $stderr == *"no such type in its BTF: nosuch" ]]
}

@test "only the size speaks for a struct: it is taken, unless it is the kernel's own, and that is said" {
	sandbox
	feeder feed_size
	poke 1 2
	run --separate-stderr -0 dump -j -c 2 $M/rb
	[[ ${lines[1]} == '{"first":1,"pid":7,"last":0}' ]]
	[[ $stderr == *"chosen only by the size of the records"*": rec"$'\n'"2 events, 0 lost" ]]
}

@test "a program without BTF: hexadecimal, one line says why, -b helps" {
	sandbox
	feeder feed_nobtf
	poke 3 2
	run --separate-stderr -0 dump -c 2 $M/things
	[[ ${lines[0]} == "00 00 00 "* && ${#lines[@]} -eq 2 ]]
	[[ $stderr == "bpf_dump: records in hexadecimal: its program has no BTF (compile it with -g), give one with -b: feed_odd"$'\n'"2 events, 0 lost" ]]
	poke 3 1
	run --separate-stderr -0 dump -j -b "$FIX/feed_odd.o" -t twin_a -c 1 $M/things
	[[ $output == '{"one":[0,0,0,0,0]}' ]]
}

@test "a writer on each CPU in turn, both buffers; perf records come out in order of time" {
	sandbox
	feeder feed_burst
	local cpu cpus
	cpus=$(nproc)
	reader -j -c $((cpus * 300)) $M/burst_perf
	for ((i = 0; i < 3; i++)); do
		for ((cpu = 0; cpu < cpus; cpu++)); do
			taskset -c "$cpu" "$FIX/poke" "$TOKEN" 3 1
			taskset -c "$cpu" "$FIX/poke" "$TOKEN" 1 1
		done
	done
	ended
	[[ $(jq -r .cpu "$OUT" | sort | uniq -c | awk '{print $1}' | sort -u) == 300 ]]
	jq -r .ts "$OUT" | sort -c
	run --separate-stderr -0 dump -j -c $((cpus * 300)) $M/burst
	[[ $(jq -r .cpu <<<"$output" | sort -u | wc -l) -eq $cpus ]]
}

@test "two writers at once: perf records of both CPUs still come in order of time" {
	sandbox
	(($(nproc) > 1)) || skip "needs 2 CPUs"
	feeder feed_burst
	reader -j $M/burst_perf
	taskset -c 0 "$FIX/poke" "$TOKEN" 3 500 3>&- &
	taskset -c 1 "$FIX/poke" "$TOKEN" 3 500 3>&-
	wait $!
	sleep 0.3
	ended TERM
	read -r seen _ lost _ <"$ERR"
	((seen + lost == 100000 && seen > 20000))
	# `ts` is taken a little before the kernel's own time, by which they are put in order
	run -0 jq -rn 'reduce (inputs|select(.ts)|[(.ts[17:29]|tonumber), .cpu]) as [$t, $c] ({};
		if .c != $c then .switches += 1 else . end
		| if .t and $t < .t - 0.001 and $t > .t - 30 then .back += 1 else . end
		| .t = $t | .c = $c) | "\(.switches) \(.back // 0)"' "$OUT"
	read -r switches back <<<"$output"
	((switches > 1000 && back < 50))
}

@test "a CPU that comes online later is read" {
	sandbox
	(($(nproc) > 1)) || skip "needs 2 CPUs"
	feeder feed_burst
	local list=$BATS_TEST_TMPDIR/online
	printf '0\n' >"$list"
	inside mount --bind "$list" /sys/devices/system/cpu/online
	reader -j $M/burst_perf
	taskset -c 1 "$FIX/poke" "$TOKEN" 3 1
	taskset -c 0 "$FIX/poke" "$TOKEN" 3 1
	retry grep -q '"cpu":0' "$OUT"
	run -1 grep -c '"cpu":1' "$OUT"
	printf '0-1\n' >"$list"
	retry comes_from_cpu 1
	ended INT
}

comes_from_cpu() {
	taskset -c "$1" "$FIX/poke" "$TOKEN" 3 1
	grep -q "\"cpu\":$1" "$OUT"
}

@test "a burst of a million: lost and seen are what was sent, ring buffer" {
	sandbox
	feeder feed_burst
	reader -j $M/burst
	poke 1 10000
	sleep 0.3
	ended TERM
	read -r seen _ lost _ < <(tail -n 1 "$ERR")
	((seen + lost == 1000000 && seen > 100000))
	# each whole, also where the ring's end is in its middle
	[[ $(grep -cE '^\{"ts":"[^"]{30}","seq":[0-9]{1,2},"pid":[0-9]+,"cpu":[0-9]+,"comm":"poke"\}$' "$OUT") -eq $seen ]]
	[[ $(grep '^{"lost":' "$OUT" | jq -s 'map(.lost)|add // 0') -eq $lost ]]
}

@test "a record that goes on at the ring's beginning is whole" {
	local i
	sandbox
	feeder feed_odd
	# 20016 bytes each in a ring of 131072: the seventh, then every sixth or seventh
	reader -x -t large $M/things
	for ((i = 1; i <= 40; i++)); do
		poke 2 1
		retry has_lines "$i"
	done
	ended TERM
	tail -n 1 "$ERR"
	[[ $(tail -n 1 "$ERR") == "40 events, 0 lost" ]]
	[[ $(sort -u "$OUT" | wc -l) -eq 1 ]]
	[[ $(head -n 1 "$OUT" | xxd -r -p | od -An -tu8 -j 20008 | tr -d ' ') == 2 ]]
}
has_lines() { (($(wc -l <"$OUT") >= $1)); } # NUMBER

@test "a burst of a million: lost and seen are what was sent, perf event array" {
	sandbox
	feeder feed_burst
	reader $M/burst_perf
	kill -STOP "$READER"
	poke 3 5000
	kill -CONT "$READER"
	poke 3 5000
	sleep 0.7
	ended TERM
	read -r seen _ lost _ < <(tail -n 1 "$ERR")
	((seen + lost == 1000000 && lost > 100000))
	[[ $(awk '/^# lost [0-9]+ on CPU [0-9]+$/ {n += $3} END {print n}' "$OUT") -eq $lost ]]
}

@test "producers that never wake the reader are read, and seen without another record" {
	sandbox
	feeder feed_burst
	local kind map
	for kind in 2 1 3; do
		map=burst
		((kind < 3)) || map=burst_perf
		reader -j $M/$map
		sleep 0.6 # long enough that the reader naps
		: >"$OUT"
		poke "$kind" 1
		retry test -s "$OUT"
		ended TERM
	done
}

@test "a second reader is refused with 2 and the PID of the first, whose records it leaves" {
	sandbox
	feeder feed_rich
	reader -j -c 2 $M/stream
	poke 2 1
	run --separate-stderr -2 dump $M/stream
	[[ -z $output && $stderr == "bpf_dump: has a reader already: PID $READER" ]]
	poke 2 1
	ended
	[[ $(wc -l <"$OUT") -eq 2 ]]
	run -0 inside ls /run/plainbpf
	[[ -z $output ]]
}

@test "SIGINT and SIGTERM end with 0 and the summary" {
	sandbox
	feeder feed_rich
	local sig map
	for sig in INT TERM; do
		for map in events stream; do
			reader $M/$map
			ended "$sig"
			[[ $(cat "$ERR") == "0 events, 0 lost" ]]
		done
	done
}

@test "-c is exact and leaves the rest to the next reader, -d ends in time" {
	sandbox
	feeder feed_burst
	poke 1 1
	run --separate-stderr -0 dump -x -c 7 $M/burst
	[[ ${#lines[@]} -eq 7 && $stderr == "7 events, 0 lost" ]]
	run --separate-stderr -0 timeout 5 nsenter -t "$HOLDER" -m -- "$DUMP" -x -d 0.2 $M/burst
	[[ ${#lines[@]} -eq 93 && $stderr == "93 events, 0 lost" ]]
}

@test "-s shows only what comes after it has said so; what is lost before does not count" {
	sandbox
	feeder feed_burst
	local map kind
	for map in burst burst_perf; do
		kind=1
		[[ $map == burst ]] || kind=3
		poke "$kind" 1000
		reader -s -j $M/$map
		retry grep -qx "bpf_dump: listening on $M/$map" "$ERR"
		poke "$kind" 1
		sleep 0.2
		ended TERM
		[[ $(grep -c '"pid":' "$OUT") -eq 100 && $(tail -n 1 "$ERR") == "100 events, 0 lost" ]]
	done
	poke 1 1
	run --separate-stderr -0 dump -j -d 0.2 $M/burst
	[[ $(grep -c '"pid":' <<<"$output") -eq 100 && ${lines[100]} == '{"old":100,"lost_before":'[1-9]*'}' ]]
}

@test "a ring that was full: what nobody read, a mark with all that was lost, then what is new" {
	sandbox
	feeder feed_burst
	local old lost
	poke 1 3000
	reader -j $M/burst
	retry grep -q '"old":' "$OUT" || ended TERM
	poke 1 1
	retry eval '[[ $(sed "1,/\"old\":/d" "$OUT" | grep -c "\"pid\":") -eq 100 ]]'
	ended TERM
	old=$(sed '/"old":/,$d' "$OUT" | grep -c '"pid":')
	lost=$(jq 'select(.old) | .lost_before' "$OUT")
	[[ $(jq 'select(.old) | .old' "$OUT") -eq old && lost -gt 0 && $((old + lost)) -eq 300000 ]]
	[[ $(tail -n 1 "$ERR") == "$((old + 100)) events, 0 lost" ]]
}

@test "-w: a struct that is no packet's, or none: 1 and one line" {
	sandbox
	feeder feed_rich
	poke 1 1 x
	run --separate-stderr -1 dump -w "$BATS_TEST_TMPDIR/x" -d 1 $M/events
	[[ -z $output && $stderr == "bpf_dump: its records are no packets, a member is missing: "* && $(wc -l <<<"$stderr") -eq 1 ]]
	run --separate-stderr -1 "$DUMP" -w "$BATS_TEST_TMPDIR/x" -b "$FIX/feed_odd.o" - < <(record "$(printf '%080d' 0)")
	[[ -z $output && $stderr == "bpf_dump: cannot be written as packets: ambiguous, choose with -t: 40 bytes may be twin_a, twin_b" ]]
}

@test "a closed pipe ends it with 0, at once even if nothing is sent" {
	sandbox
	feeder feed_burst
	poke 1 100
	dump -j $M/burst 2>"$BATS_TEST_TMPDIR/err" | head -n 1
	[[ ${PIPESTATUS[0]} -eq 0 ]]
	[[ $(tail -n 1 "$BATS_TEST_TMPDIR/err") == *" events, "*" lost" ]]
	timeout 5 nsenter -t "$HOLDER" -m -- "$DUMP" -j $M/burst_perf 2>/dev/null | :
	[[ ${PIPESTATUS[0]} -eq 0 ]]
}

@test "nobody reads its output: the writer goes on, the loss is counted, SIGTERM ends it" {
	sandbox
	feeder feed_burst
	local fifo=$BATS_TEST_TMPDIR/fifo
	mkfifo "$fifo"
	exec 9<>"$fifo"
	ERR=$BATS_TEST_TMPDIR/err
	nsenter -t "$HOLDER" -m -- "$DUMP" -j $M/burst >"$fifo" 2>"$ERR" 3>&- 9>&- &
	READER=$!
	READERS+=("$READER")
	retry reading "$READER"
	timeout 20 "$FIX/poke" "$TOKEN" 1 3000
	kill -TERM "$READER"
	ended
	exec 9>&-
	read -r seen _ lost _ < <(tail -n 1 "$ERR")
	((seen > 0 && lost > 0 && seen + lost <= 300000))
}

@test "while it reads it has no capability, or the three that new CPUs need" {
	sandbox
	feeder feed_rich
	reader $M/events
	grep -q '^CapPrm:.0000000000000000$' "/proc/$READER/status"
	ended TERM
	reader $M/stream
	grep -q '^CapPrm:.000000c000004000$' "/proc/$READER/status" # BPF, PERFMON, IPC_LOCK
	ended TERM
}

# --- fuzzing ---------------------------------------------------------------------------------------

# bats test_tags=long
@test "libFuzzer: the corpus and some time more find nothing" {
	local src=$ROOT/scripts/src part parts=("$ROOT/scripts/src/common"/*.c)
	for part in "$src/bpf_dump"/*.c; do
		[[ $part == */main.c ]] || parts+=("$part")
	done
	cd "$BATS_TEST_TMPDIR"
	"$CLANG" -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -DSTATE_DIR='"."' \
		-I "$ROOT/maps" -iquote "$src/common" -iquote "$src/bpf_dump" \
		-o fuzz "$ROOT/test/fuzz/fuzz_dump.c" "${parts[@]}"
	mkdir new
	./fuzz -runs=0 "$ROOT/test/fuzz/corpus"
	./fuzz -max_total_time="${FUZZ_SECONDS:-15}" -max_len=8192 -timeout=10 new "$ROOT/test/fuzz/corpus"
}
