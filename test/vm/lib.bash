# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those that source it
# SPDX-License-Identifier: GPL-2.0-only
# What the parts of the harness for other platforms share, here and in test/matrix: the platforms,
# the cache, an apt of its own that knows one Debian suite and leaves the machine's apt alone, the
# tree as it is taken there, what is made of the tests' lines. Sourced, not run.

# The kernels, each with the suite that it is from.
declare -A kernel_suite=([5.10]=bullseye [6.1]=bookworm [6.12]=trixie)
# The userlands. Of bookworm there are two: with the bpftool that deps installs, and with its own.
suites=(bullseye bookworm bookworm-stock trixie)
# The releases on which the README's two commands are run with nothing installed but make.
bare_suites=(bookworm trixie)

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
repo=$(readlink -f "$here/../..")
prog=$(readlink -f "$0")
prog=${prog#"$repo/"}
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

# The tree without what is no part of it. What is linked here is made anew without shared libraries:
# an older Debian has not got these.
copy_tree() { # DIR
	mkdir -p "$1"
	tar -c --exclude=./.git --exclude=./test/.cache -C "$repo" . | tar -x --no-same-owner -C "$1"
	make -s -C "$1" relink LDFLAGS=-static >&2 || die 'the tree cannot be linked'
}
# Which tests: the words of the command line that are files, else those with the tag `core`. Only
# files with such tests are read: an emulated CPU is ten times as slow.
choose_tests() { # [FILE…]
	local file
	for file; do [[ -f $file ]] || die "no such test: $file"; done
	tests=("$@")
	(($#)) && return
	mapfile -t tests < <(grep -lE '^# bats (test|file)_tags=(.*,)?core(,|$)' test/*.bats)
	tests=(--filter-tags core "${tests[@]}")
}

# Reads TAP, prints it with the cell before each line, then "N passed, M failed". A test that was
# planned and did not run has failed, and so has one that was skipped. Sets status.
tell() { # CELL
	local cell=$1 line planned='' passed=0 failed=0
	while IFS= read -r line; do
		printf '%s: %s\n' "$cell" "${line%$'\r'}"
		case $line in
		1..*) planned=${line#1..} planned=${planned%%[!0-9]*} ;;
		'ok '*' # skip'*) say "$cell: skipped: $line" ;;
		'ok '*) passed=$((passed + 1)) ;;
		esac
	done
	failed=$((${planned:-1} - passed))
	printf '%s: %d passed, %d failed\n' "$cell" "$passed" "$failed"
	((failed == 0 && passed > 0))
}
