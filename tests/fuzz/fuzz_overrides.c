/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines as -i and -b of the command line, for a Python instance that a file declares: names, numbers, sizes
 * and paths. What is taken is in the structure as it was written and within its limits; what is not has an
 * error; and nothing that is printed about it is obeyed by a terminal.
 */
#include <ctype.h>

#include "broker/config/config.h"
#include "broker/build/build.h"
#include "broker/python/private.h"
#include "broker/show/show.h"
#include "tests/fuzz/fuzz.h"

#define MAX_OVERRIDES 8
#define MAX_LINE      512

static const char file[] =
    "[backend python]\nthreads = 3\nmodule = base\n[python py]\nmodule = own\nmemory = 100M\n"
    "[loopback l]\n[map]\nl.a > py.b\n";
static char path[] = "/tmp/firecurtain-fuzz-XXXXXX";

static void remove_file(void)
{
    unlink(path);
}

static void write_file(void)
{
    int fd = mkstemp(path);

    require(fd >= 0 && write(fd, file, sizeof(file) - 1) == (ssize_t)(sizeof(file) - 1));
    close(fd);
    atexit(remove_file);
}

/* A number as the documentation has it, with as much room as it needs; -1 if it is none. */
static __int128 read_size(const char *text, bool units)
{
    __int128 number = 0;

    if (!isdigit((unsigned char)*text))
        return -1;
    for (; isdigit((unsigned char)*text); text++)
        number = number < (__int128)1 << 80 ? number * 10 + (*text - '0') : number;
    if (units && *text && strchr("kKmMgG", *text))
        number *= strchr("kK", *text) ? 1 << 10 : strchr("mM", *text) ? 1 << 20 : 1 << 30, text++;
    return *text ? -1 : number;
}

/* The last assignment that is possible counts; one that is not has made an error. */
static void check_number(const struct config *config, const char *name, bool units, uint64_t least,
                         uint64_t most, uint64_t found)
{
    for (size_t i = 0; i < config->n_sections; i++) {
        for (size_t j = 0; j < config->sections[i].n_options; j++) {
            const struct config_option *option = &config->sections[i].options[j];
            __int128 number = read_size(option->value, units);

            if (strcmp(option->name, name) == 0 && strcmp(config->sections[i].backend, "python") == 0)
                require(number >= least && number <= most);
        }
    }
    require(found >= least && found <= most);
}

/* The root itself, a folder above what was named, or /proc is never shown; and there is one spelling. */
static void check_read(const char *shown)
{
    char *copy = strdup(shown), *rest;

    require(shown[0] == '/' && shown[1] && copy != NULL);
    require(!strstr(shown, "//") && shown[strlen(shown) - 1] != '/');
    require(strncmp(shown, "/proc", 5) != 0 || (shown[5] && shown[5] != '/'));
    for (char *part = strtok_r(copy, "/", &rest); part; part = strtok_r(NULL, "/", &rest))
        require(strcmp(part, ".") != 0 && strcmp(part, "..") != 0);
    free(copy);
}

static void check_python(const struct config *config, const struct python *python)
{
    const char *shown = python->reads.text, *variable = python->environment.text;

    check_number(config, "memory", true, UINT64_C(64) << 20, UINT64_C(1) << 40, python->memory_bytes);
    check_number(config, "state", true, 4096, UINT64_C(1) << 50, python->state_bytes);
    check_number(config, "state-files", false, 1, 10000000, python->state_files);
    check_number(config, "threads", false, 0, 10000, python->threads);
    check_number(config, "files", false, 8, 100000, python->files);
    check_number(config, "rate", false, 1, RATE_MAX, python->outflow.per_second);
    require(!python->stats_ms || python->stats_ms >= 100);
    check_number(config, "log-rate", false, 1, 100000, python->log_rate);
    require(python->reads.n <= SPAWN_MAX_READS && python->reads.n_bytes <= SPAWN_MAX_READ_BYTES);
    require(python->environment.n_bytes <= SPAWN_MAX_READ_BYTES);
    for (uint32_t i = 0; i < python->reads.n; i++, shown += strlen(shown) + 1)
        check_read(shown);
    for (uint32_t i = 0; i < python->environment.n; i++, variable += strlen(variable) + 1)
        require(strchr(variable, '=') > variable);
    for (size_t i = 0; i < python->n_modules; i++)
        require(python->modules[i][0] && !strpbrk(python->modules[i], "/ ") &&
                !strstr(python->modules[i], ".."));
}

static void build(struct config *config)
{
    struct show *show = NULL;
    int r = build_show(&show, config, path, false, NULL);

    require((r == 0) == (config->n_errors == 0));
    for (size_t i = 0; show && i < show->n_instances; i++) {
        if (strcmp(show->instances[i]->name, "py") == 0)
            check_python(config, show->instances[i]->self);
    }
    show_free(show);
}

/* What stands there without blanks around it. */
static void cut(char *word, const char *from, const char *to)
{
    while (from < to && ((unsigned char)*from <= ' ' || *from == 0x7f))
        from++;
    while (from < to && ((unsigned char)to[-1] <= ' ' || to[-1] == 0x7f))
        to--;
    memcpy(word, from, (size_t)(to - from));
    word[to - from] = '\0';
}

/* If there is no error, the option has the value in its section, and no file has a word in it. */
static void check_applied(const struct config *config, const struct config_override *override)
{
    const char *dot = strchr(override->text, '.'), *equals = dot ? strchr(dot, '=') : NULL;
    char section[MAX_LINE], option[MAX_LINE], value[MAX_LINE];
    bool found = false;

    require(equals != NULL);
    cut(section, override->text, dot);
    cut(option, dot + 1, equals);
    cut(value, equals + 1, equals + strlen(equals));
    for (size_t i = 0; i < config->n_sections; i++) {
        const struct config_section *at = &config->sections[i];

        if (!at->instance != override->is_backend ||
            strcmp(at->instance ? at->instance : at->backend, section) != 0)
            continue;
        for (size_t j = 0; j < at->n_options; j++) {
            if (strcmp(at->options[j].name, option) != 0)
                continue;
            require(at->options[j].at.line == 0);
            found |= strcmp(at->options[j].value, value) == 0;
        }
    }
    require(found);
}

static void check_printed(const struct config *config)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);

    config_print_diagnostics(config, out, false);
    fclose(out);
    for (size_t i = 0; i < bytes; i++)
        require((unsigned char)text[i] >= ' ' || text[i] == '\n');
    require(!memchr(text, 0x7f, bytes) && !memmem(text, bytes, "\xc2\x9b", 2));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static char lines[MAX_OVERRIDES][MAX_LINE];
    struct config_override overrides[MAX_OVERRIDES];
    struct input input = {data, bytes};
    struct config *config;
    size_t n = 0;

    if (!strcmp(path + strlen(path) - 6, "XXXXXX"))
        write_file();
    for (; input.left && n < MAX_OVERRIDES; n++) {
        take_line(&input, lines[n], sizeof(lines[n]));
        overrides[n].is_backend = lines[n][0] == 'b';
        overrides[n].text = lines[n] + (lines[n][0] != '\0');
    }
    require(config_load(&config, path, overrides, n) == 0);
    for (size_t i = 0; config->n_errors == 0 && i < n; i++)
        check_applied(config, &overrides[i]);
    build(config);
    check_printed(config);
    config_free(config);
    return 0;
}
