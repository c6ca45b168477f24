# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those that source it
# SPDX-License-Identifier: GPL-2.0-only
# What the parts of the VM harness share: the cache, and an apt of its own that knows one Debian
# suite and leaves the machine's apt alone. Sourced, not run.

prog=test/vm/${0##*/}
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
repo=$(readlink -f "$here/../..")
cache=$repo/test/.cache/vm

die() {
	printf '%s: %s\n' "$prog" "$1" >&2
	exit 2
}
say() { printf '%s: %s\n' "$prog" "$*" >&2; }

# The machine's release, and where it comes from: in apt's own words, for a mirror has no fixed name.
release=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
mirror() {
	local site=${VM_MIRROR-}
	# shellcheck disable=SC2016 # apt's own placeholders
	[[ $site ]] || site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Codename: $release" 'Origin: Debian' | sed -n 1p)
	[[ $site ]] || die "apt's sources do not name a Debian mirror; give one as VM_MIRROR=ADDRESS"
	printf '%s' "$site"
}

# suite_apt SUITE: fetches the list of its packages; `apt TOOL…` then works on that suite alone.
suite_apt() {
	local site
	site=$(mirror)
	apt_dir=$cache/apt-$1
	mkdir -p "$apt_dir"/{lists/partial,archives/partial}
	: >"$apt_dir/status"
	printf 'deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$site" "$1" >"$apt_dir/list"
	# The lists are read again after a day.
	[[ ! $(find "$apt_dir/lists" -name '*Packages*' -mtime -1) ]] || return 0
	apt get -qq update >&2 || die "apt could not read the packages of $1"
}
apt() { # get|cache WORD…
	local tool=$1
	shift
	"apt-$tool" -o Dir::State="$apt_dir" -o Dir::State::Lists="$apt_dir/lists" -o Dir::State::status="$apt_dir/status" \
		-o Dir::Cache="$apt_dir" -o Dir::Cache::archives="$apt_dir/archives" \
		-o Dir::Etc::SourceList="$apt_dir/list" -o Dir::Etc::SourceParts=- -o APT::Architecture=amd64 \
		-o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

# pack DIR: the files below it as a cpio that a kernel takes for its first root.
pack() { (cd "$1" && find . -mindepth 1 | cpio --quiet -o -H newc -R 0:0); }
