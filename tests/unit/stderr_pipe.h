/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures stderr, where the log is written. Meanwhile failed assertions are not shown. */
#ifndef TESTS_UNIT_STDERR_PIPE_H
#define TESTS_UNIT_STDERR_PIPE_H

#include <fcntl.h>

#include "tests/unit/check.h"

struct stderr_pipe {
    int real;
    int read_end;
    char text[1 << 20];
    size_t n;
};

static inline void stderr_pipe_begin(struct stderr_pipe *caught)
{
    int ends[2];

    caught->n = 0;
    caught->text[0] = '\0';
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > 0);
    caught->real = dup(STDERR_FILENO);
    assert_true(caught->real >= 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
    caught->read_end = ends[0];
}

/* Returns everything written since the last call, as a string. */
static inline const char *stderr_pipe_take(struct stderr_pipe *caught)
{
    ssize_t n;

    caught->n = 0;
    while ((n = read(caught->read_end, caught->text + caught->n, sizeof(caught->text) - 1 - caught->n)) > 0)
        caught->n += (size_t)n;
    caught->text[caught->n] = '\0';
    return caught->text;
}

static inline void stderr_pipe_end(struct stderr_pipe *caught)
{
    dup2(caught->real, STDERR_FILENO);
    close(caught->real);
    close(caught->read_end);
}

static inline size_t count_of(const char *text, const char *word)
{
    size_t n = 0;

    for (; (text = strstr(text, word)); text += strlen(word))
        n++;
    return n;
}

/* Asserts that a line was logged; `line` is what follows its time: `warning NAME text`. */
static inline void assert_logged(const char *line, const char *expected)
{
    const char *end = strchr(line, '\n');
    const char *rest = strchr(line, ' ');

    assert_non_null(end);
    assert_non_null(rest);
    if ((size_t)(end - rest - 1) != strlen(expected) || memcmp(rest + 1, expected, strlen(expected)) != 0)
        fail_msg("logged: %.*s\nexpected: %s", (int)(end - rest - 1), rest + 1, expected);
}

#endif
