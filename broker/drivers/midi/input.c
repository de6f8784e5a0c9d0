/* SPDX-License-Identifier: BSD-2-Clause */
/* Events of the sequencer as messages. In drivers. */
#include "broker/drivers/midi/input.h"

#include <string.h>

#include "broker/drivers/midi/devices.h"
#include "broker/drivers/midi/lost.h"
#include "broker/drivers/midi/output.h"
#include "broker/drivers/midi/sequencer.h"
#include "broker/midi/detect.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define INPUT_DECODED_BYTES 64 /* an event is four messages at most */

static void input_take(struct alsa_sequencer *sequencer, const uint8_t *bytes, size_t n)
{
    struct alsa *alsa = sequencer->alsa;
    char words[160];

    if (midi_in(&alsa->midi.in, bytes, n, fc_now_ns()) < 0)
        fc_drop(alsa->instance, "a message that begins with %02x has %zu bytes", bytes[0], n);
    else if (alsa->detect && midi_detect(bytes, n, words, sizeof(words)))
        fc_log(FC_LOG_INFO, fc_instance_name(alsa->instance), "received %s", words);
}

static bool input_is_same(snd_seq_addr_t one, snd_seq_addr_t other)
{
    return one.client == other.client && one.port == other.port;
}

/* Puts parts together. What is too long means nothing, and is left out; so is what another device's message
 * interrupts. */
static void input_take_exclusive(struct alsa_sequencer *sequencer, const snd_seq_event_t *event)
{
    const uint8_t *bytes = event->data.ext.ptr;
    size_t n = event->data.ext.len;

    if (!n)
        return;
    if (bytes[0] == MIDI_STATUS_EXCLUSIVE) {
        sequencer->n_exclusive = 0;
        sequencer->exclusive_from = event->source;
    } else if (!sequencer->n_exclusive || !input_is_same(event->source, sequencer->exclusive_from)) {
        return;
    }
    if (n > sizeof(sequencer->exclusive) - sequencer->n_exclusive) {
        sequencer->n_exclusive = 0;
        return;
    }
    memcpy(sequencer->exclusive + sequencer->n_exclusive, bytes, n);
    sequencer->n_exclusive += n;
    if (bytes[n - 1] != MIDI_STATUS_EXCLUSIVE_END)
        return;
    input_take(sequencer, sequencer->exclusive, sequencer->n_exclusive);
    sequencer->n_exclusive = 0;
}

/* Some events are several messages, such as those of parameters. */
static void input_take_decoded(struct alsa_sequencer *sequencer, snd_seq_event_t *event)
{
    uint8_t bytes[INPUT_DECODED_BYTES];
    long n;

    if (event->type == SND_SEQ_EVENT_NOTE)
        event->type = SND_SEQ_EVENT_NOTEON; /* its end is somebody else's to say */
    snd_midi_event_reset_decode(sequencer->coder);
    n = snd_midi_event_decode(sequencer->coder, bytes, sizeof(bytes), event);
    for (long at = 0; at < n;) {
        long length = (long)midi_message_bytes(bytes[at]);

        if (length == 0 || length > n - at)
            return;
        input_take(sequencer, bytes + at, (size_t)length);
        at += length;
    }
}

static void input_handle(struct alsa_sequencer *sequencer, snd_seq_event_t *event)
{
    if (event->dest.port == sequencer->announcements) {
        if (event->source.client == SND_SEQ_CLIENT_SYSTEM)
            alsa_devices_announced(sequencer, event);
        return;
    }
    fc_heard(sequencer->alsa->instance);
    if (event->type == SND_SEQ_EVENT_SYSEX)
        input_take_exclusive(sequencer, event);
    else
        input_take_decoded(sequencer, event);
}

void alsa_input_ready(void *userdata)
{
    struct alsa_sequencer *sequencer = userdata;
    snd_seq_event_t *event;
    int r = 0;

    if (sequencer->n_waiting)
        alsa_output_flush(sequencer);
    for (int n = 0; n < FC_WATCH_BUDGET && r >= 0; n++) {
        r = snd_seq_event_input(sequencer->handle, &event);
        if (r >= 0 && event)
            input_handle(sequencer, event);
    }
    if (r == -ENOSPC) {
        alsa_lost(sequencer, 1, true);
        alsa_devices_check(sequencer); /* an announcement may be lost, too */
    }
    midi_in_end(&sequencer->alsa->midi.in);
    if (snd_seq_event_input_pending(sequencer->handle, 0) > 0)
        fc_timer_set(sequencer->more, fc_now_ns());
}
