/* SPDX-License-Identifier: BSD-2-Clause */
/* Which layers of a driver hold, in words. In drivers, of which nothing else is wanted. */
#include "broker/host/probe.h"

#include <stdio.h>

#include "broker/os/confine_driver.h"
#include "proto/landlock.h"

static void probe_line(const char *layer, bool holds, const char *words)
{
    fprintf(stderr, "%s\t%s\t%s\n", layer, holds ? "holds" : "absent", words);
}

void probe_print(const struct confine_found *found)
{
    char words[128];

    probe_line("namespaces", found->is_apart,
               found->is_apart ? "mount, net, ipc, uts, cgroup; no network"
                               : "refused by this kernel; the others hold, and Landlock hides the files");
    probe_line("private root", found->has_root,
               found->has_root ? "only what its options name is there" : "nothing may be mounted here");
    snprintf(words, sizeof(words), "uid %u and gid %u", found->uid, found->gid);
    probe_line("identity", true, words);
    snprintf(words, sizeof(words), "%u MiB of memory, %d descriptors", CONFINE_DRIVER_MEMORY >> 20,
             CONFINE_DRIVER_FILES);
    probe_line("limits", true, words);
    probe_line("capabilities", true, "none, no_new_privs");
    snprintf(words, sizeof(words), "ABI %d", landlock_abi());
    probe_line("Landlock", found->has_landlock, found->has_landlock ? words : "this kernel has none");
    probe_line("system calls", true,
               found->listener < 0 ? "an allow-list" : "an allow-list; the gate decides about connections");
}
