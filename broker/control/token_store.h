/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tokens of a show's console, and the file that keeps them across starts of the broker: .console/NAME in
 * the state folder, which only the scribe writes (broker/os/scribe.h). What changes is on the disk within a
 * second; nothing here waits for it but the end. A damaged file is set aside, and the log says so. In the
 * broker.
 */
#ifndef BROKER_CONTROL_TOKEN_STORE_H
#define BROKER_CONTROL_TOKEN_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "broker/base/loop.h"
#include "broker/control/token_text.h"
#include "broker/control/tokens.h"

struct control_roles;
struct scribe;

struct token_store {
    struct tokens tokens;
    struct scribe *scribe; /* NULL: they are kept in memory only */
    struct loop *loop;
    struct loop_source *answers;
    struct timer write;
    bool is_changed; /* the file does not have all of it */
    bool is_writing; /* the scribe has not answered */
    int said;        /* why it could not be written, as the log says */
    char text[TOKEN_TEXT_MOST];
};

/*
 * Reads the file of a show, by the name of its folder below the state folder, and starts the scribe. Before
 * the broker is confined. What is wrong is logged: then links end with the broker.
 */
void token_store_open(struct token_store *store, const char *state_folder, const char *name);

/* Begins to write, and finds out whose the tokens are by the roles. 0 or -errno. */
int token_store_begin(struct token_store *store, const struct control_roles *roles, struct loop *loop);

/* Writes what has not been written, which takes two seconds at most. A zeroed store is possible, too. */
void token_store_deinit(struct token_store *store);

/* Sets when a token ends. */
void token_store_set_end(struct token *token, uint64_t seconds);

/* Notes that the tokens have changed. */
void token_store_change(struct token_store *store);

#endif
