/* SPDX-License-Identifier: BSD-2-Clause */
/* A token bucket: never more than the rate and one burst, never less than the rate, whatever the steps. */
#include "broker/base/rate.h"
#include "firecurtain/time.h"
#include "tests/unit/check.h"

#define MS FC_NS_PER_MS
#define S  FC_NS_PER_S

static const uint64_t rates[] = {1, 3, 7, 10, 99, 1000, 44100, 1000000, 999999937, RATE_MAX};

#define FOR_ALL_RATES for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)

static uint64_t take_all(struct rate *rate)
{
    uint64_t n = 0;

    for (uint64_t step = rate->burst; step; step /= 2) {
        while (rate_take(rate, step))
            n += step;
    }
    return n;
}

static void test_a_burst_is_a_tenth_of_a_second_and_at_least_one(void **state)
{
    static const uint64_t bursts[] = {1, 1, 1, 1, 9, 100, 4410, 100000, 99999993, 100000000};

    FOR_ALL_RATES
    {
        struct rate rate;

        rate_init(&rate, rates[i], S);
        assert_int_equal(rate.burst, bursts[i]);
        assert_int_equal(take_all(&rate), bursts[i]);
        assert_false(rate_take(&rate, 1));
    }
}

/* Takes steps of any length with which the bucket does not overflow. */
static void test_nothing_is_lost_and_nothing_is_won(void **state)
{
    struct dice dice = {1};

    FOR_ALL_RATES
    {
        uint64_t begin = S, now_ns = begin, n;
        struct rate rate;

        if (rates[i] < 20) /* it has no room for a fraction */
            continue;
        rate_init(&rate, rates[i], now_ns);
        n = take_all(&rate);
        while (now_ns - begin < 100 * S) {
            now_ns += dice_roll(&dice, 80 * MS);
            rate_fill(&rate, now_ns);
            n += take_all(&rate);
        }
        assert_int_equal(n, rate.burst + (__uint128_t)(now_ns - begin) * rates[i] / S);
    }
}

/* Even where the bucket holds only one token: taking each as soon as it is there yields all of them. */
static void test_one_at_a_time_as_soon_as_it_is_there(void **state)
{
    FOR_ALL_RATES
    {
        uint64_t now_ns = S;
        struct rate rate;

        rate_init(&rate, rates[i], now_ns);
        take_all(&rate);
        for (int n = 0; n < 1000; n++) {
            now_ns = rate_when_ns(&rate, 1);
            rate_fill(&rate, now_ns);
            assert_true(rate_take(&rate, 1));
        }
        /* a nanosecond of rounding each */
        assert_in_range(now_ns - S, 1000 * S / rates[i], 1000 * S / rates[i] + 1000);
    }
}

static void test_it_holds_no_more_than_a_burst(void **state)
{
    static const uint64_t waits_ns[] = {1, 1 * S, 1000 * S, UINT64_MAX / 2};

    FOR_ALL_RATES
    {
        for (size_t j = 0; j < 4; j++) {
            struct rate rate;

            rate_init(&rate, rates[i], 0);
            assert_int_equal(rate_fill(&rate, waits_ns[j]), rate.burst);
            take_all(&rate);
            rate_fill(&rate, waits_ns[j] + S * 2);
            assert_int_equal(take_all(&rate), rate.burst);
        }
    }
}

static void test_taking_too_many_takes_none(void **state)
{
    struct rate rate;

    rate_init(&rate, 1000, 0);
    assert_false(rate_take(&rate, 101));
    assert_true(rate_take(&rate, 60));
    assert_false(rate_take(&rate, 41));
    assert_true(rate_take(&rate, 40));
}

/* At the time returned the tokens are there, a nanosecond earlier they are not. */
static void test_when_there_will_be_enough(void **state)
{
    struct dice dice = {2};

    FOR_ALL_RATES
    {
        uint64_t now_ns = 5 * S;
        struct rate rate;

        rate_init(&rate, rates[i], now_ns);
        for (int j = 0; j < 1000; j++) {
            uint64_t n = 1 + dice_roll(&dice, rate.burst), when_ns;
            struct rate early;

            take_all(&rate);
            when_ns = rate_when_ns(&rate, n);
            assert_true(when_ns > now_ns);
            early = rate;
            assert_true(rate_fill(&early, when_ns - 1) < n);
            assert_true(rate_fill(&rate, when_ns) >= n);
            assert_int_equal(rate_when_ns(&rate, n), when_ns);
            now_ns = when_ns;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_burst_is_a_tenth_of_a_second_and_at_least_one),
        cmocka_unit_test(test_nothing_is_lost_and_nothing_is_won),
        cmocka_unit_test(test_one_at_a_time_as_soon_as_it_is_there),
        cmocka_unit_test(test_it_holds_no_more_than_a_burst),
        cmocka_unit_test(test_taking_too_many_takes_none),
        cmocka_unit_test(test_when_there_will_be_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
