/* SPDX-License-Identifier: BSD-2-Clause */
/* Forks the keeper while the broker still has its rights; runs in the broker before it confines itself. */
#include "broker/keeper/fork.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/keeper/private.h"
#include "broker/keeper/serve.h"

static int fork_connect(int keeper[2], int counter[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, keeper) < 0)
        return -errno;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, counter) == 0)
        return 0;
    close(keeper[0]);
    close(keeper[1]);
    return -EMFILE;
}

int keeper_new(struct keeper **keeperp, const struct keeper_spec *spec)
{
    struct keeper *keeper = calloc(1, sizeof(*keeper));
    int pair[2], counter[2], r;

    if (!keeper)
        return -ENOMEM;
    r = fork_connect(pair, counter);
    if (r < 0) {
        free(keeper);
        return r;
    }
    keeper->pid = fork();
    if (keeper->pid == 0)
        keeper_serve(pair[1], counter[1], spec);
    close(pair[1]);
    close(counter[1]);
    keeper->socket = pair[0];
    keeper->counter = counter[0];
    *keeperp = keeper;
    if (keeper->pid > 0) {
        cgroups_hand_over(spec->cgroups);
        return 0;
    }
    *keeperp = keeper_free(keeper);
    return -EAGAIN;
}
