/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program reads once as it starts has been read when a worker gets its environment: its interpreter
 * was started before, in the zygote. worker/prelude/environment.py sees to those for which something can be
 * done; the others are refused here, lest they silently do nothing.
 */
#include "broker/python/variables.h"

#include <stdbool.h>
#include <string.h>

#include "firecurtain/cleanup.h"

#define VARIABLES_STARTED "the interpreter has started before"
#define VARIABLES_UTF8    "scripts always use UTF-8, and so does the log"

static const struct {
    const char *name; /* one that ends in '*' stands for all that begin so */
    const char *reason;
} variables[] = {
    {"LD_*", "the program and its libraries are loaded before"},
    {"GLIBC_TUNABLES", "the C library has started before"},
    {"MALLOC_*", "the C library has started before; the option memory limits what the script may use"},
    {"PYTHONASYNCIODEBUG", "call set_debug(True) of the event loop"},
    {"PYTHONBREAKPOINT", "there is no terminal for a debugger"},
    {"PYTHONCASEOK", VARIABLES_STARTED},
    {"PYTHONCOERCECLOCALE", VARIABLES_UTF8},
    {"PYTHONDEBUG", VARIABLES_STARTED},
    {"PYTHONDEVMODE", VARIABLES_STARTED "; PYTHONWARNINGS=default shows all warnings"},
    {"PYTHONDUMPREFS*", VARIABLES_STARTED},
    {"PYTHONEXECUTABLE", "a worker is no program of its own"},
    {"PYTHONHASHSEED", VARIABLES_STARTED},
    {"PYTHONHOME",
     "scripts use the machine's Python; the option read shows a virtual environment's packages"},
    {"PYTHONINSPECT", "there is no terminal for an interactive session"},
    {"PYTHONIOENCODING", VARIABLES_UTF8},
    {"PYTHONMALLOC*", VARIABLES_STARTED},
    {"PYTHONNODEBUGRANGES", VARIABLES_STARTED},
    {"PYTHONOPTIMIZE", VARIABLES_STARTED},
    {"PYTHONPLATLIBDIR", VARIABLES_STARTED},
    {"PYTHONPROFILEIMPORTTIME", VARIABLES_STARTED},
    {"PYTHONPYCACHEPREFIX", "the script's folder is read-only, and no bytecode is written"},
    {"PYTHONSTARTUP", "it is for interactive sessions; write an import into the script"},
    {"PYTHONUSERBASE", "packages of a user are not searched; the option read shows a folder of packages"},
    {"PYTHONUTF8", VARIABLES_UTF8},
    {"PYTHONVERBOSE", VARIABLES_STARTED},
    {"PYTHONWARNDEFAULTENCODING", VARIABLES_STARTED},
};

static bool variables_match(const char *pattern, const char *name, size_t bytes)
{
    size_t n = strlen(pattern);

    return pattern[n - 1] == '*' ? bytes >= n - 1 && strncmp(pattern, name, n - 1) == 0
                                 : bytes == n && strncmp(pattern, name, n) == 0;
}

int variables_check(const char *entry, struct fc_reason *reason)
{
    size_t bytes = strcspn(entry, "=");

    for (size_t i = 0; i < FC_ARRAY_SIZE(variables); i++) {
        if (variables_match(variables[i].name, entry, bytes))
            return fc_refuse(reason, "%.*s has no effect on a script: %s", (int)bytes, entry,
                             variables[i].reason);
    }
    return 0;
}
