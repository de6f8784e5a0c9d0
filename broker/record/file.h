/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of a recording. It is created, never overwritten, and only appended to, each block with one
 * write(2).
 *
 * record_file_…() runs in `firecurtain record`, and in the writer: a process that the broker, which may not
 * write files, forks before it confines itself. The writer can do nothing but write to that file.
 * record_writer_…() is the broker's side of it.
 */
#ifndef BROKER_RECORD_FILE_H
#define BROKER_RECORD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_FILE_MAX (UINT64_C(1) << 30) /* bytes, without --max-size */

/* Whether a file is a recording, as far as its first bytes say. False if it cannot be read. */
bool record_file_is(const char *path);

/* Creates a file with the magic number in it. Returns its descriptor, or -errno: -EEXIST if it exists. */
int record_file_create(const char *path);

/* Appends a block. 0, or -errno with nothing or only a part of the block in the file. */
int record_file_append(int fd, const void *block, size_t n_bytes);

/* Returns the number of bytes that a block takes in a file. */
size_t record_file_size(size_t n_bytes);

struct record_writer;

/*
 * Forks the writer, which takes over `fd`; its signals are blocked like the caller's. To be called before
 * there is a thread. 0 or -errno.
 */
int record_writer_new(struct record_writer **writer, int fd, uint64_t max_bytes);

/* Waits until everything is written. Takes NULL; returns NULL. */
struct record_writer *record_writer_free(struct record_writer *writer);

/* Keeps a block as a recording_fn; `writer` is a struct record_writer. Logs why it takes no more. */
int record_writer_keep(void *writer, const void *block, size_t n_bytes, uint64_t missed);

#endif
