# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# What traces print with bpf_printk: lines of a tracing instance. Sourced after trace.bash, pids.bash.

# What each program prints, as a pattern of the kernel's filters.
declare -A prints=([minimal]='write system call from PID *' [tracepoint]='triggered from PID *'
	[kprobe]='pid= *,name:*. writing data')

# An instance of our own gets copies of these lines only, so other readers of trace_pipe miss none. It
# is named after this process: if the process is gone, a reader was killed and left it.
make_instance() { # PROGRAM
	local left
	for left in "$instances"*; do
		[[ -d $left && ! -d /proc/${left##*_} ]] || continue
		rmdir -- "$left" 2>/dev/null || :
	done
	instance=$instances$$
	undos+=(end_instance)
	mkdir -- "$instance" 2>/dev/null || die 2 "cannot make a tracing instance: $instance"
	[[ -d $instance/$print_event ]] || die 2 'this kernel has no event for what programs print (Linux 5.9 has)'
	keep set_up_instance "$1" || die 2 "cannot set up $instance: $(reason)"
}
# shellcheck disable=SC2317 # called by keep
set_up_instance() { # PROGRAM
	printf 'boot' >"$instance/trace_clock" &&
		printf 'bpf_string ~ "%s"' "${prints[$1]}" >"$instance/$print_event/filter"
}
reader=''
# shellcheck disable=SC2317 # called at the end
end_instance() {
	[[ -z $reader ]] || { kill -TERM "$reader" && wait "$reader"; } 2>/dev/null || :
	if [[ -d $instance ]]; then rmdir -- "$instance"; fi
}

# Shows a program's lines, and ends as bpf_dump does. It ends with this process.
show_printed() { # PROGRAM OPTION of bpf_dump…
	local rc=0
	make_instance "$1"
	become_reader "$$"
	trap 'exit 0' INT TERM
	(
		trap - EXIT INT TERM
		become_reader "$BASHPID" # before the first line
		printf 1 >"$instance/$print_event/enable" || die 2 "cannot switch on $instance/$print_event"
		exec setpriv --pdeathsig TERM -- "$here/bpf_dump" "${@:2}" "$instance/trace_pipe"
	) &
	reader=$!
	wait "$reader" || rc=$?
	reader=''
	exit "$rc" # no error of this command: bpf_dump has said why
}
