/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `firecurtain run` and `firecurtain replay` hand over to the program firecurtain-broker, which they
 * become: its arguments, one word KEY=VALUE for each that is given. The command line writes them, the broker
 * reads them; both are from one build.
 */
#ifndef BROKER_DAEMON_ARGUMENTS_H
#define BROKER_DAEMON_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/base/log.h"
#include "firecurtain/log.h"

struct config_override;

struct daemon_arguments {
    const char *path; /* of the configuration */
    struct config_override *overrides;
    size_t n_overrides;
    enum fc_log_level level;
    enum log_format format;     /* of the log */
    const char *runtime_folder; /* NULL: the usual one */
    const char *record;         /* the file to record to, or NULL */
    uint64_t max_bytes;         /* of the recording */
    const char *replay;         /* the recording to replay, or NULL */
    double speed;               /* of the replay: 1 is as it was, 0 as fast as the scripts can */
    bool is_mute;               /* nothing goes out to devices during the replay */
    bool no_sandbox;
};

/* Returns the words, for argv; for daemon_arguments_free(). NULL when out of memory. */
char **daemon_arguments_write(const struct daemon_arguments *arguments);

/* Takes NULL; returns NULL. */
char **daemon_arguments_free(char **words);

/* Reads the words, which the result borrows; its overrides are the caller's. -EINVAL, -ENOMEM. */
int daemon_arguments_read(struct daemon_arguments *arguments, int argc, char **argv);

#endif
