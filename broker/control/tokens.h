/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lets browsers in: secrets that the broker has made for somebody with a role, of which it keeps the
 * hash only. A secret may be good for one use, and is then exchanged for another one, which the browser
 * keeps. It has no clock and knows no role's meaning. In the broker; token_store.h has them outlive it.
 */
#ifndef BROKER_CONTROL_TOKENS_H
#define BROKER_CONTROL_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "broker/config/roles.h"
#include "proto/codec_control.h"
#include "proto/sha256.h"

#define TOKENS_MAX        64
#define TOKENS_PER_UID    16 /* of each uid except root and the broker's own */
#define TOKENS_KEPT       16 /* reserved for root and the broker's own user */
#define TOKEN_MAX_LABEL   64
#define TOKEN_MAX_ADDRESS 46 /* INET6_ADDRSTRLEN */
#define TOKEN_MAX_SECRET  44 /* 43 letters and the NUL */

struct token {
    unsigned number; /* never used again */
    uint8_t hash[SHA256_BYTES];
    enum control_role role;
    unsigned account; /* of the user that made it, or 0 */
    uid_t uid;        /* that made it */
    gid_t gid;
    uint64_t ends_ns;
    uint64_t ends_s; /* the same by the calendar, in seconds since 1970 */
    bool is_once;    /* a link that has not been opened */
    char label[TOKEN_MAX_LABEL];
    char address[TOKEN_MAX_ADDRESS]; /* that used it last; "": none has */
    char pin[CONTROL_MAX_PIN + 1];   /* the hash of its PIN; "": it has none, and is never locked */
    uint64_t unlocked_ns;            /* until when it is unlocked */
    unsigned n_wrong;                /* PINs in a row */
    uint64_t barred_ns;              /* until when no PIN is looked at */
};

struct tokens {
    struct token list[TOKENS_MAX];
    size_t n;
    unsigned last;
};

/*
 * Adds a token like `like`, with a new secret. NULL if there are too many, with `is_owner` of all uids and
 * otherwise of this one, or if there is no randomness.
 */
struct token *tokens_add(struct tokens *tokens, const struct token *like, bool is_owner, uint64_t now_ns,
                         char secret[TOKEN_MAX_SECRET]);

/* Finds the token of a secret by its hash; NULL if there is none, or it has ended. */
struct token *tokens_find(struct tokens *tokens, const uint8_t hash[SHA256_BYTES], uint64_t now_ns);

/* Finds a token by number; or NULL. */
struct token *tokens_numbered(struct tokens *tokens, uint64_t number);

/* Gives a token another secret. False if there is no randomness. */
bool tokens_renew(struct token *token, char secret[TOKEN_MAX_SECRET]);

void tokens_remove(struct tokens *tokens, struct token *token);

#endif
