/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks and layers of the desk that do nothing. One of them replaces the real one in a desk (-Wl,--wrap);
 * tests/escape/test_broken.py shows that this is noticed.
 */
#include "broker/os/confine.h"
#include "broker/os/confine_desk.h"
#include "proto/zmtp.h"

const char *__wrap_zmtp_check(struct zmtp *zmtp, const uint8_t *bytes, size_t n_bytes, uint64_t max_message);
const char *__wrap_zmtp_check(struct zmtp *zmtp, const uint8_t *bytes, size_t n_bytes, uint64_t max_message)
{
    return NULL;
}

int __wrap_confine_desk(const struct confine_spec *spec);
int __wrap_confine_desk(const struct confine_spec *spec)
{
    return 0;
}

int __wrap_confine_desk_limits(void);
int __wrap_confine_desk_limits(void)
{
    return 0;
}

int __wrap_confine_desk_filter(void);
int __wrap_confine_desk_filter(void)
{
    return 0;
}
