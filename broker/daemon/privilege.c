/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at the program's installation, the caller's uid and the capabilities. */
#include "broker/daemon/privilege.h"

#include <linux/capability.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Returns what the caller has to change, or NULL. */
static const char *privilege_find(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};

    if (getauxval(AT_SECURE) || getuid() != geteuid() || getgid() != getegid())
        return "this program is installed setuid, setgid or with capabilities; remove these, or use another "
               "copy of it";
    if (geteuid() == 0)
        return "as root, a script could do anything to this machine: start firecurtain as an ordinary user, "
               "for example with runuser -u NAME -- firecurtain run --insecure-no-sandbox";
    if (syscall(SYS_capget, &header, sets) < 0 || sets[0].permitted || sets[1].permitted)
        return "the caller has capabilities; drop them, for example with setpriv --inh-caps=-all "
               "--ambient-caps=-all";
    return NULL;
}

int privilege_check_no_sandbox(void)
{
    const char *privilege = privilege_find();

    if (!privilege)
        return EX_OK;
    fprintf(stderr, "firecurtain: --insecure-no-sandbox is refused: %s\n", privilege);
    return EX_NOPERM;
}
