/* SPDX-License-Identifier: BSD-2-Clause */
/* What the journal writes down of a show, and a recording of it that is replayed: no worker takes part. */
#include <errno.h>
#include <fcntl.h>

#include "broker/base/loop.h"
#include "broker/record/file.h"
#include "broker/record/journal.h"
#include "broker/record/recording.h"
#include "broker/record/replay.h"
#include "broker/show/instance.h"
#include "broker/show/show.h"
#include "firecurtain/time.h"
#include "tests/unit/check.h"
#include "tests/unit/stderr_pipe.h"

#define MAX_ITEMS 64

/* What a recording handed over: one line per item. */
struct keeper {
    struct codec_record *codec;
    char text[4096];
    int fd; /* of the file to which the blocks go, too; or -1 */
};

static struct show show;
static struct loop *loop;
static struct journal *journal;
static struct recording *recording;
static struct keeper keeper;
static struct fc_instance *desk, *lamp;
static struct stderr_pipe caught;
static double lamp_values[MAX_ITEMS];
static size_t n_lamp_values, n_finished;

static void *fake_new(struct fc_instance *instance, const char *directory)
{
    return calloc(1, 1);
}

static void fake_stop(void *self)
{
}

static void fake_set(void *self, uint32_t channel, double value)
{
    assert_true(n_lamp_values < MAX_ITEMS);
    lamp_values[n_lamp_values++] = value;
}

static const struct fc_backend device_backend = {
    .name = "device", .instance_new = fake_new, .instance_free = free, .stop = fake_stop, .set = fake_set};

static const char *const kind_names[RECORD_KINDS_] = {
    [RECORD_START] = "start", [RECORD_INSTANCE] = "instance", [RECORD_CHANNEL] = "channel",
    [RECORD_INPUT] = "input", [RECORD_STEP] = "step",         [RECORD_OUTPUT] = "output",
    [RECORD_GAP] = "gap",     [RECORD_END] = "end",
};

static int keep(void *userdata, const void *block, size_t n_bytes, uint64_t missed)
{
    struct record_item item;
    char *at = keeper.text + strlen(keeper.text), *end = keeper.text + sizeof(keeper.text);

    if (!n_bytes)
        return 0;
    if (keeper.fd >= 0)
        assert_int_equal(record_file_append(keeper.fd, block, n_bytes), 0);
    assert_int_equal(codec_record_decode(keeper.codec, block, n_bytes), 0);
    while (codec_record_take(keeper.codec, &item)) {
        assert_non_null(kind_names[item.kind]);
        at += snprintf(at, (size_t)(end - at), "%s", kind_names[item.kind]);
        if (item.text && *item.text)
            at += snprintf(at, (size_t)(end - at), " %s", item.text);
        if (item.kind == RECORD_STEP)
            at += snprintf(at, (size_t)(end - at), " %s%s",
                           item.phase == RECORD_IMPORT  ? "import"
                           : item.phase == RECORD_BATCH ? "batch"
                                                        : "cleanup",
                           item.died ? " died" : "");
        for (size_t i = 0; i < item.n_events; i++)
            at += snprintf(at, (size_t)(end - at), " %u=%g", item.channels[i], item.values[i]);
        at += snprintf(at, (size_t)(end - at), "\n");
    }
    return 0;
}

static struct fc_instance *make(const char *name)
{
    struct fc_instance *instance;

    assert_int_equal(instance_new(&instance, &show, name, &device_backend, "/"), 0);
    assert_int_equal(instance_add_channel(instance, "fader"), 0);
    HASH_ADD_KEYPTR(hh, show.by_name, instance->name, strlen(instance->name), instance);
    instance->state = INSTANCE_UP;
    return instance;
}

static int setup(void **state)
{
    static struct fc_instance *instances[2];

    show = (struct show){.instances = instances, .n_instances = 2};
    keeper = (struct keeper){.fd = -1};
    n_lamp_values = n_finished = 0;
    recording = NULL;
    instances[0] = desk = make("desk");
    instances[1] = lamp = make("lamp");
    assert_int_equal(router_add(&show.router, (struct route_target){.instance = desk},
                                (struct route_target){.instance = lamp}),
                     0);
    assert_int_equal(router_seal(&show.router), 0);
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(journal_new(&journal, loop), 0);
    assert_int_equal(codec_record_new(&keeper.codec), 0);
    journal_set_show(journal, &show);
    stderr_pipe_begin(&caught);
    return 0;
}

static int teardown(void **state)
{
    stderr_pipe_end(&caught);
    journal_free(journal);
    codec_record_free(keeper.codec);
    HASH_CLEAR(hh, show.by_name);
    instance_free(desk);
    instance_free(lamp);
    router_deinit(&show.router);
    loop_free(loop);
    return 0;
}

static void record(void)
{
    struct record_item start = journal_start(journal);

    start.text = "show.cfg";
    assert_int_equal(recording_new(&recording, &start, keep, NULL), 0);
    assert_int_equal(journal_add(journal, recording), 0);
}

/* Ends the recording; what it held must be this. */
static void assert_recorded(const char *text)
{
    char expected[2048];

    journal_remove(journal, recording, "over");
    recording_free(recording);
    snprintf(expected, sizeof(expected), "start show.cfg\n%send over\n", text);
    assert_string_equal(keeper.text, expected);
}

static void emit(enum route_source source, double value)
{
    router_emit(&show.router, source, desk, &(uint32_t){0}, &value, 1);
    router_run(&show.router);
}

static void test_nobody_looks_while_nobody_records(void **state)
{
    assert_null(show.router.observer);
    record();
    assert_non_null(show.router.observer);
    assert_recorded("");
    assert_null(show.router.observer);
}

static void test_what_comes_in_is_written_down_once(void **state)
{
    record();
    emit(ROUTE_BACKEND, 0.25);
    emit(ROUTE_COMMAND, 0.5);
    emit(ROUTE_BACKEND, 2.0); /* as it is routed */
    assert_recorded("instance desk\nchannel fader\ninput 0=0.25\ninput 0=0.5\ninput 0=1\n");
    assert_int_equal(n_lamp_values, 3);
}

static void test_what_is_dropped_is_not_written_down(void **state)
{
    record();
    emit(ROUTE_BACKEND, 0.0 / 0.0);
    fc_emit(desk, 7, 0.5);
    desk->state = INSTANCE_STOPPED;
    emit(ROUTE_BACKEND, 0.5);
    assert_recorded("");
    assert_int_equal(n_lamp_values, 0);
}

static void begin_step(struct show_step *step, enum guest_phase phase, const struct message_batch *batch)
{
    show.router.observer->ops->begins(show.router.observer, desk, step, phase, batch, 1000);
}

static void test_a_step_is_written_down_with_its_outputs_when_it_is_over(void **state)
{
    struct show_step step = {0};
    uint32_t channel = 0;
    double in = 0.25, out = 0.75;
    struct message_batch batch = {.channels = &channel, .values = &in, .n_events = 1};
    struct show_observer *observer;

    record();
    observer = show.router.observer;
    begin_step(&step, GUEST_IMPORT, NULL);
    observer->ops->done(observer, desk, &step, false);
    begin_step(&step, GUEST_BATCH, &batch);
    observer->ops->output(observer, desk, &step, false, &channel, &out, 1);
    observer->ops->output(observer, desk, &step, false, &channel, &in, 1);
    recording_flush(recording, 1);
    assert_null(strstr(keeper.text, "output"));
    observer->ops->done(observer, desk, &step, false);
    /* told to stop in the middle of a batch, it handles that first */
    begin_step(&step, GUEST_BATCH, &batch);
    begin_step(&step, GUEST_CLEANUP, NULL);
    observer->ops->done(observer, desk, &step, false);
    observer->ops->done(observer, desk, &step, true);
    assert_recorded("instance desk\nstep import\nchannel fader\nstep batch 0=0.25\noutput 0=0.75 0=0.25\n"
                    "step batch 0=0.25\nstep cleanup died\n");
    show_step_deinit(&step);
}

/* Writes a recording of two inputs, of an instance that the show will not have, and of a gap. */
static int make_recording(uint64_t start_ns)
{
    struct record_item start = {.kind = RECORD_START, .time_ns = start_ns, .text = "show.cfg"};
    struct fc_instance *other = make("other");
    double values[] = {0.25, 0.5, 0.75};
    struct record_item item = {.kind = RECORD_INPUT, .channels = &(uint32_t){0}, .n_events = 1};
    int fd;

    unlink("journal-test.fcr");
    keeper.fd = record_file_create("journal-test.fcr");
    assert_true(keeper.fd >= 0);
    assert_int_equal(recording_new(&recording, &start, keep, NULL), 0);
    for (size_t i = 0; i < 3; i++) {
        item.values = &values[i];
        item.time_ns = start_ns + 1000000 * (i + 1);
        recording_add(recording, i == 1 ? other : desk, &item);
    }
    recording_flush(recording, 1);
    recording_free(recording);
    close(keeper.fd);
    keeper.fd = -1;
    keeper.text[0] = '\0';
    HASH_DEL(show.by_name, other);
    instance_free(other);
    fd = open("journal-test.fcr", O_RDONLY | O_CLOEXEC);
    unlink("journal-test.fcr");
    assert_true(fd >= 0);
    return fd;
}

static void finished(void *userdata)
{
    n_finished++;
    loop_stop(loop);
}

static void route(void *userdata)
{
    router_run(&show.router);
}

static void replay(struct replay_spec spec)
{
    struct replay *made;

    spec.finished = finished;
    assert_int_equal(replay_new(&made, &spec), 0);
    loop_set_after(loop, route, NULL);
    journal_set_show(journal, NULL);
    replay_begin(made, journal, &show, loop);
    journal_set_show(journal, &show);
    emit(ROUTE_BACKEND, 1.0); /* a recording happens instead */
    assert_int_equal(n_lamp_values, 0);
    assert_int_equal(loop_run(loop), 0);
    replay_stop(made);
    journal_set_show(journal, NULL);
    replay_free(made);
    close(spec.fd);
    assert_int_equal(n_finished, 1);
}

static void test_a_recording_happens_instead(void **state)
{
    int fd = make_recording(5000);
    const char *text;

    replay((struct replay_spec){.fd = fd, .speed = 0});
    assert_int_equal(n_lamp_values, 2);
    assert_double(lamp_values[0], 0.25);
    assert_double(lamp_values[1], 0.75);
    text = stderr_pipe_take(&caught);
    assert_non_null(strstr(text, "replay: the show has no instance \"other\""));
}

static void test_a_muted_replay_sets_nothing_on_devices(void **state)
{
    int fd = make_recording(5000);

    replay((struct replay_spec){.fd = fd, .speed = 0, .is_mute = true});
    assert_int_equal(n_lamp_values, 0);
}

static void test_times_are_those_of_the_recording(void **state)
{
    int fd = make_recording(5000);
    uint64_t before_ns = fc_now_ns();

    replay((struct replay_spec){.fd = fd, .speed = 0.1});
    assert_int_equal(n_lamp_values, 2);
    assert_true(fc_now_ns() - before_ns >= UINT64_C(20000000)); /* 2 ms between them, ten times as slow */
}

static void test_what_is_no_recording_is_refused(void **state)
{
    struct replay *made;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    assert_int_equal(replay_new(&made, &(struct replay_spec){.fd = fd, .speed = 1, .finished = finished}),
                     -EPROTO);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nobody_looks_while_nobody_records, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_comes_in_is_written_down_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_dropped_is_not_written_down, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_step_is_written_down_with_its_outputs_when_it_is_over, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_recording_happens_instead, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_muted_replay_sets_nothing_on_devices, setup, teardown),
        cmocka_unit_test_setup_teardown(test_times_are_those_of_the_recording, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_recording_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
