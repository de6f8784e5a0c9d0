/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SIGALRM has two senders: the broker's watchdog (through the keeper), and the script itself with alarm() or
 * setitimer(). They are told apart by the sender's pid, so that a script can use it as any program does.
 */
#ifndef WORKER_LIBC_ALARM_H
#define WORKER_LIBC_ALARM_H

/* Installs the handler for both. What the script installs with sigaction() is called for its own alarms. */
void alarm_take_over(void);

/* Sets what is called, in a signal handler, when the watchdog interrupts the script. */
void alarm_on_watchdog(void (*interrupt)(void));

#endif
