#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# trace-on kprobe. Debian's kernels have kprobes; on another it says that there are none.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # eval expands; a test is a subshell; what the fixtures set

load helper
load fixtures/trace

setup_file() { tools; }
setup() { new_host host mounts; }
teardown() { sandbox_end; }

# bats file_tags=core

line_of() { printf 'bpf_trace_printk: pid= %s,name:%s. writing data$' "$1" "$2"; } # PID NAME

@test "kprobe: the tutorial's line, once for each write of the process in the set, none of another's" {
	can_trace kprobe || return 0
	new_writer -n 5 -i 0 -p 'a name'
	traced=$writer traced_go=$go
	new_writer -n 5 -i 0
	host trace-on -q kprobe pid "$traced"
	new_reader kprobe
	written
	writer=$traced go=$traced_go
	written
	retry 50 eval '(($(wc -l <"$seen") >= 5))'
	reader_ends
	[[ $(grep -c "$(line_of "$traced" 'a name')" "$seen") == 5 && $(wc -l <"$seen") == 5 ]]
}

@test "kprobe: on tells that it is attached, twice is fine, off leaves no link and no pin" {
	can_trace kprobe || return 0
	run -0 --separate-stderr host trace-on kprobe
	[[ $output == *kprobe* && ${#lines[@]} == 1 ]]
	note_links
	[[ $(host bpftool -j link show pinned "$traces/kprobe/trace_kprobe" | jq -r .type) == perf_event ]]
	host trace-on -q kprobe
	host trace-off -q kprobe
	host trace-off -q kprobe
	nothing_left
}

@test "kprobe: a process joins and leaves the set while the trace runs" {
	can_trace kprobe || return 0
	host trace-on -q kprobe
	new_reader kprobe
	new_writer -n 3 -i 0
	written
	new_writer -n 3 -i 0
	host pid -q add "$writer"
	written
	retry 50 grep -q "pid= $writer,name:testwrite" "$seen"
	host trace-off -q all
	reader_ends
	[[ $(grep -c "pid= $writer,name:testwrite" "$seen") == 3 && $(wc -l <"$seen") == 3 ]]
}
