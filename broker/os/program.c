/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks for a program beside this one, and where the build or the installation has it from here. */
#include "broker/os/program.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"

/* Finds the folder of this program, with a slash at the end; empty if /proc does not tell. */
static void program_own_folder(char *folder, size_t bytes)
{
    ssize_t n = readlink("/proc/self/exe", folder, bytes - 1);
    char *slash;

    folder[n > 0 ? n : 0] = '\0';
    slash = strrchr(folder, '/');
    folder[slash ? slash + 1 - folder : 0] = '\0';
}

/* Whether this is the installed program: another one, such as a built one, must not take its parts. */
static bool program_is_installed(const char *own)
{
    static const char *const folders[] = {FIRECURTAIN_BIN_DIR, FIRECURTAIN_WORKER_DIR};
    char real[PATH_MAX];

    for (size_t i = 0; i < FC_ARRAY_SIZE(folders); i++) {
        size_t n = realpath(folders[i], real) ? strlen(real) : 0;

        if (n && strncmp(own, real, n) == 0 && strcmp(own + n, "/") == 0)
            return true;
    }
    return !own[0];
}

void program_find(const char *name, char *path, size_t bytes)
{
    static const char *const places[] = {"", "../worker/", "../" FIRECURTAIN_LIBEXEC_DIR "/firecurtain/"};
    char own[PATH_MAX];

    program_own_folder(own, sizeof(own));
    for (size_t i = 0; own[0] && i < FC_ARRAY_SIZE(places); i++) {
        if (snprintf(path, bytes, "%s%s%s", own, places[i], name) < (int)bytes && access(path, X_OK) == 0)
            return;
    }
    if (program_is_installed(own))
        snprintf(path, bytes, "%s/%s", FIRECURTAIN_WORKER_DIR, name);
    else
        snprintf(path, bytes, "%s%s%s", own, strcmp(name, PROGRAM_WORKER) == 0 ? "../worker/" : "", name);
}

const char *program_find_driver(const char *driver, char *path, size_t bytes)
{
    char name[64];

    snprintf(name, sizeof(name), "firecurtain-driver-%s", driver);
    program_find(name, path, bytes);
    return strrchr(path, '/') + 1;
}

void program_find_data(const char *name, char *path, size_t bytes)
{
    char own[PATH_MAX];

    program_own_folder(own, sizeof(own));
    if (snprintf(path, bytes, "%s%s", own, name) < (int)bytes && access(path, R_OK | X_OK) == 0)
        return;
    snprintf(path, bytes, "%s/firecurtain/%s", FIRECURTAIN_DATA_DIR, name);
}

bool program_follows_broker(int link)
{
    char byte;

    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
           recv(link, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) != 0;
}
