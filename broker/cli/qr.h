/* SPDX-License-Identifier: BSD-2-Clause */
/* QR codes in a terminal. Runs in the command line. */
#ifndef BROKER_CLI_QR_H
#define BROKER_CLI_QR_H

#include <stdio.h>

/*
 * Draws a text as a QR code, two modules above one another in a character. Draws nothing where that is of no
 * use: no terminal, one without UTF-8, or one that is too narrow.
 */
void qr_print(FILE *out, const char *text);

#endif
