/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads any bytes as packets of sACN from several sources, and merges their frames and priorities as the
 * first byte says. In addition to the sanitizers it checks that what is read can be written and read again,
 * that names are safe to show, and that a merged frame has only what present sources have sent.
 */
#include "broker/backends/dmx_merge.h"
#include "broker/backends/sacn_codec.h"
#include "tests/fuzz/fuzz.h"

/* A packet with the same content has the same meaning. */
static void write_again(const struct sacn_packet *packet)
{
    uint8_t data[DMX_SLOTS] = {0}, out[SACN_DATA_BYTES];
    struct sacn_frame frame = packet->frame;
    struct sacn_source source;
    struct sacn_packet again;
    const char *what;

    memcpy(source.cid, packet->cid, SACN_CID_BYTES);
    memcpy(source.name, packet->name, SACN_NAME_BYTES);
    memcpy(data, frame.data, frame.n);
    frame.data = data;
    sacn_codec_write_frame(out, &source, &frame);
    require(sacn_codec_read(out, sizeof(out), &again, &what) == 0 && again.kind == SACN_DATA);
    require(strcmp(again.name, packet->name) == 0);
    require(memcmp(again.cid, source.cid, SACN_CID_BYTES) == 0);
    require(again.frame.universe == frame.universe && again.frame.priority == frame.priority);
    require(again.frame.sync_universe == frame.sync_universe && again.frame.sequence == frame.sequence);
    require(again.frame.is_last == frame.is_last && again.frame.is_preview == frame.is_preview);
    require(again.frame.start_code == frame.start_code && again.frame.n == DMX_SLOTS);
    require(memcmp(again.frame.data, data, sizeof(data)) == 0);
}

static bool is_of_a_source(const struct dmx_merge *merge, size_t slot)
{
    for (size_t i = 0; i < DMX_MERGE_MAX_SOURCES; i++) {
        const struct dmx_source *source = &merge->sources[i];

        if (source->is_present && source->data[slot] == merge->frame[slot])
            return true;
    }
    return merge->frame[slot] == 0; /* it is nobody's */
}

static void check_merge(const struct dmx_merge *merge)
{
    size_t n = 0;

    for (size_t i = 0; i < DMX_MERGE_MAX_SOURCES; i++)
        n += merge->sources[i].is_present;
    require(n == merge->n_sources && n <= merge->max_sources);
    for (size_t slot = 0; n > 0 && merge->policy != DMX_OFF && slot < DMX_SLOTS; slot++)
        require(is_of_a_source(merge, slot));
}

static void take_frame(struct dmx_merge *merge, const struct sacn_packet *packet, uint64_t now_ns)
{
    const struct sacn_frame *frame = &packet->frame;
    struct dmx_source *source = dmx_merge_find(merge, packet->cid);

    require(frame->n <= DMX_SLOTS && frame->priority <= SACN_MAX_PRIORITY);
    if (frame->is_last) {
        if (source)
            dmx_merge_drop(merge, source);
        return;
    }
    if (!source) {
        dmx_merge_make_room(merge, frame->priority);
        source = dmx_merge_add(merge, packet->cid, packet->name, now_ns);
    }
    if (!source)
        return;
    dmx_merge_set_priority(merge, source, frame->priority);
    if (frame->start_code == SACN_PRIORITIES)
        dmx_merge_take_priorities(merge, source, frame->data, frame->n, now_ns);
    else
        dmx_merge_take(merge, source, frame->data, frame->n, now_ns);
}

static void check_name(const char *name)
{
    size_t bytes = strnlen(name, SACN_NAME_BYTES);

    require(bytes < SACN_NAME_BYTES);
    for (size_t i = 0; i < bytes; i++)
        require((uint8_t)name[i] >= 0x20 && name[i] != 0x7f);
}

/* Takes a packet of the input: tenths of a second since the last one, length, bytes. */
static void take_packet(struct dmx_merge *merge, struct input *input, uint64_t *now_ns)
{
    uint64_t passed = take_number(input, 1);
    size_t bytes, wanted = take_number(input, 2);
    uint8_t *copy = take_copy(input, wanted, &bytes);
    struct sacn_packet packet;
    const char *what = NULL;
    int r;

    *now_ns += passed * 100 * FC_NS_PER_MS;
    dmx_merge_expire(merge, *now_ns);
    r = sacn_codec_read(copy, bytes, &packet, &what);
    require((r < 0) == (what != NULL));
    if (r == 0) {
        check_name(packet.name);
        if (packet.kind == SACN_DATA) {
            write_again(&packet);
            take_frame(merge, &packet, *now_ns);
        }
        for (size_t i = 0; packet.kind == SACN_DISCOVERY && i < packet.discovery.n; i++)
            require(sacn_codec_universe(&packet, i) <= UINT16_MAX);
    }
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
