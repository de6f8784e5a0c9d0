/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The test plays the host of a driver: what the backend needs is a line of text each. Include it once per
 * program.
 */
#ifndef TESTS_UNIT_DRIVER_NEEDS_H
#define TESTS_UNIT_DRIVER_NEEDS_H

#include <stdio.h>
#include <string.h>

#include "firecurtain/driver.h"

struct fc_needs {
    char text[512];
};

static inline void note_need(struct fc_needs *needs, const char *kind, const char *what)
{
    size_t n = strlen(needs->text);

    snprintf(needs->text + n, sizeof(needs->text) - n, "%s %s\n", kind, what);
}

void fc_need_file(struct fc_needs *needs, const char *path)
{
    note_need(needs, "file", path);
}

void fc_need_device(struct fc_needs *needs, const char *path)
{
    note_need(needs, "device", path);
}

void fc_need_group(struct fc_needs *needs, const char *group)
{
    note_need(needs, "group", group);
}

void fc_need_host(struct fc_needs *needs, const char *host, const char *port)
{
    note_need(needs, host, port);
}

#endif
