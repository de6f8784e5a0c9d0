/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of keys. A key that is not in it, or a value that is none, makes the whole text invalid. */
#include "broker/desk/ask.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "firecurtain/cleanup.h"

static int ask_verb(struct ask *ask, const char *value)
{
    for (int verb = CONTROL_NONE + 1; verb < CONTROL_VERBS_; verb++) {
        if (strcmp(control_verb_name((enum control_verb)verb), value) == 0) {
            ask->request.verb = (enum control_verb)verb;
            return 0;
        }
    }
    return -EBADMSG;
}

static int ask_name(struct ask *ask, const char *value)
{
    if (ask->request.n_names == ASK_MAX_NAMES || !codec_control_is_name(value))
        return -EBADMSG;
    ask->names[ask->request.n_names++] = value;
    return 0;
}

static int ask_value(struct ask *ask, const char *value)
{
    char *end;

    ask->request.value = strtod(value, &end);
    return end == value || *end || !isfinite(ask->request.value) ? -EBADMSG : 0;
}

static int ask_number(const char *value, uint64_t *number)
{
    char *end;

    if (value[0] < '0' || value[0] > '9')
        return -EBADMSG;
    errno = 0;
    *number = strtoull(value, &end, 10);
    return *end || errno ? -EBADMSG : 0;
}

static int ask_from(struct ask *ask, const char *value)
{
    return ask_number(value, &ask->request.from);
}

static int ask_lines(struct ask *ask, const char *value)
{
    uint64_t lines;
    int r = ask_number(value, &lines);

    ask->request.lines = (uint32_t)lines;
    return r < 0 || lines > UINT32_MAX ? -EBADMSG : 0;
}

static int ask_token(struct ask *ask, const char *value)
{
    ask->token = value;
    return 0;
}

static int ask_pin(struct ask *ask, const char *value)
{
    ask->pin = value;
    return 0;
}

static int ask_hold(struct ask *ask, const char *value)
{
    return ask_number(value, &ask->page);
}

static const struct {
    const char *key;
    int (*read)(struct ask *ask, const char *value);
} ask_keys[] = {
    {"verb", ask_verb},   {"name", ask_name},   {"value", ask_value}, {"from", ask_from},
    {"lines", ask_lines}, {"token", ask_token}, {"pin", ask_pin},     {"hold", ask_hold},
};

static int ask_line(struct ask *ask, char *line)
{
    char *value = strchr(line, ' ');

    if (!value || !value[1])
        return -EBADMSG;
    *value++ = '\0';
    for (size_t i = 0; i < FC_ARRAY_SIZE(ask_keys); i++) {
        if (strcmp(ask_keys[i].key, line) == 0)
            return ask_keys[i].read(ask, value);
    }
    return -EBADMSG;
}

int ask_read(struct ask *ask, char *text, size_t n)
{
    char *rest = NULL;
    int r = 0;

    *ask = (struct ask){.request = {.version = CONTROL_VERSION, .id = 1}};
    text[n] = '\0';
    if (strlen(text) != n)
        return -EBADMSG;
    for (char *line = strtok_r(text, "\n", &rest); r == 0 && line; line = strtok_r(NULL, "\n", &rest))
        r = ask_line(ask, line);
    ask->request.names = ask->names;
    if ((ask->page && ask->request.verb != CONTROL_EMIT) ||
        (ask->token && ask->request.verb != CONTROL_ENTER))
        return -EBADMSG;
    return r == 0 && ask->request.verb != CONTROL_NONE ? 0 : -EBADMSG;
}
