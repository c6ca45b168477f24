/* SPDX-License-Identifier: GPL-2.0-only */
/* What all readers hand their records to. */
#ifndef PLAINBPF_READER_H
#define PLAINBPF_READER_H

#include <stddef.h>
#include <stdint.h>

struct sink {
	/* One record; it is gone after the call. 0: go on; 1: enough; or -errno. */
	int (*record)(struct sink *s, const void *data, size_t len);
	/* n records of this CPU did not fit; cpu -1 if that is not known. */
	void (*lost)(struct sink *s, uint64_t n, int cpu);
};

#endif
