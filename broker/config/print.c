/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints findings for a terminal or a log, as compilers do.
 *
 * Invariant: nothing from a configuration reaches the output unescaped, since a terminal obeys some
 * characters: control characters, bytes that are not UTF-8, and characters that change the direction of text
 * are written as \x1b or \u202e. It must not know how findings come about.
 */
#include "broker/config/print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/config/config.h"
#include "broker/config/private.h"
#include "broker/config/span.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/utf8.h"

enum {
    TAB_COLUMNS = 8,
    WINDOW_BYTES = 100, /* shown of a longer line */
    WINDOW_BEFORE_BYTES = 60,
};

struct style {
    const char *place;
    const char *severity[2];
    const char *caret;
    const char *note;
    const char *end;
};

static const struct style plain = {"", {"", ""}, "", "", ""};
static const struct style coloured = {
    .place = "\033[1m",
    .severity = {[CONFIG_ERROR] = "\033[1;31m", [CONFIG_WARNING] = "\033[1;35m"},
    .caret = "\033[1;32m",
    .note = "\033[1;36m",
    .end = "\033[0m",
};

static const char *const severity_names[] = {[CONFIG_ERROR] = "error", [CONFIG_WARNING] = "warning"};

/* Returns whether a terminal shows the character as itself, in its place. */
static bool is_plain(uint32_t code)
{
    if (fc_utf8_is_control(code))
        return false;
    if (code >= 0x200b && code <= 0x200f)
        return false;
    return !(code >= 0x2028 && code <= 0x202e) && !(code >= 0x2060 && code <= 0x206f) && code != 0xfeff;
}

/* Writes the character at `text`, and the columns it takes to `columns`. Returns its bytes. */
static size_t print_character(FILE *out, const char *text, size_t bytes, size_t *columns)
{
    uint32_t code;
    size_t length = fc_utf8_read(text, bytes, &code);

    if (length > 0 && is_plain(code)) {
        fwrite(text, 1, length, out);
        *columns += 1;
        return length;
    }
    if (length > 0 && code >= 0x100) {
        fprintf(out, "\\u%04" PRIx32, code);
        *columns += 6;
        return length;
    }
    /* one byte: the character's code, or a byte that is not part of a character */
    fprintf(out, "\\x%02x", length > 0 ? (unsigned)code : (unsigned)(unsigned char)*text);
    *columns += 4;
    return length > 0 ? length : 1;
}

static void print_text(FILE *out, const char *text)
{
    size_t bytes = strlen(text);
    size_t columns = 0;

    for (size_t i = 0; i < bytes;)
        i += print_character(out, text + i, bytes - i, &columns);
}

/* Returns the part of a line to show: all of it if it is short, otherwise the part around `at`. */
static struct config_span window(const char *line, size_t at)
{
    size_t bytes = strlen(line);
    size_t start = at > WINDOW_BEFORE_BYTES ? at - WINDOW_BEFORE_BYTES : 0;
    size_t end;

    if (bytes <= WINDOW_BYTES)
        return (struct config_span){line, bytes};
    if (start > bytes - WINDOW_BYTES)
        start = bytes - WINDOW_BYTES;
    end = start + WINDOW_BYTES;
    /* never in the middle of a character, which has at most three such bytes */
    for (int i = 0; i < 3 && start > 0 && fc_utf8_is_inside(line[start]); i++)
        start--;
    for (int i = 0; i < 3 && end < bytes && fc_utf8_is_inside(line[end]); i++)
        end++;
    return (struct config_span){line + start, end - start};
}

/* Writes the shown part of a line. Returns the columns that stand before `at`. */
static size_t print_window(FILE *out, struct config_span shown, const char *at, size_t columns)
{
    size_t before = columns;

    for (const char *c = shown.start; c < config_span_end(shown);) {
        size_t left = (size_t)(config_span_end(shown) - c);

        if (c <= at)
            before = columns;
        if (*c == '\t') {
            int spaces = (int)(TAB_COLUMNS - columns % TAB_COLUMNS);

            fprintf(out, "%*s", spaces, "");
            columns += (size_t)spaces;
            c++;
        } else {
            c += print_character(out, c, left, &columns);
        }
    }
    return at >= config_span_end(shown) ? columns : before;
}

static void print_source(FILE *out, const struct config_diagnostic *diagnostic, const struct style *style)
{
    const char *line = diagnostic->source;
    size_t bytes = strlen(line);
    size_t at = diagnostic->at.column ? diagnostic->at.column - 1 : 0;
    struct config_span shown;
    bool cut_before;
    size_t columns;

    if (at > bytes)
        at = bytes;
    shown = window(line, at);
    cut_before = shown.start > line;
    fprintf(out, "  %s", cut_before ? "..." : "");
    columns = print_window(out, shown, line + at, cut_before ? 3 : 0);
    fprintf(out, "%s\n", config_span_end(shown) < line + bytes ? "..." : "");
    fprintf(out, "  %*s%s^%s\n", (int)columns, "", style->caret, style->end);
}

static void print_diagnostic(FILE *out, const struct config_diagnostic *diagnostic, const struct style *style)
{
    fputs(style->place, out);
    print_text(out, diagnostic->at.file ? diagnostic->at.file : CONFIG_COMMAND_LINE);
    if (diagnostic->at.line > 0)
        fprintf(out, ":%" PRIu32 ":%" PRIu32, diagnostic->at.line, diagnostic->at.column);
    fprintf(out, ":%s %s%s:%s ", style->end, style->severity[diagnostic->severity],
            severity_names[diagnostic->severity], style->end);
    print_text(out, diagnostic->message);
    fputc('\n', out);
    if (diagnostic->source)
        print_source(out, diagnostic, style);
    if (diagnostic->hint) {
        fprintf(out, "  %snote:%s ", style->note, style->end);
        print_text(out, diagnostic->hint);
        fputc('\n', out);
    }
}

/* A finding with its place in the output. */
struct ranked {
    const struct config_diagnostic *diagnostic;
    size_t file;
};

/* Ranks the command line before the files, and the finding that there are more after everything. */
static size_t file_rank(const struct config *config, size_t index)
{
    const struct config_location *at = &config->diagnostics[index].at;

    if (index == CONFIG_MAX_DIAGNOSTICS)
        return SIZE_MAX;
    for (size_t i = 0; i < config->n_files; i++) {
        if (config->files[i].path == at->file)
            return i + 1;
    }
    return at->line == 0 ? 0 : config->n_files + 1;
}

static int compare(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;
    const struct config_location *a_at = &a->diagnostic->at;
    const struct config_location *b_at = &b->diagnostic->at;

    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    if (a_at->line != b_at->line)
        return a_at->line < b_at->line ? -1 : 1;
    if (a_at->column != b_at->column)
        return a_at->column < b_at->column ? -1 : 1;
    /* qsort() is not stable: keep the order in which they were found */
    return a->diagnostic < b->diagnostic ? -1 : 1;
}

void config_print_diagnostics(const struct config *config, FILE *out, bool colour)
{
    FC_AUTO_FREE struct ranked *ranked = calloc(config->n_diagnostics, sizeof(*ranked));

    if (ranked) {
        for (size_t i = 0; i < config->n_diagnostics; i++)
            ranked[i] = (struct ranked){&config->diagnostics[i], file_rank(config, i)};
        qsort(ranked, config->n_diagnostics, sizeof(*ranked), compare);
    }
    /* without memory for the order, in the order in which they were found */
    for (size_t i = 0; i < config->n_diagnostics; i++)
        print_diagnostic(out, ranked ? ranked[i].diagnostic : &config->diagnostics[i],
                         colour ? &coloured : &plain);
}
