/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls under way, in memory that outlives the gate; runs in the gate. The kernel hands a call out once:
 * if a gate died after that, nobody would answer it, and its caller would wait for ever. So the kernel writes
 * each call into this memory, and the next gate carries out what it finds there. The memory is a memfd that
 * the broker makes for each account and never looks into; what is in it is an earlier gate's word, and no
 * gate can do more by it than by itself.
 */
#ifndef BROKER_GATE_FLIGHT_H
#define BROKER_GATE_FLIGHT_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Under way for an account, in addition to the one that is being carried out. All are below 64 KiB: a limit
 * of file sizes (RLIMIT_FSIZE) holds for memfds, too.
 */
#define FLIGHT_CALLS     640
#define FLIGHT_MAX_TRIES 2 /* gates that have died over a call; then it fails */

struct flight_call {
    uint64_t worker; /* 0: free */
    uint32_t tries;  /* gates that have died while they carried it out */
    uint32_t sent;   /* bytes, and one, of a datagram that is being sent: it is not sent twice; or 0 */
    struct seccomp_notif call;
};

struct flight {
    struct flight_call now;
    struct flight_call later[FLIGHT_CALLS]; /* their answers come later, or were left by an earlier gate */
};

/*
 * Maps the memory `fd`, which stays the caller's, and sorts what an earlier gate has left. 0 or -errno. There
 * is one for each gate, until its process ends.
 */
int flight_map(struct flight **flight, int fd);

/* Returns an entry for a call whose answer comes later, with a copy of the one that is carried out; or NULL.
 */
struct flight_call *flight_put_off(struct flight *flight);

/*
 * Returns the next entry of a worker, from *from on, which begins as 0; or NULL. What takes the place of an
 * entry that was returned and freed is not returned again.
 */
struct flight_call *flight_next(struct flight *flight, uint64_t worker, size_t *from);

/* Forgets the calls of a worker. */
void flight_forget(struct flight *flight, uint64_t worker);

/* Forgets the calls of all workers that `is_known` does not know. */
void flight_forget_unknown(struct flight *flight, bool (*is_known)(void *userdata, uint64_t worker),
                           void *userdata);

#endif
