/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths of private folders. */
#include "broker/python/state_folder.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "broker/base/runtime.h"
#include "broker/keeper/client.h"

/* FNV-1a: tells apart the shows of one installation; nothing depends on it being hard to guess. */
static uint32_t state_folder_hash(const char *text)
{
    uint32_t hash = 2166136261u;

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

void state_folder_name(const char *show, char *name, size_t bytes)
{
    const char *base = strrchr(show, '/');

    base = base ? base + 1 : show;
    snprintf(name, bytes, "%.*s-%08x", (int)strcspn(base, "."), base, state_folder_hash(show));
}

int state_folder_open(const struct runtime *runtime, unsigned account, const char *show, const char *instance,
                      char *path, size_t bytes)
{
    char name[NAME_MAX + 1];
    int n;

    state_folder_name(show, name, sizeof(name));
    n = snprintf(path, bytes, "%s/%s/%s", runtime->state_folder, name, instance);
    return n >= (int)bytes ? -ENAMETOOLONG : keeper_make_state_folder(runtime->keeper, account, path);
}
