/* SPDX-License-Identifier: BSD-2-Clause */
/* The loopback backend: an event comes back on the same channel and instance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "firecurtain/backend.h"

extern const struct fc_backend backend_loopback;

struct fc_instance {
    uint32_t channel;
    double value;
    unsigned n_events;
};

void fc_emit(struct fc_instance *instance, uint32_t channel, double value)
{
    instance->channel = channel;
    instance->value = value;
    instance->n_events++;
}

static void test_event_comes_back_on_its_channel(void **state)
{
    struct fc_instance instance = {0};
    struct fc_reason reason;
    void *self = backend_loopback.instance_new(&instance, "/");

    assert_non_null(self);
    assert_int_equal(backend_loopback.channel(self, 0, "foo", FC_TARGET, &reason), 0);
    assert_int_equal(backend_loopback.channel(self, 1, "any text, really", FC_SOURCE | FC_TARGET, &reason),
                     0);
    assert_int_equal(backend_loopback.start(self), 0);
    backend_loopback.set(self, 1, 0.25);
    assert_int_equal(instance.n_events, 1);
    assert_int_equal(instance.channel, 1);
    assert_true(instance.value == 0.25);
    backend_loopback.set(self, 0, 1.0);
    backend_loopback.set(self, 0, 1.0);
    assert_int_equal(instance.n_events, 3);
    assert_int_equal(instance.channel, 0);
    assert_true(instance.value == 1.0);
    backend_loopback.stop(self);
    backend_loopback.stop(self);
    backend_loopback.instance_free(self);
}

static void test_instances_do_not_share_anything(void **state)
{
    struct fc_instance one = {0};
    struct fc_instance two = {0};
    void *first = backend_loopback.instance_new(&one, "/");
    void *second = backend_loopback.instance_new(&two, "/");

    backend_loopback.set(second, 7, 0.5);
    assert_int_equal(one.n_events, 0);
    assert_int_equal(two.n_events, 1);
    backend_loopback.instance_free(first);
    backend_loopback.instance_free(second);
}

/* As in MIDIMonster, any option may be there, but it has no effect. */
static void test_options_are_left_out(void **state)
{
    struct fc_instance instance = {0};
    struct fc_reason reason;
    void *self = backend_loopback.instance_new(&instance, "/");

    assert_string_equal(backend_loopback.name, "loopback");
    assert_string_equal(backend_loopback.options[0].name, "*");
    assert_null(backend_loopback.options[1].name);
    assert_int_equal(backend_loopback.configure(self, FC_SCOPE_INSTANCE, "x", "y", &reason), FC_DOUBT);
    backend_loopback.instance_free(self);
    backend_loopback.instance_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_comes_back_on_its_channel),
        cmocka_unit_test(test_instances_do_not_share_anything),
        cmocka_unit_test(test_options_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
