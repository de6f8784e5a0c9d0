/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pipe for what a child writes to stdout or stderr, which is copied to the log line by line.
 * Long lines are cut, and their number per second is limited; those left out are counted. A line may begin
 * with a priority such as "<3>", see sd-daemon(3).
 */
#ifndef BROKER_CHILD_OUTPUT_H
#define BROKER_CHILD_OUTPUT_H

#include "firecurtain/log.h"

struct log_source;
struct loop;
struct output;
struct script_folders;

/*
 * Makes a pipe; `*write_end` belongs to the caller, to pass on and close. `lines` is borrowed: what may be
 * written, and about which instance. Lines without a priority are logged at `level`. -errno.
 */
int output_new(struct output **output, struct loop *loop, struct log_source *lines, enum fc_log_level level,
               int *write_end);

/* Says where the folders of the script are, in whose lines paths are shown from now on as the reader knows
 * them. */
void output_set_folders(struct output *output, const struct script_folders *folders);

/* Logs what was written and has not been read yet, as far as the lines are complete. Takes NULL. */
void output_drain(struct output *output);

/* Logs what was written and has not been read yet, then closes. Takes NULL; returns NULL. */
struct output *output_free(struct output *output);

#endif
