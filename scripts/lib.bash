# shellcheck shell=bash
# shellcheck disable=SC2034 # the commands use what is set here
# SPDX-License-Identifier: GPL-2.0-only
# What every command shares: words, messages, tool calls, pins, the lock. Sourced, not run.

here=$(readlink -f "${BASH_SOURCE[0]}")
here=${here%/*}
objs=${here%/*}/objs
prog=${0##*/}
PATH=$PATH:/usr/sbin:/sbin # where ip, tc and bpftool are, also after su without -
json='' quiet='' dry=''

readonly VERSION=0.1.0
# The only place that knows pins. ip and tc pin by name below $globals (TC_BPF_MNT moves the root).
readonly bpffs=${TC_BPF_MNT:-/sys/fs/bpf}
readonly globals=$bpffs/tc/globals
readonly pins=$bpffs/plainbpf
readonly state=/run/plainbpf
# An edit that is under way. Each root has its own: it is completed in the lists that it was begun in.
readonly journal=$state/journal${TC_BPF_MNT:+${TC_BPF_MNT//\//%}}
# A trace is a directory below $traces: its links, and below maps its maps. new is one that is being
# made, pids holds the PID set.
readonly traces=$pins/trace
readonly new_trace=$traces/new
readonly pid_dir=$traces/pids
readonly pid_set=$pid_dir/maps/pb_pids
readonly tracefs=/sys/kernel/tracing
readonly kinds=(host4 host6 net4 net6)
pin_of() { printf '%s/pb_%s' "$globals" "$1"; }
slot_of() { printf '%s/pb_%s_slot' "$globals" "$1"; }

case $HOSTTYPE in
s390x | powerpc | powerpc64 | ppc64) readonly big=1 ;;
*) readonly big=0 ;;
esac

die() { # STATUS MESSAGE
	warn "$2"
	exit "$1"
}
# What cannot be said is no reason to stop half way.
warn() { printf '%s: %s\n' "$prog" "$*" >&2 || :; }
note() { [[ $quiet ]] || warn "$*"; }
usage_error() { die 1 "$1 (try: $prog -h)"; }

# The header comment of a command is its help.
help() {
	sed -n '/^# Usage:/,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p}' "$(readlink -f "$0")"
}

# Options that every command takes, before its words.
common_option() { # WORD; 1 if it is none
	case $1 in
	-j) json=1 ;;
	-q) quiet=1 ;;
	-n) dry=1 ;;
	-h | --help | help)
		help || : # a reader may have had enough
		exit 0
		;;
	-V | --version)
		printf 'plainbpf %s\n' "$VERSION" || :
		exit 0
		;;
	-*) usage_error "unknown option: $1" ;;
	*) return 1 ;;
	esac
}

# Prints a tool call as it can be pasted, and makes it unless this is a dry run.
run() {
	say "$@"
	[[ $dry ]] || "$@"
}
# The same with the tool's complaints kept in $tmp/err, for `reason`.
try() {
	say "$@"
	[[ $dry ]] || "$@" 2>"$tmp/err"
}
say() {
	[[ $quiet && ! $dry ]] && return
	local word line='+'
	for word; do
		[[ $word =~ ^[a-zA-Z0-9_./:=,@%+-]+$ ]] || printf -v word '%q' "$word"
		line+=" $word"
	done
	printf '%s\n' "$line" >&2 || :
}

need_root() { ((EUID == 0)) || die 2 'not root: eBPF and network devices need it (sudo)'; }
need() { # TOOL…
	local tool
	for tool; do
		command -v "$tool" >/dev/null || die 2 "missing: $tool (make deps, or your package manager)"
	done
}

need_bpffs() {
	[[ $(stat -f -c %T "$bpffs" 2>/dev/null) == bpf_fs ]] || run mount -t bpf bpf "$bpffs" ||
		die 2 "no bpffs at $bpffs"
	[[ -d $globals || $dry ]] || run mkdir -p "$globals"
	[[ -d $state ]] || mkdir -p "$state" || die 2 "cannot make $state"
}

# One editor at a time: lists and attachments together. The lock ends with the process and with the
# tools that it has started, so that a killed command's last call is over before the next begins.
take_lock() {
	[[ $dry ]] && return
	[[ -w $state && (! -e $state/lock || -w $state/lock) ]] || die 2 "cannot write in $state"
	exec {lock_fd}>"$state/lock"
	flock -w 2 "$lock_fd" && return
	note "waiting for another command ($state/lock)"
	flock -w 600 "$lock_fd" || die 2 "another command holds $state/lock"
}

# A scratch directory that goes with the command.
scratch() {
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/plainbpf.XXXXXX" 2>/dev/null) || die 2 "cannot write in ${TMPDIR:-/tmp}"
	trap cleanup EXIT
}
# What an unfinished command has begun is undone first.
undos=()
cleanup() {
	local undo
	trap '' INT TERM HUP # one is enough: what is undone is undone to the end
	for undo in "${undos[@]}"; do "$undo" || :; done
	rm -rf -- "$tmp"
}

# The line of what `try` kept that tells most: the kernel's own, else the last.
reason() {
	local line
	line=$(sed -n 's/^Error: //p' "$tmp/err" | tail -n 1)
	[[ $line ]] || line=$(grep -v '^$' "$tmp/err" | tail -n 1 || :)
	printf '%s' "${line:-no reason given}"
}

# A number as bytes in the host's order, as bpftool wants them.
bytes() { # SIZE NUMBER
	local i text=''
	for ((i = 0; i < $1; i++)); do
		if ((big)); then text="$(($2 >> 8 * i & 255)) $text"; else text+="$(($2 >> 8 * i & 255)) "; fi
	done
	printf '%s' "$text"
}
