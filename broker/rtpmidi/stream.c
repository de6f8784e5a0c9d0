/* SPDX-License-Identifier: BSD-2-Clause */
/* Order and losses of packets that come in. Pure; used in the broker. */
#include "broker/rtpmidi/stream.h"

#include "firecurtain/time.h"

#define RELEASE_NS FC_NS_PER_S
#define FAR_BEHIND 100 /* packets; what is not so far behind is late, and was recovered already */

static void begin(struct rtpmidi_stream *stream)
{
    stream->is_begun = false;
    stream->is_odd = false;
    stream->release_ns = RTPMIDI_NEVER;
    stream->sysex.bytes = 0;
    rtpmidi_state_init(&stream->state);
}

void rtpmidi_stream_init(struct rtpmidi_stream *stream, rtpmidi_message_fn fn, void *userdata)
{
    stream->fn = fn;
    stream->userdata = userdata;
    stream->n_lost = 0;
    begin(stream);
}

void rtpmidi_stream_end(struct rtpmidi_stream *stream)
{
    rtpmidi_state_suspect(&stream->state);
    rtpmidi_state_release(&stream->state, stream->fn, stream->userdata);
    begin(stream);
}

void rtpmidi_stream_tick(struct rtpmidi_stream *stream, uint64_t now_ns)
{
    if (now_ns < stream->release_ns)
        return;
    stream->release_ns = RTPMIDI_NEVER;
    rtpmidi_state_release(&stream->state, stream->fn, stream->userdata);
}

static void played(void *userdata, const uint8_t *message, size_t bytes)
{
    struct rtpmidi_stream *stream = userdata;

    rtpmidi_state_take(&stream->state, message, bytes);
    stream->fn(stream->userdata, message, bytes);
}

static void found(void *userdata, const struct rtpmidi_found *found)
{
    struct rtpmidi_stream *stream = userdata;

    rtpmidi_state_recover(&stream->state, found, stream->fn, stream->userdata);
}

/* Makes up for `n_lost` packets before this one. */
static int recover(struct rtpmidi_stream *stream, const struct rtpmidi_packet *packet, uint16_t n_lost,
                   uint64_t now_ns, const char **what)
{
    uint16_t first = (uint16_t)(packet->sequence - n_lost);
    struct rtpmidi_journal journal = {0};
    bool is_covered = false, is_nothing_lost;
    int r = 0;

    stream->sysex.bytes = 0;
    if (packet->journal)
        r = rtpmidi_journal_read(&journal, packet->journal, packet->journal_bytes, NULL, NULL, what);
    is_nothing_lost = n_lost == 1 && journal.is_older;
    if (packet->journal && r == 0)
        is_covered = is_nothing_lost || (int16_t)(uint16_t)(journal.checkpoint - first) <= 0;
    if (!is_covered) {
        rtpmidi_state_suspect(&stream->state);
        stream->release_ns = now_ns + RELEASE_NS;
    }
    if (packet->journal && r == 0 && !is_nothing_lost)
        r = rtpmidi_journal_read(&journal, packet->journal, packet->journal_bytes, found, stream, what);
    return r;
}

/* Begins with a packet, and with what its journal says about those before, which may have been lost. */
static int begin_with(struct rtpmidi_stream *stream, const struct rtpmidi_packet *packet, const char **what)
{
    struct rtpmidi_journal journal;

    stream->is_begun = true;
    stream->ssrc = packet->ssrc;
    stream->highest = packet->sequence;
    if (!packet->journal)
        return 0;
    return rtpmidi_journal_read(&journal, packet->journal, packet->journal_bytes, found, stream, what);
}

/* Whether a packet that is behind others is one of a sender that has begun anew: two in a row are. */
static bool is_new_order(struct rtpmidi_stream *stream, uint16_t sequence)
{
    bool is_far = (uint16_t)(stream->highest - sequence) >= FAR_BEHIND;
    bool is_next = stream->is_odd && sequence == (uint16_t)(stream->odd + 1);

    stream->is_odd = is_far && !is_next;
    stream->odd = sequence;
    return is_far && is_next;
}

int rtpmidi_stream_take(struct rtpmidi_stream *stream, const struct rtpmidi_packet *packet, uint64_t now_ns,
                        const char **what)
{
    int16_t ahead = (int16_t)(uint16_t)(packet->sequence - stream->highest);
    int r = 0, r_list;

    if (stream->is_begun && packet->ssrc != stream->ssrc)
        rtpmidi_stream_end(stream);
    if (stream->is_begun && ahead <= 0) {
        if (!is_new_order(stream, packet->sequence))
            return 0;
        rtpmidi_stream_end(stream);
    }
    if (!stream->is_begun) {
        r = begin_with(stream, packet, what);
    } else if (ahead > 1) {
        stream->n_lost += (uint16_t)(ahead - 1);
        r = recover(stream, packet, (uint16_t)(ahead - 1), now_ns, what);
    }
    stream->highest = packet->sequence;
    stream->is_odd = false;
    r_list = rtpmidi_list_read(&stream->sysex, packet->list, packet->list_bytes, packet->has_first_delta,
                               played, stream, what);
    return r < 0 ? r : r_list;
}
