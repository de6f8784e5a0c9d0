/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layers of a driver that do nothing. One of them replaces the real one in a driver (-Wl,--wrap);
 * tests/escape/test_broken.py shows that this is noticed.
 */
#include "broker/os/confine.h"
#include "broker/os/confine_driver.h"
#include "broker/os/confine_root.h"

int __wrap_confine_driver(const struct confine_spec *spec, const struct confine_paths *paths,
                          struct confine_found *found);
int __wrap_confine_driver(const struct confine_spec *spec, const struct confine_paths *paths,
                          struct confine_found *found)
{
    found->listener = -1;
    return 0;
}

int __wrap_confine_driver_root(const struct confine_paths *paths, bool *has_root);
int __wrap_confine_driver_root(const struct confine_paths *paths, bool *has_root)
{
    return 0;
}

int __wrap_confine_driver_landlock(const struct confine_paths *paths);
int __wrap_confine_driver_landlock(const struct confine_paths *paths)
{
    return 0;
}

int __wrap_confine_driver_filter(const struct confine_paths *paths, int *listener);
int __wrap_confine_driver_filter(const struct confine_paths *paths, int *listener)
{
    return 0;
}

int __wrap_confine_driver_limits(void);
int __wrap_confine_driver_limits(void)
{
    return 0;
}
