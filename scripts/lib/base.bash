# shellcheck shell=bash
# shellcheck disable=SC2034 # the commands use what is set here
# SPDX-License-Identifier: GPL-2.0-only
# What every command shares: words, messages, tool calls, pins, the lock. Sourced, not run.

# Every command begins here, so it runs few programs: one takes a millisecond, a subshell a third.
# here is scripts/, lib the library beside it.
lib=${BASH_SOURCE[0]%/*}
[[ $lib == /* ]] || lib=$PWD/$lib
[[ $lib/../../objs -ef ${lib%/*/*}/objs ]] || lib=$(CDPATH='' cd -P -- "$lib" && pwd)
here=${lib%/*}
objs=${here%/*}/objs
# shellcheck source=scripts/lib/paths.bash
. "$lib/paths.bash"
prog=${0##*/}
# `deps` and the help are there before the first `make` (unbuilt is set by the caller).
if [[ -e $lib/contract.bash ]]; then
	# shellcheck source=scripts/lib/contract.bash
	. "$lib/contract.bash"
elif [[ ! ${unbuilt-} && ! ${1-} =~ ^(-h|--help|help|-V|--version)$ ]]; then
	printf '%s: %s is not there: run make\n' "$prog" "$lib/contract.bash" >&2
	exit 2
fi
PATH=$PATH:/usr/sbin:/sbin # where ip, tc and bpftool are, also after su without -
json='' quiet='' dry=''
readonly VERSION=0.1.0

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

# A command as the user types it, in the tree or installed.
command_of() { # VERB
	if [[ -e ${here%/*}/Makefile ]]; then printf 'scripts/%s' "$1"; else printf 'plainbpf %s' "$1"; fi
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
	[[ -d $state ]] || run mkdir -p "$state" || die 2 "cannot make $state"
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
	[[ -d $globals ]] || run mkdir -p "$globals"
}

# One editor at a time: lists and attachments together. The lock ends with the process and with the
# tools that it has started, so that a killed command's last call is over before the next begins.
take_lock() {
	[[ $dry ]] && return
	[[ -w $state && (! -e $lock_file || -w $lock_file) ]] || die 2 "cannot write in $state"
	exec {lock_fd}>"$lock_file"
	flock -w 2 "$lock_fd" && return
	note "waiting for another command ($lock_file)"
	flock -w 600 "$lock_fd" || die 2 "another command holds $lock_file"
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
