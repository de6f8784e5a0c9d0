/* SPDX-License-Identifier: BSD-2-Clause */
/* OSC packets, byte by byte. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/backends/osc_codec.h"
#include "broker/backends/osc_out.h"

#define BYTES(literal) (literal), (sizeof(literal) - 1)

/* With its terminating NUL or without, every literal below is a multiple of four bytes. */
#define TIME_TAG "\0\0\0\0\0\0\0\1"
#define BUNDLE   "#bundle\0" TIME_TAG
#define MESSAGE  "/a\0\0,i\0\0\0\0\0\x07" /* 12 bytes */

struct seen {
    unsigned n_messages;
    size_t n_values; /* of the last one */
    char lines[512];
};

static void note(struct seen *seen, const struct osc_message *message)
{
    size_t used = strlen(seen->lines);

    assert_true(message->n_values <= strlen(message->types));
    seen->n_values = message->n_values;
    seen->n_messages++;
    osc_codec_print(message, seen->lines + used, sizeof(seen->lines) - used - 1);
    strcat(seen->lines, "\n");
}

/* Reads from memory of exactly that size: the sanitizer notices any byte read beyond it. */
static int read_packet(struct seen *seen, const char *packet, size_t bytes, struct osc_fault *fault)
{
    void *copy = malloc(bytes ? bytes : 1);
    struct osc_reader reader;
    struct osc_message message;
    int r;

    assert_non_null(copy);
    memcpy(copy, packet, bytes);
    *seen = (struct seen){0};
    *fault = (struct osc_fault){0};
    r = osc_codec_read(&reader, copy, bytes, fault);
    while (osc_codec_next_message(&reader, &message))
        note(seen, &message);
    snprintf(seen->lines + strlen(seen->lines), 64, "%.60s", fault->address ? fault->address : "");
    free(copy);
    return r;
}

static void assert_read(const char *packet, size_t bytes, const char *lines)
{
    struct seen seen;
    struct osc_fault fault;

    assert_int_equal(read_packet(&seen, packet, bytes, &fault), 0);
    assert_string_equal(seen.lines, lines);
}

static void assert_malformed(const char *packet, size_t bytes, const char *complaint)
{
    struct seen seen;
    struct osc_fault fault;

    assert_int_equal(read_packet(&seen, packet, bytes, &fault), -EBADMSG);
    assert_int_equal(seen.n_messages, 0);
    assert_string_equal(fault.what, complaint);
}

/* The fault names the message. */
static void assert_malformed_at(const char *packet, size_t bytes, const char *address)
{
    struct osc_fault fault;
    struct seen seen;

    assert_int_equal(read_packet(&seen, packet, bytes, &fault), -EBADMSG);
    assert_string_equal(seen.lines, address);
}

static void test_numbers(void **state)
{
    assert_read(BYTES("/a\0\0,i\0\0\xff\xff\xff\xfe"), "/a i -2\n");
    assert_read(BYTES("/a\0\0,f\0\0\x3f\x40\0\0"), "/a f 0.75\n");
    assert_read(BYTES("/a\0\0,h\0\0\0\0\0\1\0\0\0\0"), "/a h 4294967296\n");
    assert_read(BYTES("/a\0\0,d\0\0\xbf\xe0\0\0\0\0\0\0"), "/a d -0.5\n");
    assert_read(BYTES("/abc\0\0\0\0,ifd\0\0\0\0\0\0\0\1\x40\0\0\0\x40\x08\0\0\0\0\0\0"), "/abc ifd 1 2 3\n");
}

static void test_other_types_are_passed_over(void **state)
{
    assert_read(BYTES("/a\0\0,\0\0\0"), "/a \n");
    assert_read(BYTES("/a\0\0,TFNIi\0\0\0\0\0\5"), "/a TFNIi - - - - 5\n");
    assert_read(BYTES("/a\0\0,sSi\0\0\0\0hi\0\0you\0\0\0\0\5"), "/a sSi \"hi\" \"you\" 5\n");
    assert_read(BYTES("/a\0\0,bi\0\0\0\0\5hello\0\0\0\0\0\0\5"), "/a bi - 5\n");
    assert_read(BYTES("/a\0\0,bi\0\0\0\0\0\0\0\0\5"), "/a bi - 5\n");
    assert_read(BYTES("/a\0\0,tcmi\0\0\0" TIME_TAG "\0\0\0AMIDI\0\0\0\5"), "/a tcmi - - - 5\n");
    assert_read(BYTES("/a\0\0,ri\0RGBA\0\0\0\5"), "/a ri - 5\n");
}

static struct osc_argument argument_of(const char *packet, size_t bytes)
{
    struct osc_message message = {.types = packet, .data = (const uint8_t *)packet + 4, .bytes = bytes - 4};
    struct osc_cursor cursor = osc_codec_arguments(&message);
    struct osc_argument argument;

    assert_true(osc_codec_next(&cursor, &argument));
    return argument;
}

static void test_argument_values(void **state)
{
    struct osc_argument text = argument_of(BYTES("s\0\0\0hi\0\0"));

    assert_true(argument_of(BYTES("T\0\0\0")).number == 1);
    assert_true(argument_of(BYTES("F\0\0\0")).number == 0);
    assert_true(isnan(argument_of(BYTES("N\0\0\0")).number));
    assert_true(argument_of(BYTES("I\0\0\0")).number == 1);
    assert_true(isnan(text.number));
    assert_string_equal(text.text, "hi");
    assert_true(argument_of(BYTES("i\0\0\0\x80\0\0\0")).number == -0x1p31);
    assert_true(isnan(argument_of(BYTES("f\0\0\0\x7f\xc0\0\0")).number));
    assert_true(isinf(argument_of(BYTES("d\0\0\0\x7f\xf0\0\0\0\0\0\0")).number));
}

static void test_bundles(void **state)
{
    assert_read(BYTES(BUNDLE), "");
    assert_read(BYTES(BUNDLE "\0\0\0\x0c" MESSAGE), "/a i 7\n");
    assert_read(BYTES(BUNDLE "\0\0\0\x0c" MESSAGE "\0\0\0\x0c" MESSAGE), "/a i 7\n/a i 7\n");
    assert_read(BYTES(BUNDLE "\0\0\0\x20" BUNDLE "\0\0\0\x0c" MESSAGE "\0\0\0\x08/b\0\0,\0\0\0"),
                "/a i 7\n/b \n");
}

static size_t nest(char *packet, unsigned depth)
{
    size_t inner;

    if (depth == 0) {
        memcpy(packet, MESSAGE, 12);
        return 12;
    }
    memcpy(packet, BUNDLE, 16);
    inner = nest(packet + 20, depth - 1);
    memcpy(packet + 16, (char[]){0, 0, 0, (char)inner}, 4);
    return inner + 20;
}

static void test_bundles_nest_to_a_limit(void **state)
{
    char packet[256];

    assert_read(packet, nest(packet, OSC_CODEC_MAX_DEPTH), "/a i 7\n");
    assert_malformed(packet, nest(packet, OSC_CODEC_MAX_DEPTH + 1), "OSC bundles nested too deeply");
}

static void test_malformed_messages(void **state)
{
    const char *length = "an OSC packet whose length is not a multiple of four";
    const char *address = "an OSC message without an address";
    const char *types = "an OSC message without types, as old programs send";
    const char *arguments = "an OSC message whose types and arguments disagree";

    assert_malformed("", 0, length);
    assert_malformed(BYTES("/a\0"), length);
    assert_malformed(BYTES("/abc"), address);
    assert_malformed(BYTES("a\0\0\0,\0\0\0"), address);
    assert_malformed(BYTES("/\0x\0,\0\0\0"), address);
    assert_malformed(BYTES("/a\0\0"), types);
    assert_malformed(BYTES("/a\0\0i\0\0\0\0\0\0\1"), types);
    assert_malformed(BYTES("/a\0\0,iii"), types);
    assert_malformed(BYTES("/a\0\0,i\0\0"), arguments);
    assert_malformed(BYTES("/a\0\0,h\0\0\0\0\0\1"), arguments);
    assert_malformed(BYTES("/a\0\0,i\0\0\0\0\0\1\0\0\0\1"), arguments);
    assert_malformed(BYTES("/a\0\0,q\0\0\0\0\0\1"), "an OSC message with an unknown type");
    assert_malformed(BYTES("/a\0\0,s\0\0abcd"), arguments);
    assert_malformed(BYTES("/a\0\0,s\0\0a\0b\0"), arguments);
}

static void test_faults_name_the_message(void **state)
{
    assert_malformed_at(BYTES("/a\0\0"), "/a");
    assert_malformed_at(BYTES("/a\0\0,i\0\0"), "/a");
    assert_malformed_at(BYTES("/a\0\0,q\0\0"), "/a");
    assert_malformed_at(BYTES(BUNDLE "\0\0\0\x0c" MESSAGE "\0\0\0\x08/b\0\0,i\0\0"), "/b");
    assert_malformed_at(BYTES("/abc"), "");
    assert_malformed_at(BYTES("#bundle\0"), "");
}

static void test_arrays(void **state)
{
    const char *ends = "an OSC message with an array that has only one end";
    struct osc_fault fault;
    struct seen seen;

    assert_read(BYTES("/a\0\0,[ii]\0\0\0\0\0\0\1\0\0\0\2"), "/a [ii] 1 2\n");
    assert_read(BYTES("/a\0\0,i[[]i]\0\0\0\0\1\0\0\0\2"), "/a i[[]i] 1 2\n");
    assert_read(BYTES("/a\0\0,[]\0"), "/a []\n");
    assert_int_equal(read_packet(&seen, BYTES("/a\0\0,i[Ts]\0\0\0\0\0\1hi\0\0"), &fault), 0);
    assert_int_equal(seen.n_values, 3);
    assert_malformed(BYTES("/a\0\0,[i\0\0\0\0\1"), ends);
    assert_malformed(BYTES("/a\0\0,i]\0\0\0\0\1"), ends);
    assert_malformed(BYTES("/a\0\0,][\0"), ends);
}

/* liblo 0.31 reads the length of a blob from beyond the packet. */
static void test_blob_without_length(void **state)
{
    const char *arguments = "an OSC message whose types and arguments disagree";

    assert_malformed(BYTES("/a\0\0,b\0\0"), arguments);
    assert_malformed(BYTES("/a\0\0,b\0\0\0\0\0\1"), arguments);
    assert_malformed(BYTES("/a\0\0,b\0\0\xff\xff\xff\xffxxxx"), arguments);
    assert_malformed(BYTES("/a\0\0,b\0\0\xff\xff\xff\xfdxxxx"), arguments);
    assert_malformed(BYTES("/a\0\0,b\0\0\0\0\0\1ab\0\0"), arguments);
}

static void test_malformed_bundles(void **state)
{
    const char *length = "an OSC packet whose length is not a multiple of four";
    const char *early = "a truncated OSC bundle";

    assert_malformed(BYTES("#bundle\0"), "an OSC bundle without a time tag");
    assert_malformed(BYTES("#bundle\0\0\0\0\0"), "an OSC bundle without a time tag");
    assert_malformed(BYTES("#bundlex\0\0\0\0"), "an OSC message without an address");
    assert_malformed(BYTES(BUNDLE "\0\0\0\x0c"), early);
    assert_malformed(BYTES(BUNDLE "\0\0\0\x10" MESSAGE), early);
    assert_malformed(BYTES(BUNDLE "\xff\xff\xff\xfc" MESSAGE), early);
    assert_malformed(BYTES(BUNDLE "\0\0\0\0"), length);
    assert_malformed(BYTES(BUNDLE "\0\0\0\x0a" MESSAGE), length);
}

/* Even the valid first message of such a bundle is not handed out. */
static void test_packet_is_taken_whole_or_not_at_all(void **state)
{
    assert_malformed(BYTES(BUNDLE "\0\0\0\x0c" MESSAGE "\0\0\0\x08/b\0\0,i\0\0"),
                     "an OSC message whose types and arguments disagree");
}

static void test_print_is_cut(void **state)
{
    struct osc_message message = {.address = "/a", .types = "i", .n_values = 1};
    char text[5] = "xxxx";

    message.data = (const uint8_t *)"\0\0\0\x07";
    message.bytes = 4;
    osc_codec_print(&message, text, 5);
    assert_string_equal(text, "/a i");
    osc_codec_print(&message, text, 1);
    assert_string_equal(text, "");
}

static void assert_written(struct osc_out *out, const char *address, const char *packet, size_t bytes)
{
    char got[64];
    size_t written = 0;

    assert_true(bytes <= sizeof(got));
    memset(got, 'x', sizeof(got));
    assert_int_equal(osc_out_write(out, address, got, bytes - 1, &written), -EMSGSIZE);
    assert_int_equal(osc_out_write(out, address, got, bytes, &written), 0);
    assert_int_equal(written, bytes);
    assert_memory_equal(got, packet, bytes);
    assert_int_equal(got[bytes], 'x');
}

static void test_writing(void **state)
{
    struct osc_out *out = NULL;

    assert_int_equal(osc_out_new(&out, "fidh", NULL), 0);
    osc_out_set(out, 0, 0.75);
    osc_out_set(out, 1, -2);
    osc_out_set(out, 2, -0.5);
    osc_out_set(out, 3, 4294967296.0);
    assert_written(
        out, "/abc",
        BYTES("/abc\0\0\0\0,fidh\0\0\0\x3f\x40\0\0\xff\xff\xff\xfe\xbf\xe0\0\0\0\0\0\0\0\0\0\1\0\0\0\0"));
    osc_out_set(out, 1, 1);
    assert_written(out, "/a",
                   BYTES("/a\0\0,fidh\0\0\0\x3f\x40\0\0\0\0\0\1\xbf\xe0\0\0\0\0\0\0\0\0\0\1\0\0\0\0"));
    assert_null(osc_out_free(out));
    assert_null(osc_out_free(NULL));
}

static void test_writing_stays_within_the_type(void **state)
{
    struct osc_out *out = NULL;

    assert_int_equal(osc_out_new(&out, "iihhf", NULL), 0);
    osc_out_set(out, 0, 2147483647.4);
    osc_out_set(out, 1, -1e300);
    osc_out_set(out, 2, 0x1p63);
    osc_out_set(out, 3, -INFINITY);
    osc_out_set(out, 4, 1e300);
    assert_written(out, "/a",
                   BYTES("/a\0\0,iihhf\0\0\x7f\xff\xff\xff\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"
                         "\x80\0\0\0\0\0\0\0\x7f\x7f\xff\xff"));
    osc_out_free(out);
}

static void test_writing_what_is_no_number(void **state)
{
    const char *const texts[] = {"hello", NULL, "x", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL};
    struct osc_out *out = NULL;

    assert_int_equal(osc_out_new(&out, "ssSbiTFNIcmt", texts), 0);
    for (size_t n = 0; n < 12; n++)
        osc_out_set(out, n, 1); /* changes the number alone */
    assert_written(out, "/a",
                   BYTES("/a\0\0,ssSbiTFNIcmt\0\0\0hello\0\0\0\0\0\0\0x\0\0\0\0\0\0\0\0\0\0\1"
                         "\0\0\0\0\0\0\0\0" TIME_TAG));
    osc_out_free(out);
    assert_int_equal(osc_out_new(&out, "", NULL), 0);
    assert_written(out, "/go", BYTES("/go\0,\0\0\0"));
    osc_out_free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_other_types_are_passed_over),
        cmocka_unit_test(test_argument_values),
        cmocka_unit_test(test_bundles),
        cmocka_unit_test(test_bundles_nest_to_a_limit),
        cmocka_unit_test(test_malformed_messages),
        cmocka_unit_test(test_faults_name_the_message),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_blob_without_length),
        cmocka_unit_test(test_malformed_bundles),
        cmocka_unit_test(test_packet_is_taken_whole_or_not_at_all),
        cmocka_unit_test(test_print_is_cut),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_writing_stays_within_the_type),
        cmocka_unit_test(test_writing_what_is_no_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
