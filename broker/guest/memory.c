/* SPDX-License-Identifier: BSD-2-Clause */
/* Ends a worker that has more memory than it may. */
#include "broker/guest/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "broker/base/runtime.h"
#include "broker/guest/private.h"
#include "broker/keeper/counter_client.h"
#include "firecurtain/log.h"

#define MEMORY_MIB (UINT64_C(1) << 20)

#ifdef FIRECURTAIN_ASAN /* a sanitizer's shadow memory counts, too */
#define MEMORY_MOST(guest) UINT64_MAX
#else
#define MEMORY_MOST(guest) ((guest)->spec.memory_bytes + SPAWN_MEMORY_ALLOWANCE)
#endif

static void memory_exceeded(void *userdata, const struct memory_use *use)
{
    struct guest *guest = userdata;

    if (guest_is_gone(guest))
        return;
    snprintf(guest->fate, sizeof(guest->fate), "memory limit (option memory)");
    guest_memory_forget(guest);
    guest_end(guest,
              "it has %llu MiB of memory, and %llu MiB of page tables for it; the option memory allows %llu "
              "MiB, and %llu MiB of both are added",
              (unsigned long long)(use->page_bytes / MEMORY_MIB),
              (unsigned long long)(use->table_bytes / MEMORY_MIB),
              (unsigned long long)(guest->spec.memory_bytes / MEMORY_MIB),
              (unsigned long long)(SPAWN_MEMORY_ALLOWANCE / MEMORY_MIB));
}

static void memory_changed(void *userdata, const struct memory_use *use)
{
    struct guest *guest = userdata;

    guest->memory_bytes = use->page_bytes;
}

/* Mentions it, unless the process has ended: then there is nothing to watch. */
static void memory_failed(void *userdata, int error)
{
    struct guest *guest = userdata;

    guest_memory_forget(guest);
    if (error != -ENOENT && error != -ESRCH && error != -EPERM)
        fc_log(FC_LOG_WARNING, guest->spec.instance, "its memory is not watched: %s", strerror(-error));
}

int guest_memory_watch(struct guest *guest)
{
    const struct memory_quota_spec spec = {
        .pid = guest->pid,
        .max_bytes = MEMORY_MOST(guest),
        .changed = memory_changed,
        .exceeded = memory_exceeded,
        .failed = memory_failed,
        .userdata = guest,
    };

    return memory_quota_new(&guest->memory, guest->runtime->counter, &spec);
}

void guest_memory_forget(struct guest *guest)
{
    guest->memory = counter_quota_free(guest->memory);
}
