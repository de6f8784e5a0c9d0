/* SPDX-License-Identifier: BSD-2-Clause */
/* The pure part of MQTT: options, names of channels, and how values are written. */
#include <math.h>

#include "broker/drivers/mqtt/echo.h"
#include "broker/drivers/mqtt/mqtt.h"
#include "broker/drivers/mqtt/newest.h"
#include "broker/drivers/mqtt/topic.h"
#include "broker/drivers/mqtt/value.h"
#include "tests/unit/check.h"
#include "tests/unit/driver_needs.h"

static struct mqtt *mqtt;
static struct fc_reason reason;

static int setup(void **state)
{
    mqtt = mqtt_new(NULL, "/show");
    return mqtt ? 0 : -1;
}

static int teardown(void **state)
{
    mqtt_free(mqtt);
    mqtt_free(NULL);
    return 0;
}

static int set(const char *option, const char *value)
{
    return mqtt_configure(mqtt, FC_SCOPE_INSTANCE, option, value, &reason);
}

static void test_host(void **state)
{
    static const struct {
        const char *text, *host, *port, *user, *password;
        bool has_tls;
    } good[] = {
        {"a", "a", "1883", NULL, NULL, false},
        {"mqtt://a.example:12", "a.example", "12", NULL, NULL, false},
        {"mqtts://a", "a", "8883", NULL, NULL, true},
        {"mqtts://u@a:1", "a", "1", "u", NULL, true},
        {"u:p@ss:w@[::1]:9", "::1", "9", "u", "p@ss:w", false},
        {"[fe80::1]", "fe80::1", "1883", NULL, NULL, false},
    };
    static const char *const bad[] = {"",     ":1",     "a:", "a:0", "a:65536", "a:1x",
                                      "[::1", "[::1]x", "[]", "a b", "http://a"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        teardown(state);
        setup(state);
        assert_int_equal(set("host", good[i].text), 0);
        assert_string_equal(mqtt->host, good[i].host);
        assert_string_equal(mqtt->port, good[i].port);
        assert_int_equal(mqtt->has_tls, good[i].has_tls);
        assert_int_equal(!mqtt->user, !good[i].user);
        assert_string_equal(mqtt->user ? mqtt->user : "", good[i].user ? good[i].user : "");
        assert_string_equal(mqtt->password ? mqtt->password : "", good[i].password ? good[i].password : "");
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(set("host", bad[i]), -EINVAL);
}

static void expect_payload(const struct mqtt_format *format, double value, const char *text)
{
    char payload[64];

    assert_true(value_write(format, value, payload, sizeof(payload)));
    assert_string_equal(payload, text);
}

static double read_payload(const struct mqtt_format *format, const char *text)
{
    double value = NAN;

    return value_read(format, text, &value) ? value : NAN;
}

static void test_ranges(void **state)
{
    struct mqtt_format *format;

    assert_int_equal(set("x", "range 10 -10"), 0);
    format = &mqtt->topics[0].format;
    expect_payload(format, 0, "10.000000");
    expect_payload(format, 0.75, "-5.000000");
    assert_true(fabs(read_payload(format, " -5 \n") - 0.75) < 1e-12);
    assert_true(fabs(read_payload(format, "11") - 0) < 1e-12); /* what is outside is an end */
    assert_true(fabs(read_payload(format, "-1e9") - 1) < 1e-12);
    assert_true(isnan(read_payload(format, "")) && isnan(read_payload(format, "5 x")) &&
                isnan(read_payload(format, "nan")) && isnan(read_payload(format, "inf")));
    assert_int_equal(set("x", "discrete 0 1 on"), -EINVAL);
    assert_int_equal(set("y", "range 1"), -EINVAL);
    assert_int_equal(set("y", "range 1 2 3"), -EINVAL);
    assert_int_equal(set("y", "range 1 1"), -EINVAL);
    assert_int_equal(set("y", "rang 1 2"), -EINVAL);
}

static void test_choices(void **state)
{
    struct mqtt_format *format;
    char text[64];

    assert_int_equal(set("x", "discrete 0 0.2 off"), 0);
    assert_int_equal(set("x", "discrete !0.2 0.5 half on"), 0);
    assert_int_equal(set("x", "discrete 0.6 !1  on"), 0);
    format = &mqtt->topics[0].format;
    expect_payload(format, 0.1, "off");
    expect_payload(format, 0.2, "off"); /* the first that fits */
    expect_payload(format, 0.3, "half on");
    assert_false(value_write(format, 0.55, text, sizeof(text)));
    assert_true(fabs(read_payload(format, "off") - 0.1) < 1e-12);
    assert_true(fabs(read_payload(format, "half on") - 0.2) < 1e-12);
    assert_true(fabs(read_payload(format, "on") - 1) < 1e-12);
    assert_true(isnan(read_payload(format, "1")) && isnan(read_payload(format, "ON")));
    assert_int_equal(set("x", "range 0 1"), -EINVAL);
    assert_int_equal(set("y", "discrete 0.5 0.4 x"), -EINVAL);
    assert_int_equal(set("y", "discrete !0 !1 x"), -EINVAL);
    assert_int_equal(set("y", "discrete 0 1"), -EINVAL);
    assert_int_equal(set("y", "discrete 0 1.1 x"), -EINVAL);
    for (size_t i = 0; i < MQTT_MAX_CHOICES; i++)
        assert_int_equal(set("z", "discrete 0 1 x"), 0);
    assert_int_equal(set("z", "discrete 0 1 x"), -EINVAL);
}

static void test_channels(void **state)
{
    assert_int_equal(set("lamp#color.x", "range 0 1000"), 0);
    assert_int_equal(set("lamp", "qos 2"), 0);
    assert_int_equal(set("lamp", "retain on"), 0);
    assert_int_equal(set("qos", "1"), 0);
    assert_int_equal(mqtt_channel(mqtt, 0, "lamp#color.x", FC_TARGET, &reason), 0);
    assert_int_equal(mqtt_channel(mqtt, 1, MQTT_CONNECTED, FC_SOURCE, &reason), 0);
    assert_int_equal(mqtt_channel(mqtt, 2, "lamp", FC_SOURCE, &reason), 0);
    assert_string_equal(topic_of_channel(mqtt, 0)->topic, "lamp");
    assert_string_equal(topic_of_channel(mqtt, 0)->path, "color.x");
    assert_null(topic_of_channel(mqtt, 1));
    assert_int_equal(mqtt->connected_id, 1);
    assert_int_equal(topic_qos(mqtt, topic_of_channel(mqtt, 0)), 1);
    assert_int_equal(topic_qos(mqtt, topic_of_channel(mqtt, 2)), 2);
    assert_true(topic_is_retained(mqtt, topic_of_channel(mqtt, 2)) &&
                !topic_is_retained(mqtt, topic_of_channel(mqtt, 0)));
    assert_null(topic_of_channel(mqtt, 3));
    assert_int_equal(mqtt_channel(mqtt, 3, "a/+/b", FC_SOURCE, &reason), -EINVAL);
    assert_int_equal(mqtt_channel(mqtt, 3, "a/#", FC_SOURCE, &reason), -EINVAL);
    assert_int_equal(mqtt_channel(mqtt, 3, "a#b#c", FC_SOURCE, &reason), -EINVAL);
    assert_int_equal(mqtt_channel(mqtt, 3, "#b", FC_SOURCE, &reason), -EINVAL);
    assert_int_equal(mqtt_channel(mqtt, 1, MQTT_CONNECTED, FC_TARGET, &reason), -EINVAL);
}

static void test_what_it_opens(void **state)
{
    struct fc_needs needs = {""};

    assert_int_equal(set("host", "a.example:12"), 0);
    assert_int_equal(mqtt_configured(mqtt, &reason), 0);
    mqtt_driver.needs(mqtt, &needs);
    assert_string_equal(needs.text, "a.example 12\n");
    assert_int_equal(set("host", "mqtts://a.example"), 0);
    assert_int_equal(set("ca", "ca.crt"), 0);
    assert_int_equal(set("key", "/k"), 0);
    assert_int_equal(mqtt_configured(mqtt, &reason), -EINVAL);
    assert_int_equal(set("certificate", "c"), 0);
    assert_int_equal(mqtt_configured(mqtt, &reason), 0);
    needs.text[0] = '\0';
    mqtt_driver.needs(mqtt, &needs);
    assert_ptr_equal(strstr(needs.text, "a.example 8883\nfile ca.crt\nfile c\nfile /k\n"), needs.text);
}

static void test_messages_of_our_own_that_return(void **state)
{
    struct mqtt_topic topic = {0};
    char text[8];

    assert_false(echo_is(&topic, "1"));
    echo_expect(&topic, "1");
    echo_expect(&topic, "2");
    echo_expect(&topic, "3");
    assert_false(echo_is(&topic, "4"));
    assert_true(echo_is(&topic, "2")); /* the server has left one out */
    assert_false(echo_is(&topic, "1"));
    assert_true(echo_is(&topic, "3"));
    assert_false(echo_is(&topic, "3"));
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof(text), "%d", i);
        echo_expect(&topic, text);
    }
    assert_int_equal(topic.n_echoes, MQTT_MAX_ECHOES);
    assert_true(echo_is(&topic, "99"));
    assert_int_equal(topic.n_echoes, 0);
}

static void test_whose_the_newest_value_is(void **state)
{
    struct mqtt_topic topic = {.is_ours = false};

    newest_heard(&topic, false);
    assert_false(topic.is_ours);
    newest_set(&topic, 0.5);
    assert_true(topic.is_ours && topic.value == 0.5);
    newest_heard(&topic, false);
    assert_false(topic.is_ours);

    /* what is still to be sent, or under way, is newer at the server */
    newest_set(&topic, 0.25);
    topic.is_dirty = true;
    newest_heard(&topic, false);
    topic.is_dirty = false;
    topic.under_way = 7;
    newest_heard(&topic, false);
    assert_true(topic.is_ours);
    topic.under_way = 0;

    /* so is what was sent after the subscription, beside what the server had retained */
    topic.is_sent = true;
    newest_heard(&topic, true);
    assert_true(topic.is_ours);
    topic.is_sent = false; /* subscribed to again */
    newest_heard(&topic, true);
    assert_false(topic.is_ours);

    /* the last of our own messages comes back behind somebody else's */
    topic.n_echoes = 1;
    newest_returned(&topic);
    assert_false(topic.is_ours);
    topic.n_echoes = 0;
    newest_returned(&topic);
    assert_true(topic.is_ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whose_the_newest_value_is),
        cmocka_unit_test_setup_teardown(test_host, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ranges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_choices, setup, teardown),
        cmocka_unit_test_setup_teardown(test_channels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_it_opens, setup, teardown),
        cmocka_unit_test_setup_teardown(test_messages_of_our_own_that_return, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
