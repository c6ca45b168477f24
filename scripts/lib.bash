# shellcheck shell=bash
# shellcheck disable=SC2034 # the commands use what is set here
# SPDX-License-Identifier: GPL-2.0-only
# What every command shares: words, messages, tool calls, pins, the lock. Sourced, not run.

# Every command begins here, so it runs few programs: one takes a millisecond, a subshell a third.
here=${BASH_SOURCE[0]%/*}
[[ $here == /* ]] || here=$PWD/$here
[[ $here/../objs -ef ${here%/*}/objs ]] || here=$(CDPATH='' cd -P -- "$here" && pwd)
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
# The same with the tool's complaints kept in $complaint, for `reason`.
try() {
	say "$@"
	[[ $dry ]] || keep "$@"
}
complaint=''
keep() { complaint=$("$@" 2>&1 >/dev/null); }
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
	on_bpffs || run mount -t bpf bpf "$bpffs" || die 2 "no bpffs at $bpffs"
	[[ -d $state ]] || mkdir -p "$state" || die 2 "cannot make $state"
}
# By the last mount on the way there; what is not so plain to see, stat knows.
on_bpffs() {
	local line point type='' mounts
	mapfile -t mounts </proc/self/mountinfo
	for line in "${mounts[@]}"; do
		point=${line#* * * * }
		point=${point%% *}
		[[ $bpffs/ != "${point%/}"/* ]] || type=${line#* - }
	done
	[[ ${type%% *} == bpf || $(stat -f -c %T "$bpffs" 2>/dev/null) == bpf_fs ]]
}
need_globals() {
	need_bpffs
	[[ -d $globals || $dry ]] || run mkdir -p "$globals"
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
tmp=''
scratch() {
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/plainbpf.XXXXXX" 2>/dev/null) || die 2 "cannot write in ${TMPDIR:-/tmp}"
}
# What an unfinished command has begun is undone first.
undos=()
cleanup() {
	local undo
	trap '' INT TERM HUP # one is enough: what is undone is undone to the end
	for undo in "${undos[@]}"; do "$undo" || :; done
	[[ ! $tmp ]] || rm -rf -- "$tmp"
}
trap cleanup EXIT

# Since libbpf 1.0 loaders take no legacy map definitions. What does not name its libbpf is older.
takes_legacy() { # ip|tc|bpftool
	local version
	version=$("$1" -V)
	[[ ! $version =~ libbpf\ v?([0-9]+)\. ]] || ((BASH_REMATCH[1] == 0))
}
# Sets `object` to a file that the loader takes: the user's own, or what modernize makes of one with
# legacy map definitions, which goes with the command. What is no object at all, the loader says.
modern_object() { # ip|tc|bpftool FILE
	local text flavour map why
	object=$2
	[[ -x $here/modernize ]] && text=$("$here/modernize" -j show "$2" 2>/dev/null) || return 0
	IFS=$'\t' read -r flavour map why < <(jq -r 'if any(.maps[]; .flavour == "legacy") then .state else "modern" end
		+ "\t\(.reason_map // "-")\t\(.reason)"' <<<"$text")
	[[ $flavour != modern ]] && ! takes_legacy "$1" || return 0
	[[ $flavour == legacy ]] || die 2 "$2: legacy map definitions that cannot be carried over: ${map/#-/the object}: $why"
	[[ $tmp ]] || scratch
	object=$tmp/modern/${2##*/}
	note "$2: legacy map definitions, which this $1 does not load; loading a modernized copy"
	say "$here/modernize" "$2" "$object"
	mkdir -p "$tmp/modern"
	"$here/modernize" -q "$2" "$object" || die 2 "$2: cannot be modernized"
}

# The line of what `try` kept that tells most: the kernel's own, else the last.
reason() {
	local line error='' last=''
	while IFS= read -r line; do
		[[ $line != 'Error: '* ]] || error=${line#'Error: '}
		last=${line:-$last}
	done <<<"$complaint"
	line=${error:-$last}
	printf '%s' "${line:-no reason given}"
}

# Adds a number to an array as bytes in the host's order, as bpftool wants them.
bytes() { # ARRAY SIZE NUMBER
	local -n array=$1
	local i
	for ((i = 0; i < $2; i++)); do array+=($(($3 >> 8 * (big ? $2 - 1 - i : i) & 255))); done
}
