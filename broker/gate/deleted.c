/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts the blocks of deleted files by the worker's descriptors. */
#include "broker/gate/deleted.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker/gate/socket.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define DELETED_SOON_NS    (100 * FC_NS_PER_MS)
#define DELETED_LONGEST_NS (2 * FC_NS_PER_S)
#define DELETED_MAX_FILES  1024 /* more of them count as too many bytes */
#define DELETED_BLOCK      512u /* bytes of st_blocks, see stat(2) */

struct deleted_files {
    uint64_t bytes;
    size_t n;
    ino_t seen[DELETED_MAX_FILES]; /* several descriptors may be of one file */
};

static bool deleted_is_seen(const struct deleted_files *files, ino_t file)
{
    for (size_t i = 0; i < files->n; i++) {
        if (files->seen[i] == file)
            return true;
    }
    return false;
}

static void deleted_add(const struct gate_worker *worker, struct deleted_files *files, int fd)
{
    FC_AUTO_CLOSE int own = gate_take(worker, fd);
    struct stat st;

    /* the system call: the C library makes one of it that takes a path, which the gate may not make */
    if (own < 0 || syscall(SYS_fstat, own, &st) < 0)
        return;
    if (!S_ISREG(st.st_mode) || st.st_nlink || st.st_dev != worker->spec.state_device ||
        deleted_is_seen(files, st.st_ino))
        return;
    files->seen[files->n++] = st.st_ino;
    files->bytes += (uint64_t)st.st_blocks * DELETED_BLOCK;
    if (files->n == DELETED_MAX_FILES)
        files->bytes = UINT64_MAX;
}

static void deleted_look(void *userdata)
{
    static struct deleted_files files;
    struct gate_worker *worker = userdata;

    if (worker->is_barred)
        return;
    files.n = 0;
    files.bytes = 0;
    for (uint32_t fd = 0; fd < worker->spec.files && files.n < DELETED_MAX_FILES; fd++)
        deleted_add(worker, &files, (int)fd);
    if (files.bytes > worker->spec.state_bytes)
        worker->spec.ops->deleted(worker->spec.userdata, files.bytes);
    if (!files.n)
        return;
    if (files.bytes != worker->deleted_bytes)
        worker->deleted_rest_ns = DELETED_SOON_NS;
    else if (worker->deleted_rest_ns < DELETED_LONGEST_NS)
        worker->deleted_rest_ns *= 2;
    worker->deleted_bytes = files.bytes;
    loop_set_timer(worker->spec.loop, &worker->deleted, fc_now_ns() + worker->deleted_rest_ns);
}

void deleted_init(struct gate_worker *worker)
{
    worker->deleted_rest_ns = DELETED_SOON_NS;
    worker->deleted = (struct timer){.fn = deleted_look, .what = "deleted files", .userdata = worker};
}

void deleted_deinit(struct gate_worker *worker)
{
    loop_cancel_timer(worker->spec.loop, &worker->deleted);
}

int gate_delete(struct gate_worker *worker, const struct seccomp_notif *call, int64_t *result)
{
    uint64_t soon_ns = fc_now_ns() + DELETED_SOON_NS;

    (void)call, (void)result;
    if (!worker->deleted.position || worker->deleted.deadline_ns > soon_ns)
        loop_set_timer(worker->spec.loop, &worker->deleted, soon_ns);
    return GATE_CONTINUE;
}
