# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what lib.bash sets is used here, what is set here the commands use
# SPDX-License-Identifier: GPL-2.0-only
# Traces and the PID set. Sourced after lib.bash.
#
# A trace that has its directory is whole: it is loaded and verified as "new" and then renamed. The
# set is one map for all, kept true by a program of its own (objs/trace_pids.bpf.c), which is
# attached as long as the set is there.

readonly role_traced=0 role_reader=1 # enum pb_role
readonly pids_max=4096               # PB_PIDS_MAX

# Names of programs as a person types them, of those that are built here.
trace_programs() {
	local file
	for file in "$objs"/trace_*.bpf.c "$objs"/trace_*.o; do
		[[ -e $file ]] || continue
		file=${file##*/trace_}
		file=${file%.o}
		file=${file%.bpf.c}
		[[ $file == pids* ]] || printf '%s\n' "${file//_/-}"
	done | sort -u
}
is_program() {
	[[ $1 =~ ^[a-z0-9-]+$ && $1 != pids* ]] || return 1
	[[ -e $objs/trace_${1//-/_}.bpf.c || -e $objs/trace_${1//-/_}.o ]]
}
trace_dir() { printf '%s/%s' "$traces" "${1//-/_}"; }

# Traces that are on, by the names of their directories.
traces_on() {
	local dir
	for dir in "$traces"/*/; do
		dir=${dir%/}
		[[ ! -d $dir || $dir == "$new_trace" || $dir == "$pid_dir" ]] || printf '%s\n' "${dir##*/}"
	done
}

need_tracefs() {
	[[ -e $tracefs/events ]] || run mount -t tracefs tracefs "$tracefs" ||
		die 2 "no tracefs at $tracefs"
}

# Loads an object and attaches its programs, into a new directory; why it cannot is in `why`, the
# rest is in $tmp/err. bpftool says 0, too, when it could only pin a program, not attach it.
load() { # FILE DIR [WORD of bpftool…]
	local pin
	why=''
	if ! try bpftool prog loadall "$1" "$2" "${@:3}" autoattach; then
		case $(<"$tmp/err") in
		*'no more arguments'*) die 2 'this bpftool knows no autoattach: get 7.5 (Debian 12: apt install -t bookworm-backports bpftool; or: make deps)' ;;
		esac
		why=$(grep -m 1 '^libbpf: ' "$tmp/err" | sed 's/^libbpf: //') || why=$(reason)
		return 1
	fi
	[[ ! $dry ]] || return 0
	for pin in "$2"/*; do
		[[ ! -d $pin ]] || continue
		if ! show_link "$pin" >/dev/null; then
			why=$(grep -m 1 "^libbpf: prog '${pin##*/}'" "$tmp/err" | sed 's/^libbpf: //') ||
				why="prog '${pin##*/}' has no way of attaching that bpftool knows"
			return 1
		fi
	done
}

# bpftool shows a pinned link and says 255 (7.5): what counts is what it shows.
show_link() { # PIN
	local line
	line=$(bpftool -j link show pinned "$1" 2>/dev/null) || :
	[[ $line == *\"prog_id\":* ]] && printf '%s' "$line"
}

# One line per link of a directory: "ID WHERE", such as "12 raw_tracepoint sys_enter".
links_of() { # DIR
	local pin line
	for pin in "$1"/*; do
		[[ -f $pin ]] || continue
		line=$(show_link "$pin") || continue
		[[ $line =~ \"id\":([0-9]+) ]] || continue
		printf '%s' "${BASH_REMATCH[1]}"
		[[ ! $line =~ \"type\":\"([a-z_]+)\" ]] || printf ' %s' "${BASH_REMATCH[1]}"
		[[ ! $line =~ \"(tp_name|tracepoint|func)\":\"([^\"]+)\" ]] || printf ' %s' "${BASH_REMATCH[2]}"
		printf '\n'
	done
}

# The set's map and its program; both are made if missing. A set whose program is gone may hold
# numbers that other processes have now.
pids_open() {
	local words=(pinmaps "$pid_dir/maps") object kept=''
	! pids_kept || return 0
	[[ $(readlink /proc/self/ns/pid) == 'pid:[4026531836]' ]] || # PROC_PID_INIT_INO
		die 2 'in a PID namespace: the programs know processes by their numbers outside of it'
	if [[ -e $pid_set ]]; then
		words=(map name pb_pids pinned "$pid_set")
		run rm -f "$pid_dir"/trace_pids*
	else
		[[ ! -d $pid_dir ]] || run rm -rf -- "$pid_dir"
		[[ -d $traces ]] || run mkdir -p "$traces"
	fi
	for object in trace_pids trace_pids_core; do
		[[ -e $objs/$object.o ]] || die 2 "$objs/$object.o is not built (make)"
		! load "$objs/$object.o" "$pid_dir" "${words[@]}" || { kept=1 && break; } # its link is verified
		run rm -f "$pid_dir/$object"
		[[ ${words[0]} == map ]] || run rm -rf -- "$pid_dir"
	done
	[[ $dry || $kept ]] || die 2 "cannot keep a PID set: $why"
	[[ ${words[0]} != map ]] || pids_mend
}
pids_kept() {
	local pin
	[[ -e $pid_set ]] || return 1
	for pin in "$pid_dir"/trace_pids*; do
		! show_link "$pin" >/dev/null || return 0
	done
	return 1
}
pids_mend() {
	local pid start role entries
	entries=$(pids_entries)
	while read -r pid start role; do
		[[ $pid ]] || continue
		if ! process "$pid" || [[ $process_start != "$start" ]]; then pid_drop "$pid"; fi
	done <<<"$entries"
}
# Takes the set away if no trace is on and no process is in it to be traced, and the room of traces
# when it is empty.
pids_tidy() {
	local entries=''
	[[ ! $dry ]] || return 0
	[[ ! -e $pid_set ]] || entries=$(pids_entries)
	if [[ -d $pid_dir && -z $(traces_on) && ! -d $new_trace && $entries$'\n' != *" $role_traced"$'\n'* ]]; then
		run rm -rf -- "$pid_dir"
	fi
	rmdir -- "$traces" "$pins" 2>/dev/null || :
}

# Entries, a line each: PID START ROLE. Without jq, which takes longer than all the rest.
pids_entries() {
	local text
	text=$(bpftool -j map dump pinned "$pid_set") || die 2 "cannot read $pid_set"
	while [[ $text =~ \"formatted\":\{\"key\":([0-9]+),\"value\":\{\"start\":([0-9]+),\"role\":([0-9]+) ]]; do
		printf '%s %s %s\n' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
		text=${text#*"${BASH_REMATCH[0]}"}
	done
}

# Reads a process: process_start, in clock ticks. 1 if there is none, or all its threads have ended.
process() { # PID
	local stat
	{ IFS= read -r -d '' stat <"/proc/$1/stat" || [[ ${stat-} ]]; } 2>/dev/null || return 1
	read -ra stat <<<"${stat##*) }" # from field 3 on
	process_start=${stat[19]}
	[[ ${stat[0]} != [ZX] ]] || ((stat[17] > 1))
}
# Its command name, as it is; empty if it is gone.
process_name() { # PID
	IFS= read -r -d '' process_comm 2>/dev/null <"/proc/$1/comm" || :
	process_comm=${process_comm%$'\n'}
} 2>/dev/null
process_of() { # TID: the process that it is a thread of
	local line
	while read -r line; do
		[[ $line != Tgid:* ]] || { printf '%s' "${line//[!0-9]/}" && return; }
	done <"/proc/$1/status"
} 2>/dev/null

need_process() { # WORD; what cannot be traced ends the command
	local of
	[[ $1 =~ ^[1-9][0-9]{0,9}$ ]] || usage_error "not a process id: $(printable "$1")"
	process "$1" || die 1 "no such process: $1"
	of=$(process_of "$1")
	[[ $of == "$1" ]] || die 1 "$1 is a thread, not a process (its process: $of)"
}
# A name as one word of text.
printable() {
	if [[ $1 == *[[:cntrl:]]* || -z $1 ]]; then printf '%q' "$1"; else printf '%s' "$1"; fi
}

# Puts a process into the set. It is looked at again when it is in there: if it ended before, nobody
# would take it out. 1 if it has ended.
pid_put() { # PID ROLE
	local start key value
	process "$1" || return 1
	start=$process_start
	read -ra key <<<"$(bytes 4 "$1")"
	read -ra value <<<"$(bytes 8 "$start") $(bytes 4 "$2") 0 0 0 0"
	if ! try bpftool map update pinned "$pid_set" key "${key[@]}" value "${value[@]}"; then
		! grep -qE 'Argument list too long|E2BIG' "$tmp/err" || die 2 "list full ($pids_max/$pids_max): PID $1"
		die 2 "PID $1: $(reason)"
	fi
	[[ ! $dry ]] || return 0
	if ! process "$1" || [[ $process_start != "$start" ]]; then
		pid_drop "$1"
		return 1
	fi
}
pid_drop() { # PID; one that is gone already is fine
	local key
	read -ra key <<<"$(bytes 4 "$1")"
	say bpftool map delete pinned "$pid_set" key "${key[@]}"
	[[ $dry ]] || bpftool map delete pinned "$pid_set" key "${key[@]}" 2>/dev/null || :
}
pid_role() { # PID: sets role, empty if it is not in the set
	local key text
	role=''
	read -ra key <<<"$(bytes 4 "$1")"
	text=$(bpftool -j map lookup pinned "$pid_set" key "${key[@]}" 2>/dev/null) || return 0
	[[ ! $text =~ \"role\":([0-9]+) ]] || role=${BASH_REMATCH[1]}
}

# Puts processes in, all of them or none; of those found by their name, those that are still there.
# Those in there already stay as they are; readers of traces would trace themselves.
pids_put() { # PID…
	local pid role
	pids_new=()
	for pid; do
		pid_role "$pid"
		[[ $role != "$role_reader" ]] || die 1 "$pid reads what is traced (events): it cannot be traced itself"
		[[ $role != "$role_traced" ]] || continue
		if pid_put "$pid" "$role_traced"; then
			pids_new+=("$pid")
		elif [[ ! ${by_name-} ]]; then
			die 1 "no such process: $pid"
		fi
	done
}
pids_undo() {
	local pid
	for pid in "${pids_new[@]}"; do pid_drop "$pid"; done
	pids_new=()
}
pids_new=()
