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
# Words are matched byte by byte in every locale: a Turkish one has other small letters than ASCII.
export LC_ALL=C
# What root's commands write is nobody else's to read or change.
umask 077
# A closed standard input would be the first pipe that is opened, and a tool would read its own output.
[[ -e /dev/fd/0 ]] || exec </dev/null
# `deps` and the help are there before the first `make` (unbuilt is set by the caller).
# lean: the caller sources it when it needs it.
if [[ ${lean-} && -e $lib/contract.bash ]]; then
	:
elif [[ -e $lib/contract.bash ]]; then
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
		[[ $word && $word != *[!a-zA-Z0-9_./:=,@%+-]* ]] || printf -v word '%q' "$word" # a regular expression is slow
		line+=" $word"
	done
	printf '%s\n' "$line" >&2 || :
}

need_root() { ((EUID == 0)) || die 2 'not root: eBPF and network devices need it (sudo)'; }

need() { # TOOL…
	local tool file start text
	for tool; do
		file=$(type -P "$tool") || die 2 "missing: $tool ($(command_of deps), or your package manager)"
		[[ $tool == bpftool ]] || continue
		# Ubuntu's is a script that looks for the one of the running kernel, and only warns without.
		IFS= read -rN2 start <"$file" 2>/dev/null || continue
		[[ $start == '#!' ]] || continue
		text=$(<"$file")
		[[ $text == *linux-tools* ]] || continue
		"$file" version &>/dev/null || die 2 "bpftool does not work: $file (Ubuntu: apt install linux-tools-$(uname -r))"
	done
}

# shellcheck source=scripts/lib/ground.bash
. "$lib/ground.bash"

# A scratch directory that goes with the command.
tmp=''

scratch() {
	[[ ! $tmp ]] || return 0
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/plainbpf.XXXXXX" 2>/dev/null) || die 2 "cannot write in ${TMPDIR:-/tmp}"
}

# What an unfinished command has begun is undone first.
undos=()

cleanup() {
	local rc=$? undo
	trap '' INT TERM HUP # one is enough: what is undone is undone to the end
	for undo in "${undos[@]}"; do "$undo" || :; done
	[[ ! $tmp ]] || rm -rf -- "$tmp"
	# A tool's own status, or that of a tool that cannot be started, means nothing to a caller.
	# Above 128 it is a signal's.
	((rc <= 3 || rc > 128)) || { warn "unexpected error: status $rc" && exit 2; }
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
