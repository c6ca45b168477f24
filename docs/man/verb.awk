# SPDX-License-Identifier: GPL-2.0-only
# Makes the man page of a verb (mdoc) from the header comment of its script, which is also its -h:
#   awk -v date='November 27, 2026' -f docs/man/verb.awk scripts/allow >docs/man/plainbpf-allow.8
# What it understands:
#   Usage:, Summary:            synopsis and name; a line that starts with the verb is another form
#   "  word, word  text"        a list item: two blanks, words, at least two blanks, text
#   deeper lines                continue the item
#   By hand:                    commands; the indented lines below belong to them
#   Options: -x text, -y text   a list
#   Status: 0 text; 1 text      a list; a sentence ". For …" after it is kept as text
#   name(8)                     goes to SEE ALSO

function fail(message) {
	printf "verb.awk: %s: %s\n", FILENAME, message >"/dev/stderr"
	failed = 1
	exit 1
}

# A list is kept until its end, when the width of its words is known.
function emit(text) {
	if (in_list) list = list text "\n"
	else print text
}

function escaped(text) {
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	gsub(/…/, "...", text)
	return text
}

# A line that roff must take for text, not for a macro.
function line(text) { emit((text ~ /^[.']/ ? "\\&" : "") text) }

function folded(text,    n, words, i, out) {
	n = split(text, words, " ")
	for (i = 1; i <= n; i++) {
		if (out != "" && length(out) + length(words[i]) > 77) {
			line(out)
			out = ""
		}
		out = out (out == "" ? "" : " ") words[i]
	}
	if (out != "") line(out)
}

# Text: placeholders of the Usage lines in italics, each sentence on a line of its own.
function prose(text,    n, words, i, word, out) {
	n = split(text, words, " ")
	for (i = 1; i <= n; i++) {
		word = words[i]
		gsub(/[^A-Z]/, "", word)
		if (i > 1) out = out (words[i - 1] ~ /\.[)]?$/ && words[i] ~ /^[(]?[A-Z]/ ? "\n" : " ")
		if (word in placeholder && words[i] ~ ("^[(]?" word "[).,:;]*$")) sub(word, "@&~", words[i])
		out = out words[i]
	}
	out = escaped(out)
	gsub(/@/, "\\fI", out)
	gsub(/~/, "\\fR", out)
	n = split(out, words, "\n")
	for (i = 1; i <= n; i++) folded(words[i])
}

function sentence(text) { prose(toupper(substr(text, 1, 1)) substr(text, 2) ".") }

# A word of a Usage line or of a list item, as macros.
function marked(word,    n, parts, i, out, more) {
	more = sub(/…$/, "", word) ? " ..." : ""
	n = split(word, parts, "|")
	for (i = 1; i <= n; i++) {
		if (i > 1) out = out " Ns | Ns "
		if (parts[i] ~ /^-./) out = out "Fl " substr(parts[i], 2)
		else if (parts[i] ~ /^[A-Z]/) {
			out = out "Ar " parts[i]
			placeholder[parts[i]] = 1
		} else out = out "Cm " escaped(parts[i])
	}
	return out more
}

function synopsis(form,    n, words, i, out) {
	gsub(/[][{}]/, " & ", form)
	n = split(form, words, " ")
	for (i = 2; i <= n; i++)
		out = out " " (words[i] in macro ? macro[words[i]] : marked(words[i]))
	return ".Nm plainbpf Cm " escaped(verb) out
}

# What has been read of a paragraph or an item.
function flush() {
	if (text != "") prose(text)
	text = ""
}
function end_list() {
	flush()
	if (!in_list) return
	in_list = 0
	printf ".Bl -tag -width %s\n%s.El\n", (width > 15 ? "Ds" : substr("xxxxxxxxxxxxxxxx", 1, width)), list
	list = ""
	width = 0
}
function end_block() {
	end_list()
	if (in_block) print ".Ed"
	in_block = 0
}
function section(name) {
	end_block()
	print ".Sh " name
	empty = 1
}
function item(head, size) {
	flush()
	in_list = 1
	if (size > width) width = size
	emit(".It " head)
}

function options(given,    n, parts, i) {
	section("OPTIONS")
	n = split(substr(given, 2), parts, /, -/)
	for (i = 1; i <= n; i++) {
		item("Fl " substr(parts[i], 1, 1), 4)
		sentence(substr(parts[i], 3))
	}
	end_list()
}
function exit_status(given,    n, parts, i, rest) {
	section("EXIT STATUS")
	if (match(given, /\. For /)) {
		rest = substr(given, RSTART + 2)
		given = substr(given, 1, RSTART - 1)
	}
	n = split(given, parts, "; ")
	for (i = 1; i <= n; i++) {
		if (parts[i] !~ /^[0-9] /) fail("Status: not a number and what it means: " parts[i])
		item(substr(parts[i], 1, 1), 3)
		sentence(substr(parts[i], 3))
	}
	end_list()
	if (rest != "") {
		print ".Pp"
		sentence(rest)
	}
}
function see_also(all,    page, parts, seen, pages, n, i) {
	section("SEE ALSO")
	all = all " plainbpf(8)"
	while (match(all, /[a-z][a-z0-9_-]*\([1-8]\)/)) {
		page = substr(all, RSTART, RLENGTH)
		all = substr(all, RSTART + RLENGTH)
		if (page in seen || page == "write(2)") continue
		seen[page] = 1
		# In order; there are few.
		for (i = ++n; i > 1 && pages[i - 1] > page; i--) pages[i] = pages[i - 1]
		pages[i] = page
	}
	for (i = 1; i <= n; i++) {
		split(pages[i], parts, /[()]/)
		print ".Xr " parts[1] " " parts[2] (i < n ? " ," : "")
	}
}

BEGIN {
	macro["["] = "Oo"
	macro["]"] = "Oc"
	macro["{"] = "Bro"
	macro["}"] = "Brc"
	macro["|"] = "|"
	macro["…"] = "No ..."
}

/^# Usage: / { inside = 1 }
!inside { next }
!/^#/ { exit }
{
	sub(/^# ?/, "")
	everything = everything " " $0
}
/^Usage: / {
	verb = $2
	forms[++form] = substr($0, 8)
	next
}
/^Summary: / {
	summary = substr($0, 10)
	print ".\\\" Made by docs/man/verb.awk from " FILENAME "."
	print ".Dd " date "\n.Dt PLAINBPF-" toupper(verb) " 8\n.Os plainbpf"
	print ".Sh NAME\n.Nm plainbpf-" verb "\n.Nd " escaped(summary)
	section("SYNOPSIS")
	for (i = 1; i <= form; i++) print synopsis(forms[i])
	section("DESCRIPTION")
	next
}
summary == "" {
	sub(/^ */, "")
	if ($1 == verb) forms[++form] = $0
	else forms[form] = forms[form] " " $0
	next
}
sub(/^Options: /, "") {
	end_block()
	last = "options"
	tail[last] = $0
	next
}
sub(/^Status: /, "") {
	last = "status"
	tail[last] = $0
	next
}
last {
	sub(/^ */, "")
	tail[last] = tail[last] " " $0
	next
}
/^By hand/ {
	section("BY HAND")
	sub(/^By hand(: *|, )/, "")
	if (sub(/:$/, ":")) {
		sentence(substr($0, 1, length($0) - 1))
		$0 = ""
	}
	print ".Bd -literal"
	in_block = 1
	indent = 0
	if ($0 != "") line(escaped($0))
	next
}
in_block && /^ / {
	if (!indent) indent = match($0, /[^ ]/)
	line(escaped(substr($0, indent)))
	next
}
in_block {
	end_block()
	empty = 0
}
/^$/ {
	end_list()
	gap = 1
	next
}
/^  [^ ]/ {
	if (!match($0, /[^ ]  +/)) fail("an item without text: " $0)
	head = substr($0, 3, RSTART - 2)
	tag = ""
	n = split(head, words, ", ")
	for (i = 1; i <= n; i++) tag = tag (i == 1 ? "" : " , ") marked(words[i])
	after = substr($0, RSTART + RLENGTH)
	item(tag, length(head) + 2)
	text = after
	next
}
in_list && /^   / {
	sub(/^ */, "")
	text = text " " $0
	next
}
{
	if (in_list) gap = 1
	if (gap) {
		end_list()
		if (!empty) print ".Pp"
	}
	gap = empty = 0
	text = text (text == "" ? "" : " ") $0
}
END {
	if (failed) exit 1
	if (summary == "" || tail["status"] == "") fail("no Usage:, Summary: or Status:")
	end_block()
	if (tail["options"] != "") options(tail["options"])
	exit_status(tail["status"])
	see_also(everything)
}
