/* SPDX-License-Identifier: BSD-2-Clause */
/* The signals that end a process or have it read its configuration again. In the broker and in `record`. */
#ifndef BROKER_OS_SIGNALS_H
#define BROKER_OS_SIGNALS_H

/*
 * Blocks SIGINT, SIGTERM and SIGHUP; they come from the descriptor that it returns, or -1 with errno. To be
 * called before any thread exists, since threads inherit the mask.
 */
int signals_block(void);

#endif
