/* SPDX-License-Identifier: BSD-2-Clause */
/* A show of three instances for tests of the router: its backends only take notes, or emit what is set on
 * them. */
#ifndef TESTS_UNIT_ROUTE_RIG_H
#define TESTS_UNIT_ROUTE_RIG_H

#include <stdio.h>
#include <stdlib.h>

#include "broker/show/instance.h"
#include "broker/show/route.h"
#include "broker/show/show.h"
#include "tests/unit/check.h"
#include "tests/unit/stderr_pipe.h"

#define MAX_NOTES 400000

struct fake {
    struct fc_instance *instance;
    bool echoes; /* emits on the same channel */
    size_t n_flushed;
};

struct note {
    struct fake *fake;
    uint32_t channel;
    double value;
};

static struct note notes[MAX_NOTES];
static size_t n_notes;
static bool is_in_set;
static struct show show;
static struct stderr_pipe caught;

static inline void *fake_new(struct fc_instance *instance, const char *directory)
{
    struct fake *fake = calloc(1, sizeof(*fake));

    fake->instance = instance;
    return fake;
}

static inline void fake_stop(void *self)
{
}

static inline void fake_set(void *self, uint32_t channel, double value)
{
    struct fake *fake = self;

    assert_false(is_in_set); /* emitting within set() only queues */
    is_in_set = true;
    assert_true(n_notes < MAX_NOTES);
    notes[n_notes++] = (struct note){fake, channel, value};
    if (fake->echoes)
        fc_emit(fake->instance, channel, value);
    is_in_set = false;
}

static inline void fake_flush(void *self)
{
    assert_false(is_in_set);
    ((struct fake *)self)->n_flushed++;
}

static const struct fc_backend fake_backend = {
    .name = "fake",
    .instance_new = fake_new,
    .instance_free = free,
    .stop = fake_stop,
    .set = fake_set,
    .flush = fake_flush,
};

static inline struct fc_instance *make(const char *name, uint32_t n_channels)
{
    struct fc_instance *instance;
    char channel[16];

    assert_int_equal(instance_new(&instance, &show, name, &fake_backend, "/"), 0);
    for (uint32_t i = 0; i < n_channels; i++) {
        snprintf(channel, sizeof(channel), "c%u", i);
        assert_int_equal(instance_add_channel(instance, channel), i);
    }
    return instance;
}

static struct fc_instance *a, *b, *c;

static inline int setup(void **state)
{
    show = (struct show){0};
    n_notes = 0;
    a = make("a", 8);
    b = make("b", 8);
    c = make("c", 8);
    stderr_pipe_begin(&caught);
    return 0;
}

static inline int teardown(void **state)
{
    stderr_pipe_end(&caught);
    router_deinit(&show.router);
    instance_free(a);
    instance_free(b);
    instance_free(c);
    return 0;
}

static inline void map(struct fc_instance *from, uint32_t i, struct fc_instance *to, uint32_t j)
{
    assert_int_equal(router_add(&show.router, (struct route_target){.instance = from, .channel = i},
                                (struct route_target){.instance = to, .channel = j}),
                     0);
}

static inline void seal(void)
{
    assert_int_equal(router_seal(&show.router), 0);
}

static inline void emit(struct fc_instance *instance, uint32_t channel, double value)
{
    router_emit(&show.router, ROUTE_COMMAND, instance, &channel, &value, 1);
}

static inline void assert_note(size_t n, const struct fc_instance *instance, uint32_t channel, double value)
{
    assert_true(n < n_notes);
    assert_ptr_equal(notes[n].fake, instance->self);
    assert_int_equal(notes[n].channel, channel);
    assert_double(notes[n].value, value);
}

#endif
