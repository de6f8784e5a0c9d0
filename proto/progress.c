/* SPDX-License-Identifier: BSD-2-Clause */
/* A sealed memfd (memfd_create(2)): the worker's mapping can be written, the broker's only read. */
#include "proto/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "proto/kernel.h"

static int progress_map_as(void **address, int fd, int protection)
{
    *address = mmap(NULL, sizeof(struct progress), protection, MAP_SHARED, fd, 0);
    return *address == MAP_FAILED ? -errno : 0;
}

int progress_new(struct progress_reader *reader, int *fd)
{
    FC_AUTO_CLOSE int own = kernel_memory("progress");
    void *address;
    int r;

    if (own < 0)
        return -errno;
    if (ftruncate(own, sizeof(struct progress)) < 0)
        return -errno;
    if (fcntl(own, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        return -errno;
    r = progress_map_as(&address, own, PROT_READ);
    if (r < 0)
        return r;
    reader->shared = address;
    *fd = fc_steal_fd(&own);
    return 0;
}

void progress_deinit(struct progress_reader *reader)
{
    if (reader->shared)
        munmap((void *)reader->shared, sizeof(struct progress));
    reader->shared = NULL;
}

int progress_map(struct progress **progress, int fd)
{
    void *address;
    int r = progress_map_as(&address, fd, PROT_READ | PROT_WRITE);

    if (r == 0)
        *progress = address;
    return r;
}

struct progress_state progress_read(const struct progress_reader *reader)
{
    const struct progress *shared = reader->shared;
    struct progress_state state = {0};

    if (!shared)
        return state;
    state.calls = atomic_load_explicit(&shared->calls, memory_order_relaxed);
    state.done =
        atomic_load_explicit(&shared->done, memory_order_acquire); /* first: it is never ahead of `begun` */
    state.begun = atomic_load_explicit(&shared->begun, memory_order_acquire);
    state.base = atomic_load_explicit(&shared->base, memory_order_acquire);
    state.outputs = atomic_load_explicit(&shared->outputs, memory_order_acquire);
    return state;
}

size_t progress_copy_outputs(const struct progress_reader *reader, const struct progress_state *state,
                             uint64_t first, uint32_t *channels, double *values)
{
    uint64_t n = state->outputs - first;

    if (!reader->shared || first < state->base || state->outputs < first ||
        state->outputs - state->base > PROGRESS_OUTPUTS)
        return 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t at = first - state->base + i;

        channels[i] = ((const volatile uint32_t *)reader->shared->channels)[at];
        values[i] = ((const volatile double *)reader->shared->values)[at];
    }
    return (size_t)n;
}

size_t progress_events_over(const struct progress_state *state, uint64_t before, size_t n)
{
    uint64_t begun = state->begun > before ? state->begun - before : 0;

    return begun < n ? (size_t)begun : n;
}
