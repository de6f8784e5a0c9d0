/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths as the reader of the log knows them: a script sees its folders as /show and /state, and so do its
 * tracebacks. The worker need not know where they are. Pure; the text is hostile.
 */
#ifndef BROKER_CHILD_SCRIPT_PATH_H
#define BROKER_CHILD_SCRIPT_PATH_H

#include <stddef.h>

/* The folders' own paths; NULL: unknown, which leaves theirs as it is. */
struct script_folders {
    const char *script;
    const char *state;
};

/*
 * Copies a line of the log to `out`, which has room for `room` bytes, and replaces the folder of a file's
 * path where Python writes one: `File "/show/x.py", line 3`, `/show/x.py:3: Warning`, and
 * `ImportError: … (/show/x.py)`. What does not fit is cut. Returns the number of bytes.
 */
size_t script_path_write(const struct script_folders *folders, const char *line, size_t n, char *out,
                         size_t room);

#endif
