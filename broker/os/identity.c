/* SPDX-License-Identifier: BSD-2-Clause */
/* The file with the installation's identity, as 32 hexadecimal digits. Used in the broker. */
#include "broker/os/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"

#define FILE_NAME  "identity"
#define FILE_BYTES (2 * IDENTITY_BYTES + 1)

static int value_of(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool parse(const char text[FILE_BYTES], uint8_t identity[IDENTITY_BYTES])
{
    for (size_t i = 0; i < IDENTITY_BYTES; i++) {
        int high = value_of(text[2 * i]), low = value_of(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        identity[i] = (uint8_t)(high << 4 | low);
    }
    return text[FILE_BYTES - 1] == '\n';
}

static int make_random(uint8_t identity[IDENTITY_BYTES])
{
    return getrandom(identity, IDENTITY_BYTES, 0) == IDENTITY_BYTES ? 0 : -EIO;
}

/* Reads the file. 0, -ENOENT, -EBADMSG if it holds something else, or another -errno. */
static int read_file(int folder, uint8_t identity[IDENTITY_BYTES])
{
    FC_AUTO_CLOSE int fd = openat(folder, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char text[FILE_BYTES + 1];
    ssize_t bytes;

    if (fd < 0)
        return -errno;
    bytes = read(fd, text, sizeof(text));
    if (bytes < 0)
        return -errno;
    return bytes == FILE_BYTES && parse(text, identity) ? 0 : -EBADMSG;
}

static int write_all(int fd, const char *text, size_t bytes)
{
    ssize_t written = write(fd, text, bytes);

    if (written < 0)
        return -errno;
    return (size_t)written == bytes && fsync(fd) == 0 ? 0 : -EIO;
}

static int write_text(int folder, const char *name, const char *text, size_t bytes)
{
    FC_AUTO_CLOSE int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    return fd < 0 ? -errno : write_all(fd, text, bytes);
}

/* Makes the file at once with its content, unless another broker has just done so. 0 or -errno. */
static int write_file(int folder, const uint8_t identity[IDENTITY_BYTES])
{
    char text[FILE_BYTES + 1], other[64];
    int r;

    for (size_t i = 0; i < IDENTITY_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", identity[i]);
    snprintf(other, sizeof(other), "%s.%.16s", FILE_NAME, text);
    text[FILE_BYTES - 1] = '\n';
    r = write_text(folder, other, text, FILE_BYTES);
    if (r == 0 && linkat(folder, other, folder, FILE_NAME, 0) < 0 && errno != EEXIST)
        r = -errno;
    unlinkat(folder, other, 0);
    return r;
}

static int make(int folder, uint8_t identity[IDENTITY_BYTES])
{
    int r = make_random(identity);

    if (r == 0)
        r = write_file(folder, identity);
    return r < 0 ? r : read_file(folder, identity);
}

int identity_open(const char *state_folder, uint8_t identity[IDENTITY_BYTES])
{
    FC_AUTO_CLOSE int folder = open(state_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = folder < 0 ? -errno : read_file(folder, identity);

    if (r == -ENOENT)
        r = make(folder, identity);
    if (r == 0)
        return 0;
    fc_log(FC_LOG_WARNING, NULL,
           "%s/" FILE_NAME " does not hold the identity of this installation (%s): one is used that changes "
           "with each start",
           state_folder, r == -EBADMSG ? "it is another file" : strerror(-r));
    return make_random(identity);
}

/* Hashes by FNV-1a: shows of one installation differ, and that is all. */
static uint64_t hash(const char *text)
{
    uint64_t hash = 14695981039346656037u;

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

void identity_of_show(const uint8_t installation[IDENTITY_BYTES], const char *show,
                      uint8_t identity[IDENTITY_BYTES])
{
    uint64_t mixed = hash(show);

    memcpy(identity, installation, IDENTITY_BYTES);
    for (size_t i = 0; i < sizeof(mixed); i++)
        identity[IDENTITY_BYTES - 1 - i] ^= (uint8_t)(mixed >> (8 * i));
    identity[6] = (uint8_t)((identity[6] & 0x0f) | 0x40); /* a random UUID */
    identity[8] = (uint8_t)((identity[8] & 0x3f) | 0x80);
}
