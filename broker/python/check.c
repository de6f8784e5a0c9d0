/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks scripts without running or parsing them: a function whose name does not occur in the text of its
 * module cannot be there, unless the module makes names at run time; then nothing is said.
 */
#include "broker/python/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/base/suggest.h"
#include "broker/os/file_as.h"
#include "broker/python/private.h"
#include "firecurtain/cleanup.h"

#define CHECK_MAX_BYTES (4u << 20)

/* Signs of names that are made at run time. */
static const char *const check_dynamic[] = {"import *", "__getattr__", "globals()",
                                            "setattr(", "exec(",       "vars()"};

/* Where Python itself looks; NAME.py or NAME/__init__.py below one of these. */
static const char *const check_system[] = {FIRECURTAIN_PYTHON_STDLIB,
                                           FIRECURTAIN_PYTHON_STDLIB "/lib-dynload",
                                           "/usr/lib/python3/dist-packages"};

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

static bool check_is_system_module(const char *module)
{
    char path[PATH_MAX], package[256];

    snprintf(package, sizeof(package), "%.*s", (int)strcspn(module, "."), module);
    for (size_t i = 0; i < FC_ARRAY_SIZE(check_system); i++) {
        if (check_module_path(check_system[i], package, path, sizeof(path)))
            return true;
    }
    return false;
}

static char *check_read(const char *path)
{
    const struct file_identity as_it_is = {.is_switched = false};
    FC_AUTO_CLOSE int fd = file_as_open(&as_it_is, path); /* never a pipe, which nobody might write to */
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
    config_diagnose(config, CONFIG_ERROR, at, suggest_hint(&suggest, hint, sizeof(hint)),
                    "there is no function \"%s\" in the module \"%s\" (%s)", name, module, path);
}

/* The longest module of the instance that a dotted name begins with, or NULL. */
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

static void check_handler(const struct python *python, struct config *config, struct config_location at,
                          const char *name)
{
    const char *module = check_module_of(python, name);
    char path[PATH_MAX];

    if (!module) {
        struct suggest suggest;
        char hint[320], package[256];

        snprintf(package, sizeof(package), "%.*s", (int)strcspn(name, "."), name);
        suggest_init(&suggest, package);
        for (size_t i = 0; i < python->n_modules; i++)
            suggest_offer(&suggest, python->modules[i]);
        config_diagnose(
            config, CONFIG_ERROR, at, suggest_hint(&suggest, hint, sizeof(hint)),
            "\"%s\" names a module that the instance \"%s\" does not load: add it with \"module = …\"", name,
            python->instance->name);
        return;
    }
    if (check_module_path(python->folder, module, path, sizeof(path)))
        check_function(config, at, path, module, name + strlen(module) + 1);
}

void python_check(const struct fc_instance *instance, struct config *config)
{
    const struct python *python = instance->self;
    char path[PATH_MAX];

    const char *read = python->reads.text;

    for (uint32_t i = 0; i < python->reads.n; i++, read += strlen(read) + 1) {
        if (faccessat(AT_FDCWD, read, F_OK, AT_EACCESS) < 0)
            config_diagnose(config, CONFIG_ERROR, instance->at, NULL,
                            "\"read = %s\" of the instance \"%s\": %s", read, instance->name,
                            strerror(errno));
    }
    for (size_t i = 0; i < python->n_modules; i++) {
        if (!check_module_path(python->folder, python->modules[i], path, sizeof(path)) &&
            !check_is_system_module(python->modules[i]))
            config_diagnose(config, CONFIG_ERROR, instance->at, NULL,
                            "the module \"%s\" of the instance \"%s\" is not in %s", python->modules[i],
                            instance->name, python->folder);
    }
    if (python->default_handler)
        check_handler(python, config, instance->at, python->default_handler);
    for (uint32_t i = 0; i < instance->n_channels; i++) {
        const char *name = instance_channel_name(instance, i);

        if ((instance->channels[i].directions & FC_TARGET) && strchr(name, '.'))
            check_handler(python, config, instance->channels[i].at, name);
    }
}
