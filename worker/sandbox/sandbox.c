/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of the layers. */
#include "worker/sandbox/sandbox.h"

#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "firecurtain/cleanup.h"
#include "worker/sandbox/capabilities.h"
#include "worker/sandbox/identity.h"
#include "worker/sandbox/landlock.h"
#include "worker/sandbox/limits.h"
#include "worker/sandbox/root.h"

/* Sets up a worker for debugging, which only ends with the broker and has its limits, like any other. */
static int sandbox_enter_none(const struct sandbox *sandbox, struct sandbox_error *error)
{
    int r = sandbox_identity(sandbox, error); /* refuses root */

    if (r == 0)
        r = sandbox_limits(sandbox, error);
    if (r == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        r = sandbox_fail(error, "none", "parent-death signal");
    return r;
}

int sandbox_prepare(struct sandbox *sandbox, bool leave, struct sandbox_error *error)
{
    int r = sandbox_identity(sandbox, error);

    if (r == 0)
        r = sandbox_root_prepare(sandbox, leave, &sandbox->old_root, error);
    sandbox->is_prepared = r == 0;
    return r;
}

int sandbox_enter(const struct sandbox *sandbox, struct sandbox_error *error)
{
    /*
     * The layers before "capabilities" need those of the new user namespace; Landlock needs no_new_privs,
     * which that layer sets.
     */
    static const struct {
        const char *name;
        int (*enter)(const struct sandbox *, struct sandbox_error *);
    } layers[] = {
        {"identity", sandbox_identity}, {"limits", sandbox_limits},
        {"private root", sandbox_root}, {"capabilities", sandbox_capabilities},
        {"Landlock", sandbox_landlock},
    };

    if (sandbox->none)
        return sandbox_enter_none(sandbox, error);
    for (size_t i = 0; i < FC_ARRAY_SIZE(layers); i++) {
        int r = layers[i].enter(sandbox, error);

        if (r < 0)
            return r;
        if (sandbox->passed)
            sandbox->passed(sandbox, layers[i].name);
    }
    return 0;
}
