/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads and answers seccomp notifications, and logs refusals. */
#include "broker/gate/notification.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "firecurtain/log.h"
#include "firecurtain/time.h"

/* Hands a line to whoever logs for the gate. */
static void gate_write(struct gate_worker *worker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void gate_write(struct gate_worker *worker, const char *format, ...)
{
    char text[GATE_MAX_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    worker->spec.ops->log(worker->spec.userdata, text);
}

void gate_log(struct gate_worker *worker, const char *format, ...)
{
    uint64_t left_out = worker->log_limit.left_out;
    char text[GATE_MAX_TEXT];
    va_list args;

    if (!log_limit_take(&worker->log_limit, fc_now_ns()))
        return;
    worker->log_limit.left_out = 0;
    if (left_out)
        gate_write(worker, "%llu more refused system calls", (unsigned long long)left_out);
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    gate_write(worker, "refused: %s", text);
}

int gate_copy(const struct gate_worker *worker, uint64_t address, void *bytes, size_t n_bytes)
{
    if (n_bytes && pread(worker->spec.memory, bytes, n_bytes, (off_t)address) != (ssize_t)n_bytes)
        return -EFAULT;
    return 0;
}

int gate_read(const struct gate_worker *worker, const struct seccomp_notif *call, uint64_t address,
              void *bytes, size_t n_bytes)
{
    int r = gate_copy(worker, address, bytes, n_bytes);

    if (r < 0)
        return r;
    /* if the caller was interrupted, its memory may have another meaning by now */
    return gate_is_valid(worker, call->id) ? 0 : -ESRCH;
}

bool gate_is_valid(const struct gate_worker *worker, uint64_t id)
{
    return ioctl(worker->fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static void gate_respond(const struct gate_worker *worker, struct seccomp_notif_resp answer)
{
    /* ENOENT: the caller was interrupted or killed in the meantime */
    if (ioctl(worker->fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 && errno != ENOENT)
        fc_log(FC_LOG_ERROR, NULL, "gate: answer: %s", strerror(errno));
}

void gate_answer(struct gate_worker *worker, uint64_t id, int error, int64_t result)
{
    gate_respond(worker, (struct seccomp_notif_resp){.id = id, .error = error, .val = error ? 0 : result});
}

void gate_continue(struct gate_worker *worker, uint64_t id)
{
    gate_respond(worker, (struct seccomp_notif_resp){.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE});
}
