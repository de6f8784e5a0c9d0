/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The gate: a process per account that carries out system calls for scripts (a system call supervisor). The
 * keeper forks it for the house and for each user. It reads the memory of workers, asks their policies, makes
 * sockets and answers; the broker does none of this, and no script can keep it waiting by a system call. It
 * gets from the gate duplicates of the sockets that it polls for scripts, and bounded lines for the log.
 *
 * Read on in message.h (what the two tell each other), client.h (the broker's side), worker.h (one worker),
 * policy.h (what a script may reach), flight.h (calls that outlive a gate).
 *
 * A gate holds nothing but its account's workers: a notification descriptor, a pidfd and an open memory of
 * each, which the broker hands over. It confines itself before it gets the first one: it can open no file and
 * find no other process, and its only way to a descriptor of another process is a pidfd that it was given.
 * One that dies is started again; the broker has duplicates of the notification descriptors.
 */
#ifndef BROKER_GATE_SERVE_H
#define BROKER_GATE_SERVE_H

struct confine_spec;

/*
 * Runs the process until the broker has closed its end of `socket`. `flight` is the account's memory of calls
 * under way. Confines the process with `confine` first.
 */
_Noreturn void gate_serve(int socket, int flight, const struct confine_spec *confine);

#endif
