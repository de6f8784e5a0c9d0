/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sizes of private folders: what counts, and that a folder over its limit is noticed at once, after a change,
 * and in folders that are made later. On real folders, with the loop and inotify, without a process.
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "broker/base/loop.h"
#include "broker/keeper/folder_limit.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"
#include "tests/unit/check.h"

#define KIB UINT64_C(1024)

/* The set stays for as long as the process, as in the counter. */
static struct rig {
    struct loop *loop;
    struct folder_limits *limits;
    struct folder_limit *limit;
    struct timer patience;
    char folder[64];
    int folder_fd;
    int n_exceeded;
    struct folder_excess excess; /* the last one */
} rig;

static int setup(void **state)
{
    snprintf(rig.folder, sizeof(rig.folder), "/tmp/firecurtain-test-limit-XXXXXX");
    assert_non_null(mkdtemp(rig.folder));
    rig.folder_fd = open(rig.folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(rig.folder_fd >= 0);
    if (!rig.loop) {
        assert_int_equal(loop_new(&rig.loop), 0);
        assert_int_equal(folder_limits_new(&rig.limits, rig.loop), 0);
    }
    rig.n_exceeded = 0;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    return remove(path);
}

static int teardown(void **state)
{
    rig.limit = folder_limit_free(rig.limit);
    close(rig.folder_fd);
    return nftw(rig.folder, remove_one, 64, FTW_DEPTH | FTW_PHYS);
}

static const char *place(const char *name)
{
    static char path[512];

    snprintf(path, sizeof(path), "%s/%s", rig.folder, name);
    return path;
}

static void put(const char *name, size_t bytes)
{
    static const char block[KIB];
    int fd = open(place(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    for (; bytes; bytes -= sizeof(block))
        assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
    assert_int_equal(fsync(fd), 0); /* some filesystems count blocks only when they are written */
    close(fd);
}

static void make(const char *name)
{
    assert_int_equal(mkdir(place(name), 0700), 0);
}

/* As fstatat() is called where sizes of files have 64 bits. */
int __real_fstatat64(int parent, const char *name, struct stat *st, int flags);
int __wrap_fstatat64(int parent, const char *name, struct stat *st, int flags);

/* What a script does right behind the first look at something in a folder that is counted. */
static void (*behind)(const char *name);

int __wrap_fstatat64(int parent, const char *name, struct stat *st, int flags)
{
    int r = __real_fstatat64(parent, name, st, flags);

    if (behind && r == 0)
        fc_steal(behind)(name);
    return r;
}

/* Runs the loop until the folder was found over its limit `n` times; fails after `patience_ms` without. */
static void stop(void *userdata)
{
    loop_stop(rig.loop);
}

static void exceeded(void *userdata, const struct folder_excess *excess)
{
    assert_ptr_equal(userdata, &rig);
    rig.n_exceeded++;
    rig.excess = *excess;
    loop_stop(rig.loop);
}

static void run_for(uint64_t ms)
{
    rig.patience = (struct timer){.fn = stop};
    loop_set_timer(rig.loop, &rig.patience, fc_now_ns() + ms * FC_NS_PER_MS);
    assert_int_equal(loop_run(rig.loop), 0);
    loop_cancel_timer(rig.loop, &rig.patience);
}

static void expect_exceeded(void)
{
    int before = rig.n_exceeded;

    run_for(20 * 1000);
    assert_true(rig.n_exceeded > before);
}

/* A count follows a change after 100 ms, or later on a busy machine: then this sees less, and still no error.
 */
static void expect_nothing(void)
{
    int before = rig.n_exceeded;

    run_for(300);
    assert_int_equal(rig.n_exceeded, before);
}

static void begin(uint64_t bytes, uint64_t files)
{
    const struct folder_limit_spec spec = {
        .folder_fd = rig.folder_fd,
        .max = {.bytes = bytes, .files = files},
        .exceeded = exceeded,
        .userdata = &rig,
    };

    assert_int_equal(folder_limit_new(&rig.limit, rig.limits, &spec), 0);
}

static int found_nothing(void *userdata, int fd)
{
    return 0;
}

static struct folder_size size_of(uint64_t bytes, uint64_t files)
{
    struct folder_count count = {.limit = {bytes, files}, .found = found_nothing};

    folder_count(&count, rig.folder_fd);
    return count.size;
}

static void test_what_counts(void **state)
{
    struct folder_size size;

    make("a");
    make("a/b");
    put("a/b/file", 64 * KIB);
    put("file", 64 * KIB);
    assert_int_equal(symlink("/usr", place("link")), 0);
    assert_int_equal(truncate(place("file"), 1024 * 1024 * 1024), 0); /* a hole takes no space */
    size = size_of(UINT64_MAX, UINT64_MAX);
    assert_int_equal(size.files, 5);
    assert_in_range(size.bytes, 128 * KIB, 192 * KIB);
}

static void test_counting_stops_at_the_limit(void **state)
{
    const struct folder_size limit = {UINT64_MAX, 10};
    struct folder_size size;

    for (int i = 0; i < 50; i++) {
        char name[16];

        snprintf(name, sizeof(name), "%d", i);
        put(name, 0);
    }
    size = size_of(limit.bytes, limit.files);
    assert_int_equal(size.files, 11);
    assert_true(folder_is_over(&size, &limit));
    size = size_of(UINT64_MAX, 50);
    assert_int_equal(size.files, 50);
    assert_false(folder_is_over(&size, &(struct folder_size){UINT64_MAX, 50}));
}

static void test_depth(void **state)
{
    char path[2 * FOLDER_COUNT_MAX_DEPTH + 4] = "d";

    for (int i = 0; i < FOLDER_COUNT_MAX_DEPTH - 1; i++) {
        make(path);
        strcat(path, "/d");
    }
    make(path); /* 16 deep */
    assert_int_equal(size_of(UINT64_MAX, UINT64_MAX - 1).files, FOLDER_COUNT_MAX_DEPTH);
    strcat(path, "/d");
    make(path);
    assert_int_equal(size_of(UINT64_MAX, UINT64_MAX - 1).files, UINT64_MAX);
}

static void test_over_from_the_beginning(void **state)
{
    put("file", 64 * KIB);
    begin(32 * KIB, 100);
    expect_exceeded();
    assert_true(rig.excess.is_first);
    put("file", 65 * KIB);
    expect_exceeded();
    assert_false(rig.excess.is_first);
    assert_false(rig.excess.is_far);
}

static void test_far_over(void **state)
{
    const struct folder_size far = folder_far_limit(&(struct folder_size){2 * KIB, 3});

    assert_int_equal(far.bytes, 4 * KIB + (64 << 20));
    assert_int_equal(far.files, 10006);
    begin(UINT64_MAX / 4, 1);
    make("a");
    make("b");
    expect_exceeded();
    assert_false(rig.excess.is_far);
    for (int i = 0; i < 10002; i++) {
        char name[16];

        snprintf(name, sizeof(name), "a/%d", i);
        assert_int_equal(mknod(place(name), S_IFREG | 0600, 0), 0);
    }
    while (!rig.excess.is_far)
        expect_exceeded();
}

/* What lies deeper is not watched, so nobody may go on with it. */
static void test_too_deep_is_far_over(void **state)
{
    char path[2 * FOLDER_COUNT_MAX_DEPTH + 4] = "d";

    begin(UINT64_MAX / 4, 1000);
    for (int i = 0; i <= FOLDER_COUNT_MAX_DEPTH; i++) {
        make(path);
        strcat(path, "/d");
    }
    expect_exceeded();
    assert_true(rig.excess.is_far);
}

static void test_bytes(void **state)
{
    begin(48 * KIB, 100);
    put("file", 16 * KIB);
    expect_nothing();
    put("more", 64 * KIB);
    expect_exceeded();
    put("more", 80 * KIB); /* it is told again as long as it is so */
    expect_exceeded();
    assert_int_equal(unlink(place("more")), 0);
    put("file", 8 * KIB);
    expect_nothing();
}

static void move(const char *name)
{
    put(name, 0);
    put(name[0] == 'a' ? "b" : "a", 32 * KIB);
}

/* What a count sees first is empty when it sees the other, which was empty before. */
static void test_what_moves_while_it_is_counted(void **state)
{
    DIR *folder;
    const struct dirent *entry;

    put("a", 0);
    put("b", 0);
    folder = opendir(rig.folder);
    assert_non_null(folder);
    while ((entry = readdir(folder)) && entry->d_name[0] == '.')
        ;
    assert_non_null(entry);
    put(entry->d_name, 32 * KIB);
    closedir(folder);
    behind = move;
    begin(48 * KIB, 100);
    expect_nothing();
    assert_null(behind);
    put("a", 32 * KIB);
    put("b", 32 * KIB);
    expect_exceeded();
}

static void test_files(void **state)
{
    begin(UINT64_MAX, 3);
    put("1", 0);
    put("2", 0);
    put("3", 0);
    expect_nothing();
    put("4", 0);
    expect_exceeded();
}

static void test_folders_made_later(void **state)
{
    begin(UINT64_MAX, 3);
    make("a");
    expect_nothing();
    make("a/b");
    expect_nothing();
    put("a/b/1", 0);
    put("a/b/2", 0);
    expect_exceeded();
}

static void test_two_folders_of_a_set(void **state)
{
    struct folder_limit *other = NULL;
    char folder[] = "/tmp/firecurtain-test-limit-XXXXXX";
    struct folder_limit_spec spec = {.max = {.bytes = UINT64_MAX, .files = 1}, .exceeded = exceeded};

    assert_non_null(mkdtemp(folder));
    spec.folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(folder_limit_new(&other, rig.limits, &spec), 0);
    begin(UINT64_MAX, 1);
    put("1", 0);
    expect_nothing();
    other = folder_limit_free(other);
    put("2", 0);
    expect_exceeded();
    close(spec.folder_fd);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counting_stops_at_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_depth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_over_from_the_beginning, setup, teardown),
        cmocka_unit_test_setup_teardown(test_far_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_deep_is_far_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_moves_while_it_is_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folders_made_later, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_folders_of_a_set, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
