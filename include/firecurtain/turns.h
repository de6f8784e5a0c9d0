/* SPDX-License-Identifier: BSD-2-Clause */
/* The length of a thread's turns on a processor: custom slices of EEVDF (Linux 6.12), ignored by older
 * kernels. */
#ifndef FIRECURTAIN_TURNS_H
#define FIRECURTAIN_TURNS_H

#include <linux/sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FC_TURN_NS 100000 /* the kernel's minimum */

/* Gives the calling thread turns of this length; 0 is the kernel's usual one. */
static inline void fc_take_turns(uint64_t ns, uint64_t flags)
{
    struct sched_attr {
        uint32_t size;
        uint32_t policy; /* SCHED_OTHER */
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime_ns, deadline_ns, period_ns;
    } attr = {.size = sizeof(attr), .flags = flags, .nice = getpriority(PRIO_PROCESS, 0), .runtime_ns = ns};

    syscall(SYS_sched_setattr, 0, &attr, 0);
}

/*
 * Gives the calling thread short turns, at the same share: it gets a processor sooner when it wakes, and
 * gives it back sooner when it computes without end. Threads and processes that it makes inherit that or,
 * with SCHED_FLAG_RESET_ON_FORK, have the kernel's usual turns, which a short one interrupts when it wakes.
 */
static inline void fc_take_short_turns(uint64_t flags)
{
    fc_take_turns(FC_TURN_NS, flags);
}

#endif
