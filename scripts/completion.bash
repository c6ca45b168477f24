# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Completion for plainbpf, sourced by bash. It has no lists of its own: verbs and words are what
# plainbpf says (Usage lines), devices what ip says, programs what is in objs.

# Words for a placeholder of a Usage line.
_plainbpf_fill() { # COMMAND VERB PLACEHOLDER
	local dir file kind name
	case $3 in
	VERB) "$1" verbs ;;
	DEV) ip -br link show 2>/dev/null | sed 's/[ @].*//' ;;
	PROGRAM)
		dir=$(dirname "$(readlink -f "$(type -P "$1")")")/../objs
		for file in "$dir"/*.o; do
			name=${file##*/}
			kind=${name%%_*} name=${name#*_}
			[[ $2 == "$kind"-* || $2 == events ]] || continue
			# The keeper of the PID set is no trace; names of traces are written with dashes.
			[[ $kind != trace ]] || name=${name//_/-}
			[[ ! -e $file || $name == pids* ]] || printf '%s\n' "${name%.o}"
		done
		;;
	FILE* | *.o) compgen -f -- "$cur" ;;
	CMD*) compgen -c -- "$cur" ;;
	*'|'*) tr '|' '\n' <<<"$3" ;;
	esac
}

_plainbpf() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[0]/#\~/$HOME}
	local verb=${COMP_WORDS[1]} typed=" ${COMP_WORDS[*]:2:COMP_CWORD-2} " ask usage words next=() word same i offers=''
	COMPREPLY=()
	ask=(help "$verb")
	if ((COMP_CWORD == 1)) || [[ $verb == help ]]; then verb=plainbpf ask=(help); fi
	# The Usage lines as words, without brackets.
	usage=$("$command" "${ask[@]}" 2>/dev/null | sed '/^Summary:/,$d; s/^Usage://; s/[][{}]/ /g; s/ | / /g') || return 0
	read -rd '' -a words <<<"$usage" || :
	# What must follow the word before: a placeholder or one of a|b.
	for ((i = 0; i + 1 < ${#words[@]}; i++)); do
		if [[ $prev != "$verb" && $prev =~ ^([a-z0-9]+|-w)$ && "|${words[i]}|" == *"|$prev|"* && ${words[i + 1]} =~ ^[[:upper:]]|[a-z]\| ]]; then
			next+=("${words[i + 1]}")
		fi
	done
	for word in "${next[@]}"; do
		offers+=$(_plainbpf_fill "$command" "$verb" "$word")$'\n'
		[[ $word != FILE* && $word != *.o ]] || compopt -o filenames 2>/dev/null || :
	done
	# Else any word that is not there yet, and of what has a placeholder one, if none is there yet.
	((${#next[@]})) || for word in "${words[@]}"; do
		same=$word
		case $word in
		"$verb" | *'|'*) continue ;;
		DEV | PROGRAM | VERB) same=$(_plainbpf_fill "$command" "$verb" "$word") ;;
		# Files, until there are as many as the line has places for them.
		*.o) ((COMP_CWORD > 4)) || offers+=$(_plainbpf_fill "$command" "$verb" "$word")$'\n' ;;&
		[[:upper:]…]*) continue ;;
		esac
		while read -r i; do [[ $typed != *" $i "* ]] || continue 2; done <<<"$same"
		offers+=$same$'\n'
	done
	# Not by compgen -W, which would expand what is in a file's name.
	while read -r word; do
		[[ -z $word || $word != "$cur"* ]] || COMPREPLY+=("$word")
	done < <(sort -u <<<"$offers")
}
complete -F _plainbpf plainbpf
