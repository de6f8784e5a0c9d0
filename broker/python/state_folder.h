/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where an instance's private folder is: STATE/SHOW/INSTANCE below the broker's state folder, where SHOW
 * tells shows apart by the path of their configuration. Runs in the broker; the keeper makes the folder.
 */
#ifndef BROKER_PYTHON_STATE_FOLDER_H
#define BROKER_PYTHON_STATE_FOLDER_H

#include <stddef.h>

struct runtime;

/* Writes the name of a show's folder, by the path of its configuration. */
void state_folder_name(const char *show, char *name, size_t bytes);

/*
 * Opens the private folder of an instance of an account, made if it is missing, and writes its path. Waits
 * for the keeper. Returns a descriptor (O_PATH), the caller's, or -errno.
 */
int state_folder_open(const struct runtime *runtime, unsigned account, const char *show, const char *instance,
                      char *path, size_t bytes);

#endif
