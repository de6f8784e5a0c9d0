/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a worker writes to stdout and stderr: a pipe, read line by line into the log. Lines are cut, and
 * limited in number per second; what is left out is counted. A line may begin with a priority as in
 * sd-daemon(3), "<3>".
 */
#ifndef BROKER_GUEST_OUTPUT_H
#define BROKER_GUEST_OUTPUT_H

#include <stdint.h>

#include "firecurtain/log.h"

struct loop;
struct output;

/*
 * Makes a pipe; `*write_end` is the caller's to pass on and close. `instance` (NULL: the broker) must outlive
 * the output. Lines without a priority are logged at `level`. -errno.
 */
int output_new(struct output **output, struct loop *loop, const char *instance, enum fc_log_level level,
               uint32_t lines_per_second, int *write_end);

/* Logs what has been written and not read yet, then closes. Takes NULL; returns NULL. */
struct output *output_free(struct output *output);

#endif
