/* SPDX-License-Identifier: GPL-2.0-only */
/* The idioms that the verifiers of Linux 5.10 and later ask for. They compile for user space too,
 * where they do nothing.
 */
#ifndef PB_VERIFIER_H
#define PB_VERIFIER_H

#include <stdbool.h>
#include <linux/types.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* Force one register for both the bounds check and the access. Otherwise the compiler may copy the
 * pointer, and the verifier knows the bounds of only one copy.
 */
#define pb_one_value(v) __asm__ volatile("" : "+r"(v))

/* Whether a length is between 1 and `most`. The verifiers of 5.10 and 6.1 learn no bound from
 * comparing two registers and no minimum from `!= 0`, so this compares len - 1 with a constant; the
 * asm keeps the compiler from turning it back into the plain comparison.
 */
static __always_inline bool pb_bounded(__u64 *len, __u64 most)
{
	(*len)--;
	pb_one_value(*len);
	if (*len >= most)
		return false;
	(*len)++;
	return true;
}

/* Let the verifier forget. What a program stores in a register or on its stack belongs to the
 * verifier's state, so it follows every path into the code after a loop, or after a choice,
 * separately. It does not track the value of a map: what is stored there and read back is an
 * unknown number on every path, the paths look alike, and the code after them is verified once.
 * Volatile, because the compiler would keep the value in a register. In exchange, what is read back
 * needs its bounds checked again.
 */
#define pb_forgotten volatile

/* The common path; lets the compiler lay it out as straight-line code. */
#define pb_likely(x) __builtin_expect(!!(x), 1)

#endif
