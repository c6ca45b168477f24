// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer harness for modernize: the input is an object file. What it makes of it must be an
 * object again, modern and with as many maps; and nothing is made modern twice.
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -iquotescripts/src/{common,modernize}
 * test/fuzz/fuzz_modernize.c scripts/src/common/*.c and all of scripts/src/modernize but main.c
 */
#include <stdlib.h>
#include "rewrite.h"
#include "show.h"

static void print(const struct object *o, bool json)
{
	struct out out;

	if (!out_open(&out, -1, NULL))
		show(&out, o, "fuzz", json);
	out_close(&out);
}

static void note(void *arg, const char *kind, const char *name, const char *text, const char *word)
{
	if (arg || !*kind || !name || !*text || !word)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rewrite r = { .note = note };
	struct object o, again;
	const char *map;
	uint32_t n;

	if (object_open(&o, data, size))
		return 0;
	print(&o, false);
	print(&o, true);
	n = o.maps.n;
	if (object_is_legacy(&o) && !object_why(&o, &map)[0] && !rewrite(&r, &o)) {
		if (object_open(&again, r.out, r.len) || object_is_legacy(&again) ||
		    again.maps.n != n)
			abort();
		object_rules(&again);
		print(&again, true);
		object_close(&again);
		free(r.out);
	}
	object_close(&o);
	return 0;
}
