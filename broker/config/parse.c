/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parses a line of the configuration: a header in brackets, or what belongs below one. Columns are those of
 * the line as it stands in the file, so spans always point into it.
 *
 * After an error it goes on with what was most likely meant, so that one mistake is reported once. It must
 * not know which backends and options exist, nor open anything itself.
 */
#include "broker/config/parse.h"

#include <string.h>

#include "broker/base/suggest.h"
#include "broker/config/map.h"
#include "broker/config/private.h"
#include "broker/config/section.h"

#define HEADERS                                                                                              \
    "a header is [BACKEND INSTANCE], [backend NAME], [control], [console], [map] or [include FILE]"

/* A header, cut at its first blank. */
struct header {
    struct config_span word;
    struct config_span rest;
};

static void report(struct config_parser *parser, const struct config_line *line, const char *at,
                   const char *hint, const char *message)
{
    config_diagnose(parser->config, CONFIG_ERROR, config_at(line, at), hint, "%s", message);
}

/* Returns what stands between the brackets, or probably should if the end is missing. */
static struct config_span header_inside(struct config_parser *parser, const struct config_line *line)
{
    const char *open = line->text.start;
    const char *end = config_span_end(line->text);
    const char *close;

    if (end[-1] == ']')
        return config_trimmed(open + 1, end - 1);
    close = config_span_find(line->text, ']');
    if (!close) {
        report(parser, line, open, HEADERS, "\"[\" has no closing \"]\"");
        return config_trimmed(open + 1, end);
    }
    report(parser, line, config_trimmed(close + 1, end).start, "a comment is a line that starts with \";\"",
           "unexpected text after \"]\"");
    return config_trimmed(open + 1, close);
}

static struct header parse_header(struct config_parser *parser, const struct config_line *line)
{
    struct config_span inside = header_inside(parser, line);
    const char *blank = config_span_blank(inside);

    return (struct header){
        .word = {inside.start, (size_t)(blank - inside.start)},
        .rest = config_trimmed(blank, config_span_end(inside)),
    };
}

static int parse_include(struct config_parser *parser, const struct config_line *line,
                         const struct header *header, struct config_span *file)
{
    *file = header->rest;
    if (header->rest.length == 0)
        report(parser, line, header->word.start, HEADERS, "the file to include is missing");
    return 0;
}

static int parse_backend(struct config_parser *parser, const struct config_line *line,
                         const struct header *header)
{
    struct config_span name = header->rest;
    const struct config_span no_instance = {config_span_end(name), 0};
    const char *blank = config_span_blank(name);
    size_t index;
    int r;

    if (name.length == 0 || blank < config_span_end(name)) {
        report(parser, line, name.length == 0 ? header->word.start : blank, HEADERS,
               name.length == 0 ? "the name of the backend is missing"
                                : "a backend's name cannot contain blanks");
        return 0;
    }
    if (!config_find_backend(parser, name, &index)) {
        r = config_add_section(parser, name, no_instance, line->directory, &index);
        if (r < 0)
            return r;
        parser->config->sections[index].at = config_at(line, name.start);
        parser->config->sections[index].instance_at = config_at(line, no_instance.start);
    }
    parser->context = (struct config_context){CONFIG_IN_SECTION, index};
    return 0;
}

static void report_no_instance(struct config_parser *parser, const struct config_line *line,
                               const struct header *header)
{
    struct suggest suggest;
    const char *hint;
    char word[32] = "";
    char text[96];

    if (header->word.length < sizeof(word))
        memcpy(word, header->word.start, header->word.length);
    suggest_init(&suggest, word);
    suggest_offer(&suggest, "map");
    suggest_offer(&suggest, "backend");
    suggest_offer(&suggest, "include");
    hint = suggest_hint(&suggest, text, sizeof(text));
    if (header->word.length == 0)
        report(parser, line, line->text.start, HEADERS, "there is nothing between the brackets");
    else
        report(parser, line, header->word.start, hint ? hint : HEADERS,
               "the name of the instance is missing");
}

/* Reports a name that would be ambiguous in a mapping or in a path. */
static bool check_instance_name(struct config_parser *parser, const struct config_line *line,
                                struct config_span name)
{
    for (const char *at = name.start; at < config_span_end(name); at++) {
        const char *what = *at == '.' ? "dot" : *at == '/' ? "slash" : config_is_blank(*at) ? "blank" : NULL;

        if (!what)
            continue;
        config_diagnose(parser->config, CONFIG_ERROR, config_at(line, at), NULL,
                        "an instance's name cannot contain a %s", what);
        return false;
    }
    return true;
}

static int parse_instance(struct config_parser *parser, const struct config_line *line,
                          const struct header *header)
{
    struct config_span name = header->rest;
    size_t index;
    int r;

    if (name.length == 0) {
        report_no_instance(parser, line, header);
        return 0;
    }
    if (!check_instance_name(parser, line, name))
        return 0;
    if (config_find_instance(parser, name, &index)) {
        struct config_location first = parser->config->sections[index].instance_at;

        config_diagnose(parser->config, CONFIG_ERROR, config_at(line, name.start), NULL,
                        "instance \"%.*s\" is already declared at %s:%u:%u", config_quoted(name), name.start,
                        first.file, first.line, first.column);
        return 0;
    }
    r = config_add_section(parser, header->word, name, line->directory, &index);
    if (r < 0)
        return r;
    parser->config->sections[index].at = config_at(line, header->word.start);
    parser->config->sections[index].instance_at = config_at(line, name.start);
    parser->context = (struct config_context){CONFIG_IN_SECTION, index};
    return 0;
}

static int open_section(struct config_parser *parser, const struct config_line *line,
                        struct config_span *file)
{
    struct header header = parse_header(parser, line);

    /* the only header that does not end the section before it */
    if (config_span_is(header.word, "include"))
        return parse_include(parser, line, &header, file);
    parser->context.state = CONFIG_SKIPPING;
    if ((config_span_is(header.word, "control") || config_span_is(header.word, "console")) &&
        header.rest.length == 0) {
        header.rest = header.word; /* the broker's own options are kept like those of a backend */
        return parse_backend(parser, line, &header);
    }
    if (config_span_is(header.word, "backend"))
        return parse_backend(parser, line, &header);
    if (!config_span_is(header.word, "map"))
        return parse_instance(parser, line, &header);
    if (header.rest.length > 0)
        report(parser, line, header.rest.start, HEADERS, "[map] takes no name");
    parser->context.state = CONFIG_IN_MAP;
    return 0;
}

/* Returns the sign between name and value; one within a name in quotes is part of that. NULL without any. */
static const char *find_equals(struct config_span text)
{
    struct config_span rest = {text.start + 1, text.length - 1};
    const char *quote = *text.start == '"' ? config_span_find(rest, '"') : NULL;

    if (quote)
        text = (struct config_span){quote, (size_t)(config_span_end(text) - quote)};
    return config_span_find(text, '=');
}

static int parse_option(struct config_parser *parser, const struct config_line *line)
{
    struct config_section *section = &parser->config->sections[parser->context.section];
    const char *equals = find_equals(line->text);
    struct config_span name;
    struct config_span value;

    if (!equals) {
        bool mapping = config_span_find(line->text, '<') || config_span_find(line->text, '>');

        report(parser, line, line->text.start, mapping ? "mappings belong below [map]" : NULL,
               "expected an option: NAME = VALUE");
        return 0;
    }
    name = config_trimmed(line->text.start, equals);
    value = config_trimmed(equals + 1, config_span_end(line->text));
    if (name.length == 0) {
        report(parser, line, equals, NULL, "the name of the option is missing before \"=\"");
        return 0;
    }
    return config_add_option(section, name, value, config_at(line, name.start), config_at(line, value.start));
}

int config_parse_line(struct config_parser *parser, const struct config_line *line, struct config_span *file)
{
    *file = (struct config_span){0};
    if (*line->text.start == '[')
        return open_section(parser, line, file);
    switch (parser->context.state) {
    case CONFIG_IN_SECTION:
        return parse_option(parser, line);
    case CONFIG_IN_MAP:
        return config_parse_mapping(parser, line);
    case CONFIG_OUTSIDE:
        report(parser, line, line->text.start, HEADERS, "expected a header in brackets before anything else");
        break;
    case CONFIG_SKIPPING:
        break;
    }
    return 0;
}
