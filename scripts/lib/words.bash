# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# The arguments that xdp-on, tc-on, xdp-off and tc-off share.

# What was given, by the word that introduces it; a flag is 1.
declare -A given=()

# Reads arguments in any order by a grammar: "NAME=" takes a value, "NAME" is a flag, and NAME in
# capitals is a value that may stand alone; those are taken in the order in which they are named.
# "dev" DEV says the same as DEV alone.
arguments() { # GRAMMAR WORD…
	local grammar=" $1 " word name plain=()
	for word in $1; do
		[[ $word != [A-Z]* ]] || plain+=("${word,,}")
	done
	shift
	while (($#)); do
		word=$1 name=$1
		shift
		if [[ $word == [a-z]* && $grammar == *" $word= "* || $word == dev ]]; then
			(($#)) || usage_error "$word needs a value"
			word=$1
			[[ $name != dev || ${plain[0]-} != dev ]] || plain=("${plain[@]:1}")
			shift
		elif [[ $word == [a-z]* && $grammar == *" $word "* ]]; then
			given[$word]=1
			continue
		elif [[ $word == -* ]]; then
			usage_error "options come first: $word"
		elif ((${#plain[@]})); then
			name=${plain[0]}
			plain=("${plain[@]:1}")
		else
			usage_error "unexpected argument: $word"
		fi
		[[ ! ${given[$name]+there} ]] || usage_error "a second $name: $word"
		given[$name]=$word
	done
	device=${given[dev]-}
	[[ $device ]] || usage_error 'no device given'
}

# What these words name: one of our programs, by its whole name in `program`, or the user's file. Sets
# file, named (the file as the user knows it), what (sec or program), section (empty if it was left
# out), log and replace.
object_words() { # xdp|tc
	program=${given[program_name]-} file=${given[obj]-} section=${given[sec]-${given[program]-}}
	named='' log=${given[log]-} replace=${given[replace]-} what=sec
	[[ ! ${given[program]+there} ]] || what=program
	[[ ! $log || $log =~ ^(off|dropped|all)$ ]] || usage_error "unknown log: $log (dropped, all, off)"
	[[ ! ${given[sec]+there} || ! ${given[program]+there} ]] || usage_error "a second section: ${given[program]}"
	[[ ! ${given[obj]+there} || -z $program ]] || usage_error "obj takes the place of a program: $program"
	[[ -z $section || ${given[obj]+there} ]] || usage_error "$what goes with obj FILE"
	named=''
	if [[ ! ${given[obj]+there} ]]; then
		program=${program:-allow}
		program=$1_${program#"$1"_}
		[[ $program =~ ^[a-z0-9_]+$ && (-e $objs/$program.bpf.c || -e $objs/$program.o) ]] ||
			usage_error "unknown program: ${program#"$1"_}"
		file=$objs/$program.o
		[[ -e $file ]] || die 2 "$file is not built (make)"
		named=$file
		reads_kernel_btf "${1/xdp/ip}" || no_btf=1
	fi
	named=${named:-$file}
	[[ -f $file && -r $file ]] || die 1 "cannot read: $file"
	[[ -z $log ]] || has_log "$file" || die 1 "${program:-$file} has no log"
}
