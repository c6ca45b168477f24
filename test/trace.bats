#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# trace-on, trace-off, events: by real writers (fixtures/testwrite.c), each test with a bpffs of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # eval expands; a test is a subshell; what the fixtures set

load helper
load fixtures/trace

setup_file() { tools; }
setup() { new_host host mounts; }
teardown() { sandbox_end; }

# --- what is seen

# bats test_tags=core
@test "minimal shows every process; after trace-off no line comes" {
	minimal_alone
	can_trace minimal || return 0
	host trace-on -q minimal
	new_reader minimal
	new_writer -n 3 -i 0
	a=$writer
	written
	new_writer -n 3 -i 0
	written
	retry 20 grep -q "bpf_trace_printk: write system call from PID $a\.$" "$seen"
	retry 20 grep -q "testwrite-$writer .*: write system call from PID $writer\.$" "$seen"
	note_links
	# It would end with the trace: it sleeps, and then reads what came meanwhile.
	kill -STOP "$(tr -d ' ' <"/proc/$reader/task/$reader/children")"
	host trace-off -q minimal
	retry 50 none_attached
	new_writer -n 3 -i 0
	written
	kill -CONT "$(tr -d ' ' <"/proc/$reader/task/$reader/children")"
	wait "$reader"
	run ! grep -q "PID $writer\." "$seen"
	nothing_left
}

# bats test_tags=core
@test "tracepoint shows the writes of the process in the set and of no other" {
	can_trace tracepoint || return 0
	new_writer -n 5 -i 0
	traced=$writer traced_go=$go
	new_writer -n 5 -i 0
	host trace-on -q tracepoint pid "$traced"
	new_reader tracepoint
	written
	writer=$traced go=$traced_go
	written
	retry 20 eval '[[ $(grep -c "testwrite-$traced .*: bpf_trace_printk: triggered from PID $traced\.$" "$seen") == 5 ]]'
	reader_ends
	[[ $(wc -l <"$seen") == 5 ]]
}

# bats test_tags=core
@test "perf, ringbuf and ringbuf-output tell who wrote how much to what, when" {
	local program
	for program in perf ringbuf ringbuf-output; do
		can_trace "$program" || continue
		new_writer -n 2 -f -p 'who is it'
		host trace-on -q "$program" pid "$writer"
		new_reader -j "$program"
		before=$(date -u +%FT%T)
		written
		reader_ends
		[[ $(jq -s length "$seen") == 3 ]] # and what it says at the end
		jq -se --argjson pid "$writer" '.[:2] | all(.pid == $pid and .tid == $pid and .comm == "who is it" and .count == 1 and .fd > 2)' "$seen"
		jq -se --arg before "$before" '.[0].ts[:19] >= $before and .[0].ts <= .[1].ts and (.[0].ts | test("^[0-9-]+T[0-9:]+\\.[0-9]{9}Z$"))' "$seen"
		jq -se '.[2].fd == 1 and .[2].count > 1' "$seen"
		grep -qx '3 events, 0 lost' "$summary"
		host trace-off -q "$program"
	done
}

@test "lines of usual writes fit 120 columns" {
	local program
	for program in perf ringbuf; do
		can_trace "$program" || continue
		new_writer -n 2 -f
		host trace-on -q "$program" pid "$writer"
		new_reader "$program"
		written
		reader_ends
		[[ $(head -n 1 "$seen" | tr -s ' ') == *'TS COUNT PID TID FD COMM' ]]
		[[ $(grep -c "^[0-9:.]* .* $writer .* testwrite" "$seen") == 3 ]]
		awk 'length > 120 { print; bad = 1 } END { exit bad }' "$seen"
		host trace-off -q "$program"
	done
}

# bats test_tags=core
@test "a writer on each CPU in turn is seen by each kind of stream" {
	local program cpu
	for program in perf ringbuf; do
		can_trace "$program" || continue
		host trace-on -q "$program"
		new_reader -j "$program"
		for cpu in $(seq 0 $(($(nproc) - 1))); do
			new_writer -n 10 -f -c "$cpu"
			host pid -q add "$writer"
			written
			retry 20 eval '[[ $(grep -c "\"pid\":$writer," "$seen") == 11 ]]'
		done
		reader_ends
		host trace-off -q "$program"
	done
}

@test "names: ending in x and 0, with spaces, UTF-8, control characters, 15 bytes" {
	local name names=(box 0x0 'a b' ' ' naïve '写' $'a\tb' $'new\nline' $'\e[31m' 'quo"te\x' fifteen_bytes_x)
	host trace-on -q ringbuf
	new_reader -j ringbuf
	for name in "${names[@]}"; do
		new_writer -n 1 -f -p "$name"
		host pid -q add "$writer"
		written
		retry 20 eval 'grep "\"pid\":$writer," "$seen" | jq -se --arg name "$name" "all(.comm == \$name) and length == 2"'
	done
	reader_ends
	new_writer -n 1 -f -p $'\e[31m'
	host pid -q add "$writer"
	new_reader ringbuf
	written
	reader_ends
	[[ $(wc -l <"$seen") -gt 2 ]]
	run ! grep -q $'\e' "$seen"
}

@test "a name with the end of a line in it makes no line of its own of text" {
	can_trace tracepoint || return 0
	local name
	host trace-on -q tracepoint
	new_reader tracepoint
	for name in $'x\nforged' $'\n\n' $'\nroot-1'; do
		new_writer -n 1 -i 0 -p "$name"
		host pid -q add "$writer"
		written
		retry 20 grep -q "^ *.*\\\\x0a.*-$writer .*: bpf_trace_printk: triggered from PID $writer\.$" "$seen"
	done
	reader_ends
	run ! grep -qv ': bpf_trace_printk: ' "$seen"
}

@test "records of a dead process that nobody read: marked as old, left out with now" {
	local old
	new_writer -n 3 -i 0
	old=$writer
	host trace-on -q ringbuf pid "$old"
	written
	host pid -q flush
	new_reader -j ringbuf count 4
	retry 50 eval '[[ $(jq -c "select(.old)" "$seen") == {\"old\":+([0-9]),\"lost_before\":0} ]]'
	new_writer -n 1 -i 0
	host pid -q add "$writer"
	written
	reader_ends
	jq -se --argjson old "$old" --argjson new "$writer" 'map(.pid // "mark") | index("mark") as $m | $m > 0 and (.[:$m] | all(. == $old)) and (.[$m + 1:] | length > 0 and all(. == $new))' "$seen"
	host pid -q flush
	new_writer -n 1 -i 0
	host pid -q add "$writer"
	written
	new_reader -j ringbuf now
	retry 50 grep -q 'listening on' "$summary"
	reader_ends
	[[ ! -s $seen ]]
}

@test "every thread of a process is traced, also when the main thread has ended" {
	new_writer -n 5 -f -t 3
	host trace-on -q ringbuf pid "$writer"
	new_reader -j ringbuf
	written
	retry 20 eval '[[ $(grep -c "\"count\":1," "$seen") == 15 ]]'
	[[ $(grep '"count":1,' "$seen" | jq -s 'map(.tid) | unique | length') == 3 ]]
	new_writer -n 7 -i 0.05 -m
	host pid -q add "$writer"
	go
	retry 20 grep -q 'State:.Z' "/proc/$writer/status"
	wait "$writer"
	retry 20 eval '[[ $(grep -c "\"pid\":$writer," "$seen") == 7 ]]'
	reader_ends
}

@test "an empty set traces nothing, and the set may change while the trace runs" {
	host trace-on -q ringbuf
	new_reader -j ringbuf
	new_writer -n 5 -f
	written
	new_writer -n 5 -f
	host pid -q add "$writer"
	written
	reader_ends
	[[ $(jq -s 'map(.pid) | unique | .[]' "$seen") == "$writer" ]]
}

@test "two traces side by side: each sees all" {
	minimal_alone
	new_writer -n 100 -i 0
	host trace-on -q perf pid "$writer"
	host trace-on -q ringbuf
	host trace-on -q tracepoint
	host trace-on -q minimal
	new_reader perf count 100
	a=$reader
	new_reader ringbuf count 100
	b=$reader
	new_reader tracepoint count 100
	c=$reader
	written
	wait "$a" "$b" "$c"
	note_links
	[[ ${#links[@]} == 5 ]] # and the set's own
	host trace-off -q all
	nothing_left
}

@test "the reader's own writes are not shown, its users' in few lines" {
	minimal_alone
	host trace-on -q minimal
	new_writer -n 20 -i 0.05
	go
	spawn host bash -c "'$scripts/events' minimal duration 1 | tee >(cat >/dev/null) >'$BATS_TEST_TMPDIR/lines'"
	pipe=${spawned[-1]}
	retry 50 test -s "$BATS_TEST_TMPDIR/lines"
	readers=$(host bpftool -j map dump pinned "$traces/pids/maps/pb_pids" | jq -r '.[].formatted | select(.value.role == 1).key')
	wait "$pipe"
	# Nothing of events and its bpf_dump; of tee two writes for each of 20 batches a second and each
	# full buffer, not two for each line, which would never end.
	[[ $(wc -w <<<"$readers") == 2 ]]
	run ! grep -E " PID (${readers/$'\n'/|})\.$" "$BATS_TEST_TMPDIR/lines"
	[[ $(grep -c " PID $writer\.$" "$BATS_TEST_TMPDIR/lines") -gt 5 ]]
	[[ $(grep -c ' tee-' "$BATS_TEST_TMPDIR/lines") -le $((60 + $(wc -l <"$BATS_TEST_TMPDIR/lines") / 5)) ]]
	# A trace of everybody is not a trace of the reader either.
	host trace-on -q ringbuf
	new_reader -j ringbuf
	run -1 --separate-stderr host pid add "$reader"
	[[ $stderr == *'reads what is traced'* ]]
	host pid -q add name '*'
	new_writer -n 3 -f
	host pid -q add "$writer"
	written
	retry 20 grep -q "\"pid\":$writer," "$seen"
	reader_ends
	run ! grep -q "\"pid\":$reader," "$seen"
}

@test "a burst of a million writes: what is seen and what is lost is what was sent" {
	local program
	for program in ringbuf perf ringbuf-output; do
		new_writer -n 1000000 -f
		host trace-on -q "$program" pid "$writer"
		new_reader "$program"
		written
		reader_ends
		[[ $(accounted "$summary") == 1000001 ]] || { cat "$summary" && false; }
		host trace-off -q "$program"
	done
}

@test "a reader that stops reading does not stop the writer" {
	local program
	for program in ringbuf perf; do
		new_writer -n 300000 -f
		host trace-on -q "$program" pid "$writer"
		new_reader "$program"
		kill -STOP "$reader"
		written
		kill -CONT "$reader"
		reader_ends
		[[ $(accounted "$summary") == 300001 && $(awk '{ print $3 }' "$summary") -gt 0 ]]
		host trace-off -q "$program"
	done
}

@test "a 32-bit system call with write's number is none" {
	[[ $(uname -m) == x86_64 ]] || skip 'x86-64 has them'
	type -P cc >/dev/null || skip 'no compiler here'
	# exit is 1 there; without a C library: read(0, …), exit(7)
	cc -m32 -static -nostdlib -x assembler -o "$BATS_TEST_TMPDIR/exit" - <<-'S'
		.globl _start
		_start: mov $3, %eax; mov $0, %ebx; mov %esp, %ecx; mov $1, %edx; int $0x80
		mov $1, %eax; mov $7, %ebx; int $0x80
	S
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	host trace-on -q ringbuf
	new_reader -j ringbuf
	"$BATS_TEST_TMPDIR/exit" <"$BATS_TEST_TMPDIR/fifo" 3>&- &
	spawned+=("$!")
	exec {go}>"$BATS_TEST_TMPDIR/fifo"
	retry 20 grep -q exit "/proc/$!/comm"
	host pid -q add "${spawned[-1]}"
	go
	wait "${spawned[-1]}" || [[ $? == 7 ]] || skip 'this kernel runs no 32-bit programs'
	new_writer -n 1 -f
	host pid -q add "$writer"
	written
	reader_ends
	[[ $(jq -s 'map(.pid) | unique | .[]' "$seen") == "$writer" ]]
}

# --- on and off

@test "trace-on runs few programs, and few of them before the trace begins" {
	local more=0
	new_writer -n 5 -i 0
	# What is made once after each start of the machine.
	host trace-on -q ringbuf
	# Before Linux 6.16 the set is kept by another program, which is tried second.
	[[ ! $(host ls "$traces/pids") == *core* ]] || more=4
	host trace-off -q all
	# trace-on, flock, mkdir, bpftool, mv
	(($(programs_of "$scripts/trace-on" -q tracepoint pid "$writer") <= 5 + more))
	[[ $(sed -n 4p "$BATS_TEST_TMPDIR/strace") == *'["bpftool", "-j", "-f", "batch", '* ]]
	# trace-on, flock, two times bpftool, mv
	(($(programs_of "$scripts/trace-on" -q ringbuf pid $$) <= 5))
	(($(programs_of "$scripts/trace-on" -q ringbuf pid $$ "$writer") <= 3))
	new_reader tracepoint
	written
	reader_ends
	[[ $(grep -c "PID $writer\.$" "$seen") == 5 ]]
}

@test "a trace of an object that has changed since is not said to be on" {
	cp "$objs/trace_ringbuf.o" "$BATS_TEST_TMPDIR/my.o"
	host trace-on -q obj "$BATS_TEST_TMPDIR/my.o"
	run -0 --separate-stderr host trace-on obj "$BATS_TEST_TMPDIR/my.o"
	[[ $stderr == 'trace-on: my: on already' ]]
	touch -d '+1 minute' "$BATS_TEST_TMPDIR/my.o"
	run -2 --separate-stderr host trace-on -q obj "$BATS_TEST_TMPDIR/my.o"
	[[ ${#stderr_lines[@]} == 1 && $stderr == *'is on from before '*'my.o was changed (first: scripts/trace-off my)' ]]
	host trace-off -q my
	host trace-on -q obj "$BATS_TEST_TMPDIR/my.o"
}

@test "-q: events says nothing but what it shows, trace-on nothing" {
	new_writer -n 3 -i 0
	run -0 --separate-stderr host trace-on -q ringbuf pid "$writer"
	[[ -z $output && -z $stderr ]]
	new_reader -q -j ringbuf
	written
	retry 20 eval '[[ $(grep -c "\"pid\":$writer," "$seen") -ge 3 ]]'
	reader_ends
	[[ ! -s $summary ]]
}

# bats test_tags=core
@test "on says what is attached; on twice and off twice are fine" {
	can_trace ringbuf || return 0
	run -0 --separate-stderr host trace-on ringbuf
	[[ $output == 'ringbuf: on, link '*'(raw_tracepoint sys_enter)'*': 0' && $stderr == *'+ bpftool prog loadall '*autoattach* ]]
	run -0 --separate-stderr host trace-on ringbuf
	[[ $output == 'ringbuf: on, '* && $stderr == 'trace-on: ringbuf: on already' ]]
	run -0 --separate-stderr host trace-on -j -q ringbuf pid $$
	[[ $(jq -c '[.program, .links[0].type, .links[0].on, .pids]' <<<"$output") == '["ringbuf","raw_tracepoint","sys_enter",1]' && -z $stderr ]]
	note_links
	host trace-off ringbuf
	run -0 --separate-stderr host trace-off ringbuf
	[[ $stderr == 'trace-off: ringbuf: not on' ]]
	host trace-off -q all
	nothing_left
	run -0 host trace-off all
}

@test "a shown call can be pasted" {
	minimal_alone
	run -0 host trace-on -n ringbuf-output
	nothing_left
	host trace-on -q minimal
	run -0 --separate-stderr host trace-on -n ringbuf-output
	host bash -c "$(sed -n 's/^+ //p' <<<"$stderr")"
	run -0 --separate-stderr host trace-on ringbuf-output
	[[ $stderr == *'on already' ]]
	run -0 --separate-stderr host trace-off -n all
	[[ $(host find "$traces" -maxdepth 1 | wc -l) == 4 ]]
	note_links
	host bash -c "$(sed -n 's/^+ //p' <<<"$stderr")"
	retry 50 none_attached
}

@test "a program that is only pinned is no success, and nothing is left" {
	type -P clang >/dev/null || skip 'no compiler here'
	clang -target bpf -g -O2 -x c -c -o "$BATS_TEST_TMPDIR/half.o" - <<<'
		__attribute__((section("raw_tp/sys_enter"), used)) int good(void *ctx) { return 0; }
		__attribute__((section("tp/no_such/event"), used)) int bad(void *ctx) { return 0; }
		char LICENSE[] __attribute__((section("license"), used)) = "GPL";'
	run -2 --separate-stderr host trace-on -q obj "$BATS_TEST_TMPDIR/half.o"
	[[ ${#stderr_lines[@]} == 1 && $stderr == *bad* ]]
	nothing_left
}

@test "a kernel that cannot pin such a link: one line that says since when, and what works" {
	refusing_bpftool trace_tracepoint.o 'failed to pin all programs'
	printf '%s\n' '#!/bin/sh' 'echo 5.10.0-32-amd64' >"$BATS_TEST_TMPDIR/bin/uname"
	chmod +x "$BATS_TEST_TMPDIR/bin/"*
	run -2 --separate-stderr host env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$scripts/trace-on" -q tracepoint
	[[ ${#stderr_lines[@]} == 1 && $stderr == *'5.15; perf and ringbuf work here)' ]]
	nothing_left
	host env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$scripts/trace-on" -q ringbuf
}

@test "obj: an object of yours, its records by events, its name in trace-off" {
	cp "$objs/trace_ringbuf.o" "$BATS_TEST_TMPDIR/my-own.o"
	new_writer -n 1 -f
	host trace-on -q obj "$BATS_TEST_TMPDIR/my-own.o" pid "$writer"
	new_reader my_own count 2
	written
	wait "$reader"
	host trace-off -q my_own
	cp "$objs/trace_ringbuf.o" "$BATS_TEST_TMPDIR/perf.o"
	run -1 --separate-stderr host trace-on obj "$BATS_TEST_TMPDIR/perf.o"
	[[ $stderr == *'is taken'* ]]
	echo no object >"$BATS_TEST_TMPDIR/text.o"
	run -2 --separate-stderr host trace-on -q obj "$BATS_TEST_TMPDIR/text.o"
	[[ ${#stderr_lines[@]} == 1 ]]
	host trace-off -q all
	nothing_left
}

@test "an undo that has begun is brought to its end, whatever signals come" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	exec {go}<>"$BATS_TEST_TMPDIR/fifo"
	cat >"$BATS_TEST_TMPDIR/bin/rm" <<-TOOL
		#!/bin/bash
		: >'$BATS_TEST_TMPDIR/undoing'
		read -r <'$BATS_TEST_TMPDIR/fifo'
		exec $(command -v rm) "\$@"
	TOOL
	chmod +x "$BATS_TEST_TMPDIR/bin/rm"
	echo >"$BATS_TEST_TMPDIR/no object.o"
	spawn host env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$scripts/trace-on" -q obj "$BATS_TEST_TMPDIR/no object.o" pid $$
	retry 50 test -e "$BATS_TEST_TMPDIR/undoing"
	host test -e "$traces/pids"
	kill -TERM "${spawned[-1]}"
	kill -HUP "${spawned[-1]}"
	printf '\n\n\n\n' >&"$go"
	rc=0
	wait "${spawned[-1]}" || rc=$?
	((rc == 2))
	nothing_left
}

@test "a bpftool without autoattach: one line that names the fix" {
	refusing_bpftool autoattach 'expected no more arguments, "autoattach"?'
	run -2 --separate-stderr host env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$scripts/trace-on" -q ringbuf
	[[ ${#stderr_lines[@]} == 1 && $stderr == *autoattach*'make deps'* ]]
	nothing_left
}

@test "bad words: status 1, one line, nothing changed" {
	local words
	while read -r words; do
		# shellcheck disable=SC2086 # words
		run -1 --separate-stderr host $words
		[[ ${#stderr_lines[@]} == 1 && -z $output ]] || { echo "$words: $output $stderr" && false; }
	done <<-'WORDS'
		trace-on
		trace-on nix
		trace-on pids
		trace-on ../x
		trace-on ringbuf perf
		trace-on ringbuf pid
		trace-on ringbuf pid 0
		trace-on ringbuf pid 99999999
		trace-on minimal pid 1
		trace-on obj
		trace-on obj /no/such
		trace-on obj / ringbuf
		trace-on ringbuf -q
		trace-off
		trace-off nix
		trace-off ringbuf perf
		trace-off new
		events
		events nix
		events ringbuf count
		events ringbuf count 0
		events ringbuf count 1x
		events ringbuf duration 0
		events ringbuf nix
	WORDS
	nothing_left
	run -2 --separate-stderr host events ringbuf
	[[ $stderr == *'not on (first: scripts/trace-on ringbuf)' ]]
}

@test "a second reader is refused and told who is the first" {
	host trace-on -q ringbuf
	new_reader ringbuf
	run -2 --separate-stderr host events ringbuf
	[[ $stderr == *"PID $reader"* ]]
	reader_ends
	run -0 --separate-stderr host events ringbuf duration 0.1
	[[ $stderr == '0 events, 0 lost' ]]
}

@test "what a killed trace-on left is taken away by the next" {
	export TMPDIR=$BATS_TEST_TMPDIR
	host trace-on -q ringbuf
	host mv "$traces/ringbuf" "$traces/new"
	run -0 host trace-on perf
	[[ ! $(host ls "$traces") == *new* ]]
	host mv "$traces/perf" "$traces/new"
	host trace-off -q all
	nothing_left
}

@test "who reads is told when the trace goes off: status 0" {
	local program
	for program in ringbuf perf tracepoint; do
		new_writer -n 3 -i 0
		host trace-on -q "$program" pid "$writer"
		new_reader -j "$program"
		written
		retry 50 eval '[[ $(grep -c "\"pid\":$writer," "$seen") -ge 3 ]]'
		[[ -e /proc/$reader ]]
		# Another in its place is not the one.
		host trace-off -q "$program"
		host trace-on -q "$program"
		retry 50 eval '! kill -0 "$reader" 2>/dev/null'
		wait "$reader"
		[[ $(tail -n 2 "$summary") == "bpf_dump: ends, it is gone: $traces/$program"$'\n'*' events, 0 lost' ]]
		host trace-off -q "$program"
	done
}

@test "a killed reader's tracing instance goes with the next" {
	minimal_alone
	host trace-on -q minimal
	export TMPDIR=$BATS_TEST_TMPDIR
	new_reader minimal
	kill -9 "$reader"
	host ls /sys/kernel/tracing/instances | grep -q "plainbpf_$reader"
	# Somebody must write, or there is nothing to be read.
	spawn bash -c 'while sleep 0.02; do echo; done >/dev/null'
	host timeout 30 "$scripts/events" -q minimal count 1 >/dev/null
	run -2 host ls -d "/sys/kernel/tracing/instances/plainbpf_$reader"
}

@test "status shows traces that are on, and the set" {
	host trace-on -q ringbuf pid $$
	run -0 host status
	[[ $output == *'trace ringbuf: link '*'(raw_tracepoint sys_enter)'*'traced processes: 1'* ]]
	run -0 --separate-stderr host status -j
	[[ $(jq -c '.traces | [.[0].program, .[0].links[0].on]' <<<"$output") == '["ringbuf","sys_enter"]' && $(jq .traced <<<"$output") == 1 ]]
}
