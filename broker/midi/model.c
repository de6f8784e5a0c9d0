/* SPDX-License-Identifier: BSD-2-Clause */
/* What is common to the backends of MIDI: options, channels, and what was set. Pure; in the broker and
 * drivers. */
#include "broker/midi/model.h"

#include <stdio.h>
#include <string.h>

bool midi_has_option(const char *option)
{
    return strcmp(option, "epn-tx") == 0 || strcmp(option, "note-off") == 0;
}

int midi_configure(struct midi *midi, const char *option, const char *value, struct fc_reason *reason)
{
    bool is_parameter = strcmp(option, "epn-tx") == 0;
    const char *yes = is_parameter ? "short" : "on", *no = is_parameter ? "full" : "off";
    bool *slot = is_parameter ? &midi->out.is_short : &midi->out.has_note_off;

    *slot = strcmp(value, yes) == 0;
    if (*slot || strcmp(value, no) == 0)
        return 0;
    return fc_doubt(reason, "%s is %s or %s; \"%.80s\" counts as %s", option, no, yes, value, no);
}

int midi_canonical(void *self, const char *name, char *canonical, size_t bytes, struct fc_reason *reason)
{
    struct midi_name read;
    int r = midi_name_read(name, &read, reason);

    (void)self;
    if (r < 0)
        return r;
    if (r == FC_DOUBT) /* which is said of the channel, so its spelling stays */
        snprintf(canonical, bytes, "%s", name);
    else
        midi_name_write(&read, canonical, bytes);
    return 0;
}

int midi_channel(struct midi *midi, uint32_t id, const char *name, unsigned directions,
                 struct fc_reason *reason)
{
    return midi_channels_set(&midi->channels, id, name, directions, reason);
}

void midi_set(struct midi *midi, uint32_t id, double value)
{
    struct midi_channel *channel = id < midi->channels.n ? &midi->channels.list[id] : NULL;

    if (!channel)
        return;
    channel->set = value;
    channel->is_set = true;
    midi_out(&midi->out, channel, value);
}

void midi_send_again(struct midi *midi)
{
    for (size_t i = 0; i < midi->channels.n; i++) {
        const struct midi_channel *channel = &midi->channels.list[i];

        if (channel->is_set && !midi_name_is_moment(channel->name.kind))
            midi_out(&midi->out, channel, channel->set);
    }
}

void midi_deinit(struct midi *midi)
{
    midi_channels_deinit(&midi->channels);
}
