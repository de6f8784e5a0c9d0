/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process id without a system call. libzmq asks for it at every step, a dozen times per event, to notice
 * a fork. The getpid() of this file replaces the C library's in programs that link it, also for their
 * libraries.
 */
#ifndef PROTO_OWN_PID_H
#define PROTO_OWN_PID_H

/*
 * Keeps the process id from now on. The kernel wipes it in every child with its own memory, however that was
 * made; a child that shares its parent's memory (vfork) gets the parent's id until it runs another program.
 * When memory is short, or with a kernel before 4.14, nothing is kept. Further calls do nothing.
 */
void own_pid_keep(void);

#endif
