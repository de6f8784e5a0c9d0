/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of recordings, and the process that writes them. */
#include "broker/record/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "proto/codec_record.h"
#include "proto/kernel.h"

#define WRITER_MAX_FRAME (RECORD_FRAME_SIZE + RECORD_MAX_BLOCK)

struct record_writer {
    int socket; /* of messages, a frame each */
    pid_t pid;
    uint64_t bytes;
    uint64_t max_bytes;
    uint8_t frame[WRITER_MAX_FRAME];
};

static int record_file_write(int fd, const void *bytes, size_t n_bytes)
{
    ssize_t n = write(fd, bytes, n_bytes);

    if (n < 0)
        return -errno;
    return (size_t)n == n_bytes ? 0 : -ENOSPC;
}

bool record_file_is(const char *path)
{
    FC_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char magic[RECORD_MAGIC_SIZE];

    return fd >= 0 && read(fd, magic, sizeof(magic)) == sizeof(magic) &&
           memcmp(magic, RECORD_MAGIC, sizeof(magic)) == 0;
}

int record_file_create(const char *path)
{
    FC_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
    int r;

    if (fd < 0)
        return -errno;
    r = record_file_write(fd, RECORD_MAGIC, RECORD_MAGIC_SIZE);
    return r < 0 ? r : fc_steal_fd(&fd);
}

size_t record_file_size(size_t n_bytes)
{
    return RECORD_FRAME_SIZE + n_bytes;
}

static size_t record_file_frame(uint8_t *frame, const void *block, size_t n_bytes)
{
    record_frame(block, n_bytes, frame);
    memcpy(frame + RECORD_FRAME_SIZE, block, n_bytes);
    return RECORD_FRAME_SIZE + n_bytes;
}

int record_file_append(int fd, const void *block, size_t n_bytes)
{
    uint8_t frame[WRITER_MAX_FRAME];

    return n_bytes > RECORD_MAX_BLOCK
               ? -EMSGSIZE
               : record_file_write(fd, frame, record_file_frame(frame, block, n_bytes));
}

/* Ends the writer: exit_group() is not among the four system calls that it has left. */
static _Noreturn void writer_exit(int status)
{
    for (;;)
        syscall(SYS_exit, status);
}

/* Runs in the writer: copies from the socket to the file until the broker closes its end. */
static _Noreturn void writer_run(int fd, int from, uint8_t *frame)
{
    for (int other = 0; other < fd || other < from; other++) {
        if (other != fd && other != from)
            close(other);
    }
    kernel_close_from((unsigned)(fd < from ? from : fd) + 1);
    prctl(PR_SET_NAME, "fc-record");
    if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) < 0)
        _exit(errno);
    for (;;) {
        ssize_t n = read(from, frame, WRITER_MAX_FRAME);
        int r = n > 0 ? record_file_write(fd, frame, (size_t)n) : 0;

        if (n == 0)
            writer_exit(0);
        if (n < 0 && errno != EINTR)
            writer_exit(errno);
        if (r < 0)
            writer_exit(-r);
    }
}

int record_writer_new(struct record_writer **writerp, int fd, uint64_t max_bytes)
{
    struct record_writer *writer = calloc(1, sizeof(*writer));
    int ends[2];

    if (!writer)
        return -ENOMEM;
    writer->max_bytes = max_bytes;
    writer->bytes = RECORD_MAGIC_SIZE;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        free(writer);
        return -errno;
    }
    writer->pid = fork();
    if (writer->pid == 0)
        writer_run(fd, ends[1], writer->frame);
    close(ends[1]);
    close(fd);
    writer->socket = ends[0];
    *writerp = writer;
    return writer->pid < 0 ? record_writer_free(writer), -EAGAIN : 0;
}

struct record_writer *record_writer_free(struct record_writer *writer)
{
    int status = 0;

    if (!writer)
        return NULL;
    fc_closep(&writer->socket);
    if (writer->pid > 0)
        waitpid(writer->pid, &status, 0);
    if (status)
        fc_log(FC_LOG_ERROR, NULL, "the recording can no longer be written: %s",
               WIFEXITED(status) ? strerror(WEXITSTATUS(status)) : "its process was killed");
    free(writer);
    return NULL;
}

int record_writer_keep(void *userdata, const void *block, size_t n_bytes, uint64_t missed)
{
    struct record_writer *writer = userdata;
    size_t n;

    (void)missed; /* the file has gaps for them */
    if (!n_bytes)
        return 0;
    if (writer->bytes + record_file_size(n_bytes) > writer->max_bytes) {
        fc_log(FC_LOG_ERROR, NULL, "the recording has reached --max-size and ends here; the show goes on");
        return -EFBIG;
    }
    n = record_file_frame(writer->frame, block, n_bytes);
    if (send(writer->socket, writer->frame, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n) {
        writer->bytes += n;
        return 0;
    }
    if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
        return -EAGAIN;
    fc_log(FC_LOG_ERROR, NULL, "the recording can no longer be written and ends here; the show goes on");
    return -EIO;
}
