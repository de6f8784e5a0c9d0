/* SPDX-License-Identifier: BSD-2-Clause */
/* From the text of a configuration to a show: what the backends learn, and the routes that result. */
#include <errno.h>

#include "broker/build/build.h"
#include "broker/show/show.h"
#include "tests/unit/config_fixture.h"

#define TWO "[loopback a]\n[loopback b]\n[map]\n"

static int build(void **state, const char *text, struct show **show)
{
    struct config *config = load_sound(state, text);

    *show = NULL;
    return build_show(show, config, "show.cfg", false, NULL);
}

static struct show *build_sound(void **state, const char *text)
{
    struct fixture *fixture = *state;
    struct show *show;
    int r = build(state, text, &show);

    if (r < 0 || fixture->config->n_diagnostics)
        fail_msg("%d: %s", r,
                 fixture->config->n_diagnostics ? fixture->config->diagnostics[0].message : "no finding");
    assert_non_null(show);
    return show;
}

static void assert_finds(void **state, const char *text, uint32_t line, uint32_t column, const char *message,
                         const char *hint)
{
    struct fixture *fixture = *state;
    struct show *show;

    assert_int_equal(build(state, text, &show), -EINVAL);
    assert_null(show);
    assert_int_equal(fixture->config->n_diagnostics, 1);
    assert_error_in(fixture->config, 0, "show.cfg", line, column, message, hint);
}

static struct fc_instance *instance_of(const struct show *show, const char *name)
{
    struct fc_instance *instance;

    HASH_FIND_STR(show->by_name, name, instance);
    assert_non_null(instance);
    return instance;
}

/* Asserts that `from` leads to exactly `expected`, "instance.channel instance.channel", in this order. */
static void assert_leads(const struct show *show, const char *instance, const char *channel,
                         const char *expected)
{
    struct fc_instance *from = instance_of(show, instance);
    int64_t id = instance_find_channel(from, channel);
    char found[512] = "";
    size_t n = 0;

    assert_true(id >= 0);
    for (uint32_t i = 0; i < from->channels[id].n_targets; i++) {
        const struct route_target *to = &show->router.targets[from->channels[id].first_target + i];

        n += (size_t)snprintf(found + n, sizeof(found) - n, "%s%s.%s", i ? " " : "", to->instance->name,
                              instance_channel_name(to->instance, to->channel));
    }
    assert_string_equal(found, expected);
}

static void test_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct show *show;

    assert_int_equal(build(state, "", &show), 0);
    assert_int_equal(fixture->config->n_diagnostics, 1);
    assert_int_equal(fixture->config->diagnostics[0].severity, CONFIG_WARNING);
    assert_string_equal(fixture->config->diagnostics[0].message, "the configuration has no instances");
    assert_int_equal(show->n_instances, 0);
    assert_int_equal(show->router.n_targets, 0);
    assert_null(show_free(show));
    assert_null(show_free(NULL));
}

static void test_unknown_backend(void **state)
{
    assert_finds(state, "[pyhton py]\n", 1, 2, "there is no backend \"pyhton\"", "did you mean \"python\"?");
    assert_finds(state, "[backend jack]\n", 1, 10,
                 "MIDIMonster's backend \"jack\" does not exist here (docs/differences.md)",
                 "the backends are artnet, evdev, loopback, midi, mqtt, osc, panel, python, rtpmidi, sacn");
}

/* A mapping to an instance that could not be made is not another error. */
static void test_one_finding_for_an_unknown_backend(void **state)
{
    assert_finds(state,
                 "[jack a]\nx = 1\n[jack c]\n[backend jack]\nbind = *\n[loopback b]\n[map]\na.1 > b.x\n", 1,
                 2, "MIDIMonster's backend \"jack\" does not exist here (docs/differences.md)",
                 "the backends are artnet, evdev, loopback, midi, mqtt, osc, panel, python, rtpmidi, sacn");
}

/* The other side of such a mapping is looked at all the same. */
static void test_an_unknown_backend_hides_nothing(void **state)
{
    const char *text =
        "[jack a]\n[osc o]\nbind = :: 8000\n[lua m]\n[map]\na.1 > o.fader\no./a* < m.ch0.note{0..5}\n"
        "m.x <> a.1\na.{1..3} < o./x:{2..4}\n";
    struct fixture *fixture = *state;
    struct show *show;

    assert_int_equal(build(state, text, &show), -EINVAL);
    assert_int_equal(fixture->config->n_diagnostics, 4);
    assert_error_in(
        fixture->config, 0, "show.cfg", 1, 2,
        "MIDIMonster's backend \"jack\" does not exist here (docs/differences.md)",
        "the backends are artnet, evdev, loopback, midi, mqtt, osc, panel, python, rtpmidi, sacn");
    assert_error_in(fixture->config, 1, "show.cfg", 4, 2,
                    "MIDIMonster's backend \"lua\" does not exist here (docs/differences.md)",
                    "write it in Python: [python NAME]");
    assert_error_in(fixture->config, 2, "show.cfg", 6, 9,
                    "\"fader\" is not an OSC address: it must begin with a slash", NULL);
    assert_error_in(fixture->config, 3, "show.cfg", 7, 3,
                    "\"/a*\" is not an OSC address: wildcards are not allowed here", NULL);
}

/* What MIDIMonster starts with, starts, with a warning. */
static void test_doubts_are_warnings(void **state)
{
    struct fixture *fixture = *state;
    struct show *show;

    assert_int_equal(build(state,
                           "[osc o]\nbind = :: 8000\ndest = ::1 9000\n/x = i 1 1\n[osc p]\n[backend "
                           "osc]\ndetect = verbose\n[map]\n"
                           "o./x > o./x:1\no./x <> p./x\n[loopback l]\nfoo = a\n",
                           &show),
                     0);
    assert_int_equal(fixture->config->n_errors, 0);
    assert_int_equal(fixture->config->n_diagnostics, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(fixture->config->diagnostics[i].severity, CONFIG_WARNING);
    assert_at(fixture->config->diagnostics[0].at, "show.cfg", 4, 6);
    assert_at(fixture->config->diagnostics[1].at, "show.cfg", 5, 6);
    assert_at(fixture->config->diagnostics[2].at, "show.cfg", 7, 10);
    assert_at(fixture->config->diagnostics[3].at, "show.cfg", 12, 7);
    assert_at(fixture->config->diagnostics[4].at, "show.cfg", 9, 10);
    assert_leads(show, "o", "/x", "o./x:1 p./x");
    show_free(show);
}

static void test_channels_in_quotes(void **state)
{
    struct show *show = build_sound(
        state,
        "[osc o]\nbind = :: 8000\ndest = ::1 9000\n\"/my f*\" = f 0 2\n\"/a=b\" = i 0 9\n[loopback l]\n"
        "[map]\no.\"/my fader{1..2}\" > l.\"a > b\"\no.\"/a:1\" < l.\"a > b\"\n"
        "o.\"/plain\" > l.x\no./plain > l.\"y\"\n");

    assert_leads(show, "o", "\"/my fader1\"", "l.a > b");
    assert_leads(show, "o", "\"/my fader2\"", "l.a > b");
    assert_leads(show, "l", "a > b", "o./a:1:0");
    assert_leads(show, "o", "/plain", "l.x l.y");
    show_free(show);
}

static void test_unknown_option(void **state)
{
    assert_finds(state, "[python py]\nmodul = a\n", 2, 1, "the backend python has no option \"modul\"",
                 "did you mean \"module\"?");
    assert_finds(state, "[backend python]\nzzzzzzzz = a\n", 2, 1,
                 "the backend python has no option \"zzzzzzzz\"", NULL);
}

static void test_an_option_in_the_wrong_section(void **state)
{
    assert_finds(state, "[osc o]\nbind = ::1 0\ndetect = on\n", 3, 1,
                 "the option \"detect\" belongs in the backend's section, [backend osc]", NULL);
    assert_finds(state, "[backend osc]\nbind = 127.0.0.1 0\n", 2, 1,
                 "the option \"bind\" belongs in an instance's section, such as [osc NAME]", NULL);
}

static void test_a_refused_option_is_not_missing_as_well(void **state)
{
    assert_finds(state, "[osc o]\nbind = 127.0.0.1:8000\n[map]\no./a > o./b\n", 2, 8,
                 "the port follows the host after a blank: write \"127.0.0.1 8000\"", NULL);
    assert_finds(state, "[artnet a]\ndest = 10.0.0.256\n[loopback l]\n[map]\nl.a > a.1\n", 2, 8,
                 "\"10.0.0.256\" is not an address: that has four numbers, each at most 255", NULL);
    assert_finds(state, "[mqtt m]\nhost = a b\n", 2, 8, "expected [mqtt[s]://][user[:password]@]host[:port]",
                 NULL);
}

static void test_a_bad_value_is_found_once(void **state)
{
    assert_finds(state, "[backend python]\ninsecure-network = some\n[python a]\n[python b]\n", 2, 20,
                 "insecure-network is none or host, not \"some\"", NULL);
    assert_finds(state, "[python a]\ninsecure-network = some\n", 2, 20,
                 "insecure-network is none or host, not \"some\"", NULL);
}

static void test_every_error_is_found(void **state)
{
    struct fixture *fixture = *state;
    struct show *show;

    assert_int_equal(
        build(state, "[nothing n]\n[python py]\nmodul = a\ninsecure-network = x\n[loopback l]\nfoo = 1\n",
              &show),
        -EINVAL);
    assert_int_equal(fixture->config->n_errors, 3);
    assert_int_equal(fixture->config->n_diagnostics, 4); /* and the warning of a loopback's option */
}

static void assert_warns_of_repetition(void **state, const char *text, uint32_t line)
{
    struct fixture *fixture = *state;
    struct show *show;

    assert_int_equal(build(state, text, &show), 0);
    show_free(show);
    assert_int_equal(fixture->config->n_errors, 0);
    assert_int_equal(fixture->config->n_diagnostics, 1);
    assert_int_equal(fixture->config->diagnostics[0].severity, CONFIG_WARNING);
    assert_string_equal(fixture->config->diagnostics[0].message,
                        "\"insecure-network\" was set before in this section; the last one counts");
    assert_at(fixture->config->diagnostics[0].at, "show.cfg", line, 1);
}

static void test_a_repeated_option_is_a_warning(void **state)
{
    assert_warns_of_repetition(state, "[python py]\ninsecure-network = none\ninsecure-network = none\n", 3);
    assert_warns_of_repetition(
        state, "[backend python]\ninsecure-network = none\ninsecure-network = none\n[python p]\n[python q]\n",
        3);
}

static void test_repeatable_options_and_defaults_are_no_repetition(void **state)
{
    show_free(build_sound(state, "[python py]\nmodule = a\nmodule = b\n"));
    show_free(build_sound(
        state,
        "[backend python]\ninsecure-network = none\n[python py]\nmodule = a\ninsecure-network = none\n"));
}

static void test_a_default_is_overridden_by_the_instance(void **state)
{
    struct fixture *fixture = *state;
    struct show *show;

    /* defaults come first wherever they are written: the instance's own value is the last one, and is checked
     */
    assert_finds(state, "[python py]\ninsecure-network = bad\n[backend python]\ninsecure-network = none\n", 2,
                 20, "insecure-network is none or host, not \"bad\"", NULL);
    assert_int_equal(build(state, "[python py]\n[backend python]\ninsecure-network = bad\n", &show), -EINVAL);
    assert_int_equal(fixture->config->n_errors, 1);
    assert_at(fixture->config->diagnostics[0].at, "show.cfg", 3, 20);
}

static void test_left_to_right(void **state)
{
    struct show *show = build_sound(state, TWO "a.x > b.y\n");

    assert_leads(show, "a", "x", "b.y");
    assert_leads(show, "b", "y", "");
    assert_int_equal(instance_of(show, "a")->channels[0].directions, FC_SOURCE);
    assert_int_equal(instance_of(show, "b")->channels[0].directions, FC_TARGET);
    show_free(show);
}

static void test_right_to_left(void **state)
{
    struct show *show = build_sound(state, TWO "a.x < b.y\n");

    assert_leads(show, "a", "x", "");
    assert_leads(show, "b", "y", "a.x");
    assert_int_equal(instance_of(show, "a")->channels[0].directions, FC_TARGET);
    assert_int_equal(instance_of(show, "b")->channels[0].directions, FC_SOURCE);
    show_free(show);
}

static void test_both_ways(void **state)
{
    static const char *const texts[] = {TWO "a.x <> b.y\n", TWO "a.x > b.y\na.x < b.y\n",
                                        TWO "a.x > b.y\nb.y > a.x\n", TWO "a.x <> b.y\nb.y <> a.x\n",
                                        TWO "a.x >< b.y\n"};

    for (size_t i = 0; i < 5; i++) {
        struct show *show = build_sound(state, texts[i]);

        assert_leads(show, "a", "x", "b.y");
        assert_leads(show, "b", "y", "a.x");
        assert_int_equal(instance_of(show, "a")->channels[0].directions, FC_SOURCE | FC_TARGET);
        assert_int_equal(instance_of(show, "b")->channels[0].directions, FC_SOURCE | FC_TARGET);
        assert_int_equal(show->router.n_targets, 2);
        show_free(show);
    }
}

static void test_onto_itself(void **state)
{
    struct show *show = build_sound(state, TWO "a.x <> a.x\n");

    assert_leads(show, "a", "x", "a.x");
    assert_int_equal(instance_of(show, "a")->n_channels, 1);
    show_free(show);
}

static void test_one_to_many(void **state)
{
    struct show *show = build_sound(state, TWO "a.x > b.{3..1}\n");

    assert_leads(show, "a", "x", "b.3 b.2 b.1");
    assert_int_equal(instance_of(show, "a")->n_channels, 1);
    show_free(show);
}

static void test_many_to_one(void **state)
{
    struct show *show = build_sound(state, TWO "a.{p,q} > b.all\na.r < b.{5,6}\n");

    assert_leads(show, "a", "p", "b.all");
    assert_leads(show, "a", "q", "b.all");
    assert_leads(show, "b", "5", "a.r");
    assert_leads(show, "b", "6", "a.r");
    show_free(show);
}

static void test_pairs(void **state)
{
    struct show *show = build_sound(state, TWO "a.f{1..2}{x,y} > b.{4..1}\n");

    assert_leads(show, "a", "f1x", "b.4");
    assert_leads(show, "a", "f1y", "b.3");
    assert_leads(show, "a", "f2x", "b.2");
    assert_leads(show, "a", "f2y", "b.1");
    show_free(show);
}

static void test_two_spellings_of_one_osc_channel(void **state)
{
    struct show *show =
        build_sound(state,
                    "[osc o]\nbind = ::1 0\n[loopback l]\n[map]\no./a > l.1\no./a:0 > l.2\no./a:1 > l.3\n");

    assert_leads(show, "o", "/a", "l.1 l.2");
    assert_int_equal(instance_of(show, "o")->n_channels, 2);
    show_free(show);
}

static void test_a_channel_that_the_backend_refuses(void **state)
{
    assert_finds(state, "[osc o]\nbind = ::1 0\n[loopback l]\n[map]\nl.{1..9} > o.no\n", 5, 14,
                 "\"no\" is not an OSC address: it must begin with a slash", NULL);
}

/* A backend whose table has no gaps once was written to behind its end. */
static void test_refused_channels_leave_no_gap(void **state)
{
    static const char *const instances[][3] = {
        {"[mqtt m]\nhost = a\n", "x+y", "lamp"},
        {"[midi m]\n", "bpm", "ch0.cc7"},
        {"[artnet m]\nuniverse = 1\ndestination = 127.0.0.1\n", "513", "1"},
        {"[sacn m]\nuniverse = 1\npriority = 100\n", "alive", "1"},
    };

    for (size_t i = 0; i < FC_ARRAY_SIZE(instances); i++) {
        const struct fixture *fixture = *state;
        char text[512], sound[512];
        struct show *show;

        snprintf(sound, sizeof(sound), "%s[loopback a]\n[map]\na.3 > m.%s\n", instances[i][0],
                 instances[i][2]);
        snprintf(text, sizeof(text),
                 "%s[loopback a]\n[map]\na.1 > m.%s\na.2 > m.%s\na.3 > m.%s\na.4 > m.%s\n", instances[i][0],
                 instances[i][1], instances[i][1], instances[i][2], instances[i][2]);
        assert_int_equal(build(state, text, &show), -EINVAL);
        assert_int_equal(fixture->config->n_diagnostics, 2);
        show_free(build_sound(state, sound));
    }
}

static void test_the_longest_channel_of_a_script(void **state)
{
    char text[600], name[300];

    memset(name, 'n', sizeof(name));
    snprintf(text, sizeof(text), "[python p]\n[loopback l]\n[map]\nl.x > p.%.255s\n", name);
    show_free(build_sound(state, text));
    snprintf(text, sizeof(text), "[python p]\n[loopback l]\n[map]\nl.x > p.%.256s\n", name);
    assert_finds(state, text, 4, 9, "a channel name has at most 255 bytes", NULL);
}

static void test_a_name_that_is_too_long_for_any_backend(void **state)
{
    static char text[4096];

    memset(text, 'n', sizeof(text) - 1);
    memcpy(text, TWO "a.x > b.", strlen(TWO "a.x > b."));
    strcpy(text + strlen(TWO "a.x > b.") + 1023, "\n");
    show_free(build_sound(state, text));
    memset(text + strlen(TWO "a.x > b."), 'n', 1024);
    strcpy(text + strlen(TWO "a.x > b.") + 1024, "\n");
    assert_finds(state, text, 4, 9, "a channel name is longer than 1023 bytes", NULL);
}

static void test_more_channels_than_an_instance_may_have(void **state)
{
    assert_finds(state, TWO "a.{1..262145} > b.x\n", 4, 3, "an instance has at most 262144 channels", NULL);
}

static void test_a_hundred_thousand_mappings(void **state)
{
    struct show *show = build_sound(state, TWO "a.in{1..100000} > b.out{100000..1}\n");
    const struct fc_instance *a = instance_of(show, "a"), *b = instance_of(show, "b");
    char name[32];

    assert_int_equal(a->n_channels, 100000);
    assert_int_equal(b->n_channels, 100000);
    assert_int_equal(show->router.n_targets, 100000);
    for (uint32_t i = 0; i < 100000; i++) {
        const struct route_target *to = &show->router.targets[a->channels[i].first_target];

        snprintf(name, sizeof(name), "in%u", i + 1);
        assert_string_equal(instance_channel_name(a, i), name);
        assert_int_equal(instance_find_channel(a, name), i);
        assert_int_equal(a->channels[i].n_targets, 1);
        assert_ptr_equal(to->instance, b);
        snprintf(name, sizeof(name), "out%u", 100000 - i);
        assert_string_equal(instance_channel_name(b, to->channel), name);
    }
    show_free(show);
}

static void test_a_hundred_thousand_both_ways_to_one(void **state)
{
    struct show *show = build_sound(state, TWO "a.in{1..100000} <> b.all\n");
    const struct fc_instance *a = instance_of(show, "a"), *b = instance_of(show, "b");

    assert_int_equal(show->router.n_targets, 200000);
    assert_int_equal(b->channels[0].n_targets, 100000);
    for (uint32_t i = 0; i < 100000; i++) {
        assert_int_equal(show->router.targets[b->channels[0].first_target + i].channel, i);
        assert_ptr_equal(show->router.targets[a->channels[i].first_target].instance, b);
    }
    show_free(show);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        config_test(test_nothing),
        config_test(test_unknown_backend),
        config_test(test_one_finding_for_an_unknown_backend),
        config_test(test_an_unknown_backend_hides_nothing),
        config_test(test_doubts_are_warnings),
        config_test(test_channels_in_quotes),
        config_test(test_unknown_option),
        config_test(test_an_option_in_the_wrong_section),
        config_test(test_a_refused_option_is_not_missing_as_well),
        config_test(test_a_bad_value_is_found_once),
        config_test(test_every_error_is_found),
        config_test(test_a_repeated_option_is_a_warning),
        config_test(test_repeatable_options_and_defaults_are_no_repetition),
        config_test(test_a_default_is_overridden_by_the_instance),
        config_test(test_left_to_right),
        config_test(test_right_to_left),
        config_test(test_both_ways),
        config_test(test_onto_itself),
        config_test(test_one_to_many),
        config_test(test_many_to_one),
        config_test(test_pairs),
        config_test(test_two_spellings_of_one_osc_channel),
        config_test(test_a_channel_that_the_backend_refuses),
        config_test(test_refused_channels_leave_no_gap),
        config_test(test_the_longest_channel_of_a_script),
        config_test(test_a_name_that_is_too_long_for_any_backend),
        config_test(test_more_channels_than_an_instance_may_have),
        config_test(test_a_hundred_thousand_mappings),
        config_test(test_a_hundred_thousand_both_ways_to_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
