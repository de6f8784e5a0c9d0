/* SPDX-License-Identifier: BSD-2-Clause */
/* The settings' cost is fixed: 16 MiB and one pass, as for passwords of accounts in Debian. */
#include "broker/desk/pin.h"

#include <crypt.h>
#include <stdio.h>
#include <string.h>

#include "broker/base/rate.h"

#define PIN_PREFIX "$y$j9T$"
#define PIN_BURST  3

bool pin_is_sound(const char *pin)
{
    size_t n = strspn(pin, "0123456789");

    return n >= PIN_LEAST && n <= PIN_MOST && !pin[n];
}

bool pin_may_hash(uint64_t now_ns)
{
    static struct rate rate;

    if (!rate.per_second)
        rate_init_burst(&rate, 1, PIN_BURST);
    return rate_allow(&rate, now_ns);
}

bool pin_hash(const char *pin, const char *like, char hash[CONTROL_MAX_PIN + 1])
{
    static struct crypt_data data; /* 32 KiB */
    char settings[CRYPT_GENSALT_OUTPUT_SIZE];
    const char *found;

    if (!like && crypt_gensalt_rn("$y$", 0, NULL, 0, settings, sizeof(settings)))
        like = settings;
    if (!like || strncmp(like, PIN_PREFIX, strlen(PIN_PREFIX)) != 0)
        return false;
    found = crypt_r(pin, like, &data);
    if (!found || found[0] == '*' || strlen(found) > CONTROL_MAX_PIN)
        return false;
    snprintf(hash, CONTROL_MAX_PIN + 1, "%s", found);
    explicit_bzero(&data, sizeof(data));
    return true;
}
