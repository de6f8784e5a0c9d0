/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper's process. */
#ifndef BROKER_KEEPER_SERVE_H
#define BROKER_KEEPER_SERVE_H

struct keeper_spec;

/* Answers requests until the broker has ended, then cleans up. `counter` is the counter's socket. */
_Noreturn void keeper_serve(int socket, int counter, const struct keeper_spec *spec);

#endif
