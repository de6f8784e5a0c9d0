/* SPDX-License-Identifier: BSD-2-Clause */
/* Allocates from chunks that double: a growing load needs few allocations, a steady one none. */
#include "proto/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#define ARENA_FIRST_CHUNK 4096u

struct arena_chunk {
    struct arena_chunk *next;
    size_t capacity;
    alignas(max_align_t) uint8_t bytes[];
};

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.limit = limit};
}

static void arena_drop(struct arena *arena)
{
    while (arena->chunks) {
        struct arena_chunk *chunk = arena->chunks;

        arena->chunks = chunk->next;
        free(chunk);
    }
    arena->used = 0;
    arena->total = 0;
}

void arena_deinit(struct arena *arena)
{
    arena_drop(arena);
}

static int arena_grow(struct arena *arena, size_t bytes)
{
    size_t capacity = arena->total > ARENA_FIRST_CHUNK ? arena->total : ARENA_FIRST_CHUNK;
    struct arena_chunk *chunk;

    if (capacity < bytes)
        capacity = bytes;
    if (arena->total > arena->limit || bytes > arena->limit - arena->total)
        return -1;
    if (capacity > arena->limit - arena->total)
        capacity = arena->limit - arena->total;
    chunk = malloc(sizeof(*chunk) + capacity);
    if (!chunk)
        return -1;
    chunk->next = arena->chunks;
    chunk->capacity = capacity;
    arena->chunks = chunk;
    arena->used = 0;
    arena->total += capacity;
    return 0;
}

void arena_reset(struct arena *arena)
{
    if (arena->chunks && (arena->chunks->next || arena->total > arena->limit)) {
        size_t total = arena->total < arena->limit ? arena->total : arena->limit;

        arena_drop(arena);
        arena_grow(arena, total);
    }
    arena->used = 0;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    void *result;

    if (bytes > arena->limit)
        return NULL;
    bytes = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (!arena->chunks || arena->chunks->capacity - arena->used < bytes) {
        if (arena_grow(arena, bytes) < 0)
            return NULL;
    }
    result = arena->chunks->bytes + arena->used;
    arena->used += bytes;
    return result;
}

static void *arena_give(void *arena, size_t bytes)
{
    return arena_alloc(arena, bytes);
}

static void arena_take_back(void *arena, void *pointer)
{
    (void)arena, (void)pointer;
}

ProtobufCAllocator arena_allocator(struct arena *arena)
{
    return (ProtobufCAllocator){.alloc = arena_give, .free = arena_take_back, .allocator_data = arena};
}
