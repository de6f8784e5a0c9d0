/* SPDX-License-Identifier: BSD-2-Clause */
/* One write at a time, each of all tokens: whatever changes meanwhile is in the next one. */
#include "broker/control/links.h"

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

#define LINKS_FOLDER   ".console"
#define LINKS_LONGEST  (366u * 24 * 3600) /* seconds; a clock that was set back gives nobody more */
#define LINKS_SOON_NS  (100 * FC_NS_PER_MS)
#define LINKS_AGAIN_NS (10 * FC_NS_PER_S) /* until what has failed is tried again */
#define LINKS_END_MS   2000

static uint64_t links_calendar(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

void links_set_end(struct token *token, uint64_t seconds)
{
    token->ends_ns = fc_now_ns() + seconds * FC_NS_PER_S;
    token->ends_s = links_calendar() + seconds;
}

/* Finds out when the tokens end, and removes those that have ended. */
static void links_resume(struct tokens *tokens)
{
    uint64_t now_s = links_calendar(), now_ns = fc_now_ns();

    for (size_t i = tokens->n; i-- > 0;) {
        struct token *token = &tokens->list[i];
        uint64_t left = token->ends_s > now_s ? token->ends_s - now_s : 0;

        if (left)
            token->ends_ns = now_ns + (left < LINKS_LONGEST ? left : LINKS_LONGEST) * FC_NS_PER_S;
        else
            tokens_remove(tokens, token);
    }
}

/* Reads the file. 0, or -errno with the reason in the log: then it must not be written. */
static int links_read(struct links *links, int folder, const char *name)
{
    ssize_t n = kept_file_read(folder, name, links->text, sizeof(links->text));
    int r = n < 0 ? (int)n : token_text_read(&links->tokens, links->text);

    links_resume(&links->tokens);
    if (r == 0 || r == -ENOENT)
        return 0;
    if (r != -EBADMSG && r != -EFBIG)
        return r;
    r = kept_file_set_aside(folder, name);
    if (r == 0)
        fc_log(FC_LOG_WARNING, NULL,
               "the links to the console in %s/%s are damaged: it is now %s.damaged, and there are none",
               LINKS_FOLDER, name, name);
    return r;
}

void links_open(struct links *links, const char *state_folder, const char *name)
{
    FC_AUTO_CLOSE int folder = kept_file_open_folder(state_folder, LINKS_FOLDER);
    int r = folder < 0 ? folder : links_read(links, folder, name);

    if (r == 0)
        r = scribe_new(&links->scribe, folder, name);
    if (r < 0)
        fc_log(FC_LOG_WARNING, NULL, "links to the console end with this broker: %s/" LINKS_FOLDER "/%s: %s",
               state_folder, name, strerror(-r));
}

static void links_lose(struct links *links)
{
    fc_log(FC_LOG_ERROR, NULL,
           "the process that keeps the links to the console has ended: until the next start they are in "
           "memory only");
    links->answers = loop_remove(links->answers);
    links->scribe = scribe_free(links->scribe);
    loop_cancel_timer(links->loop, &links->write);
}

static int links_send(struct links *links)
{
    size_t n = token_text_write(&links->tokens, fc_now_ns(), links->text);
    int r = scribe_write(links->scribe, links->text, n);

    links->is_changed = r < 0;
    links->is_writing = r == 0;
    return r;
}

static void links_write(void *userdata)
{
    struct links *links = userdata;

    if (links->is_changed && !links->is_writing && links_send(links) < 0)
        links_lose(links);
}

/* Notes how a write went. */
static void links_note(struct links *links, int result)
{
    links->is_writing = false;
    links->is_changed = links->is_changed || result < 0;
    if (result < 0 && result != links->said)
        fc_log(FC_LOG_WARNING, NULL, "the links to the console cannot be stored: %s; trying again",
               strerror(-result));
    links->said = result;
    if (links->is_changed)
        loop_set_timer(links->loop, &links->write,
                       fc_now_ns() + (result < 0 ? LINKS_AGAIN_NS : LINKS_SOON_NS));
}

static void links_answered(void *userdata, uint32_t events)
{
    struct links *links = userdata;
    int result;
    int r = scribe_take(links->scribe, 0, &result);

    (void)events;
    if (r == 0)
        links_note(links, result);
    else if (r != -EAGAIN)
        links_lose(links);
}

void links_change(struct links *links)
{
    links->is_changed = true;
    if (links->scribe && !links->is_writing && !links->said)
        loop_set_timer(links->loop, &links->write, fc_now_ns() + LINKS_SOON_NS);
}

int links_begin(struct links *links, const struct control_roles *roles, struct loop *loop)
{
    links->loop = loop;
    links->write = (struct timer){.fn = links_write, .what = "links to the console", .userdata = links};
    for (size_t i = 0; i < links->tokens.n; i++)
        links->tokens.list[i].account = control_roles_account(roles, links->tokens.list[i].uid);
    if (!links->scribe)
        return 0;
    return loop_add(loop, &links->answers, scribe_fd(links->scribe), EPOLLIN, "links to the console",
                    links_answered, links);
}

void links_deinit(struct links *links)
{
    int result;

    if (links->loop)
        loop_cancel_timer(links->loop, &links->write);
    links->answers = loop_remove(links->answers);
    if (links->scribe && links->is_writing && scribe_take(links->scribe, LINKS_END_MS, &result) == 0)
        links->is_writing = false;
    if (links->scribe && links->is_changed && !links->is_writing)
        links_send(links);
    links->scribe = scribe_free(links->scribe);
}
