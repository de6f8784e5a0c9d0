/* SPDX-License-Identifier: BSD-2-Clause */
/* Instances as rows of a table, for `firecurtain status` and `top`: which columns there are, and what is in
 * them. */
#ifndef BROKER_CLI_ROWS_H
#define BROKER_CLI_ROWS_H

#include <stdbool.h>

#include "broker/cli/table.h"
#include "proto/codec_control.h"

enum rows_column {
    ROWS_NAME,
    ROWS_STATE,
    ROWS_IN,
    ROWS_OUT,
    ROWS_IN_RATE, /* events a second, since the last time */
    ROWS_OUT_RATE,
    ROWS_ERRORS, /* exceptions of a script; of a device, what came and was dropped */
    ROWS_QUEUE,
    ROWS_P99,
    ROWS_MEMORY,
    ROWS_CPU,      /* processor time */
    ROWS_CPU_RATE, /* percent of one processor, since the last time */
    ROWS_RESTARTS,
    ROWS_UPTIME,
    ROWS_HEARD, /* how long ago something came from a device */
    ROWS_PID,
    ROWS_NOTE, /* about the state, and what went wrong last */
    ROWS_COLUMNS_,
};

/* What an instance has done in the last second or so. */
struct rows_rates {
    double in_per_s;
    double out_per_s;
    double cpu_percent;
};

/* Makes a table without rows. `hidden` has a bit for each column that is left out. */
struct table rows_table(unsigned hidden);

/* Adds an instance; `rates` may be NULL if their columns are left out. False when out of memory. */
bool rows_add(struct table *table, const struct control_instance *instance, const struct rows_rates *rates);

#endif
