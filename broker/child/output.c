/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads what children write. One that writes faster than the limit is read all the same: it must never have
 * to wait for the log.
 */
#include "broker/child/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "broker/base/log.h"
#include "broker/base/loop.h"
#include "broker/child/passage.h"
#include "broker/child/script_path.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define OUTPUT_MAX_LINE   2048
#define OUTPUT_READ_BYTES 65536     /* per turn of the loop */
#define OUTPUT_LAST_BYTES (1 << 20) /* of a worker that has ended */
#define OUTPUT_FLUSH_NS   FC_NS_PER_S
#define OUTPUT_HOLD_NS    (FC_NS_PER_S / 5) /* after what came last of a traceback, for its rest */

struct output {
    struct loop *loop;
    struct loop_source *source;
    struct timer report; /* says what was left out, once the worker is quiet */
    struct timer hold;   /* ends a traceback whose rest does not come */
    struct passage passage;
    struct script_folders folders;
    enum fc_log_level level;
    int fd;
    size_t n;
    bool cut; /* the rest of this line is thrown away */
    /* OUTPUT_MAX_LINE bytes while part of a line is there: most workers are silent most of the time */
    char *line;
};

static void output_report(void *userdata)
{
    struct output *output = userdata;

    log_report_left_out(output->passage.lines);
}

static void output_end_passage(void *userdata)
{
    struct output *output = userdata;

    passage_end(&output->passage);
}

/* Returns the priority of "<3>text", and moves `text` to what follows it. "<3+>" continues the line before.
 */
static enum fc_log_level output_level(const struct output *output, const char **text, size_t *n,
                                      bool *continues)
{
    static const enum fc_log_level levels[] = {
        FC_LOG_ERROR,   FC_LOG_ERROR, FC_LOG_ERROR, FC_LOG_ERROR,
        FC_LOG_WARNING, FC_LOG_INFO,  FC_LOG_INFO,  FC_LOG_DEBUG,
    };
    const char *line = *text;
    size_t end;

    *continues = *n >= 4 && line[2] == '+';
    end = *continues ? 3 : 2;
    if (*n <= end || line[0] != '<' || line[1] < '0' || line[1] > '7' || line[end] != '>') {
        *continues = false;
        return output->level;
    }
    *text += end + 1;
    *n -= end + 1;
    return levels[line[1] - '0'];
}

/* Says after a while what was left out, if nothing else comes. */
static void output_left_out(struct output *output, bool is_first)
{
    if (is_first && output->passage.lines->limit.left_out)
        loop_set_timer(output->loop, &output->report, fc_now_ns() + OUTPUT_FLUSH_NS);
}

static void output_line(struct output *output)
{
    static const char mark[] = " … (cut)";
    const char *text = output->line;
    size_t n = output->n;
    bool continues, is_first = !output->passage.lines->limit.left_out;
    enum fc_log_level level = output_level(output, &text, &n, &continues);
    char shown[OUTPUT_MAX_LINE + sizeof(mark)];

    output->n = 0;
    n = script_path_write(&output->folders, text, n, shown, OUTPUT_MAX_LINE);
    if (output->cut && n >= 3) {
        memcpy(shown + n, mark, sizeof(mark) - 1);
        n += sizeof(mark) - 1;
    }
    passage_add(&output->passage, level, shown, n, continues);
    output_left_out(output, is_first);
}

/* Logs what has come, unless it is the beginning of a traceback, which waits a little for its rest. */
static void output_pause(struct output *output)
{
    bool is_first = !output->passage.lines->limit.left_out;

    if (passage_is_open(&output->passage)) {
        loop_set_timer(output->loop, &output->hold, fc_now_ns() + OUTPUT_HOLD_NS);
    } else {
        loop_cancel_timer(output->loop, &output->hold); /* it is not for the next one */
        passage_end(&output->passage);
    }
    output_left_out(output, is_first);
}

/* Appends to the line. When memory runs out, the bytes are lost. */
static void output_bytes(struct output *output, const char *bytes, size_t n)
{
    if (!output->line)
        output->line = malloc(OUTPUT_MAX_LINE);
    if (!output->line)
        return;
    while (n) {
        const char *end = memchr(bytes, '\n', n);
        size_t part = end ? (size_t)(end - bytes) : n;
        size_t room = OUTPUT_MAX_LINE - output->n;
        size_t kept = part < room ? part : room;

        memcpy(output->line + output->n, bytes, kept);
        output->n += kept;
        if (kept < part)
            output->cut = true;
        if (end) {
            output_line(output);
            output->cut = false;
            part++;
        }
        bytes += part;
        n -= part;
    }
    if (!output->n) {
        free(output->line);
        output->line = NULL;
    }
}

/* Returns whether there may be more to read. */
static bool output_read(struct output *output)
{
    char bytes[16384];
    ssize_t n = read(output->fd, bytes, sizeof(bytes));

    if (n > 0)
        output_bytes(output, bytes, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        output->source = loop_remove(output->source); /* nobody has the other end any more */
    return n == (ssize_t)sizeof(bytes);
}

static void output_ready(void *userdata, uint32_t events)
{
    struct output *output = userdata;

    (void)events;
    for (size_t bytes = 0; bytes < OUTPUT_READ_BYTES; bytes += 16384) {
        if (!output_read(output))
            break;
    }
    output_pause(output);
}

int output_new(struct output **outputp, struct loop *loop, struct log_source *lines, enum fc_log_level level,
               int *write_end)
{
    struct output *output = calloc(1, sizeof(*output));
    int ends[2] = {-1, -1};
    int r = 0;

    if (!output)
        return -ENOMEM;
    if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
        r = -errno;
    output->loop = loop;
    output->passage.lines = lines;
    output->level = level;
    output->fd = ends[0];
    output->report = (struct timer){.fn = output_report, .what = "a script's output", .userdata = output};
    output->hold = (struct timer){.fn = output_end_passage, .what = "a script's output", .userdata = output};
    if (r == 0)
        r = loop_add(loop, &output->source, output->fd, EPOLLIN, "a script's output", output_ready, output);
    if (r < 0) {
        fc_closep(&ends[1]);
        fc_closep(&output->fd);
        free(output);
        return r;
    }
    *write_end = ends[1];
    *outputp = output;
    return 0;
}

void output_set_folders(struct output *output, const struct script_folders *folders)
{
    output->folders = *folders;
}

void output_drain(struct output *output)
{
    if (!output)
        return;
    for (size_t bytes = 0; output->source && bytes < OUTPUT_LAST_BYTES; bytes += 16384) {
        if (!output_read(output))
            break;
    }
    passage_end(&output->passage);
}

struct output *output_free(struct output *output)
{
    if (!output)
        return NULL;
    output_drain(output);
    if (output->n)
        output_line(output);
    passage_end(&output->passage);
    log_report_left_out(output->passage.lines);
    loop_remove(output->source);
    loop_cancel_timer(output->loop, &output->report);
    loop_cancel_timer(output->loop, &output->hold);
    fc_closep(&output->fd);
    free(output->line);
    free(output);
    return NULL;
}
