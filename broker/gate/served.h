/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The workers of a gate, by the broker's numbers, and what the broker asks about them. Runs in the gate.
 */
#ifndef BROKER_GATE_SERVED_H
#define BROKER_GATE_SERVED_H

#include <stddef.h>

#include "broker/gate/message.h"

struct flight;
struct loop;
struct served;

/* All workers of a gate. Zeroed except for the first members, it has none. */
struct served_set {
    struct loop *loop;
    struct flight *flight;
    /* Tells the broker; `fd` goes with it unless it is -1, and stays the caller's. */
    void (*tell)(void *userdata, const struct gate_notice *notice, int fd);
    void *userdata;
    unsigned n_served;   /* calls in this turn of the loop */
    struct served *list; /* hash */
};

/*
 * Carries out a request, of any bytes, with GATE_DESCRIPTORS_ descriptors or -1 in their places, which it
 * takes over. 0, or -EPROTO if it is none; what is wrong with a worker is no error.
 */
int served_handle(struct served_set *set, const struct gate_add *request, size_t bytes, int *descriptors);

/* Ends serving all of them. */
void served_free_all(struct served_set *set);

#endif
