/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that go out. Pure; used in the broker. */
#include "broker/rtpmidi/output.h"

#include <string.h>

#include "broker/rtpmidi/packet.h"

#define SYSEX   0xf0
#define TICK_NS 100000 /* of the clock of RTP */

void rtpmidi_output_begin(struct rtpmidi_output *output, struct rtpmidi_peers *peers, uint16_t first)
{
    memset(output, 0, sizeof(*output));
    output->peers = peers;
    output->first = first;
    output->list = (struct rtpmidi_list){.out = output->bytes, .room = sizeof(output->bytes)};
}

static bool is_sent_to(const struct rtpmidi_peer *peer)
{
    return peer->phase == RTPMIDI_CONNECTED;
}

static bool has_receiver(const struct rtpmidi_output *output)
{
    for (size_t i = 0; i < RTPMIDI_MAX_PEERS; i++) {
        if (is_sent_to(&output->peers->list[i]))
            return true;
    }
    return false;
}

/* Returns the number of the packet that a peer has received for sure, or 0. */
static uint32_t received(const struct rtpmidi_output *output, const struct rtpmidi_peer *peer)
{
    uint16_t behind = (uint16_t)(output->packet + output->first - peer->receipt);

    return peer->has_receipt && behind > 0 && behind < output->packet && behind < RTPMIDI_WINDOW
               ? output->packet - behind
               : 0;
}

/* Returns the first packet that somebody may have missed. */
static uint32_t checkpoint(const struct rtpmidi_output *output)
{
    uint32_t oldest = output->packet > RTPMIDI_WINDOW ? output->packet - RTPMIDI_WINDOW : 1;
    uint32_t all_have = UINT32_MAX;

    for (size_t i = 0; i < RTPMIDI_MAX_PEERS; i++) {
        const struct rtpmidi_peer *peer = &output->peers->list[i];

        if (is_sent_to(peer) && received(output, peer) < all_have)
            all_have = received(output, peer);
    }
    return all_have != UINT32_MAX && all_have + 1 > oldest ? all_have + 1 : oldest;
}

/* Writes the journal, of fewer packets if it would be too long. Returns its length. */
static size_t write_journal(const struct rtpmidi_output *output, uint8_t *out, size_t room)
{
    uint32_t from = checkpoint(output);
    size_t bytes = 0;

    while (bytes == 0) {
        bytes = rtpmidi_history_write(&output->history, out, room, from, output->packet, output->first);
        from = output->packet - (output->packet - from) / 2;
    }
    return bytes;
}

static void send_to_all(struct rtpmidi_output *output, const uint8_t *data, size_t bytes)
{
    const struct rtpmidi_calls *calls = &output->peers->calls;

    for (size_t i = 0; i < RTPMIDI_MAX_PEERS; i++) {
        const struct rtpmidi_peer *peer = &output->peers->list[i];

        if (is_sent_to(peer))
            calls->send(calls->userdata, false, &peer->data, data, bytes);
    }
}

static void note(void *userdata, const uint8_t *message, size_t bytes)
{
    struct rtpmidi_output *output = userdata;

    rtpmidi_history_note(&output->history, message, bytes, output->packet);
}

/* Notes what the packet that was sent had, for the journals of the next ones, and begins the next list. */
static void begin_next(struct rtpmidi_output *output)
{
    const char *what;

    rtpmidi_list_read(&output->sysex, output->bytes, output->list.bytes, false, note, output, &what);
    output->list.bytes = 0;
    output->list.running = 0;
}

void rtpmidi_output_flush(struct rtpmidi_output *output, uint64_t now_ns)
{
    uint8_t out[RTPMIDI_PACKET_BYTES], journal[RTPMIDI_PACKET_BYTES - RTPMIDI_HEADER_BYTES];
    struct rtpmidi_packet packet = {
        .timestamp = (uint32_t)(now_ns / TICK_NS),
        .ssrc = output->peers->ssrc,
        .list = output->bytes,
        .list_bytes = output->list.bytes,
        .journal = journal,
    };

    if (output->list.bytes == 0)
        return;
    output->packet++;
    packet.sequence = (uint16_t)(output->packet + output->first);
    packet.journal_bytes = write_journal(output, journal, sizeof(journal) - packet.list_bytes);
    send_to_all(output, out, rtpmidi_packet_write(out, sizeof(out), &packet));
    begin_next(output);
}

/* Sends a system exclusive message that is too long for one packet. */
static void send_in_segments(struct rtpmidi_output *output, const uint8_t *message, size_t bytes,
                             uint64_t now_ns)
{
    size_t done = 0;
    bool is_last = false;

    while (!is_last) {
        is_last = rtpmidi_list_add_segment(&output->list, message, bytes, &done);
        rtpmidi_output_flush(output, now_ns);
    }
}

void rtpmidi_output_add(struct rtpmidi_output *output, const uint8_t *message, size_t bytes, uint64_t now_ns)
{
    if (!has_receiver(output))
        return;
    if (!rtpmidi_list_add(&output->list, message, bytes)) {
        rtpmidi_output_flush(output, now_ns);
        if (message[0] == SYSEX && bytes > output->list.room) {
            send_in_segments(output, message, bytes, now_ns);
            return;
        }
        rtpmidi_list_add(&output->list, message, bytes);
    }
}
