/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of MIDI Show Control and MIDI Machine Control. Pure; in the broker and drivers. */
#include "broker/midi/show_control.h"

#include <stdio.h>
#include <string.h>

#include "broker/base/suggest.h"
#include "firecurtain/cleanup.h"

#define SHOW_TIME_BYTES 5 /* of TIMED_GO, before the cue */

enum {
    SHOW_TIMED_GO = 4,
    SHOW_FIRE = 7,
};

/* By the number of the command; NULL where there is none that counts. */
static const char *const show_words[] = {NULL, "go",   "stop",   "resume",  "timedgo", "load",
                                         NULL, "fire", "alloff", "restore", "reset",   "gooff"};
static const char *const machine_words[] = {NULL,     "stop",   "play",       NULL, "forward",
                                            "rewind", "record", "recordexit", NULL, "pause"};

static const char *const *show_table(enum midi_kind kind, size_t *n)
{
    *n = kind == MIDI_SHOW ? FC_ARRAY_SIZE(show_words) : FC_ARRAY_SIZE(machine_words);
    return kind == MIDI_SHOW ? show_words : machine_words;
}

const char *midi_show_word(enum midi_kind kind, uint16_t command)
{
    size_t n;
    const char *const *words = show_table(kind, &n);

    return command < n && words[command] ? words[command] : "";
}

static int show_refuse(const char *text, enum midi_kind kind, struct fc_reason *reason)
{
    const char *family = kind == MIDI_SHOW ? "msc" : "mmc";
    size_t n, at = 0, word_bytes = strcspn(text, ".");
    const char *const *words = show_table(kind, &n);
    char word[32], known[128] = "", hint[80] = "";
    struct suggest suggest;

    snprintf(word, sizeof(word), "%.*s", word_bytes < sizeof(word) ? (int)word_bytes : 31, text);
    suggest_init(&suggest, word);
    for (size_t i = 0; i < n; i++) {
        if (!words[i])
            continue;
        at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", at ? ", " : "", words[i]);
        suggest_offer(&suggest, words[i]);
    }
    if (suggest.best)
        snprintf(hint, sizeof(hint), "; did you mean \"%s.%s%.32s\"?", family, suggest.best,
                 text + word_bytes);
    return fc_refuse(reason, "\"%s.%.80s\" is none of its commands: %s%s", family, text, known, hint);
}

/* A cue is numbers with dots between, and may be followed by a slash and its list. */
static bool show_is_cue(const char *cue)
{
    return cue[0] && strlen(cue) < MIDI_SHOW_CUE_BYTES && !cue[strspn(cue, "0123456789./")] &&
           cue[0] != '/' && strchr(cue, '/') == strrchr(cue, '/') && cue[strlen(cue) - 1] != '/';
}

int midi_show_name_read(const char *text, struct midi_name *name, struct fc_reason *reason)
{
    size_t n, bytes = strcspn(text, ".");
    const char *const *words = show_table(name->kind, &n);

    for (size_t i = 0; i < n; i++) {
        if (!words[i] || strlen(words[i]) != bytes || strncmp(text, words[i], bytes) != 0)
            continue;
        name->number = (uint16_t)i;
        name->text = text[bytes] ? text + bytes + 1 : "";
        if (text[bytes] && (name->kind == MIDI_MACHINE || !show_is_cue(name->text)))
            return fc_refuse(
                reason,
                "\"%.80s\": behind a command of msc may stand the number of a cue, and behind a slash its "
                "list, as in msc.go.12.5/1",
                text);
        return 0;
    }
    return show_refuse(text, name->kind, reason);
}

/* Takes a number with dots from a message, up to a zero or something else. Returns how many bytes it has. */
static size_t show_take(const uint8_t *bytes, size_t n, char *text, size_t room)
{
    size_t taken = 0;

    while (taken < n && taken + 1 < room && bytes[taken] && strchr("0123456789.", bytes[taken])) {
        text[taken] = (char)bytes[taken];
        taken++;
    }
    text[taken] = '\0';
    return taken;
}

/* Reads cue, list and path, each behind a zero. */
static void show_read_cue(const uint8_t *bytes, size_t n, char cue[MIDI_SHOW_CUE_BYTES])
{
    size_t taken = show_take(bytes, n, cue, MIDI_SHOW_CUE_BYTES - 2);

    if (!taken || taken + 1 >= n || bytes[taken] != 0)
        return;
    cue[taken] = '/';
    if (!show_take(bytes + taken + 1, n - taken - 1, cue + taken + 1, MIDI_SHOW_CUE_BYTES - taken - 1))
        cue[taken] = '\0';
}

bool midi_show_read(const uint8_t *bytes, size_t n, struct midi_show *show)
{
    const uint8_t *data;
    size_t n_data;

    if (n < 6 || bytes[1] != 0x7f || (bytes[3] != 2 && bytes[3] != 6) || (bytes[3] == 2 && n < 7))
        return false;
    *show = (struct midi_show){.kind = bytes[3] == 2 ? MIDI_SHOW : MIDI_MACHINE};
    if (show->kind == MIDI_MACHINE) {
        show->command = bytes[4];
        return true;
    }
    show->command = bytes[5];
    data = bytes + 6;
    n_data = n - 7;
    if (show->command == SHOW_FIRE && n_data > 0)
        snprintf(show->cue, sizeof(show->cue), "%u", data[0]);
    else if (show->command == SHOW_TIMED_GO && n_data > SHOW_TIME_BYTES)
        show_read_cue(data + SHOW_TIME_BYTES, n_data - SHOW_TIME_BYTES, show->cue);
    else if (show->command != SHOW_FIRE && show->command != SHOW_TIMED_GO)
        show_read_cue(data, n_data, show->cue);
    return true;
}

bool midi_show_is(const struct midi_show *show, const struct midi_name *name)
{
    size_t n = strlen(name->text);

    if (show->kind != name->kind || show->command != name->number)
        return false;
    /* without a list in the name, any will do */
    return strncmp(show->cue, name->text, n) == 0 &&
           (!n || !show->cue[n] || (show->cue[n] == '/' && !strchr(name->text, '/')));
}
