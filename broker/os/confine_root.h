/* SPDX-License-Identifier: BSD-2-Clause */
/* A driver's private root: a layer of confine.h. */
#ifndef BROKER_OS_CONFINE_ROOT_H
#define BROKER_OS_CONFINE_ROOT_H

#include "broker/os/confine.h"

/*
 * Leaves the process, in a mount namespace of its own, a root with nothing but `paths`, where they were. Each
 * is read-only, but for devices. 0 or -errno; also 0 where nothing may be mounted: then *has_root is false.
 */
int confine_driver_root(const struct confine_paths *paths, bool *has_root);

#endif
