# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what base.bash sets is used here, what is set here the commands use
# SPDX-License-Identifier: GPL-2.0-only
# Traces and the PID set. Sourced after base.bash.
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

# A call of bpftool: made at once or, while calls are gathered, by one process with the others.
call() { # WORD…
	if [[ ! $gather || $dry ]]; then
		try bpftool "$@"
		return
	fi
	say bpftool "$@"
	gathered+="$*"$'\n'
}

gather='' gathered=''

# Makes the gathered calls, and ends the gathering; 1 if one failed. Which one, and why, is better
# asked by making them one by one. Said at the end of a batch that went well: "reading batch file
# failed" (bpftool 7.5).
make_gathered() {
	local lines=$gathered rc=0
	gather='' gathered=''
	[[ $lines ]] || return 0
	keep bpftool batch file - <<<"$lines" || rc=1
	said=$complaint
	((rc == 0)) || [[ $complaint == *'Error: reading batch file failed'* ]]
}

# Loads an object and attaches its programs, into a new directory; why it cannot is in `why`. bpftool
# says 0, too, when it could only pin a program, not attach it: `attached` sees that.
load() { # FILE DIR [WORD of bpftool…]
	why=''
	call prog loadall "$1" "$2" "${@:3}" autoattach && said=$complaint && return
	case $complaint in
	*'no more arguments'*) die 2 'this bpftool knows no autoattach: get 7.5 (Debian 12: apt install -t bookworm-backports bpftool; or: make deps; Debian 11 has none)' ;;
	esac
	said=$complaint
	said_of '' || why=$(reason)
	return 1
}

# What libbpf said first about something, as `why`.
said_of() { # WORDS
	local line
	while IFS= read -r line; do
		[[ $line == "libbpf: $1"* ]] || continue
		why=${line#libbpf: }
		return
	done <<<"$said"
	return 1
}

# Whether the programs in a directory that was loaded last are attached, by the last survey.
attached() { # DIR
	local pin
	[[ ! $dry ]] || return 0
	for pin in "$1"/*; do
		if [[ -d $pin ]] || link_of "$pin"; then continue; fi
		said_of "prog '${pin##*/}'" || why="prog '${pin##*/}' has no way of attaching that bpftool knows"
		return 1
	done
}

# Reads links and the set by one bpftool. Sets links: "ID TYPE WHERE" by pin, such as "12
# raw_tracepoint sys_enter"; traced and reads: the time at which a process began by its PID, by role.
# bpftool's status tells nothing: a batch that went well ends with "reading batch file failed" (7.5).
declare -A links=()
traced=() reads=()

survey() {
	local text part parts pin calls='link show'
	links=() traced=() reads=()
	[[ -d $traces ]] || return 0
	[[ ! -e $pid_set ]] || calls+=$'\n'"map dump pinned $pid_set"
	text=$(bpftool -j -f batch file - <<<"$calls" 2>/dev/null) || :
	[[ ! -e $pid_set || $text =~ \"map\",\"dump\",\"pinned\",[^]]*\],\"output\":\[ ]] || die 2 "cannot read $pid_set"
	mapfile -t -d '}' parts <<<"$text"
	for part in "${parts[@]}"; do
		if [[ $part =~ \"formatted\":\{\"key\":([0-9]+),\"value\":\{\"start\":([0-9]+),\"role\":([0-9]+) ]]; then
			if ((BASH_REMATCH[3] == role_reader)); then
				reads[BASH_REMATCH[1]]=${BASH_REMATCH[2]}
			else
				traced[BASH_REMATCH[1]]=${BASH_REMATCH[2]}
			fi
		elif [[ $part =~ \"pinned\":\[\"([^]]*)\"\] ]]; then
			pin=${BASH_REMATCH[1]}
			describe "$part" || continue
			while [[ $pin == *'","'* ]]; do
				links[${pin%%'","'*}]=$link
				pin=${pin#*'","'}
			done
			links[$pin]=$link
		fi
	done
}

describe() { # JSON
	[[ $1 =~ \"id\":([0-9]+) ]] || return 1
	link=${BASH_REMATCH[1]}
	[[ ! $1 =~ \"type\":\"([a-z_]+)\" ]] || link+=" ${BASH_REMATCH[1]}"
	[[ ! $1 =~ \"(tp_name|tracepoint|func)\":\"([^\"]+)\" ]] || link+=" ${BASH_REMATCH[2]}"
}

# Sets link: from the survey or, what that does not know (a bpffs with two names, say), by itself.
# bpftool shows a pinned link and says 255 (7.5): what counts is what it shows.
link_of() { # PIN
	local line
	link=${links[$1]-}
	[[ ! $link ]] || return 0
	line=$(bpftool -j link show pinned "$1" 2>/dev/null) || :
	[[ $line == *\"prog_id\":* ]] && describe "$line"
}

# Those of a directory, a line each.
links_of() { # DIR
	local pin
	for pin in "$1"/*; do
		[[ ! -f $pin ]] || ! link_of "$pin" || printf '%s\n' "$link"
	done
}

# The set's map and its program; both are made if missing. A set whose program is gone may hold
# numbers that other processes have now, and cannot be mended by gathered calls: 1. A program made
# here is looked at later, by pids_keep: what is to be traced is traced sooner.
kept=''

pids_open() {
	survey
	if pids_kept; then
		kept=1
		return
	fi
	in_root_pid_namespace || die 2 'in a PID namespace: the programs know processes by their numbers outside of it'
	if [[ -e $pid_set ]]; then
		[[ ! $gather ]] || return 1
		load_keeper trace_pids || :
		pids_keep
		pids_mend
		survey
		return
	fi
	[[ ! -d $pid_dir ]] || run rm -rf -- "$pid_dir"
	[[ -d $traces ]] || run mkdir -p "$traces"
	load_keeper trace_pids pinmaps "$pid_dir/maps" || {
		run rm -rf -- "$pid_dir"
		load_keeper trace_pids_core pinmaps "$pid_dir/maps" || die 2 "cannot keep a PID set: $why"
	}
}

load_keeper() { # OBJECT [WORD of bpftool…]
	local object=$objs/$1.o
	shift
	[[ -e $object ]] || die 2 "$object is not built (make)"
	(($#)) || { set -- map name pb_pids pinned "$pid_set" && run rm -f "$pid_dir"/trace_pids*; }
	load "$object" "$pid_dir" "$@"
}

# Sees that the set is kept, or else by the program for other kernels, that of before Linux 6.16.
pids_keep() {
	[[ ! $kept && ! $dry ]] || return 0
	if ! pids_kept; then
		if ! load_keeper trace_pids_core || ! attached "$pid_dir"; then
			die 2 "cannot keep a PID set: $why"
		fi
		survey
		pids_mend
	fi
	kept=1
}

pids_kept() {
	local pin
	[[ -e $pid_set ]] || return 1
	for pin in "$pid_dir"/trace_pids*; do
		[[ ! -e $pin ]] || ! link_of "$pin" || return 0
	done
	return 1
}

# In the first PID namespace number 2 is a thread of the kernel (PF_KTHREAD), in no other; and who is
# in another but has that one's /proc has two numbers there.
in_root_pid_namespace() {
	local line lines stat
	mapfile -t lines </proc/self/status # line by line the kernel makes all of it each time
	for line in "${lines[@]}"; do
		[[ $line != NSpid:*[0-9]*[[:space:]]*[0-9] ]] || return 1
	done
	IFS= read -r stat </proc/2/stat || return 1
	read -ra stat <<<"${stat##*) }"
	((stat[6] & 0x200000))
} 2>/dev/null

pids_mend() {
	local pid
	for pid in "${!traced[@]}" "${!reads[@]}"; do
		if ! process "$pid" || [[ $process_start != "${traced[pid]-${reads[pid]-}}" ]]; then pid_drop "$pid"; fi
	done
}

# Takes the set away if no trace is on and no process is in it to be traced, and the room of traces
# when it is empty.
pids_tidy() {
	[[ ! $dry ]] || return 0
	if [[ -d $pid_dir && -z $(traces_on) && ! -d $new_trace ]]; then
		survey
		((${#traced[@]})) || run rm -rf -- "$pid_dir"
	fi
	[[ ! -d $traces ]] || rmdir -- "$traces" "$pins" 2>/dev/null || :
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

process_of() { # TID: sets process_id, of the process that it is a thread of
	local line lines
	process_id=''
	mapfile -t lines <"/proc/$1/status" || return
	for line in "${lines[@]}"; do
		[[ $line != Tgid:* ]] || { process_id=${line//[!0-9]/} && return; }
	done
} 2>/dev/null

need_process() { # WORD; what cannot be traced ends the command
	[[ $1 =~ ^[1-9][0-9]{0,9}$ ]] || usage_error "not a process id: $(printable "$1")"
	process "$1" || die 1 "no such process: $1"
	process_of "$1" || :
	[[ $process_id == "$1" ]] || die 1 "$1 is a thread, not a process (its process: $process_id)"
}

# A name as one word of text.
printable() {
	if [[ $1 == *[[:cntrl:]]* || -z $1 ]]; then printf '%q' "$1"; else printf '%s' "$1"; fi
}

# Puts a process into the set. It is looked at again when it is in there: if it ended before, nobody
# would take it out. 1 if it has ended.
pid_put() { # PID ROLE
	local start key=() value=()
	process "$1" || return 1
	start=$process_start
	bytes key 4 "$1"
	bytes value 8 "$start"
	bytes value 4 "$2"
	bytes value 4 0
	if ! call map update pinned "$pid_set" key "${key[@]}" value "${value[@]}"; then
		[[ ! $complaint =~ Argument\ list\ too\ long|E2BIG ]] || die 2 "list full ($pids_max/$pids_max): PID $1"
		die 2 "PID $1: $(reason)"
	fi
	[[ ! $dry ]] || return 0
	if ! process "$1" || [[ $process_start != "$start" ]]; then
		pid_drop "$1"
		return 1
	fi
}

pid_drop() { # PID; one that is gone already is fine
	local key=()
	bytes key 4 "$1"
	say bpftool map delete pinned "$pid_set" key "${key[@]}"
	[[ $dry ]] || bpftool map delete pinned "$pid_set" key "${key[@]}" 2>/dev/null || :
}

# Puts processes in, all of them or none; of those found by their name, those that are still there.
# Those that the survey saw in there stay as they are; readers of traces would trace themselves.
pids_put() { # PID…
	local pid
	pids_new=()
	for pid; do
		[[ ! ${reads[pid]-} ]] || die 1 "$pid reads what is traced (events): it cannot be traced itself"
		[[ ! ${traced[pid]-} ]] || continue
		pids_new+=("$pid") # before it is done: a signal may come in between
		if pid_put "$pid" "$role_traced"; then
			traced[pid]=$process_start
		elif [[ ! ${by_name-} ]]; then
			die 1 "no such process: $pid"
		fi
	done
}

# Those that were put in by gathered calls are looked at again when they are in there.
pids_put_look() {
	local pid
	for pid in "${pids_new[@]}"; do
		process "$pid" || die 1 "no such process: $pid"
		[[ $process_start == "${traced[pid]-}" ]] || die 1 "no such process: $pid"
	done
}

pids_undo() {
	local pid
	for pid in "${pids_new[@]}"; do pid_drop "$pid"; done
	pids_new=()
}

pids_new=()
