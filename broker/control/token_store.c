/* SPDX-License-Identifier: BSD-2-Clause */
/* One write at a time, each of all tokens: whatever changes meanwhile is in the next one. */
#include "broker/control/token_store.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "broker/config/roles.h"
#include "broker/os/kept_file.h"
#include "broker/os/scribe.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

#define TOKEN_STORE_FOLDER   ".console"
#define TOKEN_STORE_LONGEST  (366u * 24 * 3600) /* seconds; a clock that was set back gives nobody more */
#define TOKEN_STORE_SOON_NS  (100 * FC_NS_PER_MS)
#define TOKEN_STORE_AGAIN_NS (10 * FC_NS_PER_S) /* until what has failed is tried again */
#define TOKEN_STORE_END_MS   2000

static uint64_t token_store_calendar(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

void token_store_set_end(struct token *token, uint64_t seconds)
{
    token->ends_ns = fc_now_ns() + seconds * FC_NS_PER_S;
    token->ends_s = token_store_calendar() + seconds;
}

/* Finds out when the tokens end, and removes those that have ended. */
static void token_store_resume(struct tokens *tokens)
{
    uint64_t now_s = token_store_calendar(), now_ns = fc_now_ns();

    for (size_t i = tokens->n; i-- > 0;) {
        struct token *token = &tokens->list[i];
        uint64_t left = token->ends_s > now_s ? token->ends_s - now_s : 0;

        if (left)
            token->ends_ns = now_ns + (left < TOKEN_STORE_LONGEST ? left : TOKEN_STORE_LONGEST) * FC_NS_PER_S;
        else
            tokens_remove(tokens, token);
    }
}

/* Reads the file. 0, or -errno with the reason in the log: then it must not be written. */
static int token_store_read(struct token_store *store, int folder, const char *name)
{
    ssize_t n = kept_file_read(folder, name, store->text, sizeof(store->text));
    int r = n < 0 ? (int)n : token_text_read(&store->tokens, store->text);

    token_store_resume(&store->tokens);
    if (r == 0 || r == -ENOENT)
        return 0;
    if (r != -EBADMSG && r != -EFBIG)
        return r;
    r = kept_file_set_aside(folder, name);
    if (r == 0)
        fc_log(
            FC_LOG_WARNING, NULL,
            "the file of console links %s/%s is damaged; it was renamed %s.damaged, and all links are lost",
            TOKEN_STORE_FOLDER, name, name);
    return r;
}

void token_store_open(struct token_store *store, const char *state_folder, const char *name)
{
    FC_AUTO_CLOSE int folder = kept_file_open_folder(state_folder, TOKEN_STORE_FOLDER);
    int r = folder < 0 ? folder : token_store_read(store, folder, name);

    if (r == 0)
        r = scribe_new(&store->scribe, folder, name);
    if (r < 0)
        fc_log(FC_LOG_WARNING, NULL,
               "links to the console end with this broker: %s/" TOKEN_STORE_FOLDER "/%s: %s", state_folder,
               name, strerror(-r));
}

static void token_store_lose(struct token_store *store)
{
    fc_log(FC_LOG_ERROR, NULL,
           "the process that keeps the links to the console has ended: until the next start they are in "
           "memory only");
    store->answers = loop_remove(store->answers);
    store->scribe = scribe_free(store->scribe);
    loop_cancel_timer(store->loop, &store->write);
}

static int token_store_send(struct token_store *store)
{
    size_t n = token_text_write(&store->tokens, fc_now_ns(), store->text);
    int r = scribe_write(store->scribe, store->text, n);

    store->is_changed = r < 0;
    store->is_writing = r == 0;
    return r;
}

static void token_store_write(void *userdata)
{
    struct token_store *store = userdata;

    if (store->is_changed && !store->is_writing && token_store_send(store) < 0)
        token_store_lose(store);
}

/* Notes how a write went. */
static void token_store_note(struct token_store *store, int result)
{
    store->is_writing = false;
    store->is_changed = store->is_changed || result < 0;
    if (result < 0 && result != store->said)
        fc_log(FC_LOG_WARNING, NULL, "the links to the console cannot be stored: %s; trying again",
               strerror(-result));
    store->said = result;
    if (store->is_changed)
        loop_set_timer(store->loop, &store->write,
                       fc_now_ns() + (result < 0 ? TOKEN_STORE_AGAIN_NS : TOKEN_STORE_SOON_NS));
}

static void token_store_answered(void *userdata, uint32_t events)
{
    struct token_store *store = userdata;
    int result;
    int r = scribe_take(store->scribe, 0, &result);

    (void)events;
    if (r == 0)
        token_store_note(store, result);
    else if (r != -EAGAIN)
        token_store_lose(store);
}

void token_store_change(struct token_store *store)
{
    store->is_changed = true;
    if (store->scribe && !store->is_writing && !store->said)
        loop_set_timer(store->loop, &store->write, fc_now_ns() + TOKEN_STORE_SOON_NS);
}

int token_store_begin(struct token_store *store, const struct control_roles *roles, struct loop *loop)
{
    store->loop = loop;
    store->write = (struct timer){.fn = token_store_write, .what = "links to the console", .userdata = store};
    for (size_t i = 0; i < store->tokens.n; i++)
        store->tokens.list[i].account = control_roles_account(roles, store->tokens.list[i].uid);
    if (!store->scribe)
        return 0;
    return loop_add(loop, &store->answers, scribe_fd(store->scribe), EPOLLIN, "links to the console",
                    token_store_answered, store);
}

void token_store_deinit(struct token_store *store)
{
    int result;

    if (store->loop)
        loop_cancel_timer(store->loop, &store->write);
    store->answers = loop_remove(store->answers);
    if (store->scribe && store->is_writing && scribe_take(store->scribe, TOKEN_STORE_END_MS, &result) == 0)
        store->is_writing = false;
    if (store->scribe && store->is_changed && !store->is_writing)
        token_store_send(store);
    store->scribe = scribe_free(store->scribe);
}
