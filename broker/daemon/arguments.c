/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes and reads the words KEY=VALUE. */
#include "broker/daemon/arguments.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/config/load.h"
#include "broker/os/program.h"

#define ARGUMENTS_MOST 13 /* words, without overrides */

struct arguments_writer {
    char **words;
    size_t n;
    bool failed;
};

__attribute__((format(printf, 2, 3))) static void arguments_add(struct arguments_writer *writer,
                                                                const char *format, ...)
{
    va_list values;

    va_start(values, format);
    if (vasprintf(&writer->words[writer->n], format, values) < 0) {
        writer->words[writer->n] = NULL;
        writer->failed = true;
    } else {
        writer->n++;
    }
    va_end(values);
}

static void arguments_add_text(struct arguments_writer *writer, const char *key, const char *value)
{
    if (value)
        arguments_add(writer, "%s=%s", key, value);
}

char **daemon_arguments_write(const struct daemon_arguments *arguments)
{
    struct arguments_writer writer = {
        .words = calloc(ARGUMENTS_MOST + arguments->n_overrides + 1, sizeof(char *))};

    if (!writer.words)
        return NULL;
    arguments_add(&writer, "%s", PROGRAM_BROKER);
    arguments_add_text(&writer, "show", arguments->path);
    arguments_add(&writer, "log-level=%u", (unsigned)arguments->level);
    arguments_add(&writer, "log-format=%u", (unsigned)arguments->format);
    arguments_add_text(&writer, "runtime-dir", arguments->runtime_folder);
    arguments_add_text(&writer, "record", arguments->record);
    arguments_add(&writer, "max-size=%" PRIu64, arguments->max_bytes);
    arguments_add_text(&writer, "replay", arguments->replay);
    arguments_add(&writer, "speed=%.17g", arguments->speed);
    arguments_add_text(&writer, "mute", arguments->is_mute ? "yes" : NULL);
    arguments_add_text(&writer, "insecure-no-sandbox", arguments->no_sandbox ? "yes" : NULL);
    for (size_t i = 0; i < arguments->n_overrides; i++)
        arguments_add_text(&writer, arguments->overrides[i].is_backend ? "b" : "i",
                           arguments->overrides[i].text);
    return writer.failed ? daemon_arguments_free(writer.words) : writer.words;
}

char **daemon_arguments_free(char **words)
{
    for (char **word = words; word && *word; word++)
        free(*word);
    free(words);
    return NULL;
}

/* Returns the value if the word has this key; or NULL. */
static const char *arguments_value(const char *word, const char *key)
{
    size_t n = strlen(key);

    return strncmp(word, key, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

static bool arguments_take_number(const char *word, const char *key, uint64_t most, uint64_t *number)
{
    const char *value = arguments_value(word, key);
    unsigned long long read;
    char *end;

    if (!value)
        return false;
    errno = 0;
    read = strtoull(value, &end, 10);
    if (errno || end == value || *end || read > most)
        return false;
    *number = read;
    return true;
}

static bool arguments_take_speed(const char *word, double *speed)
{
    const char *value = arguments_value(word, "speed");
    char *end;

    if (!value)
        return false;
    *speed = strtod(value, &end);
    return end != value && !*end && *speed >= 0;
}

static bool arguments_take_text(const char *word, const char *key, const char **text)
{
    const char *value = arguments_value(word, key);

    if (value)
        *text = value;
    return value;
}

static bool arguments_take_flag(const char *word, const char *key, bool *flag)
{
    const char *value = NULL;

    if (arguments_take_text(word, key, &value))
        *flag = true;
    return value;
}

static bool arguments_take_override(struct daemon_arguments *arguments, const char *word)
{
    struct config_override override = {.is_backend = word[0] == 'b'};

    if (!arguments_take_text(word, "b", &override.text) && !arguments_take_text(word, "i", &override.text))
        return false;
    arguments->overrides[arguments->n_overrides++] = override;
    return true;
}

static bool arguments_take(struct daemon_arguments *arguments, const char *word)
{
    uint64_t level = arguments->level, format = arguments->format;
    bool is_taken = arguments_take_text(word, "show", &arguments->path) ||
                    arguments_take_number(word, "log-level", FC_LOG_DEBUG, &level) ||
                    arguments_take_number(word, "log-format", LOG_FORMATS_ - 1, &format) ||
                    arguments_take_text(word, "runtime-dir", &arguments->runtime_folder) ||
                    arguments_take_text(word, "record", &arguments->record) ||
                    arguments_take_number(word, "max-size", UINT64_MAX, &arguments->max_bytes) ||
                    arguments_take_text(word, "replay", &arguments->replay) ||
                    arguments_take_speed(word, &arguments->speed) ||
                    arguments_take_flag(word, "mute", &arguments->is_mute) ||
                    arguments_take_flag(word, "insecure-no-sandbox", &arguments->no_sandbox) ||
                    arguments_take_override(arguments, word);

    arguments->level = (enum fc_log_level)level;
    arguments->format = (enum log_format)format;
    return is_taken;
}

int daemon_arguments_read(struct daemon_arguments *arguments, int argc, char **argv)
{
    *arguments = (struct daemon_arguments){.level = FC_LOG_INFO, .speed = 1};
    if (argc < 2)
        return -EINVAL;
    arguments->overrides = calloc((size_t)argc, sizeof(*arguments->overrides));
    if (!arguments->overrides)
        return -ENOMEM;
    for (int i = 1; i < argc; i++) {
        if (!arguments_take(arguments, argv[i]))
            return -EINVAL;
    }
    return arguments->path ? 0 : -EINVAL;
}
