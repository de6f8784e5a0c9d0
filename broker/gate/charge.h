/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a worker owes for the time in which it made its gate wait; runs in the gate. Reading the memory of a
 * worker sleeps on a lock that the worker's own threads can hold, and so do calls on a socket of which
 * another thread has the lock. A call that takes long without having slept was kept from the processor by
 * others, and costs nothing.
 */
#ifndef BROKER_GATE_CHARGE_H
#define BROKER_GATE_CHARGE_H

#include <stdbool.h>
#include <stdint.h>

#include "firecurtain/time.h"

#define CHARGE_FREE_NS FC_NS_PER_MS         /* of each call */
#define CHARGE_MAX_NS  (500 * FC_NS_PER_MS) /* then the worker has to end */
#define CHARGE_SUSPECTED_NS                                                                                  \
    (10 * FC_NS_PER_S)     /* after a call that took long, how often the gate sleeps is looked at */
#define CHARGE_FORGIVES 10 /* one part of the time that passes is forgiven */

struct gate_worker;

/* Begins as zeroes. */
struct gate_charge {
    uint64_t owed_ns;
    uint64_t settled_ns; /* up to when time was forgiven */
    uint64_t began_ns;
    long slept;            /* how often this process had slept when the call began; -1: not looked at */
    uint64_t suspected_ns; /* up to when calls are looked at; 0: the last ones were quick */
};

/* A call of the worker is about to be carried out. */
void charge_begin(struct gate_charge *charge);

/* It is done. Returns whether the worker owes more than CHARGE_MAX_NS. */
bool charge_end(struct gate_charge *charge);

/* The same for what the gate does about a worker. If it owes more, the worker is not served any more, and the
 * broker is told. */
bool charge_settle(struct gate_worker *worker);

/* Adds `waited_ns` to what is owed at `now_ns`. Pure. Returns whether that is more than CHARGE_MAX_NS. */
bool charge_add(struct gate_charge *charge, uint64_t now_ns, uint64_t waited_ns);

#endif
