/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a layer of the sandbox could not be set up. */
#ifndef WORKER_SANDBOX_FAIL_H
#define WORKER_SANDBOX_FAIL_H

struct sandbox_error {
    const char *layer;
    char what[256];
    int error; /* positive errno */
};

/* Fills in the error, with errno as its cause, and returns -errno. */
int sandbox_fail(struct sandbox_error *error, const char *layer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Returns what may be done about it, to be written after the error; "" if that is not known. */
const char *sandbox_advice(const struct sandbox_error *error);

#endif
