/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Out of memory at every allocation in turn, from a sound configuration to events on their way: each function
 * says so and leaves nothing half done or leaked (LeakSanitizer watches).
 */
#include "tests/unit/config_fixture.h"

#include <errno.h>

#include "broker/base/queue.h"
#include "broker/build/build.h"
#include "broker/build/shown.h"
#include "broker/build/users.h"
#include "broker/show/show.h"
#include "tests/unit/scarce_memory.h"

/* Enough channels for the hashes to grow, and options that allocate. */
static const char text[] =
    "[backend python]\ndefault-handler = script.any\n"
    "[osc desk]\nbind = 127.0.0.1 8000\ndest = 127.0.0.1 9000\nroot = /house\n/x = ff 0 2 0 2\n"
    "[python py1]\nmodule = script\nmodule = other\nconnect = tcp:127.0.0.1:8000\n"
    "listen = udp:127.0.0.1:9000\nread = /usr/share\nenv = TZ=UTC\nmemory = 64M\n"
    "[loopback back]\n[map]\n"
    "desk./1/fader{1..400} > py1.script.in{1..400}\npy1.out{1..40} <> desk./x\n"
    "back.a{1..8} > back.b\nback.a1 < desk./y:2\n";

/* Builds with ever more memory until it succeeds; returns how often it did not. */
static long build_everywhere(struct config *config, struct show **show)
{
    for (long n = 0; n < 100000; n++) {
        int r;

        *show = NULL;
        left = n;
        r = build_show(show, config, "show.cfg", false, NULL);
        left = -1;
        assert_int_equal(config->n_diagnostics, 0);
        if (r == 0)
            return n;
        assert_int_equal(r, -ENOMEM);
        assert_null(*show);
    }
    fail_msg("never enough memory");
    return 0;
}

static void test_a_show_is_built_whole_or_not_at_all(void **state)
{
    struct config *config = load_sound(state, text);
    struct path_set shown = {0};
    struct show *show;
    long n = 0;

    assert_true(build_everywhere(config, &show) > 400);
    assert_int_equal(show->n_instances, 3);
    assert_int_equal(show->router.n_targets, 400 + 80 + 8 + 1);
    for (int r = -ENOMEM; r < 0; n++) {
        left = n;
        r = shown_collect(show, 0, &shown);
        left = -1;
        assert_true(r == 0 || r == -ENOMEM);
    }
    assert_true(n > 1);
    path_set_deinit(&shown);
    show_free(show);
}

/* Nothing is half joined: neither a user nor her show. */
static void test_a_users_show_joins_whole_or_not_at_all(void **state)
{
    struct config *config;
    struct users users = {0};
    struct show *show = NULL;
    char whole[1024];
    long n = 0;
    int r = -ENOMEM;

    assert_int_equal(chmod(".", 0755), 0);
    write_text("alice.cfg", "[python py1]\nmodule = script\nconnect = tcp:10.0.0.1:80\n[loopback l]\n[map]\n"
                            "desk./a{1..40} <> py1.x{1..40}\npy1.y > l.z\n");
    assert_int_equal(chmod("alice.cfg", 0644), 0);
    snprintf(whole, sizeof(whole),
             "[osc desk]\nbind = 127.0.0.1 8000\ndest = 127.0.0.1 9000\n[loopback back]\n[map]\n"
             "desk./a1 > back.b\n[user alice]\nshow = alice.cfg\n%sgrant-input = desk./a{1..40}\n"
             "grant-output = desk./a{1..40}\nallow-connect = *:*\nallow-read = /usr/share\n",
             geteuid() ? "" : "uid = 20001\n");
    config = load_sound(state, whole);
    for (; r < 0; n++) {
        left = n;
        r = build_show(&show, config, "show.cfg", false, &users);
        left = -1;
        if (config->n_diagnostics)
            fail_msg("%s", config->diagnostics[0].message);
        assert_true(r == 0 || r == -ENOMEM);
    }
    assert_true(n > 300);
    assert_int_equal(show->n_instances, 4);
    assert_int_equal(show->router.n_targets, 82);
    for (r = -ENOMEM, n = 0; r < 0; n++) {
        left = n;
        r = users_fix(&users, show);
        left = -1;
    }
    assert_true(n > 1);
    show_free(show);
    users_deinit(&users);
}

/* What has no room is lost and counted; what has room arrives, in its order. */
static void test_events_without_memory(void **state)
{
    struct config *config = load_sound(state, "[loopback a]\n[loopback b]\n[map]\na.x > b.y\n");
    struct show *show = NULL;
    struct fc_instance *a;

    assert_int_equal(build_show(&show, config, "show.cfg", false, NULL), 0);
    a = show->instances[0];
    left = 0;
    for (int i = 0; i < 1000; i++)
        fc_emit(a, 0, 0.5);
    assert_int_equal(show->router.n_events, 0);
    assert_int_equal(show->router.lost_full, 1000);
    left = -1;
    for (int i = 0; i < 1000; i++)
        fc_emit(a, 0, 0.5);
    left = 0; /* the ring is full here, or grows and is not given what it wants */
    for (int i = 0; i < 1000; i++)
        fc_emit(a, 0, 0.5);
    left = -1;
    assert_int_equal(show->router.n_events + show->router.lost_full, 3000);
    while (router_run(&show->router))
        ;
    assert_int_equal(show->router.n_events, 0);
    assert_true(show->router.delivered >= 1000);
    show_free(show);
}

/* Pushes with `n` allocations left, then takes everything out: what was accepted, in order. */
static bool push_and_take(enum queue_overflow overflow, long n)
{
    struct queue queue;
    const uint32_t *channels;
    const double *values;
    size_t accepted = 0, taken = 0, peeked;
    bool refused_any = false;

    queue_init(&queue, 100);
    queue.overflow = overflow;
    left = n;
    for (uint32_t i = 0; i < 300; i++) {
        int r = queue_push(&queue, i, (double)i);

        assert_true(r == 0 || r == -ENOMEM);
        accepted += r == 0;
        refused_any |= r < 0;
    }
    left = -1;
    assert_int_equal(queue_length(&queue) + queue.dropped, accepted);
    for (double last = -1.0; (peeked = queue_peek(&queue, &channels, &values));
         queue_consume(&queue, peeked)) {
        for (size_t i = 0; i < peeked; i++, taken++) {
            assert_true(values[i] > last && values[i] == (double)channels[i]);
            last = values[i];
        }
    }
    assert_int_equal(taken + queue.dropped, accepted);
    assert_int_equal(queue_push(&queue, 7, 0.5), 0); /* it recovers */
    assert_int_equal(queue_length(&queue), 1);
    queue_deinit(&queue);
    return refused_any;
}

static void test_a_queue_without_memory(void **state)
{
    const enum queue_overflow policies[] = {QUEUE_LATEST, QUEUE_DROP_OLDEST, QUEUE_DROP_NEWEST};

    for (size_t i = 0; i < 3; i++) {
        long n = 0;

        while (push_and_take(policies[i], n))
            n++;
        assert_true(n >= 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        config_test(test_a_show_is_built_whole_or_not_at_all),
        config_test(test_a_users_show_joins_whole_or_not_at_all),
        config_test(test_events_without_memory),
        config_test(test_a_queue_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
