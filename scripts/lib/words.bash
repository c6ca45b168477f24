# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# The arguments that xdp-on and tc-on share.

# The words that xdp-on and tc-on share: sets device program file section what replace log, and used,
# the number of words that WORD took with it.
device='' program='' file='' section='' what=sec replace='' log='' used=0

attach_word() { # WORD [NEXT…]
	used=0
	case $1 in
	dev | obj | sec | log)
		(($# > 1)) || usage_error "$1 needs a word after it"
		used=1
		;;&
	dev)
		[[ -z $device ]] || usage_error "a second device: $2"
		device=$2
		;;
	obj)
		[[ -z $file ]] || usage_error "a second object: $2"
		file=$2
		;;
	sec)
		[[ -z $section ]] || usage_error "a second section: $2"
		section=$2
		;;
	log)
		[[ $2 =~ ^(off|dropped|all)$ ]] || usage_error "unknown log: $2 (dropped, all, off)"
		log=$2
		;;
	replace) replace=1 ;;
	-*) usage_error "options come first: $1" ;;
	*)
		if [[ -z $device ]]; then
			device=$1
		elif [[ -z $program ]]; then
			program=$1
		else
			usage_error "unknown word: $1"
		fi
		;;
	esac
}

# What these words say is attached: one of our programs, by its whole name in `program`, or the
# user's file.
attach_object() { # xdp|tc
	[[ $device ]] || usage_error 'no device given'
	[[ -z $file || -z $program ]] || usage_error "obj takes the place of a program: $program"
	[[ -z $section || $file ]] || usage_error "$what goes with obj FILE"
	if [[ -z $file ]]; then
		program=${program:-allow}
		program=$1_${program#"$1"_}
		[[ $program =~ ^[a-z0-9_]+$ && (-e $objs/$program.bpf.c || -e $objs/$program.o) ]] ||
			usage_error "unknown program: ${program#"$1"_}"
		file=$objs/$program.o
		reads_kernel_btf "${1/xdp/ip}" || without_relocations
		[[ -e $file ]] || die 2 "$file is not built (make)"
	fi
	[[ -f $file && -r $file ]] || die 1 "cannot read: $file"
	[[ -z $log ]] || has_log "$file" || die 1 "${program:-$file} has no log"
}
