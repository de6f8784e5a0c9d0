/* SPDX-License-Identifier: BSD-2-Clause */
/* Works on a stream in whatever pieces the kernel delivers it. */
#include "proto/zmtp.h"

#include <string.h>

#define ZMTP_FRAME_LONG    0x02u
#define ZMTP_FRAME_COMMAND 0x04u

#define ZMTP_GREETING_BYTES 64u
#define ZMTP_MECHANISM      12u /* offset of the mechanism's name */
#define ZMTP_MECHANISM_END  32u
#define ZMTP_AS_SERVER      32u

static bool zmtp_greeting_fits(unsigned at, uint8_t byte)
{
    static const char mechanism[ZMTP_MECHANISM_END - ZMTP_MECHANISM] = "NULL";

    if (at == 0)
        return byte == 0xff;
    if (at == 9)
        return byte == 0x7f;
    if (at == 10)
        return byte == 3; /* earlier versions have other frames */
    if (at >= ZMTP_MECHANISM && at < ZMTP_MECHANISM_END)
        return byte == (uint8_t)mechanism[at - ZMTP_MECHANISM];
    if (at == ZMTP_AS_SERVER)
        return byte == 0;
    return true; /* padding and the minor version */
}

/* Takes the flags byte, which begins a frame. */
static const char *zmtp_begin(struct zmtp *zmtp, uint8_t flags)
{
    bool is_long = flags & ZMTP_FRAME_LONG;

    zmtp->is_command = flags & ZMTP_FRAME_COMMAND;
    if (flags & ~(ZMTP_FRAME_LONG | ZMTP_FRAME_COMMAND))
        return "a message in parts";
    if (zmtp->is_command && (is_long || zmtp->is_ready))
        return "a command that no client needs";
    if (!zmtp->is_command && !zmtp->is_ready)
        return "a message before the handshake";
    zmtp->phase = ZMTP_LENGTH;
    zmtp->left = is_long ? 8 : 1;
    zmtp->length = 0;
    return NULL;
}

static const char *zmtp_take_length(struct zmtp *zmtp, uint8_t byte, uint64_t max_message)
{
    static const char too_short[] = "a command without a name";

    zmtp->length = zmtp->length << 8 | byte;
    if (--zmtp->left)
        return NULL;
    if (zmtp->length > max_message)
        return "a message that is too large";
    if (zmtp->is_command && zmtp->length < sizeof("READY"))
        return too_short;
    zmtp->left = zmtp->length;
    zmtp->phase = zmtp->left ? ZMTP_BODY : ZMTP_FLAGS;
    return NULL;
}

/* Takes bytes of a body: checks the name of a command, and leaves the rest to libzmq. */
static const char *zmtp_take_body(struct zmtp *zmtp, const uint8_t *bytes, size_t n_bytes)
{
    static const char ready[] = "\5READY";

    for (size_t i = 0; zmtp->is_command && i < n_bytes && zmtp->named < sizeof(ready) - 1; i++) {
        if (bytes[i] != (uint8_t)ready[zmtp->named++])
            return "a command that no client needs";
    }
    zmtp->left -= n_bytes;
    if (zmtp->left)
        return NULL;
    zmtp->phase = ZMTP_FLAGS;
    zmtp->is_ready = true; /* true also of later messages */
    return NULL;
}

const char *zmtp_check(struct zmtp *zmtp, const uint8_t *bytes, size_t n_bytes, uint64_t max_message)
{
    const char *wrong = NULL;
    size_t step;

    for (size_t i = 0; !wrong && i < n_bytes; i += step) {
        step = 1;
        switch (zmtp->phase) {
        case ZMTP_GREETING:
            if (!zmtp_greeting_fits(zmtp->greeted, bytes[i]))
                wrong = "a greeting that is not ZMTP 3";
            else if (++zmtp->greeted == ZMTP_GREETING_BYTES)
                zmtp->phase = ZMTP_FLAGS;
            break;
        case ZMTP_FLAGS:
            wrong = zmtp_begin(zmtp, bytes[i]);
            break;
        case ZMTP_LENGTH:
            wrong = zmtp_take_length(zmtp, bytes[i], max_message);
            break;
        case ZMTP_BODY:
            step = n_bytes - i < zmtp->left ? n_bytes - i : (size_t)zmtp->left;
            wrong = zmtp_take_body(zmtp, bytes + i, step);
            break;
        }
    }
    return wrong;
}
