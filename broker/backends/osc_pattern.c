/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Matches patterns, part by part between their slashes. A part's text is itself the automaton: a state is an
 * offset into it, and the set of active states moves along with each character of the address.
 *
 * Invariant: what osc_pattern_match() sees was checked, so every bracket is closed and nothing is nested.
 */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "broker/backends/osc_pattern.h"
#include "firecurtain/utf8.h"

static bool is_graphic(char c)
{
    return c > ' ' && c <= '~';
}

static bool is_beyond_ascii(char c)
{
    return (unsigned char)c >= 0x80;
}

/* Whether a character may be between brackets or, except for the comma, braces. */
static bool is_legal_inside(char c, unsigned rules)
{
    if (rules & OSC_PATTERN_ANY_NAME && (c == ' ' || c == '#'))
        return true;
    return is_graphic(c) && !strchr("#*,/?[]{}", c);
}

bool osc_pattern_has_wildcard(const char *text)
{
    return strpbrk(text, "?*[]{}") != NULL;
}

/* Checks brackets. `*at` is at the opening one, and afterwards at the closing one. */
static const char *set_complaint(const char **at, unsigned rules)
{
    const char *first = *at + ((*at)[1] == '!' ? 2 : 1);
    const char *end = first;

    while (is_legal_inside(*end, rules))
        end++;
    if (!*end)
        return "a [ is never closed";
    if (*end != ']')
        return "a character is not allowed between [ and ]";
    if (end == first)
        return "nothing stands between [ and ]";
    *at = end;
    return NULL;
}

/* Checks braces in the same way. */
static const char *list_complaint(const char **at, unsigned rules)
{
    const char *first = *at + 1;
    const char *end = first;

    while (is_legal_inside(*end, rules) || *end == ',' ||
           (is_beyond_ascii(*end) && rules & OSC_PATTERN_ANY_NAME))
        end++;
    if (!*end)
        return "a { is never closed";
    if (*end != '}')
        return "a character is not allowed between { and }";
    if (end == first)
        return "nothing stands between { and }";
    *at = end;
    return NULL;
}

/* Returns what is wrong with a character that OSC does not allow in addresses, or NULL if it allows it. */
static const char *character_complaint(char c)
{
    if (c == ' ')
        return "a space is not allowed, except in quotes";
    if (is_beyond_ascii(c))
        return "only ASCII is allowed, except in quotes";
    if (c == '#')
        return "a # is not allowed, except in quotes";
    return c == ',' ? "a comma is not allowed, except between { and } or in quotes" : NULL;
}

/* Checks the character or bracket expression at `*at`, and moves that to its last character. */
static const char *part_complaint(const char **at, unsigned rules)
{
    char c = **at;
    const char *complaint = rules & OSC_PATTERN_ANY_NAME ? NULL : character_complaint(c);

    if (complaint)
        return complaint;
    if ((unsigned char)c < ' ' || c == 0x7f)
        return "a control character is not allowed";
    if (!(rules & OSC_PATTERN_WILDCARDS) && strchr("?*[]{}", c))
        return "wildcards are not allowed here";
    if (c == ']' || c == '}')
        return "a closing bracket has no opening one";
    if (c == '[')
        return set_complaint(at, rules);
    return c == '{' ? list_complaint(at, rules) : NULL;
}

const char *osc_pattern_complaint(const char *text, unsigned rules)
{
    if (text[0] != '/')
        return "it must begin with a slash";
    if (strnlen(text, OSC_PATTERN_MAX_BYTES) == OSC_PATTERN_MAX_BYTES)
        return "it is longer than 1023 characters";
    for (const char *at = text; *at; at++) {
        const char *complaint = part_complaint(&at, rules);

        if (complaint)
            return complaint;
    }
    return NULL;
}

/* Whether a set has a character. `set` is after the opening bracket; a minus sign at the end stands for
 * itself. */
static bool is_in_set(const char *set, char c)
{
    bool negated = *set == '!';
    bool found = false;

    for (const char *at = negated ? set + 1 : set; *at != ']'; at++) {
        if (at[1] == '-' && at[2] != ']') {
            found |= (at[0] <= c && c <= at[2]) || (at[2] <= c && c <= at[0]);
            at += 2;
        } else {
            found |= *at == c;
        }
    }
    return found != negated;
}

/* Returns the state after the active state `p`, which may be in a list, takes `c`, or `none` if it cannot. */
static size_t take(const char *pattern, size_t p, bool is_in_list, char c, size_t none)
{
    switch (pattern[p]) {
    case '*':
        return c != '/' ? p : none;
    case '?':
        return c != '/' ? p + 1 : none;
    case '[':
        if (c == '/' || !is_in_set(pattern + p + 1, c))
            return none;
        return (size_t)(strchr(pattern + p, ']') + 1 - pattern);
    case '{':
    case '}':
        return none;
    default:
        return pattern[p] == c && !(pattern[p] == ',' && is_in_list) ? p + 1 : none;
    }
}

/*
 * Activates the states that are reached from `now` without a character. All such steps lead forward, so that
 * one sweep is enough. Within a list, `opened` says whether it was entered, and `ended` whether an
 * alternative has ended.
 */
static void spread(const char *pattern, size_t length, bool *now)
{
    bool is_in_list = false;
    bool opened = false;
    bool ended = false;

    for (size_t p = 0; p < length; p++) {
        switch (pattern[p]) {
        case '*':
            now[p + 1] |= now[p];
            break;
        case '{':
            is_in_list = true;
            opened = now[p];
            ended = false;
            now[p + 1] |= opened;
            break;
        case ',':
            ended |= now[p] && is_in_list;
            now[p + 1] |= opened && is_in_list;
            break;
        case '}':
            is_in_list = false;
            now[p + 1] |= ended || now[p];
            break;
        default:
            break;
        }
    }
}

/* Whether the state `p` is behind a wildcard that took the first byte of a character, and takes the others.
 */
static bool takes_rest(const char *pattern, size_t p, char c)
{
    return fc_utf8_is_inside(c) && p > 0 && strchr("?]", pattern[p - 1]);
}

/* Moves every active state of `now` by one byte into `next`. Returns whether any is left. */
static bool move(const char *pattern, size_t length, const bool *now, bool *next, char c)
{
    size_t none = length + 1;
    bool is_in_list = false;
    bool any = false;

    memset(next, 0, length + 1);
    for (size_t p = 0; p <= length; p++) {
        if (now[p] && takes_rest(pattern, p, c))
            any = next[p] = true;
    }
    for (size_t p = 0; p < length; p++) {
        size_t to = now[p] ? take(pattern, p, is_in_list, c, none) : none;

        is_in_list = (is_in_list || pattern[p] == '{') && pattern[p] != '}';

        if (to != none)
            any = next[to] = true;
    }
    return any;
}

/* Follows all possibilities of a part without a slash, whose text before the first wildcard is left out. */
static bool follow(const char *pattern, size_t length, const char *address, size_t bytes, size_t *steps)
{
    bool states[2][OSC_PATTERN_MAX_BYTES];
    bool *now = states[0];
    bool *next = states[1];

    assert(length < OSC_PATTERN_MAX_BYTES);
    memset(now, 0, length + 1);
    now[0] = true;
    for (size_t i = 0; i < bytes; i++) {
        bool *moved = next;

        *steps += length + 1;
        spread(pattern, length, now);
        if (!move(pattern, length, now, moved, address[i]))
            return false;
        next = now;
        now = moved;
    }
    *steps += length + 1;
    spread(pattern, length, now);
    return now[length];
}

static bool match_part(const char *pattern, size_t length, const char *address, size_t bytes, size_t *steps)
{
    size_t literal = 0;

    while (literal < length && !strchr("?*[{", pattern[literal]))
        literal++;
    *steps += 1 + literal;
    if (literal > bytes || memcmp(pattern, address, literal) != 0)
        return false;
    if (literal == length)
        return bytes == length;
    if (literal + 1 == length && pattern[literal] == '*')
        return true;
    return follow(pattern + literal, length - literal, address + literal, bytes - literal, steps);
}

/* No wildcard stands for a slash: so what is between two of them is matched for itself. */
bool osc_pattern_match(const char *pattern, const char *address, size_t *steps)
{
    for (;;) {
        size_t length = (size_t)(strchrnul(pattern, '/') - pattern);
        size_t bytes = (size_t)(strchrnul(address, '/') - address);

        if (!match_part(pattern, length, address, bytes, steps))
            return false;
        pattern += length;
        address += bytes;
        if (!*pattern || !*address)
            return !*pattern && !*address;
        pattern++;
        address++;
    }
}
