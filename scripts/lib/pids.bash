# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what base.bash sets is used here, what is set here the commands use
# SPDX-License-Identifier: GPL-2.0-only
# Processes, and the set of those that are traced. Sourced after trace.bash.
#
# The set is one map for all traces. A program of its own, the keeper (objs/trace_pids.bpf.c), is
# attached as long as the set exists and takes out each process that ends.

# The start time of a process in clock ticks, as process_start. 1 if there is no such process or all
# its threads have ended.
process() { # PID
	local stat
	{ IFS= read -r -d '' stat <"/proc/$1/stat" || [[ ${stat-} ]]; } 2>/dev/null || return 1
	read -ra stat <<<"${stat##*) }" # from field 3 on
	process_start=${stat[19]}
	[[ ${stat[0]} != [ZX] ]] || ((stat[17] > 1))
}

# Its command name as it is; empty if it is gone.
process_name() { # PID: sets process_comm
	IFS= read -r -d '' process_comm 2>/dev/null <"/proc/$1/comm" || :
	process_comm=${process_comm%$'\n'}
} 2>/dev/null

process_of() { # TID: sets process_id, of the process whose thread it is
	local line lines
	process_id=''
	mapfile -t lines <"/proc/$1/status" || return
	for line in "${lines[@]}"; do
		[[ $line != Tgid:* ]] || { process_id=${line//[!0-9]/} && return; }
	done
} 2>/dev/null

need_process() { # WORD; one that cannot be traced ends the command
	[[ $1 =~ ^[1-9][0-9]{0,9}$ ]] || usage_error "not a process id: $(printable "$1")"
	process "$1" || die 1 "no such process: $1"
	process_of "$1" || :
	[[ $process_id == "$1" ]] || die 1 "$1 is a thread, not a process (its process: $process_id)"
}

# In the first PID namespace number 2 is a thread of the kernel (PF_KTHREAD), in no other. And a
# process in another namespace that has the first one's /proc has two numbers there.
in_root_pid_namespace() {
	local line lines stat
	mapfile -t lines </proc/self/status # read line by line, the kernel makes all of it each time
	for line in "${lines[@]}"; do
		[[ $line != NSpid:*[0-9]*[[:space:]]*[0-9] ]] || return 1
	done
	IFS= read -r stat </proc/2/stat || return 1
	read -ra stat <<<"${stat##*) }"
	((stat[6] & 0x200000))
} 2>/dev/null

starts=()   # of the processes that this command puts in, by PID
pids_new=() # those that it has put in, or may have: a signal can come at any time

# The call that puts a process in, into put; 1 if there is no such process. Nobody who reads traces is
# traced, and a process that is to read may have been put in by its name.
put_words() { # ROLE PID
	local key=() value=()
	process "$2" || return 1
	starts[$2]=$process_start
	bytes key 4 "$2"
	bytes value 8 "$process_start"
	bytes value 4 "$1"
	bytes value 4 0
	put=(map update pinned "$pid_set" key "${key[@]}" value "${value[@]}")
	(($1 == pb_role_reader)) || put+=(noexist)
}

# Whether a process is still what was put in. If it ended just before, nobody would take it out.
still_there() { process "$1" && [[ $process_start == "${starts[$1]}" ]]; } # PID

# The usual case, by one bpftool: the set is there with its keeper, and the processes are not in it
# yet. If that is not so, or anything else is odd: 1, and nothing has changed.
pids_put_quickly() { # ROLE PID…
	local role=$1 pid key keeper said=()
	shift
	keeper=("$pid_dir"/trace_pids*)
	[[ ! $dry && -e $pid_set && -e ${keeper[0]} && ${#keeper[@]} == 1 && $# -le 8 ]] || return 1
	for pid; do
		put_words "$role" "$pid" || die 1 "no such process: $pid"
		plan "${put[@]}"
	done
	for pid; do
		key=()
		bytes key 4 "$pid"
		plan map lookup pinned "$pid_set" key "${key[@]}"
	done
	plan link show pinned "${keeper[0]}" # the last: bpftool 7.5 ends a batch after it
	pids_new=("$@")
	if make_calls && [[ $answers == *\"prog_id\":* ]]; then
		for pid; do still_there "$pid" || die 1 "no such process: $pid"; done
		[[ $quiet ]] || for pid; do put_words "$role" "$pid" && say bpftool "${put[@]}"; done
		return 0
	fi
	((answered >= $#)) || pids_new=("${@:1:answered}")
	pids_undo
	return 1
}

# The general case: makes the set if it is missing, puts in those that are not in it yet, all of them
# or none, and does with the same bpftool what a function of the caller's plans. Of processes that
# were found by their name (by_name), those are taken that are still there. Everything is read back.
pids_put() { # ROLE [FUNCTION] -- PID…
	local role=$1 more='' pid keeper n
	shift
	[[ $1 == -- ]] || { more=$1 && shift; }
	shift
	survey
	for keeper in trace_pids trace_pids_core; do
		plan_set "$keeper"
		pids_new=()
		for pid; do
			if ((role == pb_role_traced)); then
				[[ ! ${reads[pid]-} ]] || die 1 "$pid reads what is traced (events): it cannot be traced itself"
				[[ ! ${traced[pid]-} ]] || continue
			fi
			if put_words "$role" "$pid"; then
				pids_new+=("$pid")
				change "${put[@]}"
			elif [[ ! ${by_name-} ]]; then
				die 1 "no such process: $pid"
			fi
		done
		[[ ! $more ]] || "$more"
		[[ ! $dry ]] || return 0
		((calls)) || return 0
		plan_survey
		! make_calls -f || break
		n=$((answered - set_planned))
		if ((n >= 0 && n < ${#pids_new[@]})); then
			[[ ! $complaint =~ Argument\ list\ too\ long|E2BIG ]] || die 2 "list full ($pb_pids_max/$pb_pids_max): PID ${pids_new[n]}"
			die 2 "PID ${pids_new[n]}: $(reason)"
		elif ((n >= 0)); then
			[[ ! $more ]] || "$more" failed $((n - ${#pids_new[@]}))
			die 2 "cannot read links and the PID set: $(reason)"
		fi
		# The set's keeper is no program for this kernel.
		load_failed
		[[ $keeper == trace_pids ]] || die 2 "cannot keep a PID set: $why"
		run rm -rf -- "$pid_dir"
	done
	read_survey
	keep_set
	for pid in "${pids_new[@]}"; do
		if still_there "$pid" && [[ ${traced[pid]-${reads[pid]-}} == "$process_start" ]]; then continue; fi
		[[ ${by_name-} ]] || die 1 "no such process: $pid"
		pids_drop "$pid" || :
	done
}

# Hides a reader's own writes: this process, or the one that it starts.
become_reader() { # PID
	local quiet=1
	take_lock
	pids_put_quickly "$pb_role_reader" "$1" || pids_put "$pb_role_reader" -- "$1"
	pids_new=()
	drop_lock
}

# Plans making the set, if it is not there. One whose keeper is gone may hold numbers that other
# processes have now; it is mended at once.
plan_set() { # KEEPER
	set_planned=0
	! set_kept || return 0
	in_root_pid_namespace || die 2 'in a PID namespace: the programs know processes by their numbers outside of it'
	if [[ -e $pid_set ]]; then
		load_keeper trace_pids
		make_calls || :
		survey
		keep_set
		pids_mend
		return
	fi
	[[ ! -d $pid_dir ]] || run rm -rf -- "$pid_dir"
	[[ -d $traces ]] || run mkdir -p "$traces"
	load_keeper "$1"
	[[ $dry ]] || set_planned=1
}

load_keeper() { # NAME
	local object=$objs/$1.o words=(pinmaps "$pid_dir/maps")
	[[ -e $object ]] || die 2 "$object is not built (make)"
	if [[ -e $pid_set ]]; then
		words=(map name pb_pids pinned "$pid_set")
		run rm -f "$pid_dir"/trace_pids*
	fi
	load "$object" "$pid_dir" "${words[@]}"
}

# Checks that the set has its keeper, by the links read last, or else loads the one for kernels before
# Linux 6.16, where the other may be loaded and not attached.
keep_set() {
	[[ ! $dry ]] && ! set_kept || return 0
	load_keeper trace_pids_core
	if ! make_calls || { survey && ! set_kept; }; then
		load_failed
		die 2 "cannot keep a PID set: $why"
	fi
	pids_mend
}

set_kept() {
	local pin
	[[ -e $pid_set ]] || return 1
	for pin in "$pid_dir"/trace_pids*; do
		[[ ! -e $pin ]] || ! link_of "$pin" || return 0
	done
	return 1
}

# Takes out what is no longer the process that was put in.
pids_mend() {
	local pid ended=()
	for pid in "${!traced[@]}" "${!reads[@]}"; do
		if ! process "$pid" || [[ $process_start != "${traced[pid]-${reads[pid]-}}" ]]; then ended+=("$pid"); fi
	done
	((${#ended[@]} == 0)) || pids_drop "${ended[@]}"
}

# Takes processes out; those that have gone already are fine. Reads the set back. 1 if bpftool refuses.
pids_drop() { # PID…
	local pid key how=change
	while (($#)); do
		for pid; do
			key=()
			bytes key 4 "$pid"
			"$how" map delete pinned "$pid_set" key "${key[@]}"
		done
		[[ ! $dry ]] || return 0
		plan_survey
		if make_calls -f || ((answered >= $#)); then
			read_survey
			return 0
		fi
		[[ $complaint == *'No such file or directory'* ]] || return 1
		shift $((answered + 1))
		how=plan
	done
	survey
}

pids_undo() {
	((${#pids_new[@]} == 0)) || [[ ! -e $pid_set ]] || pids_drop "${pids_new[@]}" || :
	pids_new=()
}

# Takes the set away if no trace is on and nothing in it is to be traced, by what was read last; and
# the directory of traces when it is empty.
pids_tidy() {
	local left
	[[ ! $dry && ! $unread && -d $traces ]] || return 0
	[[ $surveyed ]] || survey
	if [[ -d $pid_dir && -z $(traces_on) && ! -d $new_trace ]] && ((${#traced[@]} == 0)); then
		run rm -rf -- "$pid_dir" || :
		[[ ! -d $pid_dir ]] || warn "$pid_dir is still there"
	fi
	left=("$traces"/*)
	[[ -e ${left[0]} ]] || rmdir -- "$traces" "$pins" 2>/dev/null || :
}

# Adds to pids the processes that are called so: of those in the set, or to add, of all there are.
pids_named() { # GLOB…
	local pid glob all found
	pids=()
	if [[ $verb == add ]]; then mapfile -t all < <(cd /proc && printf '%s\n' [1-9]*); else all=("${!traced[@]}"); fi
	for glob; do
		found=''
		for pid in "${all[@]}"; do
			process_name "$pid"
			# shellcheck disable=SC2053 # a pattern
			[[ $process_comm == $glob ]] || continue
			if [[ $verb == add ]] && ! process "$pid"; then continue; fi
			[[ ! ${reads[$pid]-} && $pid != "$$" ]] || continue
			pids+=("$pid") found=1
		done
		[[ $found ]] || die 1 "no process is called: $(printable "$glob")"
	done
}

# Prints the set, by what was read last. A process that has ended is still in it if the keeper was
# taken away.
pids_list() {
	local pid gone lines=()
	for pid in "${!traced[@]}"; do
		gone=true process_comm=''
		if process "$pid" && [[ $process_start == "${traced[pid]}" ]]; then gone=false && process_name "$pid"; fi
		if [[ $json ]]; then
			lines+=("$pid" "$gone" "$process_comm")
		elif [[ $gone == true ]]; then
			data "$pid (gone)"
		else
			data "$pid $(printable "$process_comm")"
		fi
	done
	[[ $json ]] || return 0
	need jq
	jq -cn '[$ARGS.positional | range(0; length; 3) as $i | {pid: (.[$i] | tonumber),
		comm: (if .[$i + 1] == "true" then null else .[$i + 2] end), gone: (.[$i + 1] == "true")}]' --args -- "${lines[@]}"
}
