/* The python backend: scripts in workers. The only backend that is part of the core. */
#ifndef BROKER_PYTHON_H
#define BROKER_PYTHON_H

#include "broker/config.h"
#include "firecurtain/backend.h"

struct fc_instance;

extern const struct fc_backend backend_python;

/*
 * What can be known about an instance's modules and handlers without running them: looks for the files, and
 * for the functions' names in them. Findings are added as errors. Reads files.
 */
void python_check(const struct fc_instance *instance, struct config *config);

/* Everything that the script may see beside its private folder. 0 or -ENOMEM. */
int python_collect_shown(const struct fc_instance *instance, struct path_set *shown);

#endif
