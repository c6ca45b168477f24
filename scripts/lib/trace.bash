# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what base.bash sets is used here, what is set here the commands use
# SPDX-License-Identifier: GPL-2.0-only
# Traces: their names, their links, loading them. Sourced after base.bash.
#
# A trace is a directory of pinned links. One that has its final name is complete: it is loaded and
# verified as "new" and then renamed.

# shellcheck source=scripts/lib/calls.bash
. "$lib/calls.bash"

# Names of programs as a person types them, of those that are built here.
trace_programs() {
	local object
	for object in "$objs"/trace_*.bpf.c "$objs"/trace_*.o; do
		[[ -e $object ]] || continue
		object=${object##*/trace_}
		object=${object%.o}
		object=${object%.bpf.c}
		[[ $object == pids* ]] || printf '%s\n' "${object//_/-}"
	done | sort -u
}

is_program() { # NAME
	[[ $1 =~ ^[a-z0-9-]+$ && $1 != pids* ]] || return 1
	[[ -e $objs/trace_${1//-/_}.bpf.c || -e $objs/trace_${1//-/_}.o ]]
}

# The same of one that may be called as its object is; a trace that is on has the name it has.
as_typed() { # changes program
	[[ ! -d $(trace_dir "$program") ]] || return 0
	program=${program#trace_}
	program=${program//_/-}
	is_program "$program" || usage_error "no such program: $(printable "$program")"
}

# By what trace-on was given, a program or a file: program, as it is typed, and file.
name_trace() {
	[[ -z $file || -z $program ]] || usage_error "obj takes the place of a program: $(printable "$program")"
	given=$file
	if [[ $file ]]; then
		[[ -f $file && -r $file ]] || die 1 "cannot read: $(printable "$file")"
		program=${file##*/}
		program=${program%.o}
		program=${program%.bpf}
		program=${program//[!a-zA-Z0-9_]/_}
		if is_program "${program//_/-}" || [[ $program =~ ^(all|new|pids)$ ]]; then
			die 1 "$(printable "$file"): the name $program is taken, give the file another"
		fi
	else
		[[ $program ]] || usage_error 'no program given'
		program=${program#trace_}
		program=${program//_/-}
		is_program "$program" || usage_error "unknown program: $(printable "$program") ($(trace_programs | tr '\n' ' ' | sed 's/ $//'))"
		file=$objs/trace_${program//-/_}.o
		[[ -e $file ]] || die 2 "$file is not built (make)"
	fi
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

# Plans loading an object, with its programs attached, into a new directory. bpftool reports success
# also if it could only pin a program and not attach it: `attached` finds that out.
load() { # FILE DIR [WORD of bpftool…]
	local file=$1 fd
	say bpftool prog loadall "$file" "${@:2}" autoattach
	[[ ! $dry ]] || return 0
	if [[ $file == *[\"\\#$'\n']* ]]; then # a batch cannot hold such a name
		exec {fd}<"$file"
		file=/proc/self/fd/$fd
	fi
	plan prog loadall "$file" "${@:2}" autoattach
}

# Why loading failed, from the calls made last: in `why`.
load_failed() {
	[[ $complaint != *'no more arguments'* ]] || die 2 'this bpftool knows no autoattach: get 7.5 (Debian 12: apt install -t bookworm-backports bpftool; or: make deps; Debian 11 has none)'
	why=$(reason)
}

# Why old kernels cannot.
hint() {
	[[ $program =~ ^(minimal|tracepoint|kprobe)$ && $(uname -r) =~ ^([0-9]+)\.([0-9]+) ]] || return 0
	((BASH_REMATCH[1] > 5 || BASH_REMATCH[1] == 5 && BASH_REMATCH[2] >= 15)) ||
		printf ' (links of this kind can be pinned since Linux 5.15; perf and ringbuf work here)'
}

# What libbpf said first about something, as `why`.
said_of() { # WORDS
	local line
	while IFS= read -r line; do
		[[ $line == "libbpf: $1"* ]] || continue
		why=${line#libbpf: }
		return
	done <<<"$complaint"
	return 1
}

# Whether all programs of a directory are attached, by the links read last. Else `why` tells which is
# not, from the complaints of the calls that loaded it.
attached() { # DIR
	local pin
	[[ ! $dry ]] || return 0
	for pin in "$1"/*; do
		if [[ -d $pin ]] || link_of "$pin"; then continue; fi
		said_of "prog '${pin##*/}'" || why="prog '${pin##*/}' has no way of attaching that bpftool knows"
		return 1
	done
}

# Links and the PID set as they are. links: "ID TYPE WHERE" by pin, such as "12 raw_tracepoint
# sys_enter". traced and reads: the start time of each process in the set by its PID, for the two roles.
declare -A links=()
traced=() reads=() surveyed='' set_planned=0
unread='' # they could not be read: nothing may be taken for empty

survey() {
	links=() traced=() reads=() surveyed=1
	[[ -d $traces ]] || return 0
	plan_survey
	make_calls -f || :
	read_survey
}

# Also after other calls and with them, one of which may make the set.
plan_survey() {
	plan link show
	if [[ -e $pid_set ]] || ((set_planned)); then plan map dump pinned "$pid_set"; fi
}

read_survey() {
	local part parts pin
	links=() traced=() reads=() surveyed='' unread=1
	[[ ! -e $pid_set || $answers =~ \"map\",\"dump\",\"pinned\",[^]]*\],\"output\":\[ ]] || die 2 "cannot read $pid_set"
	surveyed=1 unread=''
	mapfile -t -d '}' parts <<<"$answers"
	for part in "${parts[@]}"; do
		if [[ $part =~ \"formatted\":\{\"key\":([0-9]+),\"value\":\{\"start\":([0-9]+),\"role\":([0-9]+) ]]; then
			if ((BASH_REMATCH[3] == pb_role_reader)); then
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

describe() { # JSON of a link: sets link
	[[ $1 =~ \"id\":([0-9]+) ]] || return 1
	link=${BASH_REMATCH[1]}
	[[ ! $1 =~ \"type\":\"([a-z_]+)\" ]] || link+=" ${BASH_REMATCH[1]}"
	[[ ! $1 =~ \"(tp_name|tracepoint|func)\":\"([^\"]+)\" ]] || link+=" ${BASH_REMATCH[2]}"
}

# Sets link, of a pin: from the survey or, if that does not know it (a bpffs mounted twice, say), by
# asking for this one, after which a batch ends with an error.
link_of() { # PIN
	local answers answered complaint
	link=${links[$1]-}
	[[ ! $link ]] || return 0
	plan link show pinned "$1"
	make_calls || :
	[[ $answers == *\"prog_id\":* ]] && describe "$answers"
}

# Waits until links are gone, a moment after their last pin.
links_end() { # ID…; 1 and link, of one that stays
	local n id
	(($#)) || return 0
	for ((n = 0; n < 100; n++)); do
		link=''
		plan link show
		make_calls || :
		for id; do
			[[ $answers != *"{\"id\":$id,"* ]] || link=$id
		done
		[[ $link ]] || return 0
		sleep 0.02
	done
	return 1
}

# The one stream among a trace's maps, as stream.
stream_of() { # DIR
	local pin part parts maps=() found=() i=0 mark=$'\037'
	for pin in "$1"/maps/*; do
		[[ -e $pin && ${pin##*/} != pb_pids ]] || continue
		maps+=("$pin")
		plan map show pinned "$pin"
	done
	make_calls || :
	mapfile -t -d "$mark" parts <<<"${answers//'{"command":'/"$mark"}"
	for part in "${parts[@]:1}"; do
		[[ ! $part =~ \"type\":\"(ringbuf|perf_event_array)\" ]] || found+=("${maps[i]}")
		i=$((i + 1))
	done
	((${#found[@]})) || die 2 "$program has no stream (what it prints: cat $tracefs/trace_pipe)"
	((${#found[@]} == 1)) || die 2 "$program has ${#found[@]} streams, choose: bpf_dump ${found[*]}"
	stream=${found[0]}
}
