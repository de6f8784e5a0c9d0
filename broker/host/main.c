/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs firecurtain-driver-NAME, one for each backend that runs in a driver, which the build names as
 * HOST_BACKEND. Only the keeper starts them, as `firecurtain-driver-NAME UID GID KEEPER`, with their end of
 * the link as a descriptor. A driver confines itself before it opens what its backend needs.
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

#include "broker/base/log.h"
#include "broker/host/host.h"
#include "broker/os/program.h"

extern const struct fc_backend HOST_BACKEND; /* with all of its slots */

#ifdef FIRECURTAIN_ASAN
/* Leaks are looked for by a process of its own, in /proc, which a driver does not have. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

static bool main_has_link(void)
{
    int type;
    socklen_t bytes = sizeof(type);

    return getsockopt(HOST_LINK, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 && type == SOCK_SEQPACKET;
}

int main(int argc, char **argv)
{
    struct confine_spec spec = {.is_root = geteuid() == 0};
    int r;

    if (argc != 4 || !main_has_link()) {
        fprintf(stderr, "%s is started by firecurtain and cannot be run by hand\n", argv[0]);
        return EX_USAGE;
    }
    spec.uid = (uid_t)strtoul(argv[1], NULL, 10);
    spec.gid = (gid_t)strtoul(argv[2], NULL, 10);
    spec.keeper = (pid_t)strtol(argv[3], NULL, 10);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_NAME, "fc-driver");
    mallopt(M_ARENA_MAX, 1); /* one for each thread would take the whole address space */
    log_init_copied();
    if ((spec.is_root && (spec.uid == 0 || spec.gid == 0)) || !program_follows_broker(HOST_LINK))
        return EX_OSERR;
    r = host_serve(&spec, &HOST_BACKEND);
    if (r == HOST_REPLACE)
        return EX_TEMPFAIL;
    if (r < 0)
        fc_log(FC_LOG_ERROR, NULL, "the driver has failed: %s", strerror(-r));
    return r < 0 ? EX_OSERR : EX_OK;
}
