/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads and writes names of channels by a table of kinds. Pure; in the broker and drivers. */
#include "broker/midi/name.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/base/suggest.h"
#include "broker/midi/show_control.h"
#include "broker/midi/sysex.h"
#include "firecurtain/cleanup.h"

#define NAME_MAX_DIGITS 9

static const struct midi_word {
    const char *word;
    uint16_t max;     /* of the number behind it; 0: it has none */
    bool is_of_all;   /* and not of a MIDI channel */
    bool is_moment;   /* something that happens */
    bool is_received; /* it cannot be set */
} midi_words[MIDI_KINDS_] = {
    [MIDI_CC] = {"cc", MIDI_MAX_7, false, false, false},
    [MIDI_CC_PAIR] = {"cc", MIDI_MAX_7, false, false, false},
    [MIDI_NOTE] = {"note", MIDI_MAX_7, false, false, false},
    [MIDI_PRESSURE] = {"pressure", MIDI_MAX_7, false, false, false},
    [MIDI_RPN] = {"rpn", MIDI_MAX_14, false, false, false},
    [MIDI_NRPN] = {"nrpn", MIDI_MAX_14, false, false, false},
    [MIDI_PITCH] = {"pitch", 0, false, false, false},
    [MIDI_AFTERTOUCH] = {"aftertouch", 0, false, false, false},
    [MIDI_PROGRAM] = {"program", 0, false, false, false},
    [MIDI_CLOCK] = {"clock", 0, true, true, false},
    [MIDI_BPM] = {"bpm", 0, true, false, true},
    [MIDI_START] = {"start", 0, true, true, false},
    [MIDI_CONTINUE] = {"continue", 0, true, true, false},
    [MIDI_STOP] = {"stop", 0, true, true, false},
    [MIDI_POSITION] = {"position", 0, true, true, false},
    [MIDI_TIMECODE] = {"timecode", 0, true, false, true},
    [MIDI_TIMECODE_HOURS] = {"timecode.hours", 0, true, false, true},
    [MIDI_TIMECODE_MINUTES] = {"timecode.minutes", 0, true, false, true},
    [MIDI_TIMECODE_SECONDS] = {"timecode.seconds", 0, true, false, true},
    [MIDI_TIMECODE_FRAMES] = {"timecode.frames", 0, true, false, true},
    [MIDI_TIMECODE_TYPE] = {"timecode.type", 0, true, false, true},
    [MIDI_ALIVE] = {"alive", 0, true, false, true},
    [MIDI_SHOW] = {"msc", 0, true, true, true},
    [MIDI_MACHINE] = {"mmc", 0, true, true, true},
    [MIDI_SYSEX] = {"sysex", 0, true, true, false},
};

unsigned midi_name_directions(enum midi_kind kind)
{
    return midi_words[kind].is_received ? FC_SOURCE : FC_SOURCE | FC_TARGET;
}

bool midi_name_is_moment(enum midi_kind kind)
{
    return midi_words[kind].is_moment;
}

/* Returns the text behind a beginning, or NULL if it does not begin so. */
static const char *name_behind(const char *text, const char *beginning)
{
    size_t n = strlen(beginning);

    return strncmp(text, beginning, n) == 0 ? text + n : NULL;
}

/* Reads a number, and moves on behind it. -1 if there is none or it is enormous. */
static long name_number(const char **text)
{
    size_t n = strspn(*text, "0123456789");
    long number = n && n <= NAME_MAX_DIGITS ? strtol(*text, NULL, 10) : -1;

    *text += n;
    return number;
}

/* Refuses a word, and offers the nearest one that fits there. */
static int name_refuse_word(const char *text, const char *word, bool is_of_all, struct fc_reason *reason)
{
    struct suggest suggest;
    char asked[32], hint[96] = "";
    size_t n = strcspn(word, "0123456789");

    if (is_of_all)
        n = strlen(word);
    snprintf(asked, sizeof(asked), "%.*s", (int)(n < sizeof(asked) ? n : sizeof(asked) - 1), word);
    suggest_init(&suggest, asked);
    for (size_t kind = 0; kind < MIDI_KINDS_; kind++) {
        if (midi_words[kind].is_of_all == is_of_all)
            suggest_offer(&suggest, midi_words[kind].word);
    }
    if (suggest.best)
        snprintf(hint, sizeof(hint), "; did you mean \"%.*s%s%s\"?",
                 word - text < 16 ? (int)(word - text) : 0, text, suggest.best,
                 is_of_all || strlen(word + n) > 16 ? "" : word + n);
    return fc_refuse(
        reason,
        "\"%.80s\" is not a channel of MIDI, such as ch0.cc7, ch0.cc7+39, ch0.note60, ch0.pitch, "
        "ch0.nrpn900, clock, timecode, msc.go, sysex.7d01xx or alive%s",
        text, hint);
}

/* Reads the second number of a pair, `+39`. */
static int name_read_fine(const char *text, const char *rest, struct midi_name *name,
                          struct fc_reason *reason)
{
    const char *at = rest + 1;
    long fine = name_number(&at);

    if (name->kind != MIDI_CC)
        return fc_refuse(reason, "\"%.80s\": only cc has pairs, such as ch0.cc7+39", text);
    if (fine < 0 || fine > MIDI_MAX_7 || *at)
        return fc_refuse(reason, "\"%.80s\": behind + stands the number of the fine half, from 0 to %d", text,
                         MIDI_MAX_7);
    if (fine == name->number)
        return fc_refuse(reason, "\"%.80s\": the halves of a pair have two numbers", text);
    name->kind = MIDI_CC_PAIR;
    name->fine = (uint8_t)fine;
    return 0;
}

/* Reads what stands behind the word of a kind that has numbers. */
static int name_read_number(const char *text, const char *rest, struct midi_name *name,
                            struct fc_reason *reason)
{
    const struct midi_word *word = &midi_words[name->kind];
    long number;

    if (!*rest) {
        name->number = 0;
        return fc_doubt(reason, "\"%.80s\" has no number and counts as %s0", text, word->word);
    }
    number = name_number(&rest);
    if (number < 0 || number > word->max || (*rest && *rest != '+'))
        return fc_refuse(reason, "\"%.80s\": behind %s stands a number from 0 to %d", text, word->word,
                         word->max);
    name->number = (uint16_t)number;
    return *rest ? name_read_fine(text, rest, name, reason) : 0;
}

/* Reads a name behind `ch` or `channel`, `rest`. */
static int name_read_of_channel(const char *text, const char *rest, struct midi_name *name,
                                struct fc_reason *reason)
{
    long channel = name_number(&rest);
    const char *word = rest + 1;
    size_t n;

    if (channel < 0 || channel >= MIDI_CHANNELS)
        return fc_refuse(reason, "\"%.80s\": the MIDI channels are ch0 to ch%d", text, MIDI_CHANNELS - 1);
    if (*rest != '.')
        return fc_refuse(reason,
                         "\"%.80s\": behind the MIDI channel stand a dot and what it is, as in ch%ld.cc7",
                         text, channel);
    name->channel = (uint8_t)channel;
    n = strcspn(word, "0123456789+");
    for (size_t kind = 0; kind < MIDI_KINDS_; kind++) {
        if (midi_words[kind].is_of_all || kind == MIDI_CC_PAIR || strlen(midi_words[kind].word) != n ||
            strncmp(word, midi_words[kind].word, n) != 0)
            continue;
        name->kind = (enum midi_kind)kind;
        if (midi_words[kind].max)
            return name_read_number(text, word + n, name, reason);
        return word[n] ? fc_refuse(reason, "\"%.80s\": %s has no number", text, midi_words[kind].word) : 0;
    }
    return name_refuse_word(text, word, false, reason);
}

/* Reads a name that belongs to no MIDI channel. */
static int name_read_of_all(const char *text, struct midi_name *name, struct fc_reason *reason)
{
    const char *rest;

    for (size_t kind = 0; kind < MIDI_SHOW; kind++) {
        name->kind = (enum midi_kind)kind;
        if (midi_words[kind].is_of_all && strcmp(midi_words[kind].word, text) == 0)
            return 0;
    }
    if ((rest = name_behind(text, "sysex."))) {
        name->kind = MIDI_SYSEX;
        name->text = rest;
        return midi_sysex_read(rest, &(struct midi_sysex){.n = 0}, reason);
    }
    if ((rest = name_behind(text, "msc.")) || (rest = name_behind(text, "mmc."))) {
        name->kind = text[1] == 's' ? MIDI_SHOW : MIDI_MACHINE;
        return midi_show_name_read(rest, name, reason);
    }
    return name_refuse_word(text, text, true, reason);
}

int midi_name_read(const char *text, struct midi_name *name, struct fc_reason *reason)
{
    const char *rest = name_behind(text, "channel");

    *name = (struct midi_name){.text = ""};
    if (!rest)
        rest = name_behind(text, "ch");
    if (rest && isdigit((unsigned char)*rest))
        return name_read_of_channel(text, rest, name, reason);
    return name_read_of_all(text, name, reason);
}

void midi_name_write(const struct midi_name *name, char *text, size_t bytes)
{
    const struct midi_word *word = &midi_words[name->kind];

    if (name->kind == MIDI_SYSEX) {
        int n = snprintf(text, bytes, "sysex.");

        for (const char *at = name->text; *at && (size_t)n + 1 < bytes; at++)
            text[n++] = (char)tolower((unsigned char)*at);
        if ((size_t)n < bytes)
            text[n] = '\0';
    } else if (name->kind == MIDI_SHOW || name->kind == MIDI_MACHINE) {
        snprintf(text, bytes, "%s.%s%s%s", word->word, midi_show_word(name->kind, name->number),
                 name->text[0] ? "." : "", name->text);
    } else if (word->is_of_all) {
        snprintf(text, bytes, "%s", word->word);
    } else if (!word->max) {
        snprintf(text, bytes, "ch%u.%s", name->channel, word->word);
    } else if (name->kind == MIDI_CC_PAIR) {
        snprintf(text, bytes, "ch%u.cc%u+%u", name->channel, name->number, name->fine);
    } else {
        snprintf(text, bytes, "ch%u.%s%u", name->channel, word->word, name->number);
    }
}
