/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets of sACN (ANSI E1.31-2018), read and written. Pure: no sockets, no clock, no memory of its own. Used
 * in the broker.
 *
 * What is read comes from the network: every length is checked, and what is returned points into the packet.
 */
#ifndef BROKER_BACKENDS_SACN_CODEC_H
#define BROKER_BACKENDS_SACN_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "broker/backends/dmx_value.h"

#define SACN_PORT               5568
#define SACN_MAX_UNIVERSE       63999
#define SACN_DISCOVERY_UNIVERSE 64214 /* whose group discovery is sent to */
#define SACN_MAX_PRIORITY       200
#define SACN_CID_BYTES          16
#define SACN_NAME_BYTES         64 /* with its NUL */
#define SACN_DATA_BYTES         (126 + DMX_SLOTS)
#define SACN_SYNC_BYTES         49
#define SACN_PAGE_UNIVERSES     512
#define SACN_DISCOVERY_BYTES(n) (120 + 2 * (n))

/* The first byte of a frame says what the others are. */
enum {
    SACN_LEVELS = 0,
    SACN_PRIORITIES = 0xdd,
};

enum sacn_kind {
    SACN_OTHER, /* sound, but nothing that is understood here */
    SACN_DATA,
    SACN_SYNC,
    SACN_DISCOVERY,
};

struct sacn_frame {
    uint8_t priority;
    uint16_t sync_universe; /* 0: none */
    uint8_t sequence;
    bool is_preview;
    bool is_last;      /* the source ends */
    bool is_free_soon; /* Force_Synchronization: if syncs cease to come, frames need not wait for them */
    uint16_t universe;
    uint8_t start_code;
    uint16_t n; /* slots */
    const uint8_t *data;
};

struct sacn_packet {
    enum sacn_kind kind;
    const uint8_t *cid;         /* of SACN_CID_BYTES */
    char name[SACN_NAME_BYTES]; /* of data and discovery; valid UTF-8 without control characters */
    union {
        struct sacn_frame frame;
        struct {
            uint8_t sequence;
            uint16_t universe;
        } sync;
        struct {
            uint8_t page;
            uint8_t last_page;
            uint16_t n;
            const uint8_t *universes; /* 2 bytes each; see sacn_codec_universe() */
        } discovery;
    };
};

/* What all packets of a source have in common. */
struct sacn_source {
    uint8_t cid[SACN_CID_BYTES];
    char name[SACN_NAME_BYTES];
};

/* Reads a packet. -EBADMSG with a literal in `what` that says what is wrong with it. */
int sacn_codec_read(const uint8_t *data, size_t bytes, struct sacn_packet *packet, const char **what);

/* Returns a universe of a page of discovery. */
uint16_t sacn_codec_universe(const struct sacn_packet *packet, size_t i);

/* Writes a frame with 512 slots; of `frame` it takes everything but `n`. */
void sacn_codec_write_frame(uint8_t out[SACN_DATA_BYTES], const struct sacn_source *source,
                            const struct sacn_frame *frame);

void sacn_codec_write_sync(uint8_t out[SACN_SYNC_BYTES], const struct sacn_source *source, uint16_t universe,
                           uint8_t sequence);

/* Writes a page of discovery with at most SACN_PAGE_UNIVERSES, in ascending order. Returns its bytes. */
size_t sacn_codec_write_discovery(uint8_t out[SACN_DISCOVERY_BYTES(SACN_PAGE_UNIVERSES)],
                                  const struct sacn_source *source, uint8_t page, uint8_t last_page,
                                  const uint16_t *universes, size_t n);

#endif
