/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps lines in two lists, of all and of their instance, and drops the oldest ones. */
#include "broker/control/log_ring.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "firecurtain/time.h"
#include "firecurtain/utf8.h"

#define RING_ERROR     200 /* bytes of the last error */
#define RING_PLACE     64
#define RING_ADVICE_NS FC_NS_PER_S

struct log_owner {
    struct log_line *lines;
    size_t n;
    size_t n_bytes; /* including the owner itself */
    UT_hash_handle hh;
    uint64_t error_ns;
    char error[RING_ERROR];
    char error_place[RING_PLACE];
    char place[RING_PLACE]; /* the last one in the traceback that is being added */
    char name[];
};

static void ring_drop(struct log_ring *ring, struct log_line *line)
{
    struct log_owner *owner = line->owner;

    DL_DELETE(ring->lines, line);
    DL_DELETE2(owner->lines, line, own_prev, own_next);
    owner->n--;
    owner->n_bytes -= line->n_bytes;
    ring->n_bytes -= line->n_bytes;
    free(line);
    if (owner->n)
        return;
    ring->n_bytes -= owner->n_bytes;
    HASH_DEL(ring->owners, owner);
    free(owner);
}

void log_ring_deinit(struct log_ring *ring)
{
    while (ring->lines)
        ring_drop(ring, ring->lines);
}

static struct log_owner *ring_owner(struct log_ring *ring, const char *instance)
{
    size_t n_bytes = strlen(instance);
    struct log_owner *owner;

    HASH_FIND(hh, ring->owners, instance, n_bytes, owner);
    if (owner)
        return owner;
    owner = calloc(1, sizeof(*owner) + n_bytes + 1);
    if (!owner)
        return NULL;
    memcpy(owner->name, instance, n_bytes + 1);
    owner->n_bytes = sizeof(*owner) + n_bytes + 1;
    ring->n_bytes += owner->n_bytes;
    HASH_ADD(hh, ring->owners, name, n_bytes, owner);
    return owner;
}

static struct log_owner *ring_largest(const struct log_ring *ring)
{
    struct log_owner *largest = ring->owners;

    for (struct log_owner *owner = ring->owners; owner; owner = owner->hh.next) {
        if (owner->n_bytes > largest->n_bytes)
            largest = owner;
    }
    return largest;
}

/* Drops lines until the limits hold; the newest line stays, whatever its size. */
static void ring_shrink(struct log_ring *ring, struct log_owner *owner)
{
    while (owner->n > 1 && (owner->n > LOG_RING_LINES || owner->n_bytes > LOG_RING_INSTANCE_BYTES))
        ring_drop(ring, owner->lines);
    while (ring->n_bytes > LOG_RING_BYTES && ring->lines->next)
        ring_drop(ring, ring_largest(ring)->lines);
}

static bool ring_begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Whether a file is one of Python's, or installed: what is wrong is in the script that calls it. */
static bool ring_is_library(const char *path)
{
    return path[0] == '<' || strstr(path, "/lib/python");
}

/* Notes the place in a line such as `  File "/show/lights.py", line 12, in fader`: the last one of the
 * script. */
static void ring_note_place(struct log_owner *owner, const char *text)
{
    char path[1024];
    unsigned line;
    const char *slash;

    if (sscanf(text, " File \"%1023[^\"]\", line %u", path, &line) != 2 ||
        (owner->place[0] && ring_is_library(path)))
        return;
    slash = strrchr(path, '/');
    snprintf(owner->place, sizeof(owner->place), "%.50s:%u", slash ? slash + 1 : path, line);
}

/* Keeps a text, of which the end is left out if it is long, with a mark. */
static void ring_keep(char to[RING_ERROR], const char *text)
{
    static const char mark[] = "…";
    size_t n = strlen(text);

    if (n < RING_ERROR) {
        memcpy(to, text, n + 1);
        return;
    }
    n = RING_ERROR - sizeof(mark);
    while (n > 0 && fc_utf8_is_inside(text[n])) /* within a character of UTF-8 */
        n--;
    memcpy(to, text, n);
    memcpy(to + n, mark, sizeof(mark));
}

/* Notes what an error says of its cause, if the line says that. */
static void ring_note_error(struct log_owner *owner, uint64_t time_ns, const char *text)
{
    static const char repeated[] = "… repeated ";
    static const char *const others[] = {"During handling of", "The above exception", "worker ended",
                                         "cannot start", "…"};

    if (ring_begins(text, "Traceback (most recent call last)"))
        owner->place[0] = '\0';
    if (!text[0] || text[0] == ' ' || ring_begins(text, "Traceback")) {
        ring_note_place(owner, text);
        return;
    }
    if (ring_begins(text, repeated) && owner->error_ns)
        owner->error_ns = time_ns;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (ring_begins(text, others[i]))
            return;
    }
    if (!owner->place[0] && owner->error_place[0] && time_ns - owner->error_ns < RING_ADVICE_NS)
        return; /* advice about the exception */
    owner->error_ns = time_ns;
    ring_keep(owner->error, text);
    memcpy(owner->error_place, owner->place, sizeof(owner->place));
    owner->place[0] = '\0';
}

struct log_error log_ring_error(const struct log_ring *ring, const char *instance)
{
    struct log_owner *owner;

    HASH_FIND_STR(ring->owners, instance, owner);
    if (!owner)
        return (struct log_error){.text = "", .place = ""};
    return (struct log_error){.time_ns = owner->error_ns, .text = owner->error, .place = owner->error_place};
}

void log_ring_add(struct log_ring *ring, uint64_t time_ns, const char *level, const char *instance,
                  const char *text, size_t n_bytes)
{
    struct log_line *line = calloc(1, sizeof(*line) + n_bytes + 1);
    struct log_owner *owner = line ? ring_owner(ring, instance) : NULL;

    if (!owner) {
        free(line);
        return;
    }
    memcpy(line->text, text, n_bytes);
    if (strcmp(level, "error") == 0)
        ring_note_error(owner, time_ns, line->text);
    line->number = ++ring->last;
    line->time_ns = time_ns;
    line->level = level;
    line->owner = owner;
    line->n_bytes = sizeof(*line) + n_bytes + 1;
    DL_APPEND(ring->lines, line);
    DL_APPEND2(owner->lines, line, own_prev, own_next);
    owner->n++;
    owner->n_bytes += line->n_bytes;
    ring->n_bytes += line->n_bytes;
    ring_shrink(ring, owner);
}

const char *log_line_instance(const struct log_line *line)
{
    return line->owner->name;
}

const struct log_line *log_ring_next(const struct log_line *line, const char *instance)
{
    return instance ? line->own_next : line->next;
}

static struct log_line *ring_first(const struct log_ring *ring, const char *instance)
{
    struct log_owner *owner;

    if (!instance)
        return ring->lines;
    HASH_FIND_STR(ring->owners, instance, owner);
    return owner ? owner->lines : NULL;
}

/* Searches from the end, since nearly always the newest lines are wanted. */
const struct log_line *log_ring_find(const struct log_ring *ring, uint64_t number, const char *instance)
{
    const struct log_line *first = ring_first(ring, instance), *line;

    if (!first)
        return NULL;
    line = instance ? first->own_prev : first->prev; /* `prev` of the head is the last one */
    if (line->number < number)
        return NULL;
    while (line != first) {
        const struct log_line *before = instance ? line->own_prev : line->prev;

        if (before->number < number)
            break;
        line = before;
    }
    return line;
}

uint64_t log_ring_tail(const struct log_ring *ring, size_t n, const char *instance)
{
    const struct log_line *first = ring_first(ring, instance), *line;

    if (!first || !n)
        return ring->last + 1;
    line = instance ? first->own_prev : first->prev;
    while (line != first && --n)
        line = instance ? line->own_prev : line->prev;
    return line->number;
}
