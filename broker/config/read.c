/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads files whole and cuts them into lines, recursively for every include. A file that cannot be read, or
 * contains something that is not text, is a finding like any other.
 *
 * Invariants: `open` is the chain of files from the first to the one being read; no descriptor stays open
 * while a file is parsed. It must not know what a line means.
 */
#include "broker/config/read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/base/grow.h"
#include "broker/config/load.h"
#include "broker/config/parse.h"
#include "broker/config/private.h"
#include "firecurtain/cleanup.h"

#define UTF8_MARK        "\xef\xbb\xbf"
#define READ_FIRST_BYTES 16384

/* Reads to the end. -EFBIG if there is more than `limit_bytes`. */
static int read_all(int fd, size_t limit_bytes, char **text, size_t *n_bytes)
{
    FC_AUTO_FREE char *buffer = NULL;
    size_t room = READ_FIRST_BYTES;
    size_t used = 0;
    ssize_t got;

    do {
        if (!buffer || room - used < 2) {
            char *grown = realloc(buffer, buffer ? (room *= 2) : room);

            if (!grown)
                return -ENOMEM;
            buffer = grown;
        }
        got = read(fd, buffer + used, room - used - 1);
        if (got < 0 && errno != EINTR)
            return -errno;
        used += got > 0 ? (size_t)got : 0;
        if (used > limit_bytes)
            return -EFBIG;
    } while (got != 0);
    buffer[used] = '\0';
    *text = fc_steal(buffer);
    *n_bytes = used;
    return 0;
}

static size_t max_text_bytes(const struct config_parser *parser)
{
    return parser->reader ? CONFIG_MAX_USER_TEXT_BYTES : CONFIG_MAX_TEXT_BYTES;
}

static size_t max_files(const struct config_parser *parser)
{
    return parser->reader ? CONFIG_MAX_USER_FILES : CONFIG_MAX_FILES;
}

/* Takes the directory from an absolute path, without looking it up. */
static int named_directory_of(const char *path, char **directory)
{
    const char *slash = strrchr(path, '/');

    *directory = slash > path ? strndup(path, (size_t)(slash - path)) : strdup("/");
    return *directory ? 0 : -ENOMEM;
}

/* Finds the absolute directory that a file is in. */
static int directory_of(const char *path, char **directory)
{
    const char *slash = strrchr(path, '/');
    FC_AUTO_FREE char *relative = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");

    if (!relative)
        return -ENOMEM;
    *directory = realpath(relative, NULL);
    return *directory ? 0 : -errno;
}

/* Returns the path of an included file, relative to what the first file is relative to. */
static char *included_path(const char *including, struct config_span name)
{
    const char *slash = strrchr(including, '/');
    int directory_bytes = slash && *name.start != '/' ? (int)(slash - including) + 1 : 0;
    char *path;

    if (asprintf(&path, "%.*s%.*s", directory_bytes, including, (int)name.length, name.start) < 0)
        return NULL;
    return path;
}

/*
 * Takes over `path`, also when it fails. The configuration knows a file even if it cannot be read, since
 * locations point to its path.
 */
static int add_file(struct config *config, char *path, size_t *index)
{
    FC_AUTO_FREE char *owned = path;
    struct config_file *files;

    if (!owned)
        return -ENOMEM;
    files = grow_by_one(config->files, config->n_files, sizeof(*files));
    if (!files)
        return -ENOMEM;
    config->files = files;
    *index = config->n_files++;
    files[*index] = (struct config_file){.path = fc_steal(owned)};
    return 0;
}

static int report_unreadable(struct config_parser *parser, struct config_location at, const char *path,
                             int error)
{
    bool is_default = error == -ENOENT && !parser->reader && at.line == 0 && strcmp(path, "show.cfg") == 0;

    if (error == -ENOMEM)
        return -ENOMEM;
    config_diagnose(parser->config, CONFIG_ERROR, at,
                    is_default ? "name the file, or make a show: firecurtain init DIR" : NULL,
                    "cannot read \"%s\": %s", path,
                    error == -EINVAL ? "it is not a regular file but a FIFO, a device or the like"
                                     : strerror(-error));
    return 0;
}

/* Reports the chain of files from the one that is included again back to itself. */
static int report_cycle(struct config_parser *parser, struct config_location at, size_t first)
{
    FC_AUTO_FREE char *chain = strdup(parser->open[first].path);

    for (size_t i = first + 1; chain && i <= parser->n_open; i++) {
        const char *path = parser->open[i < parser->n_open ? i : first].path;
        char *longer;

        if (asprintf(&longer, "%s -> %s", chain, path) < 0)
            return -ENOMEM;
        free(chain);
        chain = longer;
    }
    if (!chain)
        return -ENOMEM;
    config_diagnose(parser->config, CONFIG_ERROR, at, NULL, "a file cannot include itself: %s", chain);
    return 0;
}

static int load_text(struct config_parser *parser, int fd, struct config_file *file)
{
    int r = parser->reader ? named_directory_of(file->path, &file->directory)
                           : directory_of(file->path, &file->directory);

    if (r < 0)
        return r;
    r = read_all(fd, max_text_bytes(parser) - parser->n_text_bytes, &file->text, &file->n_bytes);
    if (r < 0)
        return r;
    parser->n_text_bytes += file->n_bytes;
    return 0;
}

/* Returns a descriptor, or -errno. Never waits, not even for the other end of a FIFO or for a modem's line.
 */
static int open_path(const struct config_parser *parser, const char *path)
{
    int fd = parser->reader ? parser->reader->open(parser->reader->userdata, path)
                            : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd >= 0 || parser->reader)
        return fd;
    return errno == ENXIO ? -EINVAL : -errno; /* such as a socket's file, or a device that is not there */
}

/* Reading anything but a regular file could wait for ever, or never come to an end. */
static int check_kind(const struct stat *status)
{
    return S_ISREG(status->st_mode) ? 0 : S_ISDIR(status->st_mode) ? -EISDIR : -EINVAL;
}

/* Reads the file and puts it on the chain. Its text stays NULL if that was not possible. */
static int open_file(struct config_parser *parser, struct config_file *file, struct config_location at)
{
    FC_AUTO_CLOSE int fd = open_path(parser, file->path);
    struct stat status;
    int r;

    if (fd < 0 || fstat(fd, &status) < 0)
        return report_unreadable(parser, at, file->path, fd < 0 ? fd : -errno);
    r = check_kind(&status);
    if (r < 0)
        return report_unreadable(parser, at, file->path, r);
    for (size_t i = 0; i < parser->n_open; i++) {
        if (parser->open[i].device == status.st_dev && parser->open[i].inode == status.st_ino)
            return report_cycle(parser, at, i);
    }
    r = load_text(parser, fd, file);
    if (r < 0)
        return report_unreadable(parser, at, file->path, r);
    parser->open[parser->n_open++] = (struct config_open_file){file->path, status.st_dev, status.st_ino};
    return 0;
}

static int read_include(struct config_parser *parser, const struct config_line *line,
                        struct config_span name);

/* Reports the first NUL of what is no text at all, such as a recording. */
static void report_binary(struct config_parser *parser, const struct config_file *file, const char *nul)
{
    struct config_location at = {.file = file->path, .line = 1};
    const char *start = file->text;

    for (const char *c = start; c < nul; c++) {
        if (*c != '\n')
            continue;
        at.line++;
        start = c + 1;
    }
    at.column = (uint32_t)(nul - start) + 1;
    config_diagnose(parser->config, CONFIG_ERROR, at, NULL,
                    "there is a NUL byte, so this is no text; the file is not read");
}

/* Ends the reading of a user's configuration that is too large. */
static void check_size(struct config_parser *parser, const struct config_line *line)
{
    const struct config *config = parser->config;
    const struct config_section *last = config->n_sections ? &config->sections[config->n_sections - 1] : NULL;
    uint64_t max_lines;

    if (!parser->reader || parser->is_too_large)
        return;
    max_lines = CONFIG_MAX_USER_LINES + parser->reader->max_routes;
    if (++parser->n_lines > max_lines)
        config_diagnose(parser->config, CONFIG_ERROR, config_at(line, line->start), NULL,
                        "a user's configuration has more than %" PRIu64 " lines", max_lines);
    else if (config->n_sections > CONFIG_MAX_USER_SECTIONS ||
             (last && last->n_options > CONFIG_MAX_USER_OPTIONS))
        config_diagnose(parser->config, CONFIG_ERROR, config_at(line, line->start), NULL,
                        "a user has at most %d sections with %d options each", CONFIG_MAX_USER_SECTIONS,
                        CONFIG_MAX_USER_OPTIONS);
    else
        return;
    parser->is_too_large = true;
}

/* Reads one line, without its end. */
static int read_line(struct config_parser *parser, struct config_line *line, const char *end)
{
    size_t bytes = (size_t)(end - line->start);
    struct config_span file = {0};
    int r = 0;

    if (bytes > 0 && end[-1] == '\r')
        bytes--;
    line->text = config_trimmed(line->start, line->start + bytes);
    if (bytes > CONFIG_MAX_LINE_BYTES)
        config_diagnose(parser->config, CONFIG_ERROR, config_at(line, line->start), NULL,
                        "the line is longer than %d bytes", CONFIG_MAX_LINE_BYTES);
    else if (line->text.length > 0 && *line->text.start != ';')
        r = config_parse_line(parser, line, &file);
    if (r == 0)
        check_size(parser, line);
    return r == 0 && file.length > 0 ? read_include(parser, line, file) : r;
}

static int add_line(struct config_file *file, const char *start)
{
    size_t *lines = grow_by_one(file->lines, file->n_lines, sizeof(*lines));

    if (!lines)
        return -ENOMEM;
    file->lines = lines;
    file->lines[file->n_lines++] = (size_t)(start - file->text);
    return 0;
}

/* Reads all lines of a file. Files move in memory while others are included, hence the index. */
static int read_lines(struct config_parser *parser, size_t index)
{
    const struct config_file *file = &parser->config->files[index];
    const char *at = file->text;
    const char *end = at + file->n_bytes;
    struct config_line line = {.file = file->path, .directory = file->directory};
    const char *nul;

    if (strncmp(at, "\xff\xfe", 2) == 0 || strncmp(at, "\xfe\xff", 2) == 0) {
        config_diagnose(parser->config, CONFIG_ERROR, (struct config_location){file->path, 1, 1}, NULL,
                        "the file is in UTF-16: save it as UTF-8");
        return 0;
    }
    nul = memchr(at, '\0', file->n_bytes);
    if (nul) {
        report_binary(parser, file, nul);
        return 0;
    }
    if (strncmp(at, UTF8_MARK, strlen(UTF8_MARK)) == 0)
        at += strlen(UTF8_MARK);
    while (at < end && !parser->is_too_large) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        int r = add_line(&parser->config->files[index], at);

        if (r < 0)
            return r;
        line.start = at;
        line.number++;
        r = read_line(parser, &line, stop);
        if (r < 0)
            return r;
        at = newline ? newline + 1 : end;
    }
    return 0;
}

/* Takes over `path`. `from` is the include, NULL for the first file. */
static int read_path(struct config_parser *parser, char *path, const struct config_location *from)
{
    struct config *config = parser->config;
    struct config_location at;
    size_t index;
    int r = add_file(config, path, &index);

    if (r < 0)
        return r;
    at = from ? *from : (struct config_location){config->files[index].path, 0, 0};
    r = open_file(parser, &config->files[index], at);
    if (r < 0 || !config->files[index].text)
        return r;
    r = read_lines(parser, index);
    parser->n_open--;
    return r;
}

/* Reads the file of an [include FILE]; `name` points into the text of the including file. */
static int read_include(struct config_parser *parser, const struct config_line *line, struct config_span name)
{
    struct config_context context = parser->context;
    struct config_location at = config_at(line, name.start);
    int r;

    if (parser->n_open > CONFIG_MAX_DEPTH) {
        config_diagnose(parser->config, CONFIG_ERROR, at, NULL, "more than %d includes within one another",
                        CONFIG_MAX_DEPTH);
        return 0;
    }
    if (parser->config->n_files >= max_files(parser)) {
        config_diagnose(parser->config, CONFIG_ERROR, at, NULL, "more than %zu files in one configuration",
                        max_files(parser));
        return 0;
    }
    r = read_path(parser, included_path(line->file, name), &at);
    parser->context = context;
    return r;
}

int config_read(struct config_parser *parser, const char *path)
{
    return read_path(parser, strdup(path), NULL);
}
