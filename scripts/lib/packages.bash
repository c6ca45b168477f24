# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # shared with the files that source this one
# SPDX-License-Identifier: GPL-2.0-only
# Debian's packages: what is missing, and what apt says. Sourced by deps, after base.bash.

# apt shows its progress.
apt_get() {
	say apt-get "$@"
	[[ $dry ]] || apt-get "$@"
}

missing=()
note_missing() { # PURPOSE
	local want path
	for want in ${wants[$1]}; do
		path=${want%%:*}
		if [[ $path == /* ]]; then
			[[ -e $path ]] || missing+=("${want##*:}")
		else
			command -v "$path" >/dev/null || missing+=("${want##*:}")
		fi
	done
}
has_autoattach() {
	local text
	text=$(bpftool prog help 2>&1) && [[ $text == *autoattach* ]]
}
# The sanitizers' runtime, which clang only recommends, in the package of clang's version.
need_sanitizers() {
	local major
	if command -v clang >/dev/null; then
		compgen -G "$(clang -print-resource-dir)/lib/*/libclang_rt.asan*" >/dev/null && return
		major=$(clang -dumpversion)
		missing+=("libclang-rt-${major%%.*}-dev")
	else
		missing+=('libclang-rt-dev') # of which version is known with apt's lists
	fi
}
# Packages that apt does not have are called otherwise there: before clang 14 the runtime came with clang.
name_sanitizers() {
	local i major
	for i in "${!missing[@]}"; do
		[[ ${missing[i]} == libclang-rt-* ]] || continue
		if [[ ${missing[i]} == libclang-rt-dev ]]; then
			major=$(apt-cache depends clang | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p')
			missing[i]=libclang-rt-$major-dev
		fi
		[[ $(apt-cache policy "${missing[i]}") == *Candidate:\ [0-9]* ]] || unset "missing[$i]"
	done
}
# apt's own word for where this release comes from: a mirror has no fixed name.
readonly list=/etc/apt/sources.list.d/plainbpf-backports.list
add_backports() { # CODENAME
	local site
	# shellcheck disable=SC2016 # apt's own placeholders
	apt-get indextargets --format '$(RELEASE)' 'Created-By: Packages' | grep -x "$1-backports" >/dev/null && return
	# shellcheck disable=SC2016 # apt's own placeholders
	site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Codename: $1" | sed -n 1p)
	[[ $site ]] || die 2 "apt's sources do not name where $1 comes from; add $1-backports to them"
	source="$1-backports"
	say tee "$list"
	[[ $dry ]] || printf 'deb %s %s-backports main\n' "$site" "$1" >"$list"
}
# How much room apt will take, in its own words.
room() {
	local text
	text=$(LC_ALL=C apt-get -q --assume-no --no-install-recommends install "$@" 2>/dev/null) || :
	[[ $text =~ 'After this operation, '([0-9.,]+\ [kMG]?B)' of additional' ]] || return 0
	printf ' (about %s)' "${BASH_REMATCH[1]}"
}
