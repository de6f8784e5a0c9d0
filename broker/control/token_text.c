/* SPDX-License-Identifier: BSD-2-Clause */
/* The first line names the format and the last number, and the last line says that the text is whole. */
#include "broker/control/token_text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_HEAD "firecurtain-links 1 last"
#define TEXT_TAIL "end"
#define TEXT_HEX  (2 * SHA256_BYTES)

static void text_write_hash(const uint8_t hash[SHA256_BYTES], char hex[TEXT_HEX + 1])
{
    for (size_t i = 0; i < SHA256_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
}

static size_t text_write_token(const struct token *token, char *text, size_t most)
{
    char hex[TEXT_HEX + 1], label[TOKEN_MAX_LABEL];

    text_write_hash(token->hash, hex);
    snprintf(label, sizeof(label), "%s", token->label);
    for (char *at = label; *at; at++) {
        if (iscntrl((unsigned char)*at))
            *at = '?';
    }
    return (size_t)snprintf(text, most, "%u %s %u %u %" PRIu64 " %s %s %s %s\n", token->number,
                            control_role_name(token->role), token->uid, token->gid, token->ends_s, hex,
                            token->address[0] ? token->address : "-", token->pin[0] ? token->pin : "-",
                            label);
}

size_t token_text_write(const struct tokens *tokens, uint64_t now_ns, char text[TOKEN_TEXT_MOST])
{
    size_t n = (size_t)snprintf(text, TOKEN_TEXT_MOST, TEXT_HEAD " %u\n", tokens->last);

    for (size_t i = 0; i < tokens->n; i++) {
        const struct token *token = &tokens->list[i];

        if (!token->is_once && token->ends_ns > now_ns)
            n += text_write_token(token, text + n, TOKEN_TEXT_MOST - n);
    }
    return n + (size_t)snprintf(text + n, TOKEN_TEXT_MOST - n, TEXT_TAIL "\n");
}

static int text_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static int text_read_hash(const char *hex, uint8_t hash[SHA256_BYTES])
{
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        int high = text_digit(hex[2 * i]), low = high < 0 ? -1 : text_digit(hex[2 * i + 1]);

        if (low < 0)
            return -EBADMSG;
        hash[i] = (uint8_t)(high << 4 | low);
    }
    return hex[TEXT_HEX] ? -EBADMSG : 0;
}

static int text_read_token(struct token *token, const char *line)
{
    char role[16], hex[TEXT_HEX + 1], address[TOKEN_MAX_ADDRESS], pin[CONTROL_MAX_PIN + 1];
    int at = 0, end = 0;

    *token = (struct token){.is_once = false};
    if (sscanf(line, "%u %15s %u %u %" SCNu64 " %64s%n %45s %127s%n", &token->number, role, &token->uid,
               &token->gid, &token->ends_s, hex, &end, address, pin, &at) != 8 ||
        line[end] != ' ' || line[at] != ' ')
        return -EBADMSG;
    token->role = control_role_named(role);
    if (token->role == CONTROL_NOBODY || !token->number || strlen(line + at + 1) >= TOKEN_MAX_LABEL)
        return -EBADMSG;
    snprintf(token->label, sizeof(token->label), "%s", line + at + 1);
    snprintf(token->address, sizeof(token->address), "%s", strcmp(address, "-") == 0 ? "" : address);
    snprintf(token->pin, sizeof(token->pin), "%s", strcmp(pin, "-") == 0 ? "" : pin);
    return text_read_hash(hex, token->hash);
}

static int text_read_head(struct tokens *tokens, const char *line)
{
    int at = 0;

    return line && sscanf(line, TEXT_HEAD " %u%n", &tokens->last, &at) == 1 && at && !line[at] ? 0 : -EBADMSG;
}

/* Adds the token of a line. Numbers are new ones, and there is room for it. */
static int text_add(struct tokens *tokens, const char *line)
{
    struct token token;
    int r = tokens->n < TOKENS_MAX ? text_read_token(&token, line) : -EBADMSG;

    if (r < 0 || token.number > tokens->last || tokens_numbered(tokens, token.number))
        return -EBADMSG;
    tokens->list[tokens->n++] = token;
    return 0;
}

int token_text_read(struct tokens *tokens, char *text)
{
    char *rest = NULL;
    char *line = strtok_r(text, "\n", &rest);
    int r;

    *tokens = (struct tokens){.n = 0};
    r = text_read_head(tokens, line);
    while (r == 0 && (line = strtok_r(NULL, "\n", &rest)) && strcmp(line, TEXT_TAIL) != 0)
        r = text_add(tokens, line);
    if (r == 0 && line && !strtok_r(NULL, "\n", &rest))
        return 0;
    *tokens = (struct tokens){.n = 0};
    return -EBADMSG;
}
