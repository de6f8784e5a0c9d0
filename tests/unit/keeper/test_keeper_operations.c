/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keeper's operations, called as its process calls them, on real folders: every operation has a row, and
 * a request that asks for more than was fixed gets nothing.
 */
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "broker/keeper/files.h"
#include "broker/keeper/lookup.h"
#include "broker/keeper/operations.h"
#include "broker/os/lookup_answer.h"
#include "firecurtain/cleanup.h"
#include "tests/unit/check.h"

/* Two accounts, the house and a user, whose private folders are in the shows "house" and "user". */
static struct rig {
    char top[64];
    char state_root[80];
    char shown[80];
    const char *shown_list[1];
    struct keeper_account accounts[2];
    struct keeper_spec spec;
    struct keeper_request request;
    struct keeper_reply reply;
    int descriptors[KEEPER_MAX_DESCRIPTORS];
    struct keeper_call call;
    unsigned n_open;
} rig;

static const char *below(const char *folder, const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static int setup(void **state)
{
    rig = (struct rig){.top = "/tmp/firecurtain-test-keeper-XXXXXX"};
    assert_non_null(mkdtemp(rig.top));
    snprintf(rig.state_root, sizeof(rig.state_root), "%s/state", rig.top);
    snprintf(rig.shown, sizeof(rig.shown), "%s/scripts", rig.top);
    assert_int_equal(mkdir(rig.state_root, 0700), 0);
    assert_int_equal(mkdir(rig.shown, 0700), 0);
    rig.shown_list[0] = rig.shown;
    for (unsigned i = 0; i < 2; i++) {
        rig.accounts[i] = (struct keeper_account){
            .paths = {.state_root = rig.state_root,
                      .state_show = i ? "user" : "",
                      .shown = rig.shown_list,
                      .n_shown = 1},
            .uid = geteuid(),
            .gid = getegid(),
        };
    }
    rig.spec = (struct keeper_spec){.accounts = rig.accounts, .n_accounts = 2, .worker_path = "/bin/false"};
    rig.n_open = count_descriptors();
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    return remove(path);
}

static int teardown(void **state)
{
    assert_int_equal(count_descriptors(), rig.n_open);
    return nftw(rig.top, remove_one, 64, FTW_DEPTH | FTW_PHYS);
}

/* Carries out an operation; its descriptor, if it has handed one out, stays in `rig.call.fd`. */
static int ask(int operation, unsigned account, const char *text)
{
    rig.request.operation = operation;
    rig.request.account = account;
    snprintf(rig.request.text, sizeof(rig.request.text), "%s", text ? text : "");
    rig.reply = (struct keeper_reply){.result = 0};
    rig.descriptors[0] = rig.descriptors[1] = -1;
    rig.call = (struct keeper_call){
        .spec = &rig.spec,
        .broker = getpid(), /* children of this process are the broker's */
        .request = &rig.request,
        .descriptors = rig.descriptors,
        .reply = &rig.reply,
        .fd = -1,
    };
    return keeper_carry_out(&rig.call);
}

/* The same, where no descriptor is expected to be left. */
static int ask_and_close(int operation, unsigned account, const char *text)
{
    int r = ask(operation, account, text);

    if (r == 0 && rig.call.fd < 0)
        r = -EBADF;
    fc_closep(&rig.call.fd);
    return r;
}

static void test_every_operation_has_a_row(void **state)
{
    for (int32_t i = 0; i < KEEPER_OPERATIONS_; i++) {
        if (!keeper_find_operation(i))
            fail_msg("operation %d has no row", i);
    }
}

static void test_other_numbers(void **state)
{
    static const int numbers[] = {-1, INT32_MIN, KEEPER_OPERATIONS_, KEEPER_OPERATIONS_ + 1, INT32_MAX};

    for (size_t i = 0; i < FC_ARRAY_SIZE(numbers); i++) {
        assert_null(keeper_find_operation(numbers[i]));
        assert_int_equal(ask(numbers[i], 0, "x"), -EINVAL);
        assert_int_equal(rig.call.fd, -1);
    }
}

static void test_other_accounts(void **state)
{
    for (int i = 0; i < KEEPER_OPERATIONS_; i++) {
        assert_int_equal(ask(i, 2, "x"), -EPERM);
        assert_int_equal(ask(i, UINT32_MAX, "x"), -EPERM);
        assert_int_equal(rig.call.fd, -1);
    }
}

static void test_state_folders(void **state)
{
    char house[200], user[200];
    struct stat st;

    snprintf(house, sizeof(house), "%s/house/a", rig.state_root);
    snprintf(user, sizeof(user), "%s/user/a", rig.state_root);
    assert_int_equal(ask_and_close(KEEPER_MAKE_STATE_FOLDER, 0, house), 0);
    assert_int_equal(stat(house, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(ask_and_close(KEEPER_MAKE_STATE_FOLDER, 0, house), 0); /* it is there already */
    assert_int_equal(ask_and_close(KEEPER_MAKE_STATE_FOLDER, 1, user), 0);
    /* neither another's, nor elsewhere */
    assert_int_equal(ask_and_close(KEEPER_MAKE_STATE_FOLDER, 0, user), -EPERM);
    assert_int_equal(ask_and_close(KEEPER_MAKE_STATE_FOLDER, 1, house), -EPERM);
    assert_int_equal(ask_and_close(KEEPER_MAKE_STATE_FOLDER, 0, rig.shown), -EPERM);
    assert_int_equal(ask_and_close(KEEPER_MAKE_STATE_FOLDER, 0, below(rig.state_root, "house/../b")), -EPERM);
    assert_int_equal(ask_and_close(KEEPER_MAKE_STATE_FOLDER, 0, below(rig.state_root, "house")), -EPERM);
    assert_int_equal(ask_and_close(KEEPER_OPEN_STATE_FOLDER, 1, house), -EACCES);
    assert_int_equal(ask_and_close(KEEPER_OPEN_STATE_FOLDER, 0, "/etc"), -EACCES);
}

/* A link in the place of a private folder leads nowhere. */
static void test_state_folder_that_is_a_link(void **state)
{
    char link[200];

    assert_int_equal(mkdir(below(rig.state_root, "house"), 0700), 0);
    snprintf(link, sizeof(link), "%s/house/a", rig.state_root);
    assert_int_equal(symlink("/etc", link), 0);
    assert_true(ask_and_close(KEEPER_MAKE_STATE_FOLDER, 0, link) < 0);
}

static void test_shown(void **state)
{
    assert_int_equal(ask_and_close(KEEPER_OPEN_SHOWN, 0, "/etc"), -EACCES);
    assert_int_equal(ask_and_close(KEEPER_OPEN_SHOWN, 0, below(rig.shown, "..")), -EACCES);
    assert_int_equal(ask_and_close(KEEPER_OPEN_SHOWN, 0, rig.state_root), -EACCES);
    assert_int_equal(ask_and_close(KEEPER_OPEN_SHOWN, 0, ""), -EACCES);
}

/* Only files of users are read: the house's configuration is not the workers' to see. */
static void test_read(void **state)
{
    char path[200];
    int fd;

    snprintf(path, sizeof(path), "%s/file", rig.shown);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(ask_and_close(KEEPER_READ, 1, path), 0);
    assert_int_equal(ask_and_close(KEEPER_READ, 0, path), -EACCES);
    assert_int_equal(ask_and_close(KEEPER_READ, 1, "/etc/passwd"), -EACCES);
    assert_int_equal(ask_and_close(KEEPER_READ, 1, rig.shown), -EISDIR);
    assert_int_equal(ask_and_close(KEEPER_READ, 1, below(rig.shown, "gone")), -ENOENT);
    snprintf(path, sizeof(path), "%s/fifo", rig.shown);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(ask_and_close(KEEPER_READ, 1, path), -EINVAL); /* and nobody waits for a writer */
}

static void test_names_of_groups(void **state)
{
    static const char *const bad[] = {"", ".", "..", ".x", "a/b", "/tmp/x"};

    for (size_t i = 0; i < FC_ARRAY_SIZE(bad); i++) {
        assert_int_equal(ask(KEEPER_MAKE_CGROUP, 0, bad[i]), -EPERM);
        assert_int_equal(ask(KEEPER_OPEN_MEMORY_EVENTS, 0, bad[i]), -EPERM);
        assert_int_equal(ask(KEEPER_REMOVE_CGROUP, 0, bad[i]), -EPERM);
    }
}

/* This process, its parent, process 1, and numbers that are none. */
static void test_other_processes(void **state)
{
    static const int operations[] = {
        KEEPER_TAKE_DESCRIPTOR, KEEPER_TAKE_LISTENER, KEEPER_OPEN_MEMORY, KEEPER_OPEN_MAPS,
        KEEPER_OPEN_PROCESS,    KEEPER_SIGNAL,        KEEPER_OWNS};
    const int pids[] = {getpid(), getppid(), 1, 0, -1, INT32_MIN, INT32_MAX};

    for (size_t i = 0; i < FC_ARRAY_SIZE(operations); i++) {
        for (size_t k = 0; k < FC_ARRAY_SIZE(pids); k++) {
            rig.request.pid = pids[k];
            rig.request.fd = SIGKILL;
            assert_int_equal(ask(operations[i], 0, NULL), -EPERM);
            assert_int_equal(rig.call.fd, -1);
        }
    }
}

/* A process that is neither stopped nor ended by anything but a signal. */
static pid_t start_child(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    return pid;
}

static void test_child(void **state)
{
    int status = 0;
    pid_t pid = start_child();

    rig.request.pid = pid;
    rig.request.fd = STDIN_FILENO;
    assert_int_equal(ask(KEEPER_TAKE_DESCRIPTOR, 0, NULL), -EPERM);
    rig.spec.no_sandbox = true; /* only then there is no gate to do it */
    assert_int_equal(ask_and_close(KEEPER_TAKE_DESCRIPTOR, 0, NULL), 0);
    assert_int_equal(ask_and_close(KEEPER_TAKE_LISTENER, 0, NULL), -EBADF); /* no filter's */
    assert_int_equal(ask(KEEPER_OWNS, 0, NULL), 0);
    rig.accounts[1].uid++;
    assert_int_equal(ask(KEEPER_OWNS, 1, NULL), -EPERM);
    assert_int_equal(ask(KEEPER_CONFINES, 0, NULL), -EPERM); /* it is one of the broker's */
    rig.request.pid = getpid();
    assert_int_equal(ask(KEEPER_CONFINES, 0, NULL), 0); /* this one is not */
    rig.request.pid = pid;
    rig.request.fd = SIGSTOP;
    assert_int_equal(ask(KEEPER_SIGNAL, 0, NULL), -EPERM);
    rig.request.fd = SIGKILL;
    assert_int_equal(ask(KEEPER_SIGNAL, 0, NULL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(ask(KEEPER_SIGNAL, 0, NULL), -EPERM); /* it has ended */
    rig.n_open++; /* the keeper keeps the last pidfds of its children */
}

static _Noreturn void run_gate(int socket, int flight, const struct confine_spec *confine)
{
    _exit(0);
}

/* Nobody waits for the answer: the request only hands out the pipe. */
static void test_lookup(void **state)
{
    struct lookup_answer answer = {0};
    struct addrinfo *list;
    size_t n_read = 0;
    ssize_t n;

    assert_int_equal(ask(KEEPER_LOOKUP, 1, "localhost"), 0);
    assert_true(fcntl(rig.call.fd, F_GETFL) & O_NONBLOCK);
    for (;;) {
        struct pollfd pipe = {.fd = rig.call.fd, .events = POLLIN};

        assert_int_equal(poll(&pipe, 1, -1), 1);
        n = read(rig.call.fd, (char *)&answer + n_read, sizeof(answer) - n_read);
        if (n <= 0)
            break;
        n_read += (size_t)n;
    }
    assert_int_equal(lookup_answer_read(&answer, n_read, &list), 0);
    assert_non_null(list);
    free(list);
    fc_closep(&rig.call.fd);
    keeper_end_lookups();
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left */
    assert_int_equal(errno, ECHILD);
}

static void test_start_needs_descriptors(void **state)
{
    assert_int_equal(ask(KEEPER_START_GATE, 0, NULL), -EOPNOTSUPP); /* this keeper has no gates */
    rig.spec.run_gate = run_gate;
    assert_int_equal(ask(KEEPER_START_GATE, 0, NULL), -EBADF);
    assert_int_equal(ask(KEEPER_START, 0, NULL), -EBADF);
    assert_int_equal(rig.reply.pid, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_operation_has_a_row, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_accounts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state_folder_that_is_a_link, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_of_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_processes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_child, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lookup, setup, teardown),
        cmocka_unit_test_setup_teardown(test_start_needs_descriptors, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
