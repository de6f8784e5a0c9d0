/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * firecurtain check --sandbox: reports which layers hold on this kernel, for the caller, and what the options
 * of each instance open. It finds out by trying: each instance with a script gets a worker that runs none,
 * and each whose backend runs in a driver gets one that does not start it.
 */
#include "broker/cli/check_sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "broker/cli/check_runtime.h"
#include "broker/cli/common.h"
#include "broker/os/cgroup.h"
#include "broker/proxy/probe.h"
#include "broker/python/backend.h"
#include "broker/python/opens.h"
#include "broker/python/probe.h"
#include "broker/runtime/runtime.h"
#include "broker/show/show.h"
#include "firecurtain/cleanup.h"

/* The layers in their order; docs/sandbox.md says what each is for. */
static const char *const sandbox_layers[] = {
    "namespaces", "identity", "limits", "private root", "capabilities", "Landlock", "system calls",
};

/* Returns "OUTCOME\tTEXT" of a layer, up to the end of its line, or NULL. */
static const char *sandbox_find(const char *lines, const char *layer)
{
    size_t n = strlen(layer);

    while (*lines) {
        if (strncmp(lines, layer, n) == 0 && lines[n] == '\t')
            return lines + n + 1;
        lines += strcspn(lines, "\n");
        lines += *lines == '\n';
    }
    return NULL;
}

static void sandbox_print_layer(const char *layer, const char *found)
{
    size_t outcome = found ? strcspn(found, "\t\n") : 0;
    const char *text = found ? found + outcome + (found[outcome] == '\t') : "";

    printf("    %-14s %-9.*s %.*s\n", layer, found ? (int)outcome : 9, found ? found : "not tried",
           (int)strcspn(text, "\n"), text);
}

/* Prints the layers that a process has told of. `why` is for one that did not hold. Returns whether it would
 * start. */
static bool sandbox_print_layers(const struct fc_instance *instance, bool held, const char *why,
                                 const char *lines)
{
    for (size_t i = 0; held && i < FC_ARRAY_SIZE(sandbox_layers); i++) {
        const char *found = sandbox_find(lines, sandbox_layers[i]);

        held = found && strncmp(found, "fails\t", 6) != 0;
    }
    printf("\n%s: %s%s%s\n  layers\n", instance->name, held ? "would start" : "would NOT start",
           held ? "" : ": ", held ? "" : why);
    for (size_t i = 0; i < FC_ARRAY_SIZE(sandbox_layers); i++)
        sandbox_print_layer(sandbox_layers[i], sandbox_find(lines, sandbox_layers[i]));
    return held;
}

/* Prints an instance whose backend runs in a driver. Returns whether that would start. */
static bool sandbox_print_driver(const struct fc_instance *instance, struct runtime *runtime)
{
    struct proxy_probe probe;
    int r = proxy_probe(instance, runtime, &probe);
    const char *why = probe.lines + (probe.lines[0] == '<' && probe.lines[1] ? 3 : 0); /* without its level */
    bool held;

    probe.lines[strcspn(probe.lines, probe.held ? "" : "\n")] = '\0';
    held = sandbox_print_layers(instance, r == 0 && probe.held,
                                r < 0    ? strerror(-r)
                                : why[0] ? why
                                         : "its driver does not answer",
                                probe.lines);
    puts("  options");
    proxy_print_opens(instance, stdout);
    return held;
}

/* Prints an instance with a script. Returns whether it would start. */
static bool sandbox_print_script(const struct fc_instance *instance, struct runtime *runtime)
{
    struct python_probe probe;
    int r = python_probe(instance, runtime, &probe);
    bool held = sandbox_print_layers(instance, r == 0 && probe.held, probe.why[0] ? probe.why : strerror(-r),
                                     probe.lines);

    /* the worker cannot know: it is in its group from its first instruction on */
    printf("    %-14s %-9s %s\n", "cgroup", cgroups_controllers(runtime->cgroups) ? "holds" : "absent",
           cgroups_describe(runtime->cgroups));
    puts("  options");
    python_print_opens(instance, stdout);
    return held;
}

int cli_check_sandbox(const struct cli_options *options, struct show *show, struct users *users)
{
    struct check_runtime check;
    size_t n_failed = 0;
    int status = check_runtime_begin(&check, options, show, users) ? EX_OK : EX_OSERR;

    for (size_t i = 0; status == EX_OK && i < show->n_instances; i++) {
        const struct fc_instance *instance = show->instances[i];

        if (instance->backend->driver)
            n_failed += !sandbox_print_driver(instance, show->runtime);
        else if (instance->backend == &backend_python)
            n_failed += !sandbox_print_script(instance, show->runtime);
        fflush(stdout);
    }
    check_runtime_end(&check, show);
    return n_failed ? EX_OSERR : status;
}
