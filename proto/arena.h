/* SPDX-License-Identifier: BSD-2-Clause */
/* A bounded bump allocator: everything is freed at once, and the memory is kept for the next use. */
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

/* Frees everything allocated, and joins the chunks: next time the same load fits into one. */
void arena_reset(struct arena *arena);

/* Allocates bytes aligned for any type; NULL beyond the limit or out of memory. */
void *arena_alloc(struct arena *arena, size_t bytes);

/* Returns an allocator for protobuf-c that frees nothing. The arena must not move while it is used. */
ProtobufCAllocator arena_allocator(struct arena *arena);

#endif
