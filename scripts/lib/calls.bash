# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Several calls of bpftool made by one process, and what it answers. Sourced after base.bash.
#
# Starting a program takes a millisecond or more, so a command plans its calls and makes them together.

planned='' calls=0 # the lines of a batch, and how many
answers=''         # JSON: {"command": …, "output": …} for each call that was made
answered=0         # calls that succeeded, from the first on

# Plans a call that changes nothing.
plan() { # WORD…
	local IFS=$'\037' line
	line="$*"
	if [[ $line == *[!a-zA-Z0-9_./:=,@%+$'\037'-]* ]]; then
		[[ $line != *[\"\\#$'\n']* ]] || die 2 "bpftool cannot be told such a path: $(printf '%q ' "$@")"
		line="\"${line//$IFS/\"$IFS\"}\""
	fi
	planned+=${line//$IFS/ }$'\n'
	calls=$((calls + 1))
}

# Shows a call that changes something, and plans it unless this is a dry run.
change() { # WORD…
	say bpftool "$@"
	[[ $dry ]] || plan "$@"
}

# Makes the planned calls in order, up to the first that fails: then 1, and `reason` tells why. What
# bpftool and libbpf complained about is in $complaint. bpftool's status is of no use: it is 255 after
# a batch that went well ("reading batch file failed", 7.5).
make_calls() { # [-f: links are shown with their pins]
	local lines=$planned want=$calls text rest error='"output":\{"error":"(([^"\\]|\\.)*)"'
	planned='' calls=0 answers='' answered=0 complaint=''
	((want)) || return 0
	answers=$(exec bpftool -j "$@" batch file - <<<"$lines" 2>&1) || :
	text=$answers
	while [[ $text == *'libbpf: '* ]]; do
		text=${text#*'libbpf: '}
		complaint+="libbpf: ${text%%$'\n'*}"$'\n'
		# The lines of the verifier's log have no such beginning.
		[[ ${text%%$'\n'*} != *'BEGIN PROG LOAD LOG'* ]] || complaint+=${text%%'-- END PROG LOAD LOG'*}$'-- END PROG LOAD LOG --\n'
	done
	# A tool that was killed may have said half of it, which must not be taken for all there is.
	[[ $answers == *']' ]] || complaint+=${answers:+"bpftool ended too early"$'\n'} answers=''
	rest=${answers//'{"command":['/}
	answered=$(((${#answers} - ${#rest}) / 12))
	if [[ $answers =~ $error ]]; then
		complaint+="Error: ${BASH_REMATCH[1]//\\\"/\"}"
	elif ((answered == want)); then
		return 0
	elif ((answered == 0)); then
		complaint+=$answers
	fi
	((answered == 0)) || answered=$((answered - 1))
	return 1
}
