/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The states of a guest, and which may follow which: two tables, so that what can happen is data. One machine
 * is the process (enum guest_life), the other the conversation (enum order_state, proto/order.h): a process
 * that has exited may have sent messages that are still to be read. Only for this folder.
 */
#ifndef BROKER_GUEST_LIFE_H
#define BROKER_GUEST_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/order.h"

struct guest;

#define GUEST_MAX_TAMPERED 8 /* links of an account on which descriptors were passed */

/* The process. */
enum guest_life {
    GUEST_WANTED,         /* the zygote was asked for it */
    GUEST_ALIVE,          /* it has a pid */
    GUEST_INTERRUPTED,    /* the watchdog has interrupted its script */
    GUEST_HUNG_UP,        /* its link has ended, so its own end should follow soon */
    GUEST_ABORTED,        /* the watchdog had it print its stack, and kills it next */
    GUEST_DIED,           /* it was waited for, or never existed; it did not exit with status 0 */
    GUEST_EXITED_CLEANLY, /* it was waited for, and exited with status 0 */
    GUEST_LIVES_,
};

/* Why it ends. What is overdue stays overdue, even if it was asked to stop. */
enum guest_ending {
    GUEST_UNASKED,
    GUEST_ASKED,   /* guest_stop() was called */
    GUEST_OVERDUE, /* it was killed because it did not start, return or exit in time */
    GUEST_ENDINGS_,
};

bool guest_life_may_follow(enum guest_life from, enum guest_life to);
bool guest_state_may_follow(enum order_state from, enum order_state to);

/* Changes a state. A change that is not in the table is a bug in the broker, and asserts. */
void guest_set_life(struct guest *guest, enum guest_life life);
void guest_set_state(struct guest *guest, enum order_state state);

/* Notes why it ends, unless the table keeps what was noted before. */
void guest_set_ending(struct guest *guest, enum guest_ending ending);

/* Whether the process is gone: nothing is sent to it any more, and what it had sent is read to its end. */
bool guest_is_gone(const struct guest *guest);

/* Whether its messages are left unread for now: see `is_throttled` in guest.h. */
bool guest_is_held(const struct guest *guest);

/* Gives the process `ms` to make progress; there is one deadline at a time. */
void guest_set_deadline(struct guest *guest, uint64_t ms);

/* Sends SIGKILL, if there is a process. */
void guest_kill(struct guest *guest);

/*
 * Notes that the worker is about to be killed, but not for what it sent: it is told nothing more, and what it
 * has sent is handled when it is gone.
 */
void guest_leave(struct guest *guest);

/* The worker is gone: what it had sent before guest_leave() can be handled now. */
void guest_reopen(struct guest *guest);

/* Kills the worker and handles nothing that it sends any more. */
void guest_close(struct guest *guest);

/* The same for a worker that broke the protocol; logs how. */
void guest_violated(struct guest *guest, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Notes that another program of the account's uid has passed descriptors on the worker's link, before the
 * link is freed. Each time costs the broker a descriptor; after some, no worker of the account is started.
 */
void guest_note_tampering(struct guest *guest);

#endif
