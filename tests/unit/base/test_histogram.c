/* SPDX-License-Identifier: BSD-2-Clause */
/* Quantiles of a histogram, compared with those of the sorted values. */
#include "broker/base/histogram.h"
#include "tests/unit/check.h"

#define VALUES 100000

static uint64_t values[VALUES];

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void check_against_sorted(size_t n)
{
    static const unsigned asked[] = {0, 1, 10, 250, 500, 900, 990, 999, 1000};
    struct histogram histogram = {0};

    for (size_t i = 0; i < n; i++)
        histogram_add(&histogram, values[i]);
    qsort(values, n, sizeof(values[0]), compare);
    assert_int_equal(histogram.n, n);
    assert_int_equal(histogram.max, values[n - 1]);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        size_t rank = (n * asked[i] + 999) / 1000;
        uint64_t exact = values[rank ? rank - 1 : 0];

        assert_in_range(histogram_quantile(&histogram, asked[i]), exact, exact + exact / 16);
    }
    assert_int_equal(histogram_quantile(&histogram, 1000), values[n - 1]);
}

static void test_evenly_spread_values(void **state)
{
    struct dice dice = {1};

    for (size_t n = 1; n <= VALUES; n = n * 3 + 1) {
        for (size_t i = 0; i < n; i++)
            values[i] = dice_roll(&dice, 5000000);
        check_against_sorted(n);
    }
}

/* Makes values like durations: of all magnitudes, most of them short. */
static void test_values_of_all_magnitudes(void **state)
{
    struct dice dice = {2};

    for (size_t n = 1; n <= VALUES; n = n * 3 + 1) {
        for (size_t i = 0; i < n; i++)
            values[i] = dice_roll(&dice, UINT64_C(1) << (1 + dice_roll(&dice, 32)));
        check_against_sorted(n);
    }
}

static void test_few_that_are_slow_beside_many_that_are_fast(void **state)
{
    struct dice dice = {3};

    for (size_t i = 0; i < VALUES; i++)
        values[i] = i % 100 ? 80 + dice_roll(&dice, 40) : 1000000 + dice_roll(&dice, 1000);
    check_against_sorted(VALUES);
}

/* Where a bucket ends and the next begins. */
static void test_each_value_alone(void **state)
{
    for (unsigned bit = 0; bit <= 32; bit++) {
        for (uint64_t off = 0; off <= 2; off++) {
            uint64_t value = (UINT64_C(1) << bit) + off - 1;

            values[0] = value > HISTOGRAM_MAX ? HISTOGRAM_MAX : value;
            check_against_sorted(1);
        }
    }
    for (uint64_t value = 0; value < 100000; value++) {
        struct histogram histogram = {0};

        /* a larger one, lest the maximum hide what the bucket yields */
        histogram_add(&histogram, value);
        histogram_add(&histogram, HISTOGRAM_MAX);
        assert_in_range(histogram_quantile(&histogram, 500), value, value + value / 16);
    }
}

static void test_small_values_are_exact(void **state)
{
    struct histogram histogram = {0};

    for (uint64_t value = 0; value < 32; value++)
        histogram_add(&histogram, value);
    for (unsigned i = 1; i <= 32; i++)
        assert_int_equal(histogram_quantile(&histogram, i * 1000 / 32), i - 1);
}

static void test_nothing_has_no_quantile(void **state)
{
    struct histogram histogram = {0};

    assert_int_equal(histogram_quantile(&histogram, 500), 0);
    assert_int_equal(histogram_quantile(&histogram, 1000), 0);
}

static void test_what_is_too_large_counts_as_the_largest(void **state)
{
    struct histogram histogram = {0};

    histogram_add(&histogram, UINT64_MAX);
    histogram_add(&histogram, UINT64_C(1) << 32);
    assert_int_equal(histogram.counts[HISTOGRAM_BUCKETS - 1], 2);
    assert_int_equal(histogram_quantile(&histogram, 500), HISTOGRAM_MAX);
}

static void test_a_full_bucket_halves_all(void **state)
{
    struct histogram histogram = {0};

    for (int i = 0; i < 1000; i++)
        histogram_add(&histogram, 7);
    histogram.counts[3] = UINT32_MAX;
    histogram.n += UINT32_MAX;
    histogram_add(&histogram, 3);
    assert_int_equal(histogram.counts[3], UINT32_MAX / 2 + 1);
    assert_int_equal(histogram.counts[7], 500);
    assert_int_equal(histogram.n, UINT32_MAX / 2 + 1 + 500);
    assert_int_equal(histogram_quantile(&histogram, 500), 3);
    assert_int_equal(histogram_quantile(&histogram, 1000), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_evenly_spread_values),
        cmocka_unit_test(test_values_of_all_magnitudes),
        cmocka_unit_test(test_few_that_are_slow_beside_many_that_are_fast),
        cmocka_unit_test(test_each_value_alone),
        cmocka_unit_test(test_small_values_are_exact),
        cmocka_unit_test(test_nothing_has_no_quantile),
        cmocka_unit_test(test_what_is_too_large_counts_as_the_largest),
        cmocka_unit_test(test_a_full_bucket_halves_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
