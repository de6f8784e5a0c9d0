/* SPDX-License-Identifier: BSD-2-Clause */
/* Listening sockets in the accounts' link folders; runs in the keeper. */
#include "broker/keeper/links.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker/os/file_as.h"
#include "firecurtain/cleanup.h"

#define LINKS_BACKLOG 4

static int links_folder(const struct keeper_call *call)
{
    return KEEPER_LINK_FOLDER + (int)call->request->account;
}

int keeper_do_remove(struct keeper_call *call)
{
    if (!keeper_is_name(call->request->text))
        return -EPERM;
    return unlinkat(links_folder(call), call->request->text, 0) < 0 ? -errno : 0;
}

/* Binds with the user's rights in the user's folder, so there is no file to give away that could be swapped.
 */
static int links_bind_as(const struct keeper_call *call, int fd)
{
    const struct keeper_account *account = keeper_account_of(call);
    const struct file_identity identity = {account->uid, account->gid, true};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    FC_AUTO_CLOSE int before = open(".", O_PATH | O_CLOEXEC);
    int r;

    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", call->request->text) >=
        (int)sizeof(address.sun_path))
        return -ENAMETOOLONG;
    r = before < 0 ? -errno : file_as_begin(&identity);
    if (r < 0)
        return r;
    if (fchdir(links_folder(call)) < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        r = -errno;
    file_as_end(&identity);
    return fchdir(before) < 0 ? -errno : r;
}

static int links_bind(const struct keeper_call *call, int fd)
{
    const struct keeper_account *account = keeper_account_of(call);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int folder = links_folder(call);

    /* through the descriptor: however long the folder's path is, the address is short */
    if (snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", folder,
                 call->request->text) >= (int)sizeof(address.sun_path))
        return -ENAMETOOLONG;
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    if (!call->spec->is_root)
        return 0;
    return fchownat(folder, call->request->text, account->uid, account->gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno
                                                                                                      : 0;
}

int keeper_do_listen(struct keeper_call *call)
{
    bool is_users = call->spec->is_root && call->request->account > 0;
    int r;

    if (!keeper_is_name(call->request->text))
        return -EPERM;
    call->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (call->fd < 0)
        return -errno;
    r = is_users ? links_bind_as(call, call->fd) : links_bind(call, call->fd);
    if (r < 0)
        return r;
    return listen(call->fd, LINKS_BACKLOG) < 0 ? -errno : 0;
}
