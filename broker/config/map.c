/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parses mappings: `SIDE > SIDE`, `<`, `<>` or `><`, where a side is INSTANCE.CHANNEL and the channel may
 * have globs. Signs within quotes, as in INSTANCE."CHANNEL", belong to the channel; the quotes stay there for
 * whoever reads its name.
 *
 * A mapping line is kept from its first sound part on, so that everything wrong with it is found: an instance
 * may be declared further down, so instances are only checked when all is read. The check drops every mapping
 * with an error. It must not know what channels a backend has.
 */
#include "broker/config/map.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/grow.h"
#include "broker/config/load.h"
#include "broker/config/private.h"
#include "broker/config/section.h"

static bool is_sign(char c)
{
    return c == '<' || c == '>';
}

static void report_no_sign(struct config_parser *parser, const struct config_line *line)
{
    const char *hint = "a mapping is one of A > B, A < B and A <> B, where A and B are INSTANCE.CHANNEL";

    if (config_span_find(line->text, '='))
        hint =
            "options belong below a header such as [BACKEND INSTANCE]; a mapping has \">\", \"<\" or \"<>\"";
    config_diagnose(parser->config, CONFIG_ERROR, config_at(line, line->text.start), hint,
                    "expected a mapping, which has \">\", \"<\" or \"<>\"");
}

/* Returns 0 also when the globs have an error; the endpoint then stands for no names. */
static int parse_channel(struct config_parser *parser, const struct config_line *line,
                         struct config_span channel, struct config_endpoint *endpoint)
{
    struct glob_error error;
    int r;

    endpoint->channel = strndup(channel.start, channel.length);
    if (!endpoint->channel)
        return -ENOMEM;
    r = glob_parse(&endpoint->glob, endpoint->channel, &error);
    if (r != -EINVAL)
        return r;
    config_diagnose(parser->config, CONFIG_ERROR, config_at(line, channel.start + error.offset), NULL, "%s",
                    error.text);
    return 0;
}

/* Parses INSTANCE.CHANNEL; a missing part is reported and stays NULL. */
static int parse_side(struct config_parser *parser, const struct config_line *line, struct config_span side,
                      struct config_endpoint *endpoint)
{
    const char *dot = config_span_find(side, '.');
    struct config_span channel;

    if (!dot) {
        config_diagnose(parser->config, CONFIG_ERROR, config_at(line, side.start), NULL,
                        "\"%.*s\" names no channel: expected INSTANCE.CHANNEL", config_quoted(side),
                        side.start);
        return 0;
    }
    endpoint->at = config_at(line, side.start);
    endpoint->channel_at = config_at(line, dot + 1);
    if (dot == side.start) {
        config_diagnose(parser->config, CONFIG_ERROR, endpoint->at, NULL,
                        "the instance is missing before the dot: expected INSTANCE.CHANNEL");
    } else {
        endpoint->instance = strndup(side.start, (size_t)(dot - side.start));
        if (!endpoint->instance)
            return -ENOMEM;
    }
    channel = (struct config_span){dot + 1, (size_t)(config_span_end(side) - dot - 1)};
    if (channel.length > 0)
        return parse_channel(parser, line, channel, endpoint);
    config_diagnose(parser->config, CONFIG_ERROR, endpoint->channel_at, NULL,
                    "the channel is missing after the dot: expected INSTANCE.CHANNEL");
    return 0;
}

/* Parses the text on one side of the sign. */
static int parse_half(struct config_parser *parser, const struct config_line *line, struct config_span sign,
                      struct config_span side, struct config_endpoint *endpoint, const char *which)
{
    if (side.length > 0)
        return parse_side(parser, line, side, endpoint);
    config_diagnose(parser->config, CONFIG_ERROR, config_at(line, sign.start), NULL,
                    "there is nothing on the %s of \"%.*s\"", which, (int)sign.length, sign.start);
    return 0;
}

static uint64_t n_names(const struct config_endpoint *endpoint)
{
    return endpoint->glob.n_names;
}

static bool sizes_match(const struct config_mapping *mapping)
{
    uint64_t left = n_names(&mapping->left);
    uint64_t right = n_names(&mapping->right);

    return left == right || left == 1 || right == 1;
}

static void check_sizes(struct config_parser *parser, const struct config_mapping *mapping)
{
    if (n_names(&mapping->left) == 0 || n_names(&mapping->right) == 0 || sizes_match(mapping))
        return;
    config_diagnose(parser->config, CONFIG_ERROR, mapping->right.channel_at,
                    "both sides must stand for the same number of channels, or one of them for a single one",
                    "the left side stands for %" PRIu64 " channels and the right side for %" PRIu64,
                    n_names(&mapping->left), n_names(&mapping->right));
}

uint64_t config_count_routes(const struct config_mapping *mapping)
{
    uint64_t left = n_names(&mapping->left), right = n_names(&mapping->right);

    return (left > right ? left : right) * (mapping->left_to_right + mapping->right_to_left);
}

/* Counts what a user's mappings stand for. */
static void check_routes(struct config_parser *parser, const struct config_mapping *mapping,
                         const struct config_line *line)
{
    if (!parser->reader)
        return;
    parser->n_routes += config_count_routes(mapping);
    if (parser->n_routes <= parser->reader->max_routes)
        return;
    config_diagnose(parser->config, CONFIG_ERROR, config_at(line, line->text.start), NULL,
                    CONFIG_TOO_MANY_ROUTES, parser->reader->max_routes);
    parser->is_too_large = true;
}

static int add_mapping(struct config_parser *parser, const struct config_line *line, struct config_span sign)
{
    struct config *config = parser->config;
    struct config_mapping *grown = grow_by_one(config->mappings, config->n_mappings, sizeof(*grown));
    struct config_span left = config_trimmed(line->text.start, sign.start);
    struct config_span right = config_trimmed(config_span_end(sign), config_span_end(line->text));
    struct config_mapping *mapping;
    int r;

    if (!grown)
        return -ENOMEM;
    config->mappings = grown;
    mapping = &grown[config->n_mappings++];
    *mapping = (struct config_mapping){
        .left_to_right = sign.length == 2 || *sign.start == '>',
        .right_to_left = sign.length == 2 || *sign.start == '<',
    };
    r = parse_half(parser, line, sign, left, &mapping->left, "left");
    if (r < 0)
        return r;
    r = parse_half(parser, line, sign, right, &mapping->right, "right");
    if (r < 0)
        return r;
    check_sizes(parser, mapping);
    check_routes(parser, mapping, line);
    return 0;
}

static bool is_shaft(char c)
{
    return c == '-' || c == '=';
}

/* Finds an arrow that other languages have: `->`, `=>`, `<-` and longer ones, apart from the names. */
static bool is_arrow(const struct config_line *line, struct config_span sign)
{
    const char *end = config_span_end(line->text);
    const char *before = sign.start;
    const char *after = config_span_end(sign);

    while (before > line->text.start && is_shaft(before[-1]))
        before--;
    while (after < end && is_shaft(*after))
        after++;
    if (before < sign.start && (before == line->text.start || config_is_blank(before[-1])))
        return true;
    return after > config_span_end(sign) && (after == end || config_is_blank(*after));
}

/* Returns the place after a channel in quotes that begins at `at`, or `at` if none does. */
static const char *skip_quoted(const struct config_line *line, const char *at)
{
    const char *end = config_span_end(line->text);
    const char *close = NULL;

    if (*at == '"' && at > line->text.start && at[-1] == '.')
        close = memchr(at + 1, '"', (size_t)(end - at - 1));
    return close ? close + 1 : at;
}

/* Finds a comment behind a mapping: a semicolon after a blank. */
static const char *find_comment(const struct config_line *line)
{
    const char *end = config_span_end(line->text);

    for (const char *at = line->text.start + 1; at < end; at++) {
        const char *after = skip_quoted(line, at);

        if (after == end)
            return NULL;
        if (*after == ';' && config_is_blank(after[-1]))
            return after;
        at = after;
    }
    return NULL;
}

/* Reports what is most likely meant in another language. Returns false if there is nothing of that kind. */
static bool report_foreign(struct config_parser *parser, const struct config_line *line,
                           struct config_span sign)
{
    const char *comment = find_comment(line);

    if (comment)
        config_diagnose(parser->config, CONFIG_ERROR, config_at(line, comment),
                        "put it on a line of its own, which begins with \";\"",
                        "a comment cannot follow a mapping on the same line");
    else if (is_arrow(line, sign))
        config_diagnose(parser->config, CONFIG_ERROR, config_at(line, sign.start),
                        "a mapping is one of A > B, A < B and A <> B, where A and B are INSTANCE.CHANNEL",
                        "write \"%.*s\" without \"-\" or \"=\"", (int)sign.length, sign.start);
    return comment || is_arrow(line, sign);
}

int config_parse_mapping(struct config_parser *parser, const struct config_line *line)
{
    const char *end = config_span_end(line->text);
    struct config_span sign = {line->text.start, 1};

    while (sign.start < end && !is_sign(*sign.start)) {
        const char *after = skip_quoted(line, sign.start);

        sign.start = after > sign.start ? after : sign.start + 1;
    }
    if (sign.start == end) {
        report_no_sign(parser, line);
        return 0;
    }
    if (sign.start + 1 < end && is_sign(sign.start[1]) && sign.start[1] != sign.start[0])
        sign.length = 2;
    if (report_foreign(parser, line, sign))
        return 0;
    if (config_span_end(sign) < end && is_sign(*config_span_end(sign))) {
        config_diagnose(parser->config, CONFIG_ERROR, config_at(line, sign.start), NULL,
                        "a mapping has one \">\", \"<\", \"<>\" or \"><\" between its sides");
        return 0;
    }
    return add_mapping(parser, line, sign);
}

/* Returns false if the instance is missing, which has been reported, or unknown, which it reports. */
static bool check_instance(struct config_parser *parser, const struct config_endpoint *endpoint)
{
    struct config_span name;
    char hint[160];
    size_t section;

    if (!endpoint->instance || parser->reader)
        return endpoint->instance;
    name = (struct config_span){endpoint->instance, strlen(endpoint->instance)};
    if (config_find_instance(parser, name, &section))
        return true;
    config_diagnose(parser->config, CONFIG_ERROR, endpoint->at,
                    name.start[0] == '-' ? "a mapping is written with >, < or <>"
                                         : config_suggest_instance(parser, name, hint, sizeof(hint)),
                    "unknown instance \"%.*s\"", config_quoted(name), name.start);
    return false;
}

void config_check_mappings(struct config_parser *parser)
{
    struct config *config = parser->config;
    size_t kept = 0;

    for (size_t i = 0; i < config->n_mappings; i++) {
        struct config_mapping *mapping = &config->mappings[i];
        bool sound = n_names(&mapping->left) > 0 && n_names(&mapping->right) > 0 && sizes_match(mapping);

        sound &= check_instance(parser, &mapping->left);
        sound &= check_instance(parser, &mapping->right);
        if (sound)
            config->mappings[kept++] = *mapping;
        else
            config_mapping_deinit(mapping);
    }
    config->n_mappings = kept;
}
