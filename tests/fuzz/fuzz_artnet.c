/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads any bytes as packets of Art-Net from several senders, and merges their frames as the first byte says.
 * In addition to the sanitizers it checks that what is read can be written and read again, and that a merged
 * frame has only what present sources have sent.
 */
#include "broker/backends/artnet_codec.h"
#include "broker/backends/dmx_merge.h"
#include "tests/fuzz/fuzz.h"

#define SENDERS 4

/* A packet with the same content has the same meaning. */
static void write_again(const struct artnet_packet *packet)
{
    uint8_t frame[DMX_SLOTS] = {0}, out[ARTNET_DMX_BYTES];
    struct artnet_packet again;
    const char *what;

    memcpy(frame, packet->dmx.data, packet->dmx.n);
    artnet_codec_write_dmx(out, packet->dmx.address, packet->dmx.sequence, frame);
    require(artnet_codec_read(out, sizeof(out), &again, &what) == 0);
    require(again.kind == ARTNET_DMX && again.dmx.address == packet->dmx.address);
    require(again.dmx.sequence == packet->dmx.sequence && again.dmx.n == DMX_SLOTS);
    require(memcmp(again.dmx.data, frame, sizeof(frame)) == 0);
}

static bool is_of_a_source(const struct dmx_merge *merge, size_t slot)
{
    for (size_t i = 0; i < DMX_MERGE_MAX_SOURCES; i++) {
        if (merge->sources[i].is_present && merge->sources[i].data[slot] == merge->frame[slot])
            return true;
    }
    return false;
}

static void check_merge(const struct dmx_merge *merge)
{
    size_t n = 0;

    for (size_t i = 0; i < DMX_MERGE_MAX_SOURCES; i++)
        n += merge->sources[i].is_present;
    require(n == merge->n_sources && n <= merge->max_sources);
    for (size_t slot = 0; n > 0 && slot < DMX_SLOTS; slot++)
        require(is_of_a_source(merge, slot));
}

static void take_frame(struct dmx_merge *merge, uint8_t sender, const struct artnet_packet *packet,
                       uint64_t now_ns)
{
    uint8_t key[DMX_MERGE_KEY_BYTES] = {(uint8_t)(sender % SENDERS)};
    struct dmx_source *source = dmx_merge_find(merge, key);

    if (!source)
        source = dmx_merge_add(merge, key, "a sender", now_ns);
    require(source || (merge->n_sources == merge->max_sources && merge->policy != DMX_OFF));
    if (source)
        dmx_merge_take(merge, source, packet->dmx.data, packet->dmx.n, now_ns);
}

static void check_reply(const struct artnet_packet *packet)
{
    require(packet->reply.n_outputs <= ARTNET_REPLY_PORTS);
    for (size_t i = 0; i < packet->reply.n_outputs; i++)
        require(packet->reply.outputs[i] <= ARTNET_MAX_ADDRESS);
}

/* Takes a packet of the input: sender, tenths of a second since the last one, length, bytes. */
static void take_packet(struct dmx_merge *merge, struct input *input, uint64_t *now_ns)
{
    uint8_t sender = (uint8_t)take_number(input, 1);
    uint64_t passed = take_number(input, 1);
    size_t bytes, wanted = take_number(input, 2);
    uint8_t *copy = take_copy(input, wanted, &bytes);
    struct artnet_packet packet;
    const char *what = NULL;
    int r;

    *now_ns += passed * 100 * FC_NS_PER_MS;
    dmx_merge_expire(merge, *now_ns);
    r = artnet_codec_read(copy, bytes, &packet, &what);
    require((r < 0) == (what != NULL));
    if (r == 0 && packet.kind == ARTNET_DMX) {
        require(packet.dmx.address <= ARTNET_MAX_ADDRESS && packet.dmx.n <= DMX_SLOTS);
        write_again(&packet);
        take_frame(merge, sender, &packet, *now_ns);
    }
    if (r == 0 && packet.kind == ARTNET_REPLY)
        check_reply(&packet);
    if (r == 0 && packet.kind == ARTNET_TIMECODE)
        require(packet.time.type < ARTNET_TIME_TYPES && packet.time.hours < 24 && packet.time.frames < 30);
    check_merge(merge);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {data, bytes};
    uint64_t now_ns = FC_NS_PER_S;
    struct dmx_merge merge;

    dmx_merge_init(&merge, (enum dmx_policy)(take_number(&input, 1) % (DMX_OFF + 1)), 2);
    while (input.left)
        take_packet(&merge, &input, &now_ns);
    return 0;
}
