/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages as events of the sequencer. In drivers. */
#include "broker/drivers/midi/output.h"

#include "broker/drivers/midi/lost.h"
#include "broker/drivers/midi/sequencer.h"

void alsa_output_send(void *userdata, const uint8_t *bytes, size_t n)
{
    struct alsa_sequencer *sequencer = userdata;
    snd_seq_event_t event;

    snd_seq_ev_clear(&event);
    snd_midi_event_reset_encode(sequencer->coder);
    if (snd_midi_event_encode(sequencer->coder, bytes, (long)n, &event) < 0 ||
        event.type == SND_SEQ_EVENT_NONE)
        return; /* the sequencer knows no such message */
    snd_seq_ev_set_source(&event, (unsigned char)sequencer->port);
    if (sequencer->only)
        snd_seq_ev_set_dest(&event, sequencer->only->client, sequencer->only->port);
    else
        snd_seq_ev_set_subs(&event);
    snd_seq_ev_set_direct(&event);
    if (snd_seq_event_output(sequencer->handle, &event) < 0)
        alsa_lost(sequencer, 1, false);
    else
        sequencer->n_waiting++;
}

void alsa_output_flush(struct alsa_sequencer *sequencer)
{
    int r = snd_seq_drain_output(sequencer->handle);

    fc_watch_output(sequencer->watch, r == -EAGAIN);
    if (r == -EAGAIN)
        return;
    if (r < 0) { /* the first of them would be refused for ever */
        alsa_lost(sequencer, sequencer->n_waiting, false);
        snd_seq_drop_output_buffer(sequencer->handle);
    }
    sequencer->n_waiting = 0;
}
