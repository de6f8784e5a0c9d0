/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks and layers of the desk that do nothing. One of them replaces the real one in a desk (-Wl,--wrap);
 * tests/escape/test_broken.py shows that this is noticed.
 */
#include "proto/zmtp.h"

const char *__wrap_zmtp_check(struct zmtp *zmtp, const uint8_t *bytes, size_t n_bytes, uint64_t max_message);
const char *__wrap_zmtp_check(struct zmtp *zmtp, const uint8_t *bytes, size_t n_bytes, uint64_t max_message)
{
    return NULL;
}
