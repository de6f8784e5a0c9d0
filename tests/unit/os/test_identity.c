/* SPDX-License-Identifier: BSD-2-Clause */
/* The installation's identity: made once, and different for each show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/os/identity.h"

static char folder[] = "/tmp/firecurtain-test-identity-XXXXXX";
static char path[sizeof(folder) + 16];

static int setup(void **state)
{
    strcpy(strrchr(folder, '-'), "-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/identity", folder);
    return 0;
}

static int teardown(void **state)
{
    unlink(path);
    return rmdir(folder); /* nothing else is in it */
}

static void test_it_is_made_once(void **state)
{
    uint8_t first[IDENTITY_BYTES], again[IDENTITY_BYTES];
    struct stat found;

    assert_int_equal(identity_open(folder, first), 0);
    assert_int_equal(identity_open(folder, again), 0);
    assert_memory_equal(first, again, sizeof(first));
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    unlink(path);
    assert_int_equal(identity_open(folder, again), 0);
    assert_memory_not_equal(first, again, sizeof(first));
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_another_file_is_left_alone(void **state)
{
    static const char *const texts[] = {"", "0123456789abcdef0123456789abcdef",
                                        "0123456789abcdef0123456789abcdeg\n",
                                        "0123456789abcdef0123456789abcdef\n\n"};
    uint8_t first[IDENTITY_BYTES], again[IDENTITY_BYTES];
    struct stat found;

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        write_file(texts[i]);
        assert_int_equal(identity_open(folder, first), 0);
        assert_int_equal(identity_open(folder, again), 0);
        assert_memory_not_equal(first, again, sizeof(first));
        assert_int_equal(stat(path, &found), 0);
        assert_int_equal(found.st_size, strlen(texts[i]));
    }
    write_file("0123456789abcdef0123456789abcdef\n");
    assert_int_equal(identity_open(folder, first), 0);
    assert_memory_equal(first, "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef",
                        sizeof(first));
}

static void test_a_folder_that_cannot_be_written_is_no_reason_to_end(void **state)
{
    uint8_t identity[IDENTITY_BYTES];

    assert_int_equal(identity_open("/proc", identity), 0);
}

static void test_shows_differ(void **state)
{
    const uint8_t installation[IDENTITY_BYTES] = "0123456789abcdef";
    uint8_t one[IDENTITY_BYTES], other[IDENTITY_BYTES];

    identity_of_show(installation, "/shows/a.cfg", one);
    identity_of_show(installation, "/shows/a.cfg", other);
    assert_memory_equal(one, other, sizeof(one));
    identity_of_show(installation, "/shows/b.cfg", other);
    assert_memory_not_equal(one, other, sizeof(one));
    assert_int_equal(one[6] >> 4, 4); /* the form of a random UUID */
    assert_int_equal(one[8] >> 6, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_is_made_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_file_is_left_alone, setup, teardown),
        cmocka_unit_test(test_a_folder_that_cannot_be_written_is_no_reason_to_end),
        cmocka_unit_test(test_shows_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
