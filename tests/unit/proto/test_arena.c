/* SPDX-License-Identifier: BSD-2-Clause */
/* The bump allocator: alignment, limit, and that a repeated load costs no further allocation. */
#include <stdalign.h>

#include "proto/arena.h"
#include "tests/unit/check.h"

#define ARENA_LIMIT 65536

static size_t n_mallocs;

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);

void *__wrap_malloc(size_t bytes)
{
    n_mallocs++;
    return __real_malloc(bytes);
}

static void test_blocks_are_aligned_and_apart(void **state)
{
    struct dice dice = {1};
    struct arena arena;
    uint8_t *blocks[200];
    size_t bytes[200];

    arena_init(&arena, ARENA_LIMIT);
    for (size_t i = 0; i < 200; i++) {
        bytes[i] = dice_roll(&dice, 200);
        blocks[i] = arena_alloc(&arena, bytes[i]);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
        memset(blocks[i], (int)i, bytes[i]);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t j = 0; j < bytes[i]; j++)
            assert_int_equal(blocks[i][j], (uint8_t)i);
    }
    arena_deinit(&arena);
}

static void test_nothing_is_a_block_too(void **state)
{
    struct arena arena;

    arena_init(&arena, ARENA_LIMIT);
    assert_non_null(arena_alloc(&arena, 0));
    assert_non_null(arena_alloc(&arena, 0));
    arena_deinit(&arena);
}

static void test_limit_is_exact_for_one_block(void **state)
{
    struct arena arena;

    arena_init(&arena, ARENA_LIMIT);
    assert_null(arena_alloc(&arena, ARENA_LIMIT + 1));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 8));
    assert_non_null(arena_alloc(&arena, ARENA_LIMIT));
    assert_null(arena_alloc(&arena, 1));
    assert_true(arena.total <= ARENA_LIMIT);
    arena_deinit(&arena);
}

static void test_small_blocks_end_at_the_limit(void **state)
{
    struct arena arena;
    size_t n = 0;

    arena_init(&arena, ARENA_LIMIT);
    while (n <= ARENA_LIMIT && arena_alloc(&arena, 16))
        n += 16;
    assert_int_equal(n, ARENA_LIMIT);
    assert_int_equal(arena.total, ARENA_LIMIT);
    arena_reset(&arena);
    for (n = 0; n <= ARENA_LIMIT && arena_alloc(&arena, 16);)
        n += 16;
    assert_int_equal(n, ARENA_LIMIT);
    arena_deinit(&arena);
}

static void use(struct arena *arena)
{
    arena_reset(arena);
    for (size_t i = 0; i < 300; i++)
        assert_non_null(arena_alloc(arena, i % 150));
}

static void test_the_same_load_allocates_once(void **state)
{
    struct arena arena;
    size_t before;

    arena_init(&arena, ARENA_LIMIT);
    use(&arena);
    use(&arena);
    before = n_mallocs;
    for (size_t i = 0; i < 1000; i++)
        use(&arena);
    assert_int_equal(n_mallocs, before);
    arena_deinit(&arena);
}

/* The codec lowers and raises the limit between uses. */
static void test_a_lower_limit_holds_after_a_reset(void **state)
{
    struct arena arena;

    arena_init(&arena, ARENA_LIMIT);
    for (size_t i = 0; i < ARENA_LIMIT / 4096; i++)
        assert_non_null(arena_alloc(&arena, 4096));
    arena.limit = 8192;
    arena_reset(&arena);
    assert_null(arena_alloc(&arena, 8193));
    assert_non_null(arena_alloc(&arena, 4096));
    assert_non_null(arena_alloc(&arena, 4096));
    assert_null(arena_alloc(&arena, 4096));
    arena_deinit(&arena);
}

/* As above, but the arena is one chunk already, which a reset keeps. */
static void test_a_lower_limit_holds_for_one_chunk(void **state)
{
    struct arena arena;

    arena_init(&arena, ARENA_LIMIT);
    assert_non_null(arena_alloc(&arena, ARENA_LIMIT));
    arena.limit = 8192;
    arena_reset(&arena);
    assert_non_null(arena_alloc(&arena, 8192));
    assert_null(arena_alloc(&arena, 4096));
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_aligned_and_apart),
        cmocka_unit_test(test_nothing_is_a_block_too),
        cmocka_unit_test(test_limit_is_exact_for_one_block),
        cmocka_unit_test(test_small_blocks_end_at_the_limit),
        cmocka_unit_test(test_the_same_load_allocates_once),
        cmocka_unit_test(test_a_lower_limit_holds_after_a_reset),
        cmocka_unit_test(test_a_lower_limit_holds_for_one_chunk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
