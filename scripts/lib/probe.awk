# SPDX-License-Identifier: GPL-2.0-only
# Reads what a batch of test runs printed: look-ups of all counters, then for each run the run and the
# look-ups again. Prints lines "N RETVAL REASON": the number of the frame, what the program returned, and
# the number of the one counter of runs that changed meanwhile, or "?". Of a frame that the kernel
# refused: "N - WHY". Part of probe.bash: not a command. jq would take ten times as long to start.
#
# -v big=1   keys are in big-endian byte order
# -v runs=N  the key of a counter of runs is N above that of the device's (PB_REASONS)

function put() {
	if (n == "")
		return
	if (why != "")
		print n, "-", why
	else
		print n, ret, moved == 1 ? which - runs : "?"
	n = ""
}

# The last or the first of the four bytes that are named in a look-up.
function key_of(s,    part) {
	s = substr(s, index(s, "\"hex\",\"") + 7)
	split(s, part, /","|"/)
	return hexval(big ? part[4] : part[1])
}

function hexval(s,    i, v) {
	v = 0
	for (i = 1; i <= length(s); i++)
		v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
	return v
}

BEGIN {
	RS = "[{]\"command\":[[]"
}

/^"prog"/ {
	put()
	moved = 0
	why = ret = ""
	n = $0
	sub(/^.*"data_in","[^"]*\/frame\./, "", n)
	sub(/".*/, "", n)
	if (match($0, /"output":[{]"error":"/)) {
		why = substr($0, RSTART + RLENGTH)
		sub(/"[}].*/, "", why)
		gsub(/\\"/, "\"", why)
		if (why == "")
			why = "no reason given"
	} else if (match($0, /"retval":-?[0-9]+/))
		ret = substr($0, RSTART + 9, RLENGTH - 9)
	else
		why = "no answer"
}

/^"map"/ {
	k = key_of($0)
	v = substr($0, index($0, "\"values\":"))
	v = substr(v, 1, index(v, "]}]"))
	if (n != "" && k in last && last[k] != v) {
		moved++
		which = k
	}
	last[k] = v
}

END {
	put()
}
