/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The floor of a restart: a fork of the zygote into the same namespaces, root, link and filter, with no
 * script.
 *
 *   bench-spawn WORKER-PROGRAM EMPTY-FOLDER COUNT PAUSE-MS
 *
 * Plays the broker for a real zygote with the bare parts of proto/: no loop, keeper, log or watchdog. Prints
 * the nanoseconds of COUNT workers, each from making its link until it says that its filter is loaded,
 * and each after a pause: one after the other finds everything in the processor's caches, which a restart
 * does not.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "firecurtain/cleanup.h"
#include "proto/codec.h"
#include "proto/codec_name.h"
#include "proto/link.h"
#include "proto/progress.h"
#include "proto/spawn_request.h"

#define SPAWN_WARM_UP     3
#define SPAWN_PATIENCE_MS 10000

struct stage {
    struct spawn_request request;
    int descriptors[SPAWN_DESCRIPTORS_];
    char state_root[PATH_MAX];
    uid_t uid;
    gid_t gid;
    int zygote;
    pid_t zygote_pid;
    struct link_buffers *buffers;
    struct codec *codec;
};

static void spawn_check(int r, const char *what)
{
    if (r < 0)
        errx(1, "%s: %s", what, strerror(-r));
}

static void spawn_make_folder(const struct stage *stage, char *path, size_t room, const char *folder,
                              const char *name)
{
    if (snprintf(path, room, "%s/%s", folder, name) >= (int)room || mkdir(path, 0755) < 0 ||
        chown(path, stage->uid, stage->gid) < 0)
        err(1, "%s/%s", folder, name);
}

/* The same folders and limits as an instance has that sets no option. */
static void spawn_prepare(struct stage *stage, const char *folder)
{
    struct spawn_request *request = &stage->request;
    const struct passwd *account = getpwnam("nobody");
    char show[PATH_MAX];

    stage->uid = geteuid() || !account ? geteuid() : account->pw_uid;
    stage->gid = geteuid() || !account ? getegid() : account->pw_gid;
    umask(0); /* a worker of another user has to reach them */
    spawn_make_folder(stage, stage->state_root, sizeof(stage->state_root), folder, "state");
    spawn_make_folder(stage, show, sizeof(show), stage->state_root, "show");
    spawn_make_folder(stage, request->state_folder, PATH_MAX, show, "floor");
    spawn_make_folder(stage, request->script_folder, PATH_MAX, folder, "scripts");
    request->has_trees = geteuid() == 0;
    request->memory_bytes = 512u << 20;
    request->file_bytes = 64u << 20;
    request->threads = 64;
    request->files = 256;
    for (int i = 0; i < SPAWN_DESCRIPTORS_; i++)
        stage->descriptors[i] = -1;
    stage->descriptors[SPAWN_STDOUT] = STDERR_FILENO;
    stage->descriptors[SPAWN_STDERR] = STDERR_FILENO;
}

static void spawn_start_zygote(struct stage *stage, const char *program)
{
    char numbers[3][16];
    char *environment[] = {(char *)"LD_BIND_NOW=1", (char *)"GLIBC_TUNABLES=glibc.pthread.rseq=0",
                           NULL}; /* as the keeper does */
    char *arguments[] = {
        (char *)"firecurtain-worker", numbers[0], numbers[1], numbers[2], stage->state_root, (char *)"",
        stage->request.script_folder, NULL};
    int pair[2];

    snprintf(numbers[0], 16, "%u", stage->uid);
    snprintf(numbers[1], 16, "%u", stage->gid);
    snprintf(numbers[2], 16, "%d", getpid());
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        err(1, "socketpair");
    stage->zygote = fcntl(pair[0], F_DUPFD_CLOEXEC, SPAWN_FD + 1);
    stage->zygote_pid = fork();
    switch (stage->zygote_pid) {
    case -1:
        err(1, "fork");
    case 0:
        setsid(); /* as the keeper does */
        pair[1] = fcntl(pair[1], F_DUPFD_CLOEXEC, SPAWN_FD + 1);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        dup2(pair[1], SPAWN_FD);
        execve(program, arguments, environment);
        err(1, "%s", program);
    }
    close(pair[0]);
    close(pair[1]);
}

/* Mounts for a worker that may not walk to its folders, as the keeper makes them for root. */
static void spawn_open_trees(struct stage *stage)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    int *trees = stage->descriptors + SPAWN_SCRIPT_TREE;

    if (!stage->request.has_trees)
        return;
    trees[0] = open_tree(AT_FDCWD, stage->request.script_folder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    trees[1] = open_tree(AT_FDCWD, stage->request.state_folder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (trees[0] >= 0 && trees[1] >= 0 &&
        mount_setattr(trees[0], "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) == 0)
        return;
    if (errno != EPERM)
        err(1, "open_tree");
    stage->request.has_trees = 0; /* root of a container that may not mount */
}

static void spawn_close_trees(struct stage *stage)
{
    for (int i = SPAWN_SCRIPT_TREE; i < SPAWN_READ_TREES; i++) {
        fc_closep(&stage->descriptors[i]);
        stage->descriptors[i] = -1;
    }
}

/*
 * What was forked beforehand would be no floor: without it the zygote forks when it is asked. It is stopped
 * as soon as it has answered, so it forks nothing while the worker needs the processors.
 */
static void spawn_end_spares(struct stage *stage)
{
    struct spawn_reply spare;

    while (spawn_receive_reply(stage->zygote, &spare) == 0) {
        kill(spare.pid, SIGKILL);
        waitpid(spare.pid, NULL, __WALL);
    }
}

static pid_t spawn_fork(struct stage *stage)
{
    struct pollfd answered = {.fd = stage->zygote, .events = POLLIN};
    struct spawn_reply reply;
    int r;

    spawn_end_spares(stage);
    spawn_open_trees(stage);
    spawn_check(spawn_send_request(stage->zygote, &stage->request, stage->descriptors), "request");
    spawn_close_trees(stage);
    kill(stage->zygote_pid, SIGCONT);
    while ((r = spawn_receive_reply(stage->zygote, &reply)) == -EAGAIN || (r == 0 && reply.is_spare))
        poll(&answered, 1, -1);
    kill(stage->zygote_pid, SIGSTOP);
    spawn_check(r, "the zygote's answer");
    spawn_check(reply.pid, "fork");
    return reply.pid;
}

static void spawn_await(const struct stage *stage, struct link *link, enum message_type type)
{
    struct pollfd changed = {.fd = link_fd(link), .events = POLLIN};
    struct message message;
    const void *bytes;
    size_t n;
    int r;

    while ((r = link_receive(link, &bytes, &n)) == -EAGAIN) {
        if (poll(&changed, 1, SPAWN_PATIENCE_MS) == 0)
            errx(2, "no \"%s\"", message_name(type));
    }
    if (r == 0)
        r = codec_decode(stage->codec, CODEC_FROM_WORKER, bytes, n, &message);
    spawn_check(r, message_name(type));
    if (message.type != type)
        errx(1, "\"%s\" in place of \"%s\"", message_name(message.type), message_name(type));
}

static void spawn_tell(const struct stage *stage, struct link *link, const struct message *message)
{
    ptrdiff_t size = codec_prepare(stage->codec, message);
    void *bytes = size < 0 ? NULL : link_reserve(link, (size_t)size);

    if (!bytes)
        errx(1, "no memory");
    codec_encode(stage->codec, bytes);
    spawn_check(link_commit(link), "send");
}

/* What a worker shares with the broker. */
static void spawn_open_link(struct stage *stage, struct link **link, struct progress_reader *progress)
{
    spawn_check(progress_new(progress, &stage->descriptors[SPAWN_PROGRESS]), "progress");
    spawn_check(link_pair(link, stage->buffers, &stage->descriptors[SPAWN_LINK]), "link");
}

/* The worker has its own descriptors by now. */
static void spawn_close_ends(struct stage *stage)
{
    for (int i = SPAWN_LINK; i <= SPAWN_PROGRESS; i++) {
        fc_closep(&stage->descriptors[i]);
        stage->descriptors[i] = -1;
    }
}

static uint64_t spawn_one(struct stage *stage)
{
    struct message setup = {.type = MESSAGE_SETUP, .setup = {.instance = "floor", .default_handler = ""}};
    struct progress_reader progress = {0};
    struct link *link;
    uint64_t from_ns, ns;
    pid_t pid;

    from_ns = fc_now_ns();
    spawn_open_link(stage, &link, &progress);
    pid = spawn_fork(stage);
    spawn_close_ends(stage);
    spawn_await(stage, link, MESSAGE_HELLO);
    spawn_tell(stage, link, &setup);
    spawn_await(stage, link, MESSAGE_LOCKED);
    ns = fc_now_ns() - from_ns;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, __WALL);
    link_free(link);
    progress_deinit(&progress);
    return ns;
}

int main(int argc, char **argv)
{
    FC_AUTO_FREE struct stage *stage = calloc(1, sizeof(*stage));
    FC_AUTO_FREE uint64_t *samples = NULL;
    unsigned long count, pause_ms;

    if (argc != 5 || !stage)
        errx(64, "WORKER-PROGRAM EMPTY-FOLDER COUNT PAUSE-MS");
    bench_end_with_parent();
    count = bench_number(argv[3], 10000);
    pause_ms = bench_number(argv[4], 10000);
    samples = calloc(count + 1, sizeof(*samples));
    if (!samples)
        err(1, "samples");
    spawn_prepare(stage, argv[2]);
    spawn_check(codec_new(&stage->codec), "codec");
    spawn_check(link_buffers_new(&stage->buffers), "buffers");
    spawn_start_zygote(stage, argv[1]);
    for (unsigned long i = 0; i < SPAWN_WARM_UP + count; i++) {
        uint64_t ns;

        usleep((useconds_t)pause_ms * 1000);
        ns = spawn_one(stage);
        if (i >= SPAWN_WARM_UP)
            samples[i - SPAWN_WARM_UP] = ns;
    }
    bench_print(samples, count);
    codec_free(stage->codec);
    link_buffers_free(stage->buffers);
    return 0;
}
