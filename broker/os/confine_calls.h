/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system calls that the broker and gates need, one table for each. Each row has its reason; a call whose
 * arguments matter has one row for each allowed use.
 */
#ifndef BROKER_OS_CONFINE_CALLS_H
#define BROKER_OS_CONFINE_CALLS_H

#include <stddef.h>
#include <stdint.h>

struct confine_call {
    const char *name;
    int arg; /* -1: any arguments; CONFINE_ASK: a supervisor decides */
    uint64_t mask;
    uint64_t value; /* of the argument, as far as `mask` has bits */
    const char *reason;
    int level; /* of a socket option, which is argument 1; 0: any arguments (IPPROTO_IP is CONFINE_IP) */
};

/* As a level: IPPROTO_IP, which is 0. */
#define CONFINE_IP (-1)

/* As an argument: whoever has the notification descriptor decides. */
#define CONFINE_ASK (-2)

/* As a value: the pid of this process. */
#define CONFINE_SELF UINT32_MAX

extern const struct confine_call confine_broker_calls[];
extern const size_t confine_n_broker_calls;

extern const struct confine_call confine_gate_calls[];
extern const size_t confine_n_gate_calls;

/* Typical first steps of an attacker, even those that would fail for lack of a right. */
extern const char *const confine_refused_calls[];
extern const size_t confine_n_refused_calls;

#define ALLOW(name, reason)                                                                                  \
    {                                                                                                        \
        name, -1, 0, 0, reason, 0                                                                            \
    }
#define ASK(name, reason)                                                                                    \
    {                                                                                                        \
        name, CONFINE_ASK, 0, 0, reason, 0                                                                   \
    }
#define ALLOW_EQ(name, arg, value, reason)                                                                   \
    {                                                                                                        \
        name, arg, UINT32_MAX, value, reason, 0                                                              \
    } /* of an int */
#define ALLOW_OPTION(name, level, option, reason)                                                            \
    {                                                                                                        \
        name, 2, UINT32_MAX, option, reason, level                                                           \
    } /* a call with a socket option */
#define ALLOW_MASK(name, arg, mask, value, reason)                                                           \
    {                                                                                                        \
        name, arg, mask, value, reason, 0                                                                    \
    }

#define SOCKET_KIND 0xfu /* of socket()'s type, without its flags */

#endif
