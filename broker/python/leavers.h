/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Workers that were replaced by one with changed files, for as long as they clean up. Only for this folder.
 */
#ifndef BROKER_PYTHON_LEAVERS_H
#define BROKER_PYTHON_LEAVERS_H

struct guest;
struct python;

/* Asks the worker to stop, and keeps it until it has. -ENOMEM. */
int python_add_leaver(struct python *python, struct guest *guest);

/* Ends all of them at once. */
void python_free_leavers(struct python *python);

#endif
