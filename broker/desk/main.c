/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program firecurtain-desk: `firecurtain-desk UID GID KEEPER`, which only the keeper starts, with the
 * link and the control socket as descriptors (proto/desk_messages.h). It confines itself before it reads from
 * either.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/base/loop.h"
#include "broker/desk/desk.h"
#include "broker/desk/pages.h"
#include "broker/desk/say.h"
#include "broker/os/confine.h"
#include "broker/os/program.h"
#include "firecurtain/turns.h"
#include "proto/desk_messages.h"

#define DESK_NICE 10 /* events go before what is looked at */

static bool main_has_socket(int fd)
{
    int type;
    socklen_t bytes = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0;
}

int main(int argc, char **argv)
{
    struct confine_spec spec = {.is_root = geteuid() == 0};
    struct loop *loop;
    bool has_console;
    int r;

    if (argc != 4 || !main_has_socket(DESK_LINK) || !main_has_socket(DESK_LISTENER)) {
        fputs("firecurtain-desk is started by firecurtain and cannot be run by hand\n", stderr);
        return EX_USAGE;
    }
    spec.uid = (uid_t)strtoul(argv[1], NULL, 10);
    spec.gid = (gid_t)strtoul(argv[2], NULL, 10);
    signal(SIGPIPE, SIG_IGN);
    fc_take_turns(0, 0); /* not the broker's, with which it would interrupt that */
    setpriority(PRIO_PROCESS, 0, DESK_NICE);
    mallopt(M_ARENA_MAX, 1); /* one for each thread would take the whole address space */
    has_console = main_has_socket(DESK_CONSOLE_LISTENER);
    if (has_console)
        pages_load();
    r = loop_new(&loop);
    if (r < 0 || (spec.is_root && (spec.uid == 0 || spec.gid == 0)) || !program_follows_broker(DESK_LINK) ||
        confine_desk(&spec) < 0)
        return EX_OSERR;
    prctl(PR_SET_NAME, "fc-desk"); /* now it ends with the broker, whatever happens to it */
    r = desk_serve(loop, has_console);
    loop_free(loop);
    if (r == 0)
        return EX_OK;
    say_warning("the desk has failed: %s", strerror(-r));
    return EX_OSERR;
}
