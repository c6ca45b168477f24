/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PLAINBPF_CAPS_H
#define PLAINBPF_CAPS_H

#include <stdint.h>

/* Keep these capabilities (1 << CAP_…) and no others, for good. Returns 0 or -errno. */
int caps_keep(uint64_t keep);

#endif
