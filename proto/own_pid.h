/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process's own number without a system call. libzmq asks for it at every step, to notice a fork: a dozen
 * times per event. Whoever links this file has its getpid() instead of the C library's, and so have the
 * libraries.
 */
#ifndef PROTO_OWN_PID_H
#define PROTO_OWN_PID_H

/*
 * From now on the number is kept. The kernel wipes it in every child that has memory of its own, however that
 * was made; one that shares its parent's (vfork) is told the parent's until it runs another program. Without
 * memory, or with a kernel before 4.14, nothing is kept. Once per process; more often does no harm.
 */
void own_pid_keep(void);

#endif
