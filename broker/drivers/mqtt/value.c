/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges and choices. Pure; in the broker and drivers. */
#include "broker/drivers/mqtt/value.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *value_skip(const char *text)
{
    return text + strspn(text, " \t");
}

/* Reads a finite number and moves `text` behind it. */
static bool value_take_number(const char **text, double *number)
{
    const char *begin = value_skip(*text);
    char *end;

    *number = strtod(begin, &end);
    if (end == begin || !isfinite(*number) || (*end && !isspace((unsigned char)*end)))
        return false;
    *text = end;
    return true;
}

static int value_configure_range(struct mqtt_format *format, const char *text, struct fc_reason *reason)
{
    double min, max;

    if (format->n_choices)
        return fc_refuse(reason, "the topic has discrete values already, so it can have no range");
    if (!value_take_number(&text, &min) || !value_take_number(&text, &max) || *value_skip(text))
        return fc_refuse(reason, "expected \"range MIN MAX\" with two numbers");
    if (min == max)
        return fc_refuse(reason, "the range has a single value");
    format->min = min;
    format->max = max;
    format->has_range = true;
    return 0;
}

/* Reads one end of a choice, which `!` may mark. */
static bool value_take_end(const char **text, double *end, bool *is_marked)
{
    *text = value_skip(*text);
    *is_marked = **text == '!';
    *text += *is_marked;
    return value_take_number(text, end) && *end >= 0 && *end <= 1;
}

static int value_configure_choice(struct mqtt_format *format, const char *text, struct fc_reason *reason)
{
    struct mqtt_choice choice = {0}, *choices;
    bool reads_min, reads_max;

    if (format->has_range)
        return fc_refuse(reason, "the topic has a range already, so it can have no discrete values");
    if (format->n_choices == MQTT_MAX_CHOICES)
        return fc_refuse(reason, "a topic has at most %d discrete values", MQTT_MAX_CHOICES);
    if (!value_take_end(&text, &choice.min, &reads_min) || !value_take_end(&text, &choice.max, &reads_max) ||
        choice.min > choice.max || (reads_min && reads_max) || !*value_skip(text))
        return fc_refuse(reason,
                         "expected \"discrete MIN MAX TEXT\", from 0 to 1, one of them with ! at most");
    choice.read = reads_min ? choice.min : reads_max ? choice.max : (choice.min + choice.max) / 2;
    choice.text = strdup(value_skip(text));
    choices = reallocarray(format->choices, format->n_choices + 1, sizeof(*choices));
    if (choices)
        format->choices = choices;
    if (!choices || !choice.text) {
        free(choice.text);
        return -ENOMEM;
    }
    format->choices[format->n_choices++] = choice;
    return 0;
}

int value_configure(struct mqtt_format *format, const char *text, struct fc_reason *reason)
{
    if (strncmp(text, "range", 5) == 0 && isspace((unsigned char)text[5]))
        return value_configure_range(format, text + 5, reason);
    if (strncmp(text, "discrete", 8) == 0 && isspace((unsigned char)text[8]))
        return value_configure_choice(format, text + 8, reason);
    return -ENOENT;
}

void value_deinit(struct mqtt_format *format)
{
    for (size_t i = 0; i < format->n_choices; i++)
        free(format->choices[i].text);
    free(format->choices);
}

double value_to_number(const struct mqtt_format *format, double value)
{
    return format->min + (format->max - format->min) * value;
}

double value_of_number(const struct mqtt_format *format, double number)
{
    double value = (number - format->min) / (format->max - format->min);

    return value < 0 ? 0 : value > 1 ? 1 : value;
}

const char *value_to_choice(const struct mqtt_format *format, double value)
{
    for (size_t i = 0; i < format->n_choices; i++) {
        if (value >= format->choices[i].min && value <= format->choices[i].max)
            return format->choices[i].text;
    }
    return NULL;
}

bool value_read(const struct mqtt_format *format, const char *text, double *value)
{
    double number;

    for (size_t i = 0; i < format->n_choices; i++) {
        if (strcmp(format->choices[i].text, text) != 0)
            continue;
        *value = format->choices[i].read;
        return true;
    }
    if (format->n_choices || !value_take_number(&text, &number) || text[strspn(text, " \t\r\n")])
        return false;
    *value = value_of_number(format, number);
    return true;
}

bool value_write(const struct mqtt_format *format, double value, char *text, size_t bytes)
{
    const char *choice = value_to_choice(format, value);

    if (format->n_choices && !choice)
        return false;
    if (choice)
        return snprintf(text, bytes, "%s", choice) < (int)bytes;
    return snprintf(text, bytes, "%f", value_to_number(format, value)) < (int)bytes;
}
