/* SPDX-License-Identifier: BSD-2-Clause */
/* The scribe replaces a file as a whole, says when it cannot, and ends with its socket. */
#include "tests/unit/check.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "broker/os/kept_file.h"
#include "broker/os/scribe.h"

#define WAIT_MS 60000

static char above[64], text[1000];
static int folder;

static int setup(void **state)
{
    strcpy(above, "/tmp/firecurtain-test-scribe-XXXXXX");
    if (!mkdtemp(above))
        return -1;
    folder = kept_file_open_folder(above, "sub");
    return folder < 0 ? -1 : 0;
}

/* Fails if more is left than what the test put aside. */
static int teardown(void **state)
{
    unlinkat(folder, "file", 0);
    unlinkat(folder, "file.damaged", 0);
    if (fchdir(folder) < 0 || chdir("..") < 0 || rmdir("sub") < 0)
        return -1;
    close(folder);
    return rmdir(above);
}

static void put(struct scribe *scribe, const char *content, int expected)
{
    int result = 1;

    assert_int_equal(scribe_write(scribe, content, strlen(content)), 0);
    assert_int_equal(scribe_take(scribe, WAIT_MS, &result), 0);
    assert_int_equal(result, expected);
}

static void test_it_replaces_the_file(void **state)
{
    struct scribe *scribe;
    struct stat st;
    int result;

    assert_int_equal(kept_file_read(folder, "file", text, sizeof(text)), -ENOENT);
    assert_int_equal(scribe_new(&scribe, folder, "file"), 0);
    assert_int_equal(scribe_take(scribe, 0, &result), -EAGAIN);
    put(scribe, "a long content", 0);
    put(scribe, "short", 0);
    assert_int_equal(kept_file_read(folder, "file", text, sizeof(text)), 5);
    assert_string_equal(text, "short");
    assert_int_equal(fstatat(folder, "file", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(kept_file_read(folder, "file", text, 5), -EFBIG);
    assert_int_equal(scribe_write(scribe, "last", 4), 0);
    scribe_free(scribe); /* waits for it */
    assert_int_equal(kept_file_read(folder, "file", text, sizeof(text)), 4);
    assert_int_equal(kept_file_set_aside(folder, "file"), 0);
    assert_int_equal(kept_file_read(folder, "file", text, sizeof(text)), -ENOENT);
    assert_int_equal(kept_file_read(folder, "file.damaged", text, sizeof(text)), 4);
}

static void test_it_follows_no_link(void **state)
{
    struct scribe *scribe;

    assert_int_equal(symlinkat("/etc/passwd", folder, "file"), 0);
    assert_int_equal(kept_file_read(folder, "file", text, sizeof(text)), -ELOOP);
    assert_int_equal(symlinkat("../target", folder, "file.new"), 0);
    assert_int_equal(scribe_new(&scribe, folder, "file"), 0);
    put(scribe, "x", -ELOOP); /* and removes what is in the way */
    put(scribe, "x", 0);
    scribe_free(scribe);
    assert_int_equal(kept_file_read(folder, "file", text, sizeof(text)), 1); /* no longer a link */
}

static void test_what_fails_is_said(void **state)
{
    struct scribe *scribe;

    assert_int_equal(mkdirat(folder, "file", 0700), 0);
    assert_int_equal(scribe_new(&scribe, folder, "file"), 0);
    put(scribe, "x", -EISDIR);
    assert_int_equal(unlinkat(folder, "file", AT_REMOVEDIR), 0);
    put(scribe, "x", 0);
    assert_int_equal(scribe_write(scribe, text, 0), -EMSGSIZE);
    scribe_free(scribe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_replaces_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_it_follows_no_link, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_fails_is_said, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
