/* SPDX-License-Identifier: BSD-2-Clause */
/* A bounded bump allocator: one block that grows between uses, reset as a whole. */
#ifndef PROTO_ARENA_H
#define PROTO_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* the newest first; one chunk at steady state */
    size_t used;                /* in the newest chunk */
    size_t total;               /* capacity of all chunks */
    size_t limit;
};

void arena_init(struct arena *arena, size_t limit);
void arena_deinit(struct arena *arena);

/* Forgets everything, and joins the chunks so that the same load fits into one next time. */
void arena_reset(struct arena *arena);

/* Aligned for any type; NULL beyond the limit or out of memory. */
void *arena_alloc(struct arena *arena, size_t bytes);

/* For protobuf-c, which takes from the arena and gives nothing back. The arena stays where it is. */
ProtobufCAllocator arena_allocator(struct arena *arena);

#endif
