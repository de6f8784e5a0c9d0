/* SPDX-License-Identifier: BSD-2-Clause */
/* What a PIN may be is decided where it is hashed. */
#include "broker/cli/pin.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#define PIN_MOST 64

static bool pin_read_line(char *line, size_t bytes)
{
    if (!fgets(line, (int)bytes, stdin))
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    return line[0];
}

/* Prompts for a line that the terminal does not show. Signals wait meanwhile, so that it shows text again. */
static bool pin_ask(const char *prompt, char *line, size_t bytes)
{
    struct termios usual, silent;
    sigset_t all, before;
    bool has_line;

    if (tcgetattr(STDIN_FILENO, &usual) < 0)
        return pin_read_line(line, bytes);
    silent = usual;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    silent.c_lflag |= ECHONL;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent); /* forgets what was typed before the prompt, not after it */
    fputs(prompt, stderr);
    has_line = pin_read_line(line, bytes);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return has_line;
}

int pin_read(char *pin, size_t bytes)
{
    char again[PIN_MOST];

    if (!pin_ask("PIN, of 6 to 12 digits: ", pin, bytes)) {
        fputs("firecurtain: no PIN was given\n", stderr);
        return EX_USAGE;
    }
    if (isatty(STDIN_FILENO) && (!pin_ask("Once more: ", again, sizeof(again)) || strcmp(pin, again) != 0)) {
        fputs("firecurtain: these are two different PINs\n", stderr);
        return EX_USAGE;
    }
    return EX_OK;
}
