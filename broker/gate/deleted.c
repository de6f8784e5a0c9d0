/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts the blocks of deleted files by the worker's descriptors. What only a mapping holds has a size that
 * the gate may not ask for, and Python has no way to such files: they count as too many bytes.
 */
#include "broker/gate/deleted.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker/gate/charge.h"
#include "broker/gate/maps.h"
#include "broker/gate/socket.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define DELETED_SOON_NS    (100 * FC_NS_PER_MS)
#define DELETED_LONGEST_NS (2 * FC_NS_PER_S)
#define DELETED_BLOCK      512u       /* bytes of st_blocks, see stat(2) */
#define DELETED_MAX_TEXT   (2u << 20) /* of the list of mappings, some 16,000; more count as too many bytes */
#define DELETED_SHARE      20         /* of the time that passes, one part is spent on looking */

struct deleted_files {
    uint64_t bytes;
    size_t n;
    ino_t seen[GATE_MAX_DELETED]; /* several descriptors may be of one file */
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
    if (files->n == GATE_MAX_DELETED)
        files->bytes = UINT64_MAX;
}

/* Looks at the whole lines of a text, which is changed. Returns where the rest begins. */
static char *deleted_take_lines(const struct gate_worker *worker, struct deleted_files *files, char *text)
{
    ino_t file;

    for (char *end; (end = strchr(text, '\n')); text = end + 1) {
        *end = '\0';
        if (maps_is_deleted(text, worker->spec.state_folder, &file) && !deleted_is_seen(files, file))
            files->bytes = UINT64_MAX;
    }
    return text;
}

/* The files that have descriptors are known by now. A list that cannot be read is that of a worker that has
 * ended. */
static void deleted_add_mapped(const struct gate_worker *worker, struct deleted_files *files)
{
    static char text[16384];
    size_t kept = 0;
    off_t at = 0;
    ssize_t n;

    while (worker->spec.state_folder && files->bytes != UINT64_MAX &&
           (n = pread(worker->spec.maps, text + kept, sizeof(text) - 1 - kept, at)) > 0) {
        const char *rest;

        at += n;
        kept += (size_t)n;
        text[kept] = '\0';
        rest = deleted_take_lines(worker, files, text);
        kept = strlen(rest);
        memmove(text, rest, kept);
        if (at > DELETED_MAX_TEXT || kept == sizeof(text) - 1)
            files->bytes = UINT64_MAX;
    }
}

/* Looks at most for a share of the time: a worker decides how long a look takes, and how often there is
 * reason to. */
static void deleted_look_again(struct gate_worker *worker, uint64_t now_ns, uint64_t rest_ns)
{
    uint64_t at_ns = now_ns + rest_ns;

    loop_set_timer(worker->spec.loop, &worker->deleted,
                   at_ns < worker->deleted_may_ns ? worker->deleted_may_ns : at_ns);
}

/* Returns how many bytes the worker's deleted files have. */
static uint64_t deleted_count(struct gate_worker *worker, size_t *n)
{
    static struct deleted_files files;
    uint64_t began_ns = fc_now_ns(), now_ns;

    files.n = 0;
    files.bytes = 0;
    for (uint32_t fd = 0; fd < worker->spec.files && files.n < GATE_MAX_DELETED; fd++)
        deleted_add(worker, &files, (int)fd);
    deleted_add_mapped(worker, &files);
    now_ns = fc_now_ns();
    worker->deleted_may_ns = now_ns + DELETED_SHARE * (now_ns - began_ns);
    *n = files.n;
    return files.bytes;
}

static void deleted_look(void *userdata)
{
    struct gate_worker *worker = userdata;
    uint64_t bytes;
    size_t n;

    if (worker->is_barred)
        return;
    charge_begin(&worker->charge);
    bytes = deleted_count(worker, &n);
    if (charge_settle(worker))
        return;
    if (bytes > worker->spec.state_bytes)
        worker->spec.ops->deleted(worker->spec.userdata, bytes);
    if (!n)
        return;
    if (bytes != worker->deleted_bytes)
        worker->deleted_rest_ns = DELETED_SOON_NS;
    else if (worker->deleted_rest_ns < DELETED_LONGEST_NS)
        worker->deleted_rest_ns *= 2;
    worker->deleted_bytes = bytes;
    deleted_look_again(worker, fc_now_ns(), worker->deleted_rest_ns);
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
    uint64_t now_ns = fc_now_ns();

    (void)call, (void)result;
    if (!worker->deleted.position || worker->deleted.deadline_ns > now_ns + DELETED_SOON_NS)
        deleted_look_again(worker, now_ns, DELETED_SOON_NS);
    return GATE_CONTINUE;
}
