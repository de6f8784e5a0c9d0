/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes a line as an OSC address pattern and further lines as addresses: matching agrees with a matcher that
 * tries all possibilities, and takes no longer than the product of both lengths allows. Then takes the lines
 * as an instance's root, format and channels.
 */
#include <errno.h>

#include "broker/backends/osc_name.h"
#include "broker/backends/osc_paths.h"
#include "broker/backends/osc_pattern.h"
#include "tests/fuzz/fuzz.h"

#define MAX_STEPS 20000 /* for the slow matcher, which takes exponential time */

static unsigned steps;

static bool matches(const char *pattern, const char *address);

/* Matches a character with the text between [ and ]. */
static bool is_in(const char *set, const char *end, char c)
{
    bool is_not = *set == '!', found = false;

    for (set += is_not; set < end; set++) {
        if (set + 2 < end && set[1] == '-') {
            char low = set[0] < set[2] ? set[0] : set[2], high = set[0] < set[2] ? set[2] : set[0];

            found |= c >= low && c <= high;
            set += 2;
        } else {
            found |= c == *set;
        }
    }
    return found != is_not;
}

static bool matches_list(const char *pattern, const char *address)
{
    const char *close = strchr(pattern, '}');

    for (const char *item = pattern + 1;; item++) {
        size_t n = strcspn(item, ",}");

        if (strncmp(item, address, n) == 0 && matches(close + 1, address + n))
            return true;
        item += n;
        if (item == close)
            return false;
    }
}

/* A wildcard has taken the first byte of a character, and takes any number of those that continue it. */
static bool matches_rest(const char *pattern, const char *address)
{
    while (!matches(pattern, address)) {
        if (((unsigned char)*address & 0xc0) != 0x80)
            return false;
        address++;
    }
    return true;
}

static bool matches(const char *pattern, const char *address)
{
    const char *close;

    if (++steps > MAX_STEPS)
        return false;
    switch (*pattern) {
    case '\0':
        return !*address;
    case '*':
        return matches(pattern + 1, address) ||
               (*address && *address != '/' && matches(pattern, address + 1));
    case '?':
        return *address && *address != '/' && matches_rest(pattern + 1, address + 1);
    case '[':
        close = strchr(pattern, ']');
        return *address && *address != '/' && is_in(pattern + 1, close, *address) &&
               matches_rest(close + 1, address + 1);
    case '{':
        return matches_list(pattern, address);
    default:
        return *pattern == *address && matches(pattern + 1, address + 1);
    }
}

static void compare(const char *pattern, const char *address)
{
    size_t n = 0;
    bool found = osc_pattern_match(pattern, address, &n), expected;

    require(n <= (strlen(pattern) + 2) * (strlen(address) + 2));
    steps = 0;
    expected = matches(pattern, address);
    if (steps <= MAX_STEPS)
        require(found == expected);
}

static bool is_plain(const char *text)
{
    for (; *text; text++) {
        if (*text <= ' ' || *text > '~')
            return false;
    }
    return true;
}

static bool has_control_character(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    }
    return false;
}

/* Checks that a channel has one spelling: writing it again changes nothing, and both mean one value of one
 * path. */
static void check_channel(struct osc_paths *paths, uint32_t id, const char *name)
{
    char canonical[1024], again[1024];
    struct fc_reason reason = {.text = ""};
    int r = osc_name_canonical(name, canonical, sizeof(canonical), &reason);

    require(r == 0 || (r == -EINVAL && reason.text[0]));
    if (r < 0)
        return;
    require(*canonical == '"' ? !has_control_character(canonical) : is_plain(canonical));
    require(strlen(canonical) <= strlen(name) + 2);
    require(osc_name_canonical(canonical, again, sizeof(again), &reason) == 0);
    require(strcmp(canonical, again) == 0);
    r = osc_paths_add_channel(paths, id, canonical, id % 2 ? FC_SOURCE : FC_TARGET, &reason);
    require(r == 0 || ((r == -EINVAL || r == FC_DOUBT) && reason.text[0]));
    if (r < 0)
        return;
    require(r == FC_DOUBT || paths->channels[id].n < paths->channels[id].path->n_values);
    if (id % 2 == 0)
        require(r == FC_DOUBT || osc_place_is_sent(&paths->channels[id]));
    require(osc_paths_find(paths, paths->channels[id].path->address) == paths->channels[id].path);
    require(osc_paths_is_below_root(paths, paths->channels[id].path->address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {data, bytes};
    struct osc_paths paths = {0};
    struct fc_reason reason;
    char pattern[1200], quoted[1202], format[200], name[1200];
    unsigned rules = OSC_PATTERN_WILDCARDS | OSC_PATTERN_ANY_NAME;
    const char *complaint = osc_pattern_complaint(take_line(&input, pattern, sizeof(pattern)), rules);
    int r;

    require(complaint || !has_control_character(pattern));
    require(osc_pattern_complaint(pattern, OSC_PATTERN_WILDCARDS) || (!complaint && is_plain(pattern)));
    require(osc_pattern_complaint(pattern, OSC_PATTERN_ANY_NAME) || !osc_pattern_has_wildcard(pattern));
    snprintf(quoted, sizeof(quoted), "\"%s\"", pattern);
    r = osc_paths_add_format(&paths, quoted, take_line(&input, format, sizeof(format)), &reason);
    require(!complaint || r < 0);
    osc_paths_set_root(&paths, take_line(&input, name, sizeof(name)), &reason);
    for (uint32_t id = 0; input.left && id < 16; id++) {
        take_line(&input, name, sizeof(name));
        if (!complaint)
            compare(pattern, name);
        check_channel(&paths, id, name);
    }
    osc_paths_deinit(&paths);
    return 0;
}
