/* SPDX-License-Identifier: BSD-2-Clause */
/* How long a thread's turns on a processor are: custom slices of EEVDF, Linux 6.12. Older kernels do not
 * look. */
#ifndef FIRECURTAIN_TURNS_H
#define FIRECURTAIN_TURNS_H

#include <linux/sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FC_TURN_NS 100000 /* the least that there is */

/*
 * The calling thread gets short turns, at the same share: who wakes gets a processor sooner, and who
 * calculates without end gives it back as soon. Threads and processes that it makes have the same or, with
 * SCHED_FLAG_RESET_ON_FORK, the kernel's usual turns again, which a short one interrupts when it wakes.
 */
static inline void fc_take_short_turns(uint64_t flags)
{
    struct sched_attr {
        uint32_t size;
        uint32_t policy; /* SCHED_OTHER */
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime_ns, deadline_ns, period_ns;
    } attr = {.size = sizeof(attr),
              .flags = flags,
              .nice = getpriority(PRIO_PROCESS, 0),
              .runtime_ns = FC_TURN_NS};

    syscall(SYS_sched_setattr, 0, &attr, 0);
}

#endif
