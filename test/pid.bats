#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# pid: the set of traced processes, and that it stays true.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # eval expands; a test is a subshell; what the fixtures set

load helper
load fixtures/trace

setup_file() { tools; }
setup() { new_host host mounts; }
teardown() { sandbox_end; }

listed() { [[ $(host pid list | cut -d' ' -f1 | tr '\n' ' ') == "${*:+$* }" ]]; }

@test "add, list, del, flush; what is left of an empty set is nothing" {
	new_writer -p 'a name'
	a=$writer
	new_writer
	run -0 --separate-stderr host pid add "$a" "$writer"
	[[ $stderr == *'+ bpftool map update pinned '* && -z $output ]]
	run -0 host pid list
	[[ $output == "$a a name"$'\n'"$writer testwrite" ]]
	run -0 host pid -j list
	[[ $output == '[{"pid":'$a',"comm":"a name","gone":false},{"pid":'$writer',"comm":"testwrite","gone":false}]' ]]
	host pid -q add "$a"
	host pid -q del "$a"
	listed "$writer"
	run -1 --separate-stderr host pid del "$a"
	[[ $stderr == *"not in the set: $a" ]]
	host pid -q flush
	listed
	[[ $(host pid -j list) == '[]' ]]
	run -1 host test -e /sys/fs/bpf/plainbpf
}

@test "by name: a pattern, all that match, none is an error; names with odd characters are shown" {
	new_writer -p 'pat one'
	a=$writer
	new_writer -p 'pat two'
	b=$writer
	new_writer -p $'tab\there'
	host pid -q add name 'pat *' $'tab*'
	listed "$a" "$b" "$writer"
	run -0 host pid list
	[[ ${lines[2]} == "$writer tab\\there" ]]
	[[ $(host pid -j list | jq -r '.[2].comm') == $'tab\there' ]]
	host pid -q del name 'pat t*'
	listed "$a" "$writer"
	run -1 --separate-stderr host pid add name 'no such*'
	[[ $stderr == 'pid: no process is called: no such*' ]]
	run -1 --separate-stderr host pid del name 'pat t*'
}

@test "all or nothing" {
	new_writer
	run -1 --separate-stderr host pid add "$writer" 99999999
	[[ ${#stderr_lines[@]} == 1 && $stderr == *'no such process: 99999999' ]]
	listed
	host pid -q add "$writer"
	run -1 host pid del "$writer" 99999999
	listed "$writer"
}

@test "bad words: status 1, one line" {
	local words
	while read -r words; do
		# shellcheck disable=SC2086 # words
		run -1 --separate-stderr host pid $words
		[[ ${#stderr_lines[@]} == 1 && -z $output ]] || { echo "$words: $output $stderr" && false; }
	done <<-'WORDS'

		nix
		add
		add 0
		add 01
		add -1
		add 1x
		add 99999999999
		add name
		del
		del x
		list 1
		flush 1
	WORDS
	run -0 --separate-stderr host pid -n add $$
	run -1 host test -e /sys/fs/bpf/plainbpf
}

@test "add and del run few programs" {
	local more=0 keeper
	new_writer
	host pid -q add $$
	keeper=$(host ls "$traces/pids")
	# pid, flock, bpftool
	(($(programs_of "$scripts/pid" -q add "$writer") <= 3))
	# If it is in the set, that is asked first.
	(($(programs_of "$scripts/pid" -q add "$writer") <= 4))
	(($(programs_of "$scripts/pid" -q del "$writer") <= 4))
	host pid -q flush
	# From nothing also mkdir; before Linux 6.16 the keeper that is tried second.
	[[ ! $keeper == *core* ]] || more=4
	(($(programs_of "$scripts/pid" -q add "$writer") <= 5 + more))
	listed "$writer"
}

@test "what is refused, or does not happen, is no success" {
	new_writer
	host pid -q add "$writer" $$
	refusing_bpftool 'map delete' 'delete failed: Operation not permitted'
	local words
	for words in "del $writer" flush; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr host env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$scripts/pid" -q $words
		[[ ${#stderr_lines[@]} == 1 && $stderr == 'pid: PID '*': delete failed: Operation not permitted' ]]
	done
	listed $$ "$writer" || listed "$writer" $$
	refusing_bpftool 'map update' 'update failed: Operation not permitted'
	new_writer
	run -2 --separate-stderr host env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$scripts/pid" -q add "$writer"
	[[ ${#stderr_lines[@]} == 1 && $stderr == "pid: PID $writer: update failed: Operation not permitted" ]]
	# A bpftool that only says so.
	printf '%s\n' '#!/bin/bash' "[[ \$* != *' batch '* ]] || { text=\$(cat); set -- \"\$@\"; }" \
		"exec $(command -v bpftool) \"\$@\" <<<\"\${text//map delete/map lookup}\"" >"$BATS_TEST_TMPDIR/bin/bpftool"
	run -3 --separate-stderr host env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$scripts/pid" -q del $$
	[[ ${#stderr_lines[@]} == 1 && $stderr == "pid: still in the set: $$" ]]
}

@test "a thread is no process" {
	new_writer -t 1 -i 0.1
	go
	retry 20 eval '[[ $(find "/proc/$writer/task" -mindepth 1 -maxdepth 1 | wc -l) == 2 ]]'
	tids=("/proc/$writer/task/"*)
	tid=${tids[1]##*/}
	run -1 --separate-stderr host pid add "$tid"
	[[ $stderr == *"$tid is a thread, not a process (its process: $writer)" ]]
	host pid -q add "$writer"
	listed "$writer"
}

@test "a process leaves the set when it ends, whether or not a trace is on" {
	new_writer -n 1 -f
	host pid -q add "$writer" $$
	listed $$ "$writer" || listed "$writer" $$
	written
	listed $$
	new_writer
	host trace-on -q ringbuf pid "$writer"
	kill -9 "$writer"
	wait "$writer" || :
	listed $$
}

@test "a main thread that ends before its siblings is no end" {
	new_writer -m -i 0.1
	host pid -q add "$writer"
	go
	retry 20 grep -q 'State:.Z' "/proc/$writer/status"
	listed "$writer"
	[[ $(host pid -j list | jq '.[0].gone') == false ]]
	kill "$writer"
	wait "$writer" || :
	listed
}

# The number of a process that was traced, for a writer that is not.
reuse() {
	host trace-on -q ringbuf
	host pid -q add $$
	new_writer -n 1 -f
	host pid -q add "$writer"
	new_reader -j ringbuf
	written
	retry 20 eval '[[ $(grep -c "\"pid\":$writer," "$seen") == 2 ]]'
	"$BATS_FILE_TMPDIR/same_pid" "$writer" "$BATS_FILE_TMPDIR/testwrite" -n 5 -f >"$BATS_TEST_TMPDIR/again"
	grep -qx "PID: $writer" "$BATS_TEST_TMPDIR/again"
	reader_ends
	[[ $(grep -c "\"pid\":$writer," "$seen") == 2 ]]
}

@test "a number that another process has now is not traced" {
	reuse
	# And the way of making it is one that is seen when it is to be.
	new_reader -j ringbuf
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	"$BATS_FILE_TMPDIR/same_pid" "$writer" "$BATS_FILE_TMPDIR/testwrite" -w -n 5 -f <"$BATS_TEST_TMPDIR/fifo" >/dev/null 3>&- &
	spawned+=("$!")
	exec {go}>"$BATS_TEST_TMPDIR/fifo"
	retry 20 test -e "/proc/$writer/fd/0"
	host pid -q add "$writer"
	go
	wait "${spawned[-1]}"
	reader_ends
	grep -q "\"pid\":$writer," "$seen"
}

@test "on kernels that do not say which thread is the last: the same, from the kernel's structs" {
	local tree=$BATS_TEST_TMPDIR/tree
	type -P clang >/dev/null || skip 'no compiler here'
	mkdir "$tree"
	cp -r "$repo/scripts" "$repo/objs" "$tree"
	clang -target bpf -g -O2 -x c -c -o "$tree/objs/trace_pids.o" - <<<'
		__attribute__((section("tp/no_such/event"), used)) int trace_pids(void *ctx) { return 0; }
		char LICENSE[] __attribute__((section("license"), used)) = "GPL";'
	PATH=$tree/scripts:$PATH
	new_writer -m -i 0.1
	run -0 --separate-stderr host pid add "$writer"
	[[ $stderr == *trace_pids_core.o* ]]
	go
	retry 20 grep -q 'State:.Z' "/proc/$writer/status"
	listed "$writer"
	kill "$writer"
	wait "$writer" || :
	listed
	reuse
}

@test "a set whose keeper was taken away is mended before it is used" {
	new_writer -n 1 -f
	a=$writer a_go=$go
	new_writer
	host pid -q add "$a" "$writer"
	note_links
	host find "$traces/pids" -name 'trace_pids*' -delete
	retry 50 none_attached
	b=$writer writer=$a go=$a_go
	written
	run -0 host pid list
	[[ $output == *"$a (gone)"* ]]
	[[ $(host pid -j list | jq -c --argjson pid "$a" '.[] | select(.pid == $pid)') == '{"pid":'$a',"comm":null,"gone":true}' ]]
	host trace-on -q ringbuf
	listed "$b"
	kill -9 "$b"
	wait "$b" || :
	listed
}

@test "in a PID namespace the numbers are others: refused" {
	run -2 --separate-stderr host unshare --pid --fork --mount-proc "$(type -P pid)" -q add 1
	[[ ${#stderr_lines[@]} == 1 && $stderr == *'PID namespace'* ]]
	# Also where /proc is still the one outside.
	run -2 --separate-stderr host unshare --pid --fork "$(type -P pid)" -q add 1
	[[ ${#stderr_lines[@]} == 1 && $stderr == *'PID namespace'* ]]
	host pid -q add $$
	listed $$
}

@test "two editors at once: both edits are done" {
	local i pids=()
	for i in 1 2 3 4 5 6; do
		new_writer
		pids+=("$writer")
	done
	for i in "${pids[@]}"; do spawn host pid -q add "$i"; done
	wait "${spawned[@]: -6}"
	listed "$(printf '%s\n' "${pids[@]}" | sort -n | tr '\n' ' ' | sed 's/ $//')"
}
