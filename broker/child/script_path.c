/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds paths in lines of tracebacks, and replaces their folders. */
#include "broker/child/script_path.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "proto/spawn_request.h"

/* A text that is not terminated. */
struct script_span {
    const char *text;
    size_t n;
};

static bool script_begins(struct script_span span, const char *with)
{
    return span.n >= strlen(with) && memcmp(span.text, with, strlen(with)) == 0;
}

/* Returns what follows the first `part`, or nothing. */
static struct script_span script_after(struct script_span span, const char *part)
{
    const char *found = memmem(span.text, span.n, part, strlen(part));
    size_t skipped = found ? (size_t)(found - span.text) + strlen(part) : span.n;

    return (struct script_span){span.text + skipped, span.n - skipped};
}

/* Whether a warning begins with it: a path, a colon and the number of a line. */
static bool script_is_place(struct script_span span)
{
    struct script_span number = script_after(span, ".py:");

    return number.n > 0 && isdigit((unsigned char)number.text[0]);
}

/* Returns the rest of the line that begins with a path, or nothing. */
static struct script_span script_find(struct script_span line)
{
    struct script_span rest = line;

    while (rest.n && (rest.text[0] == ' ' || rest.text[0] == '|'))
        rest.text++, rest.n--;
    if (script_begins(rest, "File \""))
        return script_after(rest, "\"");
    if (script_begins(rest, "ImportError: "))
        return script_after(rest, "(");
    return rest.n == line.n && script_is_place(line) ? line : (struct script_span){line.text, 0};
}

static size_t script_append(char *out, size_t used, size_t room, const char *text, size_t n)
{
    size_t kept = n < room - used ? n : room - used;

    memcpy(out + used, text, kept);
    return used + kept;
}

size_t script_path_write(const struct script_folders *folders, const char *line, size_t n, char *out,
                         size_t room)
{
    const struct {
        const char *seen;
        const char *own;
    } each[] = {{SPAWN_SCRIPT_FOLDER, folders->script}, {SPAWN_STATE_FOLDER, folders->state}};
    struct script_span path = script_find((struct script_span){line, n});
    size_t used = 0;

    for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
        size_t seen = strlen(each[i].seen);

        if (!each[i].own || !script_begins(path, each[i].seen) || path.n == seen || path.text[seen] != '/')
            continue;
        used = script_append(out, used, room, line, (size_t)(path.text - line));
        used = script_append(out, used, room, each[i].own, strlen(each[i].own));
        n -= (size_t)(path.text - line) + seen;
        line = path.text + seen;
        break;
    }
    return script_append(out, used, room, line, n);
}
