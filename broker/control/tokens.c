/* SPDX-License-Identifier: BSD-2-Clause */
/* Secrets are 256 random bits, as letters that a link may contain. */
#include "broker/control/tokens.h"

#include <string.h>
#include <sys/random.h>

#include "broker/base/secret.h"

static bool tokens_make_secret(char secret[TOKEN_MAX_SECRET])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t random[TOKEN_MAX_SECRET];

    if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
        return false;
    for (size_t i = 0; i < TOKEN_MAX_SECRET - 1; i++)
        secret[i] = letters[random[i] % 64];
    secret[TOKEN_MAX_SECRET - 1] = '\0';
    return true;
}

bool tokens_renew(struct token *token, char secret[TOKEN_MAX_SECRET])
{
    if (!tokens_make_secret(secret))
        return false;
    sha256(secret, strlen(secret), token->hash);
    return true;
}

void tokens_remove(struct tokens *tokens, struct token *token)
{
    *token = tokens->list[--tokens->n];
}

static void tokens_drop_ended(struct tokens *tokens, uint64_t now_ns)
{
    for (size_t i = tokens->n; i-- > 0;) {
        if (tokens->list[i].ends_ns <= now_ns)
            tokens_remove(tokens, &tokens->list[i]);
    }
}

static bool tokens_have_room(const struct tokens *tokens, uid_t uid, bool is_owner)
{
    size_t n_own = 0;

    for (size_t i = 0; i < tokens->n; i++)
        n_own += tokens->list[i].uid == uid;
    if (is_owner)
        return tokens->n < TOKENS_MAX;
    return n_own < TOKENS_PER_UID && tokens->n + TOKENS_KEPT < TOKENS_MAX;
}

struct token *tokens_add(struct tokens *tokens, const struct token *like, bool is_owner, uint64_t now_ns,
                         char secret[TOKEN_MAX_SECRET])
{
    struct token token = *like;

    tokens_drop_ended(tokens, now_ns);
    if (!tokens_have_room(tokens, like->uid, is_owner) || !tokens_renew(&token, secret))
        return NULL;
    token.number = ++tokens->last;
    tokens->list[tokens->n] = token;
    return &tokens->list[tokens->n++];
}

struct token *tokens_find(struct tokens *tokens, const uint8_t hash[SHA256_BYTES], uint64_t now_ns)
{
    struct token *found = NULL;

    for (size_t i = 0; i < tokens->n; i++) {
        if (secret_is_equal(tokens->list[i].hash, hash, SHA256_BYTES) && tokens->list[i].ends_ns > now_ns)
            found = &tokens->list[i];
    }
    return found;
}

struct token *tokens_numbered(struct tokens *tokens, uint64_t number)
{
    for (size_t i = 0; i < tokens->n; i++) {
        if (tokens->list[i].number == number)
            return &tokens->list[i];
    }
    return NULL;
}
