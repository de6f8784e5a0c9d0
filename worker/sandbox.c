/* See sandbox.h: the order of the layers. */
#include "worker/sandbox.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int sandbox_fail(struct sandbox_error *error, const char *layer, const char *format, ...)
{
    va_list args;

    error->layer = layer;
    error->error = errno;
    va_start(args, format);
    vsnprintf(error->what, sizeof(error->what), format, args);
    va_end(args);
    return -error->error;
}

int sandbox_enter(const struct sandbox *sandbox, struct sandbox_error *error)
{
    /*
     * The layers before the capabilities need those of the new user namespace; Landlock needs no_new_privs,
     * which goes with them.
     */
    static int (*const layers[])(const struct sandbox *, struct sandbox_error *) = {
        sandbox_identity, sandbox_limits, sandbox_root, sandbox_capabilities, sandbox_landlock,
    };

    for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {
        int r = layers[i](sandbox, error);

        if (r < 0)
            return r;
    }
    return 0;
}
