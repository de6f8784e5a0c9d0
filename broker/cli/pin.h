/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a PIN. Runs in the command line. */
#ifndef BROKER_CLI_PIN_H
#define BROKER_CLI_PIN_H

#include <stddef.h>

/*
 * Asks for a PIN twice, without showing it, or reads a line where the input is no terminal. EX_OK, or the
 * exit status after saying what is wrong.
 */
int pin_read(char *pin, size_t bytes);

#endif
