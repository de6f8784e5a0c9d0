/* SPDX-License-Identifier: BSD-2-Clause */
/* What a worker takes of the machine's memory, which the counter looks at. Only for this folder. */
#ifndef BROKER_GUEST_MEMORY_H
#define BROKER_GUEST_MEMORY_H

struct guest;

/*
 * Has the memory of the guest's new process watched, and the guest killed once it uses more than the option
 * `memory` and SPAWN_MEMORY_ALLOWANCE. 0 or -ENOMEM.
 */
int guest_memory_watch(struct guest *guest);

/* Ends that. */
void guest_memory_forget(struct guest *guest);

#endif
