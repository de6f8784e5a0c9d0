/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of the console's front end (broker/console), in memory, since the desk cannot open any. In the
 * desk. */
#ifndef BROKER_DESK_PAGES_H
#define BROKER_DESK_PAGES_H

#include <stddef.h>

struct page_file {
    const char *path; /* as browsers ask for it */
    const char *type;
    void *bytes; /* NULL: it is missing */
    size_t n_bytes;
};

/* Reads the files from where they are installed or built, before the desk confines itself. */
void pages_load(void);

/* Returns the file that a browser asks for, or NULL. */
const struct page_file *pages_find(const char *path);

#endif
