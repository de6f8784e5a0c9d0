/* SPDX-License-Identifier: BSD-2-Clause */
/* Which options the OSC backend accepts, and how it refuses others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/backends/osc_format.h"
#include "tests/unit/osc_rig.h"

static void assert_refused(struct rig *rig, const char *option, const char *value, const char *why)
{
    assert_int_equal(backend_osc.configure(rig->self, FC_SCOPE_INSTANCE, option, value, &rig->reason),
                     -EINVAL);
    assert_string_equal(rig->reason.text, why);
}

static void assert_doubted(struct rig *rig, const char *option, const char *value, const char *why)
{
    enum fc_scope scope = strcmp(option, "detect") == 0 ? FC_SCOPE_BACKEND : FC_SCOPE_INSTANCE;

    rig_doubt(rig, backend_osc.configure(rig->self, scope, option, value, &rig->reason), why);
}

static void assert_channel_doubted(struct rig *rig, const char *name, unsigned directions, const char *why)
{
    rig_doubt(rig, backend_osc.channel(rig->self, rig->n_channels++, name, directions, &rig->reason), why);
}

static void assert_channel_refused(struct rig *rig, const char *name, unsigned directions, const char *why)
{
    assert_int_equal(backend_osc.channel(rig->self, rig->n_channels, name, directions, &rig->reason),
                     -EINVAL);
    assert_string_equal(rig->reason.text, why);
}

static void assert_canonical(struct rig *rig, const char *name, const char *canonical)
{
    char got[128];

    if (backend_osc.canonical(rig->self, name, got, sizeof(got), &rig->reason) != 0)
        fail_msg("%s: %s", name, rig->reason.text);
    assert_string_equal(got, canonical);
}

static void test_hosts(void **state)
{
    struct rig rig;

    rig_init(&rig);
    rig_set(&rig, "bind", ":: 8000");
    rig_set(&rig, "bind", "  0.0.0.0 \t 8000 ");
    rig_set(&rig, "destination", "localhost 65535");
    rig_set(&rig, "destination", "127.0.0.1 9000,localhost 9001 ,  ::1 9002");
    for (const char *const *list = (const char *const[]){"127.0.0.1 9000,", ",127.0.0.1 9000",
                                                         "127.0.0.1 9000,,127.0.0.1 9001", NULL};
         *list; list++)
        assert_refused(&rig, "dest", *list, "a host and a port are missing on one side of a comma");
    assert_refused(&rig, "dest", "127.0.0.1 9000, 10.0.0.1",
                   "the port is missing after the host: write, for example, \"10.0.0.1 8000\"");
    for (const char *const *list = (const char *const[]){"127.0.0.1 9000, learn", "learn,127.0.0.1 9000",
                                                         "127.0.0.1 9000,learn@8", NULL};
         *list; list++)
        assert_refused(&rig, "dest", *list,
                       "learn cannot stand beside other destinations: use an instance of its own");
    assert_refused(&rig, "dest", "a 1,a 1,a 1,a 1,a 1,a 1,a 1,a 1,a 1,a 1,a 1,a 1,a 1,a 1,a 1,a 1,a 1",
                   "an instance sends to at most 16 destinations");
    assert_doubted(&rig, "dest", "127.0.0.1 9000 more, 127.0.0.1 9001",
                   "\"more\" is left out after the host and the port: write \"127.0.0.1 9000\"");
    assert_refused(&rig, "bind", "", "a host and a port are needed, such as \"127.0.0.1 8000\"");
    assert_refused(
        &rig, "bind", "8000",
        "the host is missing: write \"127.0.0.1 8000\" for this machine alone, \"0.0.0.0 8000\" for all");
    assert_refused(&rig, "bind", "127.0.0.1:8000",
                   "the port follows the host after a blank: write \"127.0.0.1 8000\"");
    assert_refused(&rig, "dest", "desk.local",
                   "the port is missing after the host: write, for example, \"desk.local 8000\"");
    assert_doubted(&rig, "bind", ":: 8000 x",
                   "\"x\" is left out after the host and the port: write \":: 8000\"");
    assert_refused(&rig, "bind", ":: osc", "\"osc\" is not a port, which is a number from 1 to 65535");
    assert_refused(&rig, "bind", ":: 65536", "\"65536\" is not a port, which is a number from 1 to 65535");
    assert_refused(&rig, "bind", ":: -1", "\"-1\" is not a port, which is a number from 1 to 65535");
    assert_refused(&rig, "dest", "::1 0", "\"0\" is not a port, which is a number from 1 to 65535");
    rig_deinit(&rig);
}

static void test_learn_is_spelled_exactly(void **state)
{
    struct rig rig;

    rig_init(&rig);
    rig_set(&rig, "destination", "learn");
    rig_set(&rig, "destination", "learn@9000");
    rig_set(&rig, "destination", "learning.example 9000");
    assert_refused(&rig, "dest", "learn@", "\"\" is not a port, which is a number from 1 to 65535");
    assert_refused(&rig, "dest", "learn@0", "\"0\" is not a port, which is a number from 1 to 65535");
    assert_doubted(&rig, "dest", "learn 9000",
                   "\"9000\" is left out: to learn the address and set the port, write learn@PORT");
    rig_deinit(&rig);
}

static void test_what_must_be_set(void **state)
{
    struct rig rig;

    rig_init(&rig);
    rig_channel(&rig, "/a", FC_SOURCE | FC_TARGET);
    for (unsigned with_learn = 0; with_learn < 2; with_learn++) {
        rig_doubt(&rig, backend_osc.configured(rig.self, &rig.reason),
                  with_learn
                      ? "nothing is received or sent: destination = learn needs the option bind, since it "
                        "learns from what arrives there"
                      : "nothing is received or sent: set bind, destination or both");
        assert_int_equal(backend_osc.start(rig.self), 0);
        assert_int_equal(rig.instance.watched, -1);
        backend_osc.set(rig.self, 0, 1);
        backend_osc.flush(rig.self);
        backend_osc.stop(rig.self);
        rig_set(&rig, "dest", "learn");
    }
    rig_set(&rig, "dest", "127.0.0.1 9");
    assert_int_equal(backend_osc.configured(rig.self, &rig.reason), 0);
    rig_deinit(&rig);
}

/* Adds what is asked of the settings by channels of these directions. */
static void assert_doubtful(const char *option, const char *value, unsigned directions, const char *reason)
{
    struct rig rig;
    bool is_doubtful;

    rig_init(&rig);
    rig_set(&rig, option, value);
    is_doubtful = backend_osc.is_doubtful(rig.self, directions, &rig.reason);
    assert_int_equal(is_doubtful, reason != NULL);
    if (reason)
        assert_string_equal(rig.reason.text, reason);
    rig_deinit(&rig);
}

static void test_directions_that_the_settings_do_not_serve(void **state)
{
    assert_doubtful("bind", "127.0.0.1 8000", FC_SOURCE, NULL);
    assert_doubtful("bind", "127.0.0.1 8000", FC_SOURCE | FC_TARGET,
                    "nothing that is mapped to it is sent anywhere: set dest = HOST PORT, or dest = learn");
    assert_doubtful("dest", "127.0.0.1 8000", FC_TARGET, NULL);
    assert_doubtful("dest", "127.0.0.1 8000", FC_SOURCE,
                    "it receives nothing but answers to what it has sent: set bind = HOST PORT");
    assert_doubtful("dest", "learn", FC_TARGET, NULL);
    assert_doubtful("bind", "127.0.0.1 8000", 0, NULL);
}

/* Needs no socket and no name server. */
static void test_configuring_only_reads_text(void **state)
{
    struct rig rig;

    rig_init(&rig);
    rig_set(&rig, "bind", "no-such-host.invalid 8000");
    rig_set(&rig, "dest", "no-such-host.invalid 8000");
    assert_int_equal(backend_osc.configured(rig.self, &rig.reason), 0);
    assert_true(backend_osc.start(rig.self) < 0);
    assert_non_null(strstr(rig_log, "the name \"no-such-host.invalid\" cannot be resolved: "));
    assert_int_equal(rig.instance.watched, -1);
    backend_osc.stop(rig.self);
    backend_osc.stop(rig.self);
    rig_deinit(&rig);
}

static void test_other_options(void **state)
{
    struct rig rig;

    rig_init(&rig);
    rig_set(&rig, "detect", "on");
    rig_set(&rig, "detect", "off");
    rig_set(&rig, "root", "/my/root/");
    assert_doubted(&rig, "detect", "verbose", "detect is on or off; \"verbose\" means on");
    assert_refused(&rig, "root", "my/root", "\"my/root\" is not an OSC address: it must begin with a slash");
    assert_refused(&rig, "root", "/my*", "\"/my*\" is not an OSC address: wildcards are not allowed here");
    assert_refused(&rig, "/x", "f 0", "the maximum of value 1 (type f) is missing");
    assert_refused(&rig, "colour", "red", "the backend osc has no option \"colour\"");
    rig_deinit(&rig);
    backend_osc.instance_free(NULL);
}

/* `configure` accepts every option of the table with its example. */
static void test_table_and_code_agree(void **state)
{
    struct rig rig;

    rig_init(&rig);
    for (const struct fc_option *option = backend_osc.options; option->name; option++) {
        assert_int_equal(option->repeatable, strcmp(option->name, "/") == 0);
        assert_int_equal(option->scopes,
                         strcmp(option->name, "detect") == 0 ? FC_SCOPE_BACKEND : FC_SCOPE_INSTANCE);
        rig_set(&rig, option->name, option->example);
    }
    rig_deinit(&rig);
}

static void test_canonical(void **state)
{
    struct rig rig;
    char tight[6];

    rig_init(&rig);
    assert_canonical(&rig, "/1/xy", "/1/xy");
    assert_canonical(&rig, "/1/xy:0", "/1/xy");
    assert_canonical(&rig, "/1/xy:00", "/1/xy");
    assert_canonical(&rig, "/1/xy:012", "/1/xy:12");
    assert_canonical(&rig, "/a:1:0", "/a:1:0");
    assert_canonical(&rig, "/a:1:2", "/a:1:2");
    assert_canonical(&rig, "\"/a\"", "/a");
    assert_canonical(&rig, "\"/a\":0", "/a");
    assert_canonical(&rig, "\"/a\":01", "/a:1");
    assert_canonical(&rig, "\"/a:1\"", "/a:1:0");
    assert_canonical(&rig, "\"/a:1\":2", "/a:1:2");
    assert_canonical(&rig, "\"/my fader\"", "\"/my fader\"");
    assert_canonical(&rig, "\"/my fader\":0", "\"/my fader\"");
    assert_canonical(&rig, "\"/\xc3\xa4: b\":3", "\"/\xc3\xa4: b\":3");
    assert_int_equal(backend_osc.canonical(rig.self, "/1/xy", tight, 6, &rig.reason), 0);
    assert_int_equal(backend_osc.canonical(rig.self, "/1/xyz", tight, 6, &rig.reason), -EINVAL);
    rig_deinit(&rig);
}

static void test_bad_channel_names_say_why(void **state)
{
    struct rig rig;

    rig_init(&rig);
    assert_channel_refused(&rig, "fader", FC_SOURCE,
                           "\"fader\" is not an OSC address: it must begin with a slash");
    assert_channel_refused(&rig, "/a*", FC_SOURCE,
                           "\"/a*\" is not an OSC address: wildcards are not allowed here");
    assert_channel_refused(&rig, "/a b", FC_SOURCE,
                           "\"/a b\" is not an OSC address: a space is not allowed, except in quotes, as in "
                           "INSTANCE.\"/a b\"");
    assert_channel_refused(
        &rig, "/\xc3\xa4:1", FC_SOURCE,
        "\"/\xc3\xa4\" is not an OSC address: only ASCII is allowed, except in quotes, as in "
        "INSTANCE.\"/\xc3\xa4\"");
    assert_channel_refused(
        &rig, "/a:", FC_SOURCE,
        "\"/a:\": a number must follow the last colon, that of a value, counted from 0; if the "
        "address itself has a colon, put it in quotes: \"/a:\"");
    assert_channel_refused(
        &rig, "/cue:go", FC_SOURCE,
        "\"/cue:go\": a number must follow the last colon, that of a value, counted from 0; if "
        "the address itself has a colon, put it in quotes: \"/cue:go\"");
    assert_channel_refused(&rig, "\"/a b", FC_SOURCE, "\"/a b: the quotation mark at the end is missing");
    assert_channel_refused(&rig, "\"", FC_SOURCE, "\": the quotation mark at the end is missing");
    assert_channel_refused(&rig, "\"/a\"1", FC_SOURCE,
                           "\"/a\"1: after the quotation mark at the end may only be a colon and a number");
    assert_channel_refused(&rig, "\"\"", FC_SOURCE, "\"\" is not an OSC address: it must begin with a slash");
    assert_channel_doubted(&rig, "/a:1024", FC_SOURCE | FC_TARGET,
                           "\"/a:1024\" stands for nothing: a message has at most 1024 values");
    rig_channel(&rig, "/a:1023", FC_SOURCE);
    rig_deinit(&rig);
}

static void test_several_values_without_format_show_the_line(void **state)
{
    struct rig rig;

    rig_init(&rig);
    rig_channel(&rig, "/1/fader1", FC_SOURCE);
    rig_channel(&rig, "/1/fader1", FC_SOURCE | FC_TARGET); /* one value alone is a float */
    assert_channel_doubted(
        &rig, "/xy:1", FC_SOURCE | FC_TARGET,
        "nothing is sent: several values in one message need types and ranges; add a line such "
        "as `/xy = ff 0.0 1.0 0.0 1.0`");
    assert_channel_doubted(
        &rig, "/xy:7", FC_TARGET,
        "nothing is sent: several values in one message need types and ranges; add a line such "
        "as `/xy = ff 0.0 1.0 0.0 1.0`, with 8 types");
    rig_deinit(&rig);
}

static void test_value_beyond_the_format(void **state)
{
    struct rig rig;

    rig_init(&rig);
    rig_set(&rig, "/xy*", "ff 0 1 0 1");
    rig_channel(&rig, "/xy1:1", FC_SOURCE);
    assert_channel_doubted(
        &rig, "/xy1:2", FC_SOURCE | FC_TARGET,
        "\"/xy1:2\" stands for nothing: messages of the pattern \"/xy*\" have 2 values, counted "
        "from 0");
    rig_deinit(&rig);
}

static void test_address_with_root_has_a_limit(void **state)
{
    char long_name[1000] = "/";
    struct rig rig;

    rig_init(&rig);
    memset(long_name + 1, 'x', sizeof(long_name) - 2);
    rig_set(&rig, "root", "/012345678901234567890123");
    assert_int_equal(backend_osc.channel(rig.self, 0, long_name, FC_SOURCE, &rig.reason), -EINVAL);
    assert_non_null(strstr(rig.reason.text, "is too long with the root in front of it"));
    long_name[998] = '\0';
    rig_channel(&rig, long_name, FC_SOURCE);
    rig_deinit(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_learn_is_spelled_exactly),
        cmocka_unit_test(test_what_must_be_set),
        cmocka_unit_test(test_configuring_only_reads_text),
        cmocka_unit_test(test_directions_that_the_settings_do_not_serve),
        cmocka_unit_test(test_other_options),
        cmocka_unit_test(test_table_and_code_agree),
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_bad_channel_names_say_why),
        cmocka_unit_test(test_several_values_without_format_show_the_line),
        cmocka_unit_test(test_value_beyond_the_format),
        cmocka_unit_test(test_address_with_root_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
