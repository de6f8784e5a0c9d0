/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries of the memory in which calls under way are kept. Runs in the gate. */
#include "broker/gate/flight.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

/* The worker's number is what makes an entry count: it is written last. */
static void flight_fill(struct flight_call *entry, const struct flight_call *from)
{
    entry->tries = from->tries;
    entry->sent = from->sent;
    entry->call = from->call;
    atomic_signal_fence(memory_order_seq_cst);
    entry->worker = from->worker;
}

struct flight_call *flight_put_off(struct flight *flight)
{
    for (size_t i = 0; i < FLIGHT_CALLS; i++) {
        if (flight->later[i].worker)
            continue;
        flight_fill(&flight->later[i], &flight->now);
        return &flight->later[i];
    }
    return NULL;
}

int flight_map(struct flight **flightp, int fd)
{
    struct flight *flight = mmap(NULL, sizeof(struct flight), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (flight == MAP_FAILED)
        return -errno;
    /* the kernel may have handed out no call yet, and then its number is 0 */
    if (flight->now.worker && flight->now.call.id) {
        flight->now.tries++;
        flight_put_off(flight);
    }
    flight->now = (struct flight_call){0};
    *flightp = flight;
    return 0;
}

struct flight_call *flight_next(struct flight *flight, uint64_t worker, size_t *from)
{
    while (*from < FLIGHT_CALLS) {
        struct flight_call *entry = &flight->later[(*from)++];

        if (entry->worker == worker)
            return entry;
    }
    return NULL;
}

void flight_forget(struct flight *flight, uint64_t worker)
{
    struct flight_call *entry;
    size_t from = 0;

    while ((entry = flight_next(flight, worker, &from)))
        entry->worker = 0;
}

void flight_forget_unknown(struct flight *flight, bool (*is_known)(void *userdata, uint64_t worker),
                           void *userdata)
{
    for (size_t i = 0; i < FLIGHT_CALLS; i++) {
        if (flight->later[i].worker && !is_known(userdata, flight->later[i].worker))
            flight->later[i].worker = 0;
    }
}
