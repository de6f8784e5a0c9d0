/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the fuzzers: properties that must hold, and the input as numbers, texts and blocks. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUZZ_EXIT_SKIPPED 69 /* tests/fuzz/run knows it */

/* Entry points of libFuzzer; every fuzzer has the first one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static int fuzz_stderr = 2;

/* Called before libFuzzer silences the log of the broker (-close_fd_mask). */
__attribute__((constructor)) static void fuzz_keep_stderr(void)
{
    fuzz_stderr = fcntl(2, F_DUPFD_CLOEXEC, 500);
}

__attribute__((noreturn)) static inline void fuzz_fail(const char *what, const char *file, int line)
{
    dprintf(fuzz_stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

#define require(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

/* Ends the fuzzer, since this machine cannot do what it needs. */
__attribute__((noreturn)) static inline void fuzz_skip(const char *why)
{
    dprintf(fuzz_stderr, "skipped: %s\n", why);
    _exit(FUZZ_EXIT_SKIPPED);
}

/* The rest of an input; beyond its end there are zeroes. */
struct input {
    const uint8_t *at;
    size_t left;
};

static inline const uint8_t *take_bytes(struct input *input, size_t wanted, size_t *n)
{
    const uint8_t *at = input->at;

    *n = wanted < input->left ? wanted : input->left;
    input->at += *n;
    input->left -= *n;
    return at;
}

/* The same in memory of its own, to be freed, so that the sanitizer sees each step beyond it. */
static inline uint8_t *take_copy(struct input *input, size_t wanted, size_t *n)
{
    const uint8_t *at = take_bytes(input, wanted, n);
    uint8_t *copy = malloc(*n ? *n : 1);

    require(copy != NULL);
    if (*n)
        memcpy(copy, at, *n);
    return copy;
}

/* Takes a number of `bytes` bytes, lowest first. */
static inline uint64_t take_number(struct input *input, size_t bytes)
{
    size_t n;
    const uint8_t *at = take_bytes(input, bytes, &n);
    uint64_t number = 0;

    while (n)
        number = number << 8 | at[--n];
    return number;
}

/* Takes a line, without its end and up to its first NUL, cut to the buffer. */
static inline char *take_line(struct input *input, char *text, size_t room)
{
    const uint8_t *end = input->left ? memchr(input->at, '\n', input->left) : NULL;
    size_t n, kept;
    const uint8_t *at = take_bytes(input, end ? (size_t)(end - input->at) + 1 : input->left, &n);

    n -= end != NULL;
    kept = n < room ? n : room - 1;
    if (kept)
        memcpy(text, at, kept);
    text[kept] = '\0';
    return text;
}

/* Counts the open ones of the first descriptors, which must be the same before and after an input. */
static inline unsigned count_open(void)
{
    struct pollfd descriptors[256];
    unsigned n = 0;

    for (int i = 0; i < 256; i++)
        descriptors[i] = (struct pollfd){.fd = i};
    require(poll(descriptors, 256, 0) >= 0);
    for (int i = 0; i < 256; i++)
        n += !(descriptors[i].revents & POLLNVAL);
    return n;
}

#endif
