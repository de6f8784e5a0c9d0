/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program firecurtain-worker. Only the broker's keeper starts it, as a zygote: `firecurtain-worker UID
 * GID KEEPER STATE-ROOT STATE-SHOW SHOWN…`. Started as root it changes to that uid and gid; a zygote never
 * stays root. The paths limit what workers can be given, whatever the broker asks for.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "proto/spawn_paths.h"
#include "worker/base/interpreter.h"
#include "worker/base/say.h"
#include "worker/libc/alarm.h"
#include "worker/libc/libc.h"
#include "worker/sandbox/seccomp.h"
#include "worker/sandbox/unchroot.h"
#include "worker/script/module.h"
#include "worker/zygote.h"

#define MAIN_ARENAS 2 /* of malloc() */

enum main_argument {
    MAIN_UID = 1,
    MAIN_GID,
    MAIN_KEEPER,
    MAIN_STATE_ROOT,
    MAIN_STATE_SHOW, /* may be empty */
    MAIN_SHOWN,
};

#ifdef FIRECURTAIN_ASAN
/* Crashes must end the process by their signal, and Python frees nothing at its end. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "handle_segv=0:handle_abort=0:detect_leaks=0";
}
#endif

static int main_drop_root(const char *uid_text, const char *gid_text)
{
    uid_t uid = (uid_t)strtoul(uid_text, NULL, 10);
    gid_t gid = (gid_t)strtoul(gid_text, NULL, 10);
    int r;

    if (geteuid() != 0)
        return 0;
    if (uid == 0 || gid == 0) {
        errno = EPERM;
        return -1;
    }
    if (zygote_may_confine() < 0 && (r = unchroot()) < 0)
        say(SAY_WARNING "zygote: cannot leave the chroot: %s", strerror(-r));
    return setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 ? -1 : 0;
}

static bool main_is_zygote(void)
{
    int type;
    socklen_t bytes = sizeof(type);

    return getsockopt(SPAWN_FD, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 && type == SOCK_SEQPACKET;
}

/* Erases the environment, also in /proc: it was for the dynamic linker and is no business of scripts. */
static void main_forget_environment(void)
{
    for (char **entry = environ; entry && *entry; entry++)
        memset(*entry, 0, strlen(*entry));
    clearenv();
}

int main(int argc, char **argv)
{
    struct spawn_paths paths = {0};
    bool was_root = geteuid() == 0;
    int refused;

    if (argc < MAIN_SHOWN || !main_is_zygote()) {
        say("firecurtain-worker is started by firecurtain and cannot be run by hand");
        return EX_USAGE;
    }
    main_forget_environment();
    /* each further one reserves 64 MiB of the address space, which is limited, and the interpreter has a lock
     */
    mallopt(M_ARENA_MAX, MAIN_ARENAS);
    libc_start();
    alarm_take_over();
    alarm_on_watchdog(interpreter_interrupt);
    if (main_drop_root(argv[MAIN_UID], argv[MAIN_GID]) < 0) {
        say(SAY_ERROR "zygote: cannot give up root: %s", strerror(errno));
        return SPAWN_EXIT_SANDBOX;
    }
    /*
     * Whoever else has a user's uid cannot take its socket to the broker, and speak for it. Without root
     * there are no users, and where processes of others are hidden, the keeper would not see this one's
     * children.
     */
    if (prctl(PR_SET_DUMPABLE, !was_root) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
        say(SAY_ERROR "zygote: prctl: %s", strerror(errno));
        return SPAWN_EXIT_SANDBOX;
    }
    fcntl(SPAWN_FD, F_SETFD, FD_CLOEXEC);
    signal(SIGPIPE, SIG_IGN); /* Python expects this; without its own signal handlers it does not do it */
    signal(SIGXFSZ, SIG_IGN);
    refused = zygote_may_confine();
    if (sandbox_seccomp_compile(refused == 0) < 0) {
        say(SAY_ERROR "zygote: the system call filter cannot be compiled");
        return SPAWN_EXIT_SANDBOX;
    }
    if (interpreter_start("midimonster", module_make) < 0)
        return 1;
    paths.state_root = argv[MAIN_STATE_ROOT];
    paths.state_show = argv[MAIN_STATE_SHOW];
    paths.shown = (const char *const *)argv + MAIN_SHOWN;
    paths.n_shown = (size_t)(argc - MAIN_SHOWN);
    return zygote_run(refused, &paths, (pid_t)strtol(argv[MAIN_KEEPER], NULL, 10));
}
