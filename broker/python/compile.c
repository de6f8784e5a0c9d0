/* SPDX-License-Identifier: BSD-2-Clause */
/* Has scripts compiled, and reads what was found; the lines are hostile. */
#include "broker/python/compile.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/base/path_set.h"
#include "broker/base/suggest.h"
#include "broker/python/private.h"
#include "broker/python/probe.h"
#include "broker/python/run.h"
#include "broker/python/state_folder.h"
#include "broker/python/worker.h"
#include "broker/show/user.h"
#include "firecurtain/cleanup.h"

#define COMPILE_FOLDER  "check scripts" /* no instance can be called so */
#define COMPILE_MS      10000
#define COMPILE_MAX_ONE 1000 /* findings of an instance */

struct compile {
    const struct python *python;
    struct config *config;
    struct path_set outputs; /* channels that the script names in output() */
    bool is_dynamic;         /* it may name others */
    bool is_done;
    unsigned n;
};

/* Cuts the next field off a line. */
static const char *compile_field(char **rest)
{
    char *field = strsep(rest, "\t");

    return field ? field : "";
}

/* Writes the path as the caller knows it. */
static void compile_path(const struct compile *compile, const char *seen, char *path, size_t bytes)
{
    if (strncmp(seen, "/show/", 6) == 0)
        snprintf(path, bytes, "%s/%s", compile->python->folder, seen + 6);
    else
        snprintf(path, bytes, "%s", seen);
}

static void compile_take_finding(struct compile *compile, bool is_error, char *rest)
{
    struct config_location at;
    char path[PATH_MAX];
    const char *text, *hint;

    if (compile->n++ >= COMPILE_MAX_ONE)
        return;
    compile_path(compile, compile_field(&rest), path, sizeof(path));
    at.file = path;
    at.line = (uint32_t)strtoul(compile_field(&rest), NULL, 10);
    at.column = (uint32_t)strtoul(compile_field(&rest), NULL, 10);
    text = compile_field(&rest);
    hint = compile_field(&rest);
    config_diagnose_elsewhere(compile->config,
                              is_error && !compile->python->instance->owner ? CONFIG_ERROR : CONFIG_WARNING,
                              at, rest && *rest ? rest : NULL, *hint ? hint : NULL, text);
}

/* Takes what is wrong with a function if it is a handler. */
static void compile_take_handler(struct compile *compile, char *rest)
{
    const struct fc_instance *instance = compile->python->instance;
    const char *name = compile_field(&rest);

    for (uint32_t id = 0; id < instance->n_channels; id++) {
        if ((instance->channels[id].directions & FC_TARGET) &&
            strcmp(instance->channels[id].name->text, name) == 0) {
            compile_take_finding(compile, false, rest);
            return;
        }
    }
}

static void compile_take_line(struct compile *compile, char *line)
{
    const char *kind = compile_field(&line);

    if (strcmp(kind, "@error") == 0 || strcmp(kind, "@warning") == 0)
        compile_take_finding(compile, strcmp(kind, "@error") == 0, line);
    else if (strcmp(kind, "@handler") == 0)
        compile_take_handler(compile, line);
    else if (strcmp(kind, "@output") == 0)
        path_set_add(&compile->outputs, compile_field(&line));
    else if (strcmp(kind, "@dynamic") == 0)
        compile->is_dynamic = true;
    else if (strcmp(kind, "@done") == 0)
        compile->is_done = true;
}

/* Whether a channel has the name of a function of one of the instance's modules. */
static bool compile_is_handler(const struct python *python, const char *name)
{
    for (size_t i = 0; i < python->n_modules; i++) {
        size_t n = strlen(python->modules[i]);

        if (strncmp(name, python->modules[i], n) == 0 && name[n] == '.')
            return true;
    }
    return false;
}

/* Warns of a mapping from a channel that nothing puts out. */
static void compile_warn_silent(struct compile *compile, const struct channel *channel)
{
    const char *name = channel->name->text;
    struct suggest suggest;
    char hint[320];

    suggest_init(&suggest, name);
    for (size_t i = 0; i < compile->outputs.n; i++)
        suggest_offer(&suggest, compile->outputs.paths[i]);
    if (compile_is_handler(compile->python, name))
        snprintf(hint, sizeof(hint),
                 "a handler receives; what a script sends has the name that it gives to output()");
    else if (!suggest_hint(&suggest, hint, sizeof(hint)))
        snprintf(hint, sizeof(hint), "it would be midimonster.output(\"%.200s\", value)", name);
    config_diagnose(compile->config, CONFIG_WARNING, channel->source_at, hint,
                    "the script of \"%s\" never puts out \"%s\"", compile->python->instance->name, name);
}

static void compile_look_at_channels(struct compile *compile)
{
    const struct fc_instance *instance = compile->python->instance;

    for (uint32_t id = 0; id < instance->n_channels; id++) {
        const struct channel *channel = &instance->channels[id];
        bool is_made = !(channel->directions & FC_SOURCE) || !channel->source_at.file;

        for (size_t i = 0; !is_made && i < compile->outputs.n; i++)
            is_made = strcmp(compile->outputs.paths[i], channel->name->text) == 0;
        if (!is_made)
            compile_warn_silent(compile, channel);
    }
}

static void compile_read(struct compile *compile, char *lines)
{
    char *rest = lines;

    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
        compile_take_line(compile, line);
    if (compile->is_done && !compile->is_dynamic && !compile->python->instance->owner)
        compile_look_at_channels(compile);
}

/* Runs the worker, in a private folder that is made and removed for it. */
static int compile_run(struct python *python, struct runtime *runtime, struct python_probe *found)
{
    static char no_names[] = "";
    const struct fc_instance *instance = python->instance;
    const char *show = instance->owner ? instance->owner->show : instance->show->path;
    const struct policy nothing = {.hosts = no_names};
    struct guest_spec spec = python_guest_spec(python);
    char path[PATH_MAX];
    int r = python_limit_log(python);

    if (r == 0)
        r = state_folder_open(runtime, instance_account(instance), show, COMPILE_FOLDER, path, sizeof(path));
    if (r < 0)
        return r;
    close(r);
    spec.compile = true;
    spec.state_folder = path;
    spec.network = SPAWN_NETWORK_NONE;
    spec.policy = &nothing;
    spec.cpu_percent = 0;
    spec.memory_bytes = PYTHON_MEMORY_BYTES;
    spec.start_ms = COMPILE_MS;
    r = python_probe_as(python, runtime, &spec, found);
    rmdir(path);
    *strrchr(path, '/') = '\0';
    rmdir(path); /* unless there are folders of instances in it */
    return r;
}

void python_compile(const struct fc_instance *instance, struct runtime *runtime, struct config *config)
{
    FC_AUTO_FREE struct python_probe *found = calloc(1, sizeof(*found));
    struct compile compile = {.python = instance->self, .config = config};
    int r = found ? compile_run(instance->self, runtime, found) : -ENOMEM;

    if (r == 0)
        compile_read(&compile, found->lines);
    if (r < 0 || !compile.is_done)
        config_diagnose(config, CONFIG_WARNING, instance->at, NULL,
                        "the scripts of \"%s\" could not be compiled: %s", instance->name,
                        r < 0           ? strerror(-r)
                        : found->why[0] ? found->why
                                        : "the worker has ended");
    path_set_deinit(&compile.outputs);
}
