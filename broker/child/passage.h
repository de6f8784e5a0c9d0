/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps the lines of a traceback together until it is complete, so that lines of others do not come between
 * them in the log and the whole can be recognised when it comes again. What Python writes line by line is
 * known by its form, and what the worker itself says by marks. Runs in the broker; the text is hostile.
 */
#ifndef BROKER_CHILD_PASSAGE_H
#define BROKER_CHILD_PASSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "firecurtain/log.h"

#define PASSAGE_MAX_BYTES 16384

struct log_source;

/* Lines that have not been logged yet. Zeroed except for `lines`, which is borrowed, there are none. */
struct passage {
    struct log_source *lines;
    enum passage_state {
        PASSAGE_PLAIN,  /* or none at all */
        PASSAGE_INSIDE, /* after "Traceback (most recent call last):" or what announces another one */
        PASSAGE_ENDED,  /* after the line that names the exception */
    } state;
    enum fc_log_level level;
    size_t n_lines;
    size_t bytes;
    char *text; /* with line breaks between the lines; room for PASSAGE_MAX_BYTES, or NULL */
};

/* Adds a line. `continues` says that it belongs to the one before. If not, what was there is logged first.
 * False: some of that was left out. */
bool passage_add(struct passage *passage, enum fc_log_level level, const char *line, size_t bytes,
                 bool continues);

/* Whether more is sure to come. */
static inline bool passage_is_open(const struct passage *passage)
{
    return passage->state == PASSAGE_INSIDE;
}

/* Logs what is there, and frees its memory. False: some of it is left out. */
bool passage_end(struct passage *passage);

#endif
