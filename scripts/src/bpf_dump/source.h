/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where records come from: a ring buffer (ring.h), a perf event array (perf.h), the lines of a
 * trace_pipe (lines.h) or a file of saved records (saved.h). A source hands them to a sink; it
 * prints nothing. A struct source is the first member of each of them, and what they open sets it.
 */
#ifndef PLAINBPF_SOURCE_H
#define PLAINBPF_SOURCE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink {
	/* One record, valid only during the call. 0: go on; 1: enough; or -errno. */
	int (*record)(struct sink *s, const void *data, size_t len);
	/* n records of this CPU did not fit; cpu -1 if that is not known. */
	void (*lost)(struct sink *s, uint64_t n, int cpu);
};

struct drained {	      /* what one call took */
	uint64_t bytes, size; /* of a buffer of this size, the fullest if there are several */
	bool more;	      /* younger records were left for the next call */
};

struct source {
	/*
	 * Hands out what is there now; with `all` also what would otherwise be left for the next
	 * call. Returns 0, 1 if the sink had enough, 2 at the end of all records, -EBADMSG if the
	 * source is corrupt, -ENOMEM, or the -errno of the sink or of read(2).
	 */
	int (*drain)(struct source *s, struct sink *to, bool all, struct drained *d);
	void (*close)(struct source *s);

	/* The rest may be NULL or 0. */
	void (*rest)(struct source *s); /* before a long sleep, so that poll works */
	int (*tick)(struct source *s);	/* now and then; -errno: cannot go on */
	void (*lost)(struct source *s, struct sink *to); /* losses that no record has reported */
	/* Fills in n_fds entries to poll; `resting`: after rest(). */
	void (*polls)(const struct source *s, struct pollfd *p, bool resting);
	int n_fds;
	uint64_t caps;	/* capabilities (1 << CAP_…) that an open source still needs */
	uint32_t slack; /* a record may be this many bytes longer than what was written */
	int64_t calm;	/* ns to sleep between calls, unless much has come */
};

#endif
