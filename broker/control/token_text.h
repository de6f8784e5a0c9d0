/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tokens as text, a line for each, so that they outlive the broker. Links that work once and were not opened
 * are left out, since they last only minutes. Pure.
 */
#ifndef BROKER_CONTROL_TOKEN_TEXT_H
#define BROKER_CONTROL_TOKEN_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "broker/control/tokens.h"

#define TOKEN_TEXT_MOST 32768 /* bytes of the text of all tokens */

/* Writes the tokens that have not ended. Returns the bytes of the text. */
size_t token_text_write(const struct tokens *tokens, uint64_t now_ns, char text[TOKEN_TEXT_MOST]);

/*
 * Reads a text, which it cuts at the ends of lines. Of each token the end is known by the calendar only
 * (`ends_s`), and the account is 0. 0, or -EBADMSG if any part of it is not as it was written.
 */
int token_text_read(struct tokens *tokens, char *text);

#endif
