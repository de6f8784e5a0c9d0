/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The script backend: Python scripts, each in a worker. It is the only backend that is part of the core. This
 * folder runs in the broker: it holds the options, queues and values of each script, starts and replaces its
 * workers by way of guest/, and hands what they put out to the router. Only the worker runs Python.
 *
 * It must not know the protocols of other backends, how configurations are read, or what is recorded: the
 * show tells it (firecurtain/backend.h), and it tells the show's observer. Read on in private.h (the
 * structures), run.h (the life of an instance), pump.h (its events), reload.h (changes while it runs).
 */
#ifndef BROKER_PYTHON_BACKEND_H
#define BROKER_PYTHON_BACKEND_H

#include "firecurtain/backend.h"

struct fc_instance;
struct path_set;

extern const struct fc_backend backend_python;

/* Adds everything that the script may see in addition to its private folder. 0 or -ENOMEM. */
int python_collect_shown(const struct fc_instance *instance, struct path_set *shown);

#endif
