/* SPDX-License-Identifier: BSD-2-Clause */
/* The log lines that are kept: how many, of which instances, and in which order. */
#include "broker/control/log_ring.h"
#include "firecurtain/time.h"
#include "tests/unit/check.h"

static void add(struct log_ring *ring, const char *instance, const char *text)
{
    log_ring_add(ring, ring->last, "info", instance, text, strlen(text));
}

static size_t count(const struct log_ring *ring, const char *instance)
{
    uint64_t number = 0;
    size_t n = 0;

    for (const struct log_line *line = log_ring_find(ring, 0, instance); line;
         line = log_ring_next(line, instance), n++) {
        assert_true(line->number > number);
        number = line->number;
        if (instance)
            assert_string_equal(log_line_instance(line), instance);
    }
    return n;
}

static void test_an_instance_keeps_its_last_lines(void **state)
{
    struct log_ring ring = {0};
    char text[32];

    (void)state;
    add(&ring, "quiet", "once");
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof(text), "line %d", i);
        add(&ring, "loud", text);
    }
    assert_int_equal(count(&ring, "loud"), LOG_RING_LINES);
    assert_int_equal(count(&ring, "quiet"), 1);
    assert_int_equal(count(&ring, NULL), LOG_RING_LINES + 1);
    assert_string_equal(log_ring_find(&ring, 1001, NULL)->text, "line 999");
    assert_string_equal(log_ring_find(&ring, 0, "loud")->text, "line 800");
    assert_null(log_ring_find(&ring, 1002, NULL));
    assert_null(log_ring_find(&ring, 0, "nobody"));
    log_ring_deinit(&ring);
    assert_int_equal(ring.n_bytes, 0);
    assert_null(ring.owners);
}

static void test_the_bytes_of_one_and_of_all_are_bounded(void **state)
{
    struct log_ring ring = {0};
    char *text = calloc(1, 3073), name[16];

    (void)state;
    memset(text, 'x', 3072);
    for (int i = 0; i < 4000; i++) {
        snprintf(name, sizeof(name), "i%d", i % 100);
        add(&ring, name, text);
        assert_true(ring.n_bytes <= LOG_RING_BYTES);
    }
    for (int i = 0; i < 100; i++)
        add(&ring, "one", text);
    assert_true(count(&ring, "one") * 3072 <= LOG_RING_INSTANCE_BYTES);
    assert_true(count(&ring, "one") >= 2);
    assert_true(count(&ring, NULL) > 250);
    log_ring_deinit(&ring);
    free(text);
}

/* The single line of one instance is kept while others never stop. */
static void test_the_loudest_gives_way_first(void **state)
{
    struct log_ring ring = {0};
    char *text = calloc(1, 3001), name[16];

    (void)state;
    memset(text, 'x', 3000);
    add(&ring, "quiet", "once");
    for (int i = 0; i < 4000; i++) {
        snprintf(name, sizeof(name), "i%d", i % 50);
        add(&ring, name, text);
    }
    assert_int_equal(count(&ring, "quiet"), 1);
    log_ring_deinit(&ring);
    free(text);
}

static void test_tail(void **state)
{
    struct log_ring ring = {0};

    (void)state;
    assert_int_equal(log_ring_tail(&ring, 5, NULL), 1);
    add(&ring, "a", "1");
    add(&ring, "b", "2");
    add(&ring, "a", "3");
    assert_int_equal(log_ring_tail(&ring, 2, NULL), 2);
    assert_int_equal(log_ring_tail(&ring, 2, "a"), 1);
    assert_int_equal(log_ring_tail(&ring, 1, "b"), 2);
    assert_int_equal(log_ring_tail(&ring, 9, "b"), 2);
    assert_int_equal(log_ring_tail(&ring, 9, "c"), 4);
    log_ring_deinit(&ring);
}

static void add_errors(struct log_ring *ring, const char *const *lines)
{
    for (; *lines; lines++)
        log_ring_add(ring, ++ring->last, "error", "py1", *lines, strlen(*lines));
}

static void assert_error(const struct log_ring *ring, const char *text, const char *place)
{
    struct log_error error = log_ring_error(ring, "py1");

    assert_string_equal(error.text, text);
    assert_string_equal(error.place, place);
    assert_int_equal(error.time_ns != 0, text[0] != '\0');
}

static void test_the_last_error_is_what_a_traceback_ends_with(void **state)
{
    struct log_ring ring = {0};

    (void)state;
    assert_error(&ring, "", "");
    add(&ring, "py1", "fine");
    log_ring_add(&ring, 1, "warning", "py1", "hm", 2);
    assert_error(&ring, "", "");
    add_errors(&ring, (const char *const[]){"handler fader raised:", "Traceback (most recent call last):",
                                            "  File \"/a b/lights.py\", line 12, in fader", "    light(7)",
                                            "  File \"/a b/lamp.py\", line 3, in light",
                                            "    raise ValueError(n)", "ValueError: 7", NULL});
    assert_error(&ring, "ValueError: 7", "lamp.py:3");
    add_errors(&ring, (const char *const[]){"worker ended: exit status 1; starting it again", NULL});
    assert_error(&ring, "ValueError: 7", "lamp.py:3");
    add_errors(&ring, (const char *const[]){"this may help", NULL});
    assert_error(&ring, "ValueError: 7", "lamp.py:3");
    ring.last += FC_NS_PER_S; /* which is the time here, too */
    add_errors(&ring,
               (const char *const[]){"Traceback (most recent call last):",
                                     "  File \"/a b/lights.py\", line 12, in fader",
                                     "  File \"/usr/lib/python3.11/json/decoder.py\", line 353, in raw",
                                     "  File \"<frozen os>\", line 1, in f", "ValueError: 8", NULL});
    assert_error(&ring, "ValueError: 8", "lights.py:12");
    ring.last += FC_NS_PER_S;
    add_errors(&ring, (const char *const[]){"127.0.0.1 port 1: Permission denied",
                                            "cannot start: Permission denied; trying again in 1 s", NULL});
    assert_error(&ring, "127.0.0.1 port 1: Permission denied", "");
    log_ring_add(&ring, 9, "error", "other", "else", 4);
    assert_error(&ring, "127.0.0.1 port 1: Permission denied", "");
    log_ring_deinit(&ring);
}

static void test_any_error_is_kept_in_short(void **state)
{
    static char text[3000];
    struct log_ring ring = {0};

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    add_errors(&ring, (const char *const[]){text, NULL});
    assert_true(strlen(log_ring_error(&ring, "py1").text) < 256);
    assert_string_equal(log_ring_error(&ring, "py1").text + strlen(log_ring_error(&ring, "py1").text) - 4,
                        "x…");
    memcpy(text, "  File \"/", 9);
    add_errors(&ring,
               (const char *const[]){text, "  File \"/\", line 99999999999", "  File \"", "", "E", NULL});
    assert_string_equal(log_ring_error(&ring, "py1").text, "E");
    log_ring_deinit(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_error_is_what_a_traceback_ends_with),
        cmocka_unit_test(test_any_error_is_kept_in_short),
        cmocka_unit_test(test_an_instance_keeps_its_last_lines),
        cmocka_unit_test(test_the_bytes_of_one_and_of_all_are_bounded),
        cmocka_unit_test(test_the_loudest_gives_way_first),
        cmocka_unit_test(test_tail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
