/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watching loaded files: which changes count, when they are reported, and paths from a hostile worker. The
 * keeper is replaced by the same system call without its checks.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "broker/base/loop.h"
#include "broker/keeper/client.h"
#include "broker/python/file_watch.h"
#include "firecurtain/time.h"
#include "tests/unit/check.h"

int __wrap_keeper_watch(struct keeper *keeper, unsigned account, int inotify, const char *folder,
                        const char *below);

struct rig {
    struct loop *loop;
    struct file_monitor *monitor;
    struct file_watch *watch;
    struct timer patience;
    char folder[64];
    int n_changed;
    int n_asked; /* how often the keeper was asked */
};

static struct rig rig;

int __wrap_keeper_watch(struct keeper *keeper, unsigned account, int inotify, const char *folder,
                        const char *below)
{
    char path[512];
    int wd;

    rig.n_asked++;
    snprintf(path, sizeof(path), "%s/%s", folder, below);
    wd = inotify_add_watch(inotify, path,
                           IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MODIFY | IN_DELETE | IN_MOVED_FROM |
                               IN_ONLYDIR);
    return wd < 0 ? -errno : wd;
}

static void changed(void *userdata)
{
    rig.n_changed++;
}

static void stop(void *userdata)
{
    loop_stop(rig.loop);
}

static void run_for(uint64_t ms)
{
    rig.patience = (struct timer){.fn = stop};
    loop_set_timer(rig.loop, &rig.patience, fc_now_ns() + ms * FC_NS_PER_MS);
    assert_int_equal(loop_run(rig.loop), 0);
}

static const char *place(const char *name)
{
    static char path[2][512];
    static unsigned n;

    n++;
    snprintf(path[n % 2], sizeof(path[0]), "%s/%s", rig.folder, name);
    return path[n % 2];
}

static void put(const char *name)
{
    int fd = open(place(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
}

static int setup(void **state)
{
    struct file_watch_spec spec = {.folder = rig.folder, .changed = changed};

    rig = (struct rig){.folder = "/tmp/fc-files-XXXXXX"};
    assert_non_null(mkdtemp(rig.folder));
    assert_int_equal(loop_new(&rig.loop), 0);
    assert_int_equal(file_monitor_new(&rig.monitor, rig.loop, NULL), 0);
    assert_int_equal(file_watch_new(&rig.watch, rig.monitor, &spec), 0);
    file_watch_begin(rig.watch);
    return 0;
}

static int teardown(void **state)
{
    char command[128];

    file_watch_free(rig.watch);
    file_monitor_free(rig.monitor);
    loop_free(rig.loop);
    snprintf(command, sizeof(command), "rm -rf %s", rig.folder);
    return system(command);
}

static void test_a_loaded_file(void **state)
{
    put("a.py");
    run_for(10);
    file_watch_begin(rig.watch);
    file_watch_add(rig.watch, "a.py", "py");
    file_watch_end(rig.watch, true);
    put("other.py");
    run_for(200);
    assert_int_equal(rig.n_changed, 0);
    assert_false(file_watch_is_stale(rig.watch));
    put("a.py");
    put("a.py");
    run_for(200);
    assert_int_equal(rig.n_changed, 1);
    assert_true(file_watch_is_stale(rig.watch));
    file_watch_begin(rig.watch);
    assert_false(file_watch_is_stale(rig.watch));
}

static void test_any_python_file_while_loading_and_after_a_failure(void **state)
{
    put("notes.txt");
    run_for(100);
    assert_int_equal(rig.n_changed, 0);
    put("new.py");
    run_for(200);
    assert_int_equal(rig.n_changed, 1);
    file_watch_begin(rig.watch);
    file_watch_end(rig.watch, false);
    assert_true(file_watch_is_stale(rig.watch));
    put("another.py");
    run_for(200);
    assert_int_equal(rig.n_changed, 2);
}

/* While a writer has it open the report waits, but not for ever. */
static void test_a_file_that_is_not_closed(void **state)
{
    int fd;

    file_watch_add(rig.watch, "a.py", "py");
    file_watch_end(rig.watch, true);
    fd = open(place("a.py"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(write(fd, "x", 1), 1);
        run_for(60);
    }
    assert_int_equal(rig.n_changed, 0);
    close(fd);
    run_for(200);
    assert_int_equal(rig.n_changed, 1);
    fd = open(place("a.py"), O_WRONLY | O_CLOEXEC);
    for (int i = 0; i < 80 && rig.n_changed == 1; i++) {
        assert_int_equal(write(fd, "x", 1), 1);
        run_for(50);
    }
    assert_int_equal(rig.n_changed, 2);
    close(fd);
}

static void test_a_package(void **state)
{
    assert_int_equal(mkdir(place("p"), 0700), 0);
    assert_int_equal(mkdir(place("p/q"), 0700), 0);
    put("p/q/m.py");
    run_for(10);
    file_watch_begin(rig.watch);
    file_watch_add(rig.watch, "p/q/m.py", "py");
    file_watch_end(rig.watch, true);
    put("p/q/m.py");
    run_for(200);
    assert_int_equal(rig.n_changed, 1);
    assert_int_equal(rename(place("p"), place("gone")), 0);
    assert_int_equal(mkdir(place("p"), 0700), 0);
    assert_int_equal(mkdir(place("p/q"), 0700), 0);
    put("p/q/m.py");
    run_for(1300);
    assert_int_equal(rig.n_changed, 2);
    file_watch_begin(rig.watch);
    file_watch_add(rig.watch, "p/q/m.py", "py");
    file_watch_end(rig.watch, true);
    put("gone/q/m.py");
    run_for(200);
    assert_int_equal(rig.n_changed, 2);
    put("p/q/m.py");
    run_for(200);
    assert_int_equal(rig.n_changed, 3);
}

static void test_what_is_not_loaded_any_more(void **state)
{
    file_watch_add(rig.watch, "a.py", "py");
    file_watch_end(rig.watch, true);
    file_watch_begin(rig.watch);
    file_watch_add(rig.watch, "b.py", "py");
    file_watch_end(rig.watch, true);
    put("a.py");
    run_for(200);
    assert_int_equal(rig.n_changed, 0);
    put("b.py");
    run_for(200);
    assert_int_equal(rig.n_changed, 1);
}

static void test_two_instances_of_one_folder(void **state)
{
    struct file_watch_spec spec = {.folder = rig.folder, .changed = changed};
    struct file_watch *second;

    assert_int_equal(file_watch_new(&second, rig.monitor, &spec), 0);
    file_watch_begin(second);
    file_watch_add(rig.watch, "a.py", "py1");
    file_watch_add(second, "a.py", "py2");
    file_watch_end(rig.watch, true);
    file_watch_end(second, true);
    put("a.py");
    run_for(200);
    assert_int_equal(rig.n_changed, 2);
    file_watch_free(second);
    put("a.py");
    run_for(200);
    assert_int_equal(rig.n_changed, 3);
}

/* Paths come from a worker: they cost a bounded number of requests, and bounded memory. */
static void test_hostile_paths(void **state)
{
    static const char *const paths[] = {"/", "//", "..", "../../etc/passwd", "a//b", "missing/a.py", "x/"};
    char path[64];
    int asked;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        file_watch_add(rig.watch, paths[i], "py");
    asked = rig.n_asked;
    for (int i = 0; i < 100000; i++) {
        snprintf(path, sizeof(path), "missing%d/a.py", i);
        file_watch_add(rig.watch, path, "py");
    }
    assert_true(rig.n_asked - asked <= 16);
    file_watch_begin(rig.watch);
    for (int i = 0; i < 100000; i++) {
        snprintf(path, sizeof(path), "m%d.py", i);
        file_watch_add(rig.watch, path, "py");
    }
    file_watch_end(rig.watch, true);
    put("m1000.py");
    run_for(200);
    assert_int_equal(rig.n_changed, 1);
    put("m99999.py"); /* beyond FILE_WATCH_MAX_FILES */
    run_for(200);
    assert_int_equal(rig.n_changed, 1);
}

static void test_nobody_watches(void **state)
{
    file_watch_begin(NULL);
    file_watch_add(NULL, "a.py", "py");
    file_watch_end(NULL, true);
    assert_false(file_watch_is_stale(NULL));
    assert_null(file_watch_free(NULL));
}

#define file_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        file_test(test_a_loaded_file),
        file_test(test_any_python_file_while_loading_and_after_a_failure),
        file_test(test_a_file_that_is_not_closed),
        file_test(test_a_package),
        file_test(test_what_is_not_loaded_any_more),
        file_test(test_two_instances_of_one_folder),
        file_test(test_hostile_paths),
        cmocka_unit_test(test_nobody_watches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
