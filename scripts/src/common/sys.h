/* SPDX-License-Identifier: GPL-2.0-only */
/* bpf(2) and perf_event_open(2) without a library. All return a value >= 0 or -errno. */
#ifndef PLAINBPF_SYS_H
#define PLAINBPF_SYS_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>

static inline int sys_bpf(int cmd, union bpf_attr *attr)
{
	int ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

static inline int sys_perf_event_open(struct perf_event_attr *attr, int cpu)
{
	int ret = syscall(SYS_perf_event_open, attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return ret < 0 ? -errno : ret;
}

static inline int bpf_pin_open(const char *path)
{
	union bpf_attr attr = { .pathname = (uintptr_t)path };

	return sys_bpf(BPF_OBJ_GET, &attr);
}

/* cmd: BPF_PROG_GET_FD_BY_ID, BPF_MAP_GET_FD_BY_ID, BPF_BTF_GET_FD_BY_ID */
static inline int bpf_id_open(int cmd, uint32_t id)
{
	union bpf_attr attr = { .prog_id = id };

	return sys_bpf(cmd, &attr);
}

static inline int bpf_info(int fd, void *info, uint32_t len)
{
	union bpf_attr attr = { .info = {
					.bpf_fd = fd, .info_len = len, .info = (uintptr_t)info } };

	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

/* cmd: BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM; the key has four bytes. */
static inline int bpf_elem(int cmd, int fd, const uint32_t *key, void *value)
{
	union bpf_attr attr = {
		.map_fd = fd, .key = (uintptr_t)key, .value = (uintptr_t)value, .flags = BPF_ANY
	};

	return sys_bpf(cmd, &attr);
}

#endif
