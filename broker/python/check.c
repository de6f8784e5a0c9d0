/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks scripts without running or parsing them: a function whose name does not occur in the text of its
 * module cannot be there, unless the module makes names at run time; then nothing is said.
 */
#include "broker/python/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/base/path_set.h"
#include "broker/base/suggest.h"
#include "broker/os/file_as.h"
#include "broker/python/private.h"
#include "firecurtain/cleanup.h"

#define CHECK_MAX_BYTES (4u << 20)

/* Signs that a module makes names at run time. */
static const char *const check_dynamic[] = {"import *", "__getattr__", "globals()",
                                            "setattr(", "exec(",       "vars()"};

/* Where Python itself looks for modules. */
static const char *const check_system[] = {FIRECURTAIN_PYTHON_STDLIB,
                                           FIRECURTAIN_PYTHON_STDLIB "/lib-dynload",
                                           FIRECURTAIN_PYTHON_LOCAL "/dist-packages",
                                           "/usr/lib/python3/dist-packages"};

static void check_close_folder(DIR **folder)
{
    if (*folder)
        closedir(*folder);
}

static bool check_module_path(const char *folder, const char *module, char *path, size_t bytes)
{
    static const char *const forms[] = {".py", "/__init__.py"};
    size_t n = strlen(folder) + 1;

    for (size_t i = 0; i < FC_ARRAY_SIZE(forms); i++) {
        if (snprintf(path, bytes, "%s/%s%s", folder, module, forms[i]) >= (int)bytes)
            return false;
        for (size_t k = 0; k < strlen(module); k++) {
            if (path[n + k] == '.')
                path[n + k] = '/';
        }
        if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0)
            return true;
    }
    return false;
}

/* Whether Python loads files with this behind the module's name. */
static bool check_is_code(const char *suffix)
{
    size_t n = strlen(suffix);

    return strcmp(suffix, ".py") == 0 || strcmp(suffix, ".pyc") == 0 ||
           (n > 3 && strcmp(suffix + n - 3, ".so") == 0);
}

/* Whether one may read in a folder the first part of a module's name in any form: a file, a package, compiled
 * code. */
static bool check_folder_has(const char *folder, const char *module)
{
    FC_CLEANUP(check_close_folder) DIR *all = opendir(folder);
    size_t n = strcspn(module, ".");
    const struct dirent *entry;

    while (all && (entry = readdir(all))) {
        const char *rest = entry->d_name + n;

        if (strncmp(entry->d_name, module, n) != 0 || (*rest && *rest != '.'))
            continue;
        if ((!*rest ? entry->d_type != DT_REG : check_is_code(rest)) &&
            faccessat(dirfd(all), entry->d_name, R_OK, AT_EACCESS) == 0)
            return true;
    }
    return false;
}

static bool check_is_packages(const char *folder)
{
    const char *base = strrchr(folder, '/');

    return base && (strcmp(base, "/site-packages") == 0 || strcmp(base, "/dist-packages") == 0);
}

/* Whether an import finds the module, or may find it where this cannot look. */
static bool check_is_there(const struct python *python, const char *module)
{
    const char *text = python->environment.text;
    char path[PATH_MAX];

    if (check_module_path(python->folder, module, path, sizeof(path)) ||
        (check_folder_has(python->folder, module) && !strchr(module, '.')))
        return true;
    for (size_t i = 0; i < FC_ARRAY_SIZE(check_system); i++) {
        if (check_folder_has(check_system[i], module))
            return true;
    }
    for (uint32_t i = 0; i < python->environment.n; i++, text += strlen(text) + 1) {
        if (strncmp(text, "PYTHONPATH=", 11) == 0)
            return true;
    }
    text = python->reads.text;
    for (uint32_t i = 0; i < python->reads.n; i++, text += strlen(text) + 1) {
        if (check_is_packages(text) && check_folder_has(text, module))
            return true;
    }
    return false;
}

static char *check_read(const char *path)
{
    const struct file_identity as_it_is = {.is_switched = false};
    FC_AUTO_CLOSE int fd =
        file_as_open(&as_it_is, path); /* never opens a pipe, which would wait for a writer */
    FC_AUTO_FCLOSE FILE *file = fd < 0 ? NULL : fdopen(fd, "re");
    FC_AUTO_FREE char *text = malloc(CHECK_MAX_BYTES + 1);
    size_t n;

    if (file)
        fc_steal_fd(&fd);
    if (!file || !text)
        return NULL;
    n = fread(text, 1, CHECK_MAX_BYTES, file);
    text[n] = '\0';
    return n < CHECK_MAX_BYTES && strlen(text) == n ? fc_steal(text) : NULL;
}

static bool check_is_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c & 0x80);
}

static bool check_has_word(const char *text, const char *word, size_t bytes)
{
    for (const char *found = text; (found = memmem(found, strlen(found), word, bytes)); found++) {
        if ((found == text || !check_is_word(found[-1])) && !check_is_word(found[bytes]))
            return true;
    }
    return false;
}

static bool check_is_dynamic(const char *text)
{
    for (size_t i = 0; i < FC_ARRAY_SIZE(check_dynamic); i++) {
        if (strstr(text, check_dynamic[i]))
            return true;
    }
    return false;
}

/* Offers the functions that the module defines; cuts the text into words for that. */
static void check_suggest(char *text, struct suggest *suggest)
{
    char *rest, *next;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "def ", 4) != 0)
            continue;
        next = line + 4 + strcspn(line + 4, "( \t:");
        *next = '\0';
        suggest_offer(suggest, line + 4);
    }
}

static void check_function(struct config *config, struct config_location at, const char *path,
                           const char *module, const char *rest)
{
    FC_AUTO_FREE char *text = check_read(path);
    size_t bytes = strcspn(rest, ".");
    char name[256], hint[320];
    struct suggest suggest;

    if (!text || check_is_dynamic(text) || check_has_word(text, rest, bytes))
        return;
    snprintf(name, sizeof(name), "%.*s", (int)bytes, rest);
    suggest_init(&suggest, name);
    check_suggest(text, &suggest);
    config_diagnose(config, CONFIG_ERROR, at,
                    strchr(name, ' ')
                        ? "a mapping has one channel on each side; a second mapping is a line of its own"
                        : suggest_hint(&suggest, hint, sizeof(hint)),
                    "there is no function \"%s\" in the module \"%s\" (%s)", name, module, path);
}

/* Finds the longest module of the instance that a dotted name begins with, or NULL. */
static const char *check_module_of(const struct python *python, const char *name)
{
    const char *best = NULL;

    for (size_t i = 0; i < python->n_modules; i++) {
        size_t n = strlen(python->modules[i]);

        if (strncmp(name, python->modules[i], n) == 0 && name[n] == '.' && (!best || n > strlen(best)))
            best = python->modules[i];
    }
    return best;
}

/* Writes the module that a file of the folder is, if it is one. */
static bool check_module_name(const char *file, char *name, size_t bytes)
{
    size_t n = strlen(file);

    if (n < 4 || strcmp(file + n - 3, ".py") != 0 || n - 3 >= bytes)
        return false;
    snprintf(name, bytes, "%.*s", (int)(n - 3), file);
    return true;
}

/* Finds the module of which the name of the file was given. False if there is none. */
static bool check_file_name(const struct python *python, const char *module, char *meant, size_t bytes)
{
    return check_module_name(module, meant, bytes) && check_is_there(python, meant);
}

/* Finds the module in the script's folder whose name is nearest. False if none is near. */
static bool check_nearest(const struct python *python, const char *module, char *nearest, size_t bytes)
{
    FC_CLEANUP(check_close_folder) DIR *all = opendir(python->folder);
    const struct dirent *entry;
    struct suggest suggest;
    char name[NAME_MAX + 1];

    if (check_file_name(python, module, nearest, bytes))
        return true;
    nearest[0] = '\0';
    suggest_init(&suggest, module);
    while (all && (entry = readdir(all))) {
        const char *best = suggest.best;

        if (!check_module_name(entry->d_name, name, sizeof(name)))
            continue;
        suggest_offer(&suggest, name);
        if (suggest.best == best)
            continue;
        snprintf(nearest, bytes, "%s", name); /* the entry is overwritten by the next one */
        suggest.best = nearest;
    }
    return nearest[0];
}

/* Whether the file of a module is there but may not be read, or its folder may not be looked into. */
static bool check_is_denied(const struct python *python, const char *module)
{
    FC_AUTO_FREE char *path = NULL;

    return asprintf(&path, "%s/%s.py", python->folder, module) >= 0 &&
           (faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) == 0 || errno == EACCES);
}

/* Reports a module that is not there; `strictly` also one that cannot be read. */
static void check_module(const struct python *python, struct config *config, const char *module,
                         bool strictly)
{
    const struct fc_instance *instance = python->instance;
    char nearest[NAME_MAX + 1] = "", hint[NAME_MAX + 32];

    if (check_is_there(python, module))
        return;
    if (check_is_denied(python, module)) {
        if (strictly)
            config_diagnose(config, CONFIG_ERROR, instance->at, NULL,
                            "the module \"%s\" of the instance \"%s\" is in %s, but may not be read", module,
                            instance->name, python->folder);
        return;
    }
    if (check_nearest(python, module, nearest, sizeof(nearest)))
        snprintf(hint, sizeof(hint), "did you mean \"%s\"?", nearest);
    config_diagnose(config, CONFIG_ERROR, instance->at, nearest[0] ? hint : NULL,
                    "the module \"%s\" of the instance \"%s\" is not in %s", module, instance->name,
                    python->folder);
}

/* Whether the module that a name begins with is what another, missing one was probably to be. */
static bool check_is_meant(const struct python *python, const char *package)
{
    char nearest[NAME_MAX + 1];

    for (size_t i = 0; i < python->n_modules; i++) {
        if (!check_is_there(python, python->modules[i]) &&
            check_nearest(python, python->modules[i], nearest, sizeof(nearest)) &&
            strcmp(nearest, package) == 0)
            return true;
    }
    return false;
}

/* Reports a module that is not loaded, once for all of its functions. */
static void check_unloaded(const struct python *python, struct config *config, struct config_location at,
                           const char *name, struct path_set *unloaded)
{
    struct suggest suggest;
    char hint[320], package[256];
    size_t n = unloaded->n;

    snprintf(package, sizeof(package), "%.*s", (int)strcspn(name, "."), name);
    if (check_is_meant(python, package) || path_set_add(unloaded, package) < 0 || unloaded->n == n)
        return;
    suggest_init(&suggest, package);
    for (size_t i = 0; i < python->n_modules; i++)
        suggest_offer(&suggest, python->modules[i]);
    if (!suggest_hint(&suggest, hint, sizeof(hint)))
        snprintf(hint, sizeof(hint), "add \"module = %.200s\" to its section", package);
    config_diagnose(config, CONFIG_ERROR, at, hint,
                    "\"%s\" names a module that the instance \"%s\" does not load", name,
                    python->instance->name);
}

static void check_handler(const struct python *python, struct config *config, struct config_location at,
                          const char *name, struct path_set *unloaded)
{
    const char *module = check_module_of(python, name);
    char path[PATH_MAX];

    if (!module)
        check_unloaded(python, config, at, name, unloaded);
    else if (check_module_path(python->folder, module, path, sizeof(path)))
        check_function(config, at, path, module, name + strlen(module) + 1);
}

/* What is known about a channel without a dot, which calls a function only if there is a default handler. */
struct check_top_level {
    char name[256];
    char close[320];   /* the first module.function that is called almost the same; empty if none is */
    const char *owner; /* the module with a function of exactly that name */
    bool is_used;      /* the name occurs in a script in another way, or may be made at run time */
};

/* Looks at one module. */
static void check_top_level_module(struct check_top_level *check, const char *folder, const char *module)
{
    FC_AUTO_FREE char *text = NULL;
    char path[PATH_MAX], definition[300];
    struct suggest suggest;

    if (check_module_path(folder, module, path, sizeof(path)))
        text = check_read(path);
    if (!text || check_is_dynamic(text)) {
        check->is_used = true;
        return;
    }
    snprintf(definition, sizeof(definition), "\ndef %s", check->name);
    if (check_has_word(text, definition + 1, strlen(definition) - 1))
        check->owner = check->owner ? check->owner : module;
    else if (check_has_word(text, check->name, strlen(check->name)))
        check->is_used = true;
    suggest_init(&suggest, check->name);
    check_suggest(text, &suggest);
    if (suggest.best && !check->close[0])
        snprintf(check->close, sizeof(check->close), "%s.%s", module, suggest.best);
}

/* Warns of a channel without a dot that neither calls a function nor is otherwise used by the script. */
static void check_top_level(const struct python *python, struct config *config, struct config_location at,
                            const char *name)
{
    struct check_top_level check = {.owner = NULL};
    char hint[400] = "";

    if (python->default_handler || strlen(name) >= sizeof(check.name))
        return;
    snprintf(check.name, sizeof(check.name), "%s", name);
    for (size_t i = 0; i < python->n_modules; i++)
        check_top_level_module(&check, python->folder, python->modules[i]);
    if (!check.owner && check.is_used)
        return;
    if (check.owner)
        snprintf(hint, sizeof(hint), "did you mean \"%s.%s\"?", check.owner, name);
    else if (check.close[0])
        snprintf(hint, sizeof(hint), "did you mean \"%s\"?", check.close);
    config_diagnose(config, CONFIG_WARNING, at, hint[0] ? hint : NULL,
                    "\"%s\" calls no function: that needs MODULE.FUNCTION, or the option default-handler",
                    name);
}

/* Looks for the functions that mappings and default-handler name. */
static void check_handlers(const struct python *python, struct config *config)
{
    FC_CLEANUP(path_set_deinit) struct path_set unloaded = {0};
    const struct fc_instance *instance = python->instance;

    if (python->default_handler)
        check_handler(python, config, instance->at, python->default_handler, &unloaded);
    for (uint32_t i = 0; i < instance->n_channels; i++) {
        const char *name = instance_channel_name(instance, i);

        if (!(instance->channels[i].directions & FC_TARGET))
            continue;
        if (strchr(name, '.'))
            check_handler(python, config, instance->channels[i].at, name, &unloaded);
        else
            check_top_level(python, config, instance->channels[i].at, name);
    }
}

void python_check(const struct fc_instance *instance, struct config *config, bool handlers)
{
    const struct python *python = instance->self;
    const char *read = python->reads.text;

    for (uint32_t i = 0; i < python->reads.n; i++, read += strlen(read) + 1) {
        if (faccessat(AT_FDCWD, read, F_OK, AT_EACCESS) < 0 && (handlers || errno == ENOENT))
            config_diagnose(config, CONFIG_ERROR, instance->at, NULL,
                            "\"read = %s\" of the instance \"%s\": %s", read, instance->name,
                            strerror(errno));
    }
    for (size_t i = 0; i < python->n_modules; i++)
        check_module(python, config, python->modules[i], handlers);
    if (handlers)
        check_handlers(python, config);
}
