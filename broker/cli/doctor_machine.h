/* SPDX-License-Identifier: BSD-2-Clause */
/* What a machine offers to shows, found out by trying; in the process of `firecurtain doctor`. */
#ifndef BROKER_CLI_DOCTOR_MACHINE_H
#define BROKER_CLI_DOCTOR_MACHINE_H

#include <stddef.h>

#define DOCTOR_MAX_FINDINGS 16

enum doctor_outcome {
    DOCTOR_GOOD,
    DOCTOR_LACKING, /* shows run, but not everything works */
    DOCTOR_BAD,     /* no script can run */
};

struct doctor_finding {
    const char *what;
    enum doctor_outcome outcome;
    char found[256];
    const char *cost;  /* of a lack; NULL: there is none */
    char command[256]; /* that mends it, for the shell, or what else to do */
};

/* Fills in the findings, in an order that does not change. Returns how many there are. */
size_t doctor_examine(struct doctor_finding findings[DOCTOR_MAX_FINDINGS]);

#endif
