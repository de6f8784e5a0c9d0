/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints text from the broker for terminals and for programs. */
#include "broker/cli/print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "broker/base/json.h"
#include "broker/base/log.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/utf8.h"

#define PRINT_MAX_TEXT 4096

void print_text(FILE *out, const char *text)
{
    char line[PRINT_MAX_TEXT];

    while (*text) {
        size_t n = strcspn(text, "\n");

        fwrite(line, 1, log_escape(line, sizeof(line), text, n), out);
        text += n;
        if (*text == '\n') {
            fputc('\n', out);
            text++;
        }
    }
}

size_t print_character(const char *text, size_t *columns)
{
    uint32_t code = 0;
    size_t bytes = fc_utf8_read(text, strnlen(text, 4), &code);
    int width = bytes ? wcwidth((wchar_t)code) : -1;

    *columns = width < 0 ? 1 : (size_t)width; /* the C library may know less than the terminal */
    return bytes ? bytes : 1;
}

size_t print_columns(const char *text)
{
    char line[PRINT_MAX_TEXT];
    size_t n = log_escape(line, sizeof(line) - 1, text, strlen(text)), columns = 0, wide;

    line[n] = '\0';
    for (size_t i = 0; i < n; columns += wide)
        i += print_character(line + i, &wide);
    return columns;
}

void print_width(FILE *out, const char *text, size_t columns)
{
    size_t n = print_columns(text);

    print_text(out, text);
    for (; n < columns; n++)
        fputc(' ', out);
}

bool print_is_coloured(FILE *out)
{
    const char *terminal = getenv("TERM");

    return isatty(fileno(out)) && !getenv("NO_COLOR") && terminal && strcmp(terminal, "dumb") != 0;
}

void print_json(FILE *out, const char *text)
{
    char escaped[PRINT_MAX_TEXT], quoted[2 * PRINT_MAX_TEXT + 2];
    struct json json = {.bytes = quoted, .room = sizeof(quoted), .most = sizeof(quoted)};

    escaped[log_escape(escaped, sizeof(escaped) - 1, text, strlen(text))] = '\0';
    json_text(&json, escaped);
    fwrite(json.bytes, 1, json.n, out);
}

void print_uptime(char *text, size_t bytes, uint64_t ms)
{
    uint64_t s = ms / 1000;

    if (s < 60)
        snprintf(text, bytes, "%" PRIu64 ".%" PRIu64 "s", s, ms / 100 % 10);
    else if (s < 3600)
        snprintf(text, bytes, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(text, bytes, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
    else
        snprintf(text, bytes, "%" PRIu64 "d%02" PRIu64 "h", s / 86400, s / 3600 % 24);
}

void print_time_us(char *text, size_t bytes, uint64_t us)
{
    if (us < 10000)
        snprintf(text, bytes, "%" PRIu64 "us", us);
    else
        snprintf(text, bytes, "%" PRIu64 "ms", us / 1000);
}

void print_ago(char *text, size_t bytes, uint64_t ms)
{
    static const struct {
        uint64_t s;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    uint64_t s = ms / 1000;
    size_t i = 0;

    while (i + 1 < FC_ARRAY_SIZE(units) && s < 2 * units[i].s)
        i++;
    snprintf(text, bytes, "%" PRIu64 " %s ago", s / units[i].s, units[i].name);
}

size_t print_room(FILE *out)
{
    struct winsize size;

    if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) < 0 || !size.ws_col)
        return PRINT_NO_LIMIT;
    return size.ws_col;
}

void print_words(FILE *out, const char *text, size_t indent, size_t room)
{
    size_t column = indent;

    while (*text) {
        size_t n = strcspn(text, " ");

        if (column > indent && column + 1 + n > room) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, n, out);
        column += n;
        text += n + (text[n] == ' ');
    }
    fputc('\n', out);
}
