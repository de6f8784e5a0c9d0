/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a command whose root is the root of its mount namespace: `rooted COMMAND…`. In a chroot the kernel
 * refuses user namespaces, also to the ordinary users as which tests run; root can leave it with the
 * product's own code. Only runs the command where user namespaces work, or where it cannot leave.
 */
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/sandbox/unchroot.h"

static int can_make_user_namespaces(void)
{
    int status = 1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(unshare(CLONE_NEWUSER) < 0);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(int argc, char **argv)
{
    char folder[PATH_MAX];

    if (argc < 2 || !getcwd(folder, sizeof(folder)))
        return 64;
    if (geteuid() == 0 && !can_make_user_namespaces() && unchroot() == 0 && chdir(folder) < 0)
        return 71;
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 127;
}
