/* SPDX-License-Identifier: BSD-2-Clause */
/* Dark on light whatever the terminal's colours are, since not every camera reads it the other way round. */
#include "broker/cli/qr.h"

#include <langinfo.h>
#include <qrencode.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "broker/cli/print.h"

#define QR_QUIET 2 /* light modules around it */

#define QR_COLOURS "\033[30;107m"
#define QR_USUAL   "\033[0m\n"

/* Returns whether a module is dark; those outside are not. */
static bool qr_is_dark(const QRcode *code, int x, int y)
{
    return x >= 0 && y >= 0 && x < code->width && y < code->width && (code->data[y * code->width + x] & 1);
}

static void qr_draw(FILE *out, const QRcode *code)
{
    static const char *const blocks[] = {" ", "▀", "▄", "█"};

    for (int y = -QR_QUIET; y < code->width + QR_QUIET; y += 2) {
        fputs(QR_COLOURS, out);
        for (int x = -QR_QUIET; x < code->width + QR_QUIET; x++)
            fputs(blocks[qr_is_dark(code, x, y) + 2 * qr_is_dark(code, x, y + 1)], out);
        fputs(QR_USUAL, out);
    }
}

void qr_print(FILE *out, const char *text)
{
    QRcode *code;

    if (!isatty(fileno(out)) || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        return;
    code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    if (code && (size_t)code->width + 2 * QR_QUIET <= print_room(out))
        qr_draw(out, code);
    QRcode_free(code);
}
