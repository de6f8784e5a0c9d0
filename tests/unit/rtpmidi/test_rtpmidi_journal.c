/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Journals, byte by byte as RFC 6295 has them; and what a stream makes of them when packets are lost, late,
 * doubled, or begin anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "broker/rtpmidi/history.h"
#include "broker/rtpmidi/stream.h"
#include "firecurtain/time.h"
#include "tests/unit/rtpmidi/played.h"

#define BYTES(literal) (const uint8_t *)(literal), (sizeof(literal) - 1)

static struct rtpmidi_history history;
static struct rtpmidi_stream stream;
static struct rtpmidi_journal journal;

static void found(void *userdata, const struct rtpmidi_found *it)
{
    play(NULL, it->message, it->bytes);
    if (it->is_old)
        strcat(played, " old");
}

static void assert_journal(const uint8_t *data, size_t bytes, const char *expected)
{
    const char *what;

    assert_int_equal(rtpmidi_journal_read(&journal, data, bytes, found, NULL, &what), 0);
    assert_played(expected);
}

static void assert_bad(const uint8_t *data, size_t bytes)
{
    const char *what = NULL;

    assert_int_equal(rtpmidi_journal_read(&journal, data, bytes, found, NULL, &what), -EBADMSG);
    assert_string_equal(what, "an RTP packet with a journal that is cut off");
    played[0] = '\0';
}

static void test_empty_journal(void **state)
{
    assert_journal(BYTES("\x80\x12\x34"), "");
    assert_true(journal.is_older);
    assert_int_equal(journal.checkpoint, 0x1234);
    assert_bad(BYTES("\x80\x12"));
}

static void test_all_chapters(void **state)
{
    assert_journal(BYTES("\x21\0\1"                         /* two channels */
                         "\x08\x21\xff"                     /* the second MIDI channel: everything */
                         "\x05\x83\x04"                     /* P */
                         "\x02\7\x64\x40\xc1\6\1"           /* C: a value, a count, a parameter */
                         "\0\3\xff"                         /* M */
                         "\0\x40"                           /* W */
                         "\x02\x01\x3c\xff\x3d\x7f\xc0\x01" /* N: two sound, three have ended */
                         "\0\x3c\x40"                       /* E */
                         "\x33"                             /* T */
                         "\0\x3c\x11"                       /* A */
                         "\x78\4\0\x99"),                   /* the last one: something unknown */
                   "b1 00 03, b1 20 04, c1 05, b1 07 64, e1 00 40, 91 3c 7f, 91 3d 7f old, 81 00 00, "
                   "81 01 00, 81 0f 00, d1 33, a1 3c 11");
}

static void test_system_journal_is_skipped(void **state)
{
    assert_journal(BYTES("\x60\0\1\x40\4\xaa\xbb\x80\4\2\x11"), "d0 11");
    assert_bad(BYTES("\x60\0\1\x40\5\xaa\xbb"));
    assert_bad(BYTES("\x40\0\1\x40\1"));
}

static void test_128_notes(void **state)
{
    uint8_t data[3 + 3 + 2 + 256] = "\x20\0\1\1\x08\x08\x7f\xf0";

    for (uint8_t i = 0; i < 128; i++) {
        data[8 + 2 * i] = i;
        data[9 + 2 * i] = 0x81;
    }
    data[3] = 1, data[4] = 5; /* 261 bytes */
    assert_int_equal(rtpmidi_journal_read(&journal, data, sizeof(data), found, NULL, &(const char *){NULL}),
                     0);
    assert_int_equal(strlen(played), 128 * 10 - 2);
    played[0] = '\0';
}

static void test_lengths_that_lie(void **state)
{
    assert_bad(BYTES("\x20\0\1"));
    assert_bad(BYTES("\x20\0\1\0\2\0"));
    assert_bad(BYTES("\x20\0\1\0\4\2"));
    assert_bad(BYTES("\x21\0\1\0\3\0"));
    assert_bad(BYTES("\x20\0\1\0\3\2\x11"));       /* a chapter behind its channel */
    assert_bad(BYTES("\x20\0\1\0\5\x40\x01\1"));   /* controllers */
    assert_bad(BYTES("\x20\0\1\0\5\x20\0\1"));     /* parameters shorter than their header */
    assert_bad(BYTES("\x20\0\1\0\5\x20\0\3"));     /* or longer than the channel */
    assert_bad(BYTES("\x20\0\1\0\6\x08\0\x01\0")); /* bits of notes */
    assert_bad(BYTES("\x20\0\1\0\4\x08\0"));       /* no header of notes */
    assert_bad(BYTES("\x20\0\1\0\4\x10\0"));       /* half a pitch wheel */
    assert_bad(BYTES("\x20\0\1\0\5\x80\0\0"));     /* part of a program */
    assert_bad(BYTES("\x20\0\1\0\4\x04\0"));       /* extras */
    assert_bad(BYTES("\x20\0\1\0\4\x01\0"));       /* pressures */
}

static void note(uint32_t packet, const uint8_t *message, size_t bytes)
{
    rtpmidi_history_note(&history, message, bytes, packet);
}

/* Asserts what the journal of a packet is. */
static void assert_written(uint32_t checkpoint, uint32_t packet, const uint8_t *expected, size_t bytes)
{
    uint8_t out[1400];

    assert_int_equal(rtpmidi_history_write(&history, out, sizeof(out), checkpoint, packet, 0x1000), bytes);
    assert_memory_equal(out, expected, bytes);
    assert_int_equal(rtpmidi_history_write(&history, out, bytes - 1, checkpoint, packet, 0x1000), 0);
}

static int begin(void **state)
{
    memset(&history, 0, sizeof(history));
    rtpmidi_stream_init(&stream, play, NULL);
    played[0] = '\0';
    return 0;
}

static void test_chapters_are_written(void **state)
{
    assert_written(1, 1, BYTES("\x80\x10\1"));
    note(1, BYTES("\xb2\0\1"));
    note(1, BYTES("\xb2\x20\2"));
    note(1, BYTES("\xc2\5"));
    note(1, BYTES("\x92\x3c\x40"));
    note(2, BYTES("\xe2\1\2"));
    note(2, BYTES("\xd2\x33"));
    note(2, BYTES("\xa2\x3c\x11"));
    note(3, BYTES("\x82\x3d\0"));
    note(3, BYTES("\xb2\6\1")); /* a parameter */
    note(3, BYTES("\xf8"));
    assert_written(1, 4,
                   BYTES("\x20\x10\1\x10\x16\xdb"
                         "\x85\x81\x02"
                         "\x81\x80\1\xa0\2"
                         "\x81\2"
                         "\x01\x77\xbc\xc0\4"
                         "\xb3"
                         "\x80\xbc\x11"));
    assert_written(3, 4, BYTES("\x20\x10\3\x10\6\x08\0\x77\4"));
    assert_written(3, 5, BYTES("\xa0\x10\3\x90\6\x08\x80\x77\4"));
    assert_written(4, 5, BYTES("\x80\x10\4"));
    assert_written(1, 2, BYTES("\x20\x10\1\x10\x0f\xc8\5\x81\2\1\0\1\x20\2\x81\xf0\x3c\xc0"));
}

static void test_silence_ends_notes_in_the_journal(void **state)
{
    note(1, BYTES("\x90\0\x40"));
    note(2, BYTES("\xb0\x7b\0"));
    assert_written(1, 3, BYTES("\x20\x10\1\0\x09\x48\0\x7b\0\0\0\x80"));
}

static void test_all_notes_are_written_and_read(void **state)
{
    uint8_t out[400];
    size_t bytes;

    for (uint8_t n = 128; n >= 127; n--) {
        for (uint8_t i = 0; i < n; i++)
            note(1, (const uint8_t[]){0x9f, i, 1}, 3);
        bytes = rtpmidi_history_write(&history, out, sizeof(out), 1, 2, 0);
        assert_int_equal(bytes, 3 + 3 + 2 + 2 * n);
        assert_int_equal(rtpmidi_journal_read(&journal, out, bytes, found, NULL, &(const char *){NULL}), 0);
        assert_int_equal(strlen(played), n * 10 - 2);
        begin(NULL);
    }
}

/* Plays a list in a packet, with a journal unless that is NULL. */
static int take(uint16_t sequence, const char *list, size_t bytes, const char *recovery, size_t n,
                uint64_t now_ns)
{
    struct rtpmidi_packet packet = {
        .sequence = sequence,
        .ssrc = 1,
        .list = (const uint8_t *)list,
        .list_bytes = bytes,
        .journal = (const uint8_t *)recovery,
        .journal_bytes = n,
    };
    const char *what;

    return rtpmidi_stream_take(&stream, &packet, now_ns, &what);
}

#define TAKE(sequence, list, journal) take(sequence, list, sizeof(list) - 1, journal, sizeof(journal) - 1, 0)
#define TAKE_BARE(sequence, list)     take(sequence, list, sizeof(list) - 1, NULL, 0, 0)

static void test_lost_packets_are_made_up_for(void **state)
{
    TAKE_BARE(0xfffe, "\x90\x3c\x40\0\xb0\7\1\0\xc0\1");
    assert_played("90 3c 40, b0 07 01, c0 01");
    TAKE(1, "\x90\x3e\x40", "\x20\xff\xff\0\x12\xd8\1\0\0\1\7\2\x08\1\0\x40\1\x77\x3d\xc0\x08");
    assert_played("b0 07 02, b0 08 01, e0 00 40, 90 3d 40, 80 3c 00, 90 3e 40");
    assert_int_equal(stream.n_lost, 2);
    assert_int_equal(stream.release_ns, RTPMIDI_NEVER);
}

static void test_one_lost_packet_with_nothing_in_it(void **state)
{
    TAKE_BARE(1, "\xc0\1");
    TAKE(3, "\xc0\2", "\xa0\0\1\x80\4\2\x11");
    assert_played("c0 01, c0 02");
    TAKE(6, "\xc0\3", "\xa0\0\1\x80\4\2\x11"); /* two are lost, so it may matter */
    assert_played("d0 11, c0 03");
}

/* A journal without anything of the last packet need not reach back to it. */
static void test_one_lost_packet_and_an_empty_journal(void **state)
{
    TAKE_BARE(1, "\x90\x3c\x40");
    TAKE(3, "\xc0\2", "\x80\0\3");
    rtpmidi_stream_tick(&stream, 9 * FC_NS_PER_S);
    assert_played("90 3c 40, c0 02");
    TAKE(6, "\xc0\3", "\x80\0\6");
    rtpmidi_stream_tick(&stream, 9 * FC_NS_PER_S);
    assert_played("c0 03, 80 3c 00");
}

static void test_notes_that_hang_are_ended(void **state)
{
    take(1, "\x90\x3c\x40\0\x3d\x40", 6, NULL, 0, FC_NS_PER_S);
    take(3, "\x90\x3d\x41", 3, NULL, 0, 2 * FC_NS_PER_S);
    assert_played("90 3c 40, 90 3d 40, 90 3d 41");
    rtpmidi_stream_tick(&stream, 3 * FC_NS_PER_S - 1);
    assert_played("");
    rtpmidi_stream_tick(&stream, 3 * FC_NS_PER_S);
    assert_played("80 3c 00");
    rtpmidi_stream_tick(&stream, 9 * FC_NS_PER_S);
    assert_played("");
}

static void test_journals_that_do_not_reach_back(void **state)
{
    TAKE_BARE(1, "\x90\x3c\x40\0\x3d\x40");
    TAKE(5, "", "\x20\0\4\0\7\x08\1\xf0\x3c\xc0"); /* nothing about packet 2 and 3 */
    rtpmidi_stream_tick(&stream, FC_NS_PER_S);
    assert_played("90 3c 40, 90 3d 40, 80 3d 00");
    TAKE(6, "\x90\x3e\x40", "\x20\0\4\0\7\x08\1"); /* it is cut off, which does not matter here */
    assert_played("90 3e 40");
    assert_int_equal(TAKE(8, "\x90\x3f\x40", "\x20\0\4\0\7\x08\1"), -EBADMSG); /* but here */
    rtpmidi_stream_tick(&stream, 9 * FC_NS_PER_S);
    assert_played("90 3f 40, 80 3c 00, 80 3e 00");
}

static void test_late_and_double_packets(void **state)
{
    TAKE_BARE(10, "\xc0\1");
    TAKE_BARE(10, "\xc0\1");
    TAKE_BARE(9, "\xc0\2");
    TAKE_BARE(11, "\xc0\3");
    assert_played("c0 01, c0 03");
}

static void test_a_sender_begins_anew(void **state)
{
    TAKE_BARE(1000, "\x90\x3c\x40");
    TAKE_BARE(10, "\xc0\1");
    assert_played("90 3c 40");
    TAKE_BARE(11, "\xc0\2");
    TAKE_BARE(12, "\xc0\3");
    assert_played("80 3c 00, c0 02, c0 03");
}

static void test_an_exclusive_message_with_a_hole(void **state)
{
    TAKE_BARE(1, "\xf0\1\xf0");
    TAKE_BARE(3, "\xf7\3\xf7");
    assert_played("");
    TAKE_BARE(4, "\xf0\1\xf0");
    TAKE_BARE(5, "\xf7\3\xf7");
    assert_played("f0 01 03 f7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_empty_journal, begin),
        cmocka_unit_test_setup(test_all_chapters, begin),
        cmocka_unit_test_setup(test_system_journal_is_skipped, begin),
        cmocka_unit_test_setup(test_128_notes, begin),
        cmocka_unit_test_setup(test_lengths_that_lie, begin),
        cmocka_unit_test_setup(test_chapters_are_written, begin),
        cmocka_unit_test_setup(test_silence_ends_notes_in_the_journal, begin),
        cmocka_unit_test_setup(test_all_notes_are_written_and_read, begin),
        cmocka_unit_test_setup(test_lost_packets_are_made_up_for, begin),
        cmocka_unit_test_setup(test_one_lost_packet_with_nothing_in_it, begin),
        cmocka_unit_test_setup(test_one_lost_packet_and_an_empty_journal, begin),
        cmocka_unit_test_setup(test_notes_that_hang_are_ended, begin),
        cmocka_unit_test_setup(test_journals_that_do_not_reach_back, begin),
        cmocka_unit_test_setup(test_late_and_double_packets, begin),
        cmocka_unit_test_setup(test_a_sender_begins_anew, begin),
        cmocka_unit_test_setup(test_an_exclusive_message_with_a_hole, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
