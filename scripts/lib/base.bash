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
# A closed input or output would become the first file or pipe that is opened: a tool would read its own
# output.
[[ -e /dev/fd/0 ]] || exec </dev/null
[[ -e /dev/fd/1 ]] || exec >/dev/null
[[ -e /dev/fd/2 ]] || exec 2>/dev/null
# Words are matched byte by byte in every locale: a Turkish one has other small letters than ASCII.
export LC_ALL=C
# What root's commands write is nobody else's to read or change.
umask 077
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

# In a subshell the status says as well that the reason has been given (see cleanup).
die() { # STATUS MESSAGE
	warn "$2"
	((BASH_SUBSHELL == 0)) || exit $((100 + $1))
	exit "$1"
}

# What cannot be said is no reason to stop half way.
warn() {
	visible "$*"
	printf '%s: %s\n' "$prog" "$shown" >&2 || :
}

# Sets shown to a text that a terminal shows as it is, on one line and not too long: names, lines of
# files and what tools say may hold anything. Letters beyond ASCII may stay, but nothing invisible, and
# nothing that is no UTF-8; a text with such is shown in ASCII altogether.
shown=''
visible() { # TEXT
	local rest i code byte
	shown=$1
	((${#shown} <= 1000)) || shown="${shown:0:700} ... ${shown: -200}"
	[[ $shown == *[!\ -~]* ]] || return 0
	rest=${shown//[$'\xc3'-$'\xca'$'\xce'-$'\xd3'][$'\x80'-$'\xbf']/}  # Latin, Greek, Cyrillic
	rest=${rest//[$'\xe4'-$'\xec'][$'\x80'-$'\xbf'][$'\x80'-$'\xbf']/} # Chinese, Korean
	rest=${rest//…/}
	[[ $rest == *[!\ -~]* ]] || return 0
	rest=$shown shown=''
	for ((i = 0; i < ${#rest}; i++)); do
		byte=${rest:i:1}
		case $byte in
		[\ -~]) ;;
		$'\n') byte='\n' ;;
		$'\t') byte='\t' ;;
		$'\e') byte='\e' ;;
		*)
			printf -v code '%d' "'$byte"
			printf -v byte '\\x%02x' $((code & 255))
			;;
		esac
		shown+=$byte
	done
}
# The same, printed; of nothing, a pair of quotes.
printable() {
	visible "$1"
	[[ $shown ]] || shown="''"
	printf '%s' "$shown"
}

# Data, a line each.
data() { printf '%s\n' "$@" 2>/dev/null || die 2 'cannot write the output'; }
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

# Prints a tool call as it can be pasted, and makes it unless this is a dry run. The tool's complaints
# are kept in $complaint, for `reason`.
try() {
	say "$@"
	[[ $dry ]] || keep "$@"
}

# The same for a call that hardly ever fails: then it says why.
run() {
	try "$@" && return
	warn "$1: $(reason)"
	return 102 # said; see cleanup
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

is_root() { ((EUID == 0)) || die 2 'not root: eBPF and network devices need it (sudo)'; }

# Root without its capabilities, as in a container, is refused by one call or the other: bpftool shows
# it nothing, which must not read as "nothing there". CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON.
need_root() { need_caps sys_admin; }
need_net_root() { need_caps sys_admin net_admin; }
need_caps() { # CAP…
	local line lines has='' cap users missing=''
	local -A bits=([sys_admin]=21 [net_admin]=12)
	is_root
	mapfile -t lines </proc/self/status
	for line in "${lines[@]}"; do
		[[ $line != CapEff:* ]] || { has=$((16#${line##*[[:blank:]]})) && break; }
	done
	[[ $has ]] || die 2 'cannot read my capabilities (/proc/self/status)'
	for cap; do
		((has >> bits[$cap] & 1)) || missing+=" CAP_${cap^^}"
	done
	[[ ! $missing ]] || die 2 "root without${missing}: the kernel would refuse (a container? docker: --cap-add, or --privileged)"
	read -r _ _ users </proc/self/uid_map || users=0
	((users == 4294967295)) || die 2 'root of a user namespace only: eBPF needs the root of the machine'
	sweep
}

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
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/plainbpf.$$.XXXXXX" 2>/dev/null) || tmp=''
	[[ -d $tmp ]] || die 2 "cannot write in ${TMPDIR:-/tmp}"
}

# Scratch directories of commands that were killed: removed if the process is gone, root's, and this is
# not a container, where other processes have that number.
sweep() {
	local dir pid left=()
	for dir in "${TMPDIR:-/tmp}"/plainbpf.*.*; do
		pid=${dir##*/plainbpf.}
		pid=${pid%%.*}
		[[ $pid && $pid != *[!0-9]* && -d $dir && ! -L $dir && -O $dir && ! -d /proc/$pid ]] || continue
		left+=("$dir")
	done
	# Number 2 is a thread of the kernel, without a program.
	((${#left[@]})) && [[ ! $dry && -d /proc/2 && ! -e /proc/2/exe ]] || return 0
	rm -rf -- "${left[@]}" &>/dev/null || :
}

# What an unfinished command has begun is undone first.
undos=()

cleanup() {
	local rc=$? undo
	trap '' INT TERM HUP # one is enough: what is undone is undone to the end
	for undo in "${undos[@]}"; do "$undo" || :; done
	[[ ! $tmp ]] || rm -rf -- "$tmp" &>/dev/null || :
	if ((rc >= 100 && rc <= 103)); then # of a subshell that has said why
		exit $((rc - 100))
	elif [[ $broke ]]; then
		# A tool's own status, or that of a tool that cannot be started, means nothing to a caller.
		warn "unexpected error: status $broke"
		exit 2
	fi
	# What is left are a command's own words, and signals, of which bash ends after this.
}
# The status and the command that nobody looked at.
broke=''
set -E
trap 'broke="$?: $BASH_COMMAND"' ERR
trap cleanup EXIT

# The line of what `try` kept that tells why: the kernel's own; else libbpf's first, and of a program
# that was refused, what the verifier said last; else the last line of all. Lines that only say that
# something failed are taken when there is no other.
reason() {
	local line error='' cause='' last='' general='' log='' refused=''
	while IFS= read -r line; do
		line=${line#'libbpf: Kernel error message: '}
		case $line in
		*'BEGIN PROG LOAD LOG'*) log=1 ;;
		*'END PROG LOAD LOG'*) log='' ;;
		*'failed to load object'* | *'opening BPF object file failed'* | *'Retrying without'* | *'failed to open object'* | \
			*': skipping '* | *': failed to load: '* | 'Unable to load program' | 'Error fetching program/map!') general=${general:-$line} ;;
		'processed '*' insns '* | '') ;;
		'Error: '*) error=${line#'Error: '} ;;
		'libbpf: '*) cause=${cause:-${line#'libbpf: '}} ;;
		*) if [[ $log ]]; then refused=$line; else last=$line; fi ;;
		esac
	done <<<"$complaint"
	[[ ! $cause ]] || cause+=${refused:+: $refused}
	line=${error:-${cause:-${last:-$general}}}
	printf '%s' "${line:-no reason given}"
}

# Adds a number to an array as bytes in the host's order, as bpftool wants them.
bytes() { # ARRAY SIZE NUMBER
	local -n array=$1
	local i
	for ((i = 0; i < $2; i++)); do array+=($(($3 >> 8 * (big ? $2 - 1 - i : i) & 255))); done
}
