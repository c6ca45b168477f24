// SPDX-License-Identifier: GPL-2.0-only
/* Bench: xdp_allow without its log, to see what the log costs while it is off. */
#define PB_NO_LOG
#include "../../objs/xdp_allow.bpf.c"
