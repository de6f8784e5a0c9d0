/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks for a program beside this one, and where the build or the installation has it from here. */
#include "broker/os/program.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

void program_find(const char *name, char *path, size_t bytes)
{
    static const char *const places[] = {"", "../worker/", "../" FIRECURTAIN_LIBEXEC_DIR "/firecurtain/"};
    char own[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
    char *slash;

    own[n > 0 ? n : 0] = '\0';
    slash = strrchr(own, '/');
    if (slash)
        slash[1] = '\0';
    for (size_t i = 0; slash && i < FC_ARRAY_SIZE(places); i++) {
        if (snprintf(path, bytes, "%s%s%s", own, places[i], name) < (int)bytes && access(path, X_OK) == 0)
            return;
    }
    snprintf(path, bytes, "%s/%s", FIRECURTAIN_WORKER_DIR, name);
}
