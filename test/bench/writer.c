// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process to be traced, that does as it is told. Each line of standard input, "COUNT RATE", is an
 * order: so many 1-byte write(2)s to /dev/null, so many a second, 0 for flat out. The answer is a
 * line "NS MEDIAN": what all took, and a write's share of the median of batches. It is sent by
 * writev(2), which nobody traces. No reader prints an @ but for its name: so they are counted.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#define BATCH	1000 /* writes */
#define BATCHES 10000

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	static long long batch[BATCHES];
	int fd = open("/dev/null", O_WRONLY);
	long count, rate;

	prctl(PR_SET_NAME, "@writer");
	while (fd >= 0 && scanf("%ld %ld", &count, &rate) == 2) {
		long long start = now_ns(), last = start, now;
		int i, batches = 0;
		struct iovec answer;
		char text[80];

		for (i = 1; i <= count; i++) {
			while (rate && now_ns() - start < i * 1000000000ll / rate)
				;
			if (write(fd, "x", 1) != 1)
				return 1;
			if (i % BATCH || batches == BATCHES)
				continue;
			now = now_ns();
			batch[batches++] = now - last;
			last = now;
		}
		now = now_ns();
		qsort(batch, batches, sizeof(*batch), by_value);
		answer.iov_base = text;
		answer.iov_len = snprintf(text, sizeof(text), "%lld %.1f\n", now - start,
					  batches ? (double)batch[batches / 2] / BATCH : 0.0);
		if (writev(STDOUT_FILENO, &answer, 1) < 0)
			return 1;
	}
	return 0;
}
