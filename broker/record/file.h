/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of a recording: made anew, only appended to, each block by one write(2). A broker, which may write
 * no file, has a process for it that was forked before and can do nothing else.
 */
#ifndef BROKER_RECORD_FILE_H
#define BROKER_RECORD_FILE_H

#include <stddef.h>
#include <stdint.h>

#define RECORD_FILE_MAX (UINT64_C(1) << 30) /* bytes, if nobody says otherwise */

/* A descriptor of a new file with the magic number in it, or -errno; -EEXIST: there is one already. */
int record_file_create(const char *path);

/* 0, or -errno with the block not, or not wholly, in the file. */
int record_file_append(int fd, const void *block, size_t n_bytes);

/* Bytes that a block takes in a file. */
size_t record_file_size(size_t n_bytes);

struct record_writer;

/*
 * Forks the process, which takes `fd`; its signals are blocked as the caller's are. -errno. Before there is
 * a thread.
 */
int record_writer_new(struct record_writer **writer, int fd, uint64_t max_bytes);

/* Waits until everything is written. Takes NULL; returns NULL. */
struct record_writer *record_writer_free(struct record_writer *writer);

/* See recording_fn; `writer` is a struct record_writer. Why it takes no more is in the log. */
int record_writer_keep(void *writer, const void *block, size_t n_bytes, uint64_t missed);

#endif
