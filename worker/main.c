/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firecurtain-worker: started by the broker's keeper only, as a zygote: `firecurtain-worker UID GID KEEPER
 * STATE-ROOT STATE-SHOW SHOWN…`. It takes on that identity if it was started as root; a zygote never stays
 * root. The paths are those that workers may be given, whatever the broker says.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/spawn_paths.h"
#include "worker/base/interpreter.h"
#include "worker/base/say.h"
#include "worker/sandbox/sandbox.h"
#include "worker/sandbox/unchroot.h"
#include "worker/script/module.h"
#include "worker/zygote.h"

enum main_argument {
    MAIN_UID = 1,
    MAIN_GID,
    MAIN_KEEPER,
    MAIN_STATE_ROOT,
    MAIN_STATE_SHOW, /* may be empty */
    MAIN_SHOWN,
};

#ifdef FIRECURTAIN_ASAN
/* A crash must stay the signal that it is, and Python frees nothing at its end. */
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
        say(SAY_WARNING "zygote: no way out of the chroot: %s", strerror(-r));
    return setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 ? -1 : 0;
}

static bool main_is_zygote(void)
{
    int type;
    socklen_t bytes = sizeof(type);

    return getsockopt(SPAWN_FD, SOL_SOCKET, SO_TYPE, &type, &bytes) == 0 && type == SOCK_SEQPACKET;
}

/* What it was started with is for the dynamic linker, and no script's business, also not in /proc. */
static void main_forget_environment(void)
{
    for (char **entry = environ; entry && *entry; entry++)
        memset(*entry, 0, strlen(*entry));
    clearenv();
}

int main(int argc, char **argv)
{
    struct spawn_paths paths = {0};
    int refused;

    if (argc < MAIN_SHOWN || !main_is_zygote()) {
        say("firecurtain-worker is started by firecurtain; there is nothing to run by hand");
        return 64;
    }
    main_forget_environment();
    if (main_drop_root(argv[MAIN_UID], argv[MAIN_GID]) < 0) {
        say(SAY_ERROR "zygote: give up root: %s", strerror(errno));
        return SPAWN_EXIT_SANDBOX;
    }
    if (prctl(PR_SET_DUMPABLE, 1) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
        say(SAY_ERROR "zygote: prctl: %s", strerror(errno));
        return SPAWN_EXIT_SANDBOX;
    }
    fcntl(SPAWN_FD, F_SETFD, FD_CLOEXEC);
    signal(SIGPIPE, SIG_IGN); /* Python expects these, and leaves them to us here */
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
