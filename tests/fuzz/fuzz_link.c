/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks any bytes as the stream of a worker's link: the verdict must not depend on how the kernel cuts the
 * stream, and what passes must be messages of one frame within the limit, by a second, simple reading of
 * ZMTP.
 */
#include "proto/zmtp.h"
#include "tests/fuzz/fuzz.h"

#define MAX_MESSAGE 512u
#define GREETING    64u

static const char *check_in_pieces(const uint8_t *data, size_t bytes, size_t piece)
{
    struct zmtp zmtp = {0};
    const char *wrong = NULL;

    for (size_t i = 0; !wrong && i < bytes; i += piece)
        wrong = zmtp_check(&zmtp, data + i, bytes - i < piece ? bytes - i : piece, MAX_MESSAGE);
    return wrong;
}

/* Returns the length of a frame with its header; more than `bytes` if it is incomplete. */
static size_t frame_bytes(const uint8_t *frame, size_t bytes, int is_first)
{
    uint64_t length = 0;
    size_t header = frame[0] & 2 ? 9 : 2;

    require((frame[0] & 1) == 0 && frame[0] < 8);
    require(((frame[0] & 4) != 0) == is_first);
    if (bytes < header)
        return header;
    for (size_t i = 1; i < header; i++)
        length = length << 8 | frame[i];
    require(length <= MAX_MESSAGE);
    if (is_first && bytes >= header + 6)
        require(!memcmp(frame + header, "\5READY", 6));
    return header + (size_t)length;
}

static void check_by_the_rules(const uint8_t *data, size_t bytes)
{
    size_t i = GREETING;

    if (bytes > 11)
        require(data[0] == 0xff && data[9] == 0x7f && data[10] == 3);
    for (int is_first = 1; i < bytes; is_first = 0)
        i += frame_bytes(data + i, bytes - i, is_first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const char *wrong;

    if (!bytes)
        return 0;
    wrong = check_in_pieces(data + 1, bytes - 1, bytes);
    require(check_in_pieces(data + 1, bytes - 1, 1) == wrong);
    require(check_in_pieces(data + 1, bytes - 1, (size_t)data[0] + 1) == wrong);
    if (!wrong)
        check_by_the_rules(data + 1, bytes - 1);
    return 0;
}
