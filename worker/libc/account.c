/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for getpwuid(), getpwnam(), getgrgid(), getgrnam() and their thread-safe forms: a script has one
 * user and one group, whose home is the private folder. There is no /etc/passwd that would tell of others.
 */
#include "worker/libc/names.h"

#include "worker/libc/libc.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "proto/spawn_request.h"

#define ACCOUNT_BYTES 4352 /* a path, and more */

static bool account_is(const char *name)
{
    return strcmp(name, LIBC_USER) == 0;
}

static int account_fill(bool found, struct passwd *entry, char *buffer, size_t bytes, struct passwd **result)
{
    *result = NULL;
    if (!found)
        return 0;
    if (snprintf(buffer, bytes, "%s", libc_facts.state_folder) >= (int)bytes)
        return ERANGE;
    *entry = (struct passwd){.pw_name = (char *)LIBC_USER,
                             .pw_passwd = (char *)"x",
                             .pw_uid = SPAWN_INNER_ID,
                             .pw_gid = SPAWN_INNER_ID,
                             .pw_gecos = (char *)"",
                             .pw_dir = buffer,
                             .pw_shell = (char *)"/usr/sbin/nologin"};
    *result = entry;
    return 0;
}

int getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t bytes, struct passwd **result)
{
    if (!libc_facts.is_confined)
        return LIBC_NEXT(getpwuid_r)(uid, entry, buffer, bytes, result);
    return account_fill(uid == SPAWN_INNER_ID, entry, buffer, bytes, result);
}

int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t bytes, struct passwd **result)
{
    if (!libc_facts.is_confined)
        return LIBC_NEXT(getpwnam_r)(name, entry, buffer, bytes, result);
    return account_fill(account_is(name), entry, buffer, bytes, result);
}

static struct passwd *account_static(bool found)
{
    static char buffer[ACCOUNT_BYTES];
    static struct passwd entry;
    struct passwd *result;

    account_fill(found, &entry, buffer, sizeof(buffer), &result);
    return result;
}

struct passwd *getpwuid(uid_t uid)
{
    return libc_facts.is_confined ? account_static(uid == SPAWN_INNER_ID) : LIBC_NEXT(getpwuid)(uid);
}

struct passwd *getpwnam(const char *name)
{
    return libc_facts.is_confined ? account_static(account_is(name)) : LIBC_NEXT(getpwnam)(name);
}

static int account_fill_group(bool found, struct group *entry, struct group **result)
{
    static char *members[] = {NULL};

    *entry = (struct group){.gr_name = (char *)LIBC_USER,
                            .gr_passwd = (char *)"x",
                            .gr_gid = SPAWN_INNER_ID,
                            .gr_mem = members};
    *result = found ? entry : NULL;
    return 0;
}

int getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t bytes, struct group **result)
{
    if (!libc_facts.is_confined)
        return LIBC_NEXT(getgrgid_r)(gid, entry, buffer, bytes, result);
    return account_fill_group(gid == SPAWN_INNER_ID, entry, result);
}

int getgrnam_r(const char *name, struct group *entry, char *buffer, size_t bytes, struct group **result)
{
    if (!libc_facts.is_confined)
        return LIBC_NEXT(getgrnam_r)(name, entry, buffer, bytes, result);
    return account_fill_group(account_is(name), entry, result);
}
