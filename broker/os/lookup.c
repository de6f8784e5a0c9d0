/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lookups of names in the broker's loop. Invariants: a lookup is in its account's line exactly while it is
 * LOOKUP_WAITS, and has a descriptor exactly while it is LOOKUP_ASKED.
 */
#include "broker/os/lookup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <unistd.h>

#include "broker/base/hash.h"
#include "broker/base/loop.h"
#include "broker/os/lookup_answer.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

enum lookup_state {
    LOOKUP_WAITS, /* in the line of its account */
    LOOKUP_ASKED,
    LOOKUP_ANSWERED,
};

struct lookup {
    struct fc_lookups *lookups;
    enum lookup_state state;
    char *host;
    char *port; /* or NULL */
    struct addrinfo hints;
    TAILQ_ENTRY(lookup) line;
    int fd;
    struct loop_source *source;
    struct timer overdue;
    struct lookup_answer *answer; /* as far as it has been read */
    size_t n_read;
    int result;
    struct addrinfo *list; /* one block */
    UT_hash_handle hh;
    char key[]; /* the question as text */
};

struct fc_lookups {
    struct lookup_service *service; /* NULL: lookups block */
    unsigned account;
    void (*answered)(void *userdata);
    void *userdata;
    struct lookup *names; /* hash */
    size_t n_unanswered;
};

struct lookup_account {
    TAILQ_HEAD(lookup_line, lookup) line;
    unsigned n_asked;
};

struct lookup_service {
    struct loop *loop;
    lookup_fn begin;
    struct keeper *keeper;
    struct loop_task next;
    unsigned turn; /* the account that is looked at first */
    unsigned n_accounts;
    struct lookup_account accounts[];
};

static struct lookup_account *lookup_account(const struct lookup *lookup)
{
    return &lookup->lookups->service->accounts[lookup->lookups->account];
}

/* Leaves the line, or closes the descriptor, which ends the process that looks the name up. */
static void lookup_leave(struct lookup *lookup)
{
    struct lookup_service *service = lookup->lookups->service;

    if (lookup->state == LOOKUP_WAITS)
        TAILQ_REMOVE(&lookup_account(lookup)->line, lookup, line);
    if (lookup->state != LOOKUP_ASKED)
        return;
    loop_cancel_timer(service->loop, &lookup->overdue);
    lookup->source = loop_remove(lookup->source);
    close(lookup->fd);
    free(lookup->answer);
    lookup->answer = NULL;
    lookup_account(lookup)->n_asked--;
    loop_defer(service->loop, &service->next);
}

/* Keeps the result. The instance may start, and the lookup be freed, before this returns. */
static void lookup_finish(struct lookup *lookup, int result)
{
    struct fc_lookups *lookups = lookup->lookups;

    lookup_leave(lookup);
    lookup->state = LOOKUP_ANSWERED;
    lookup->result = result;
    if (--lookups->n_unanswered == 0)
        lookups->answered(lookups->userdata);
}

static void lookup_ready(void *userdata, uint32_t events)
{
    struct lookup *lookup = userdata;
    ssize_t n =
        read(lookup->fd, (char *)lookup->answer + lookup->n_read, sizeof(*lookup->answer) - lookup->n_read);

    (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    lookup->n_read += n > 0 ? (size_t)n : 0;
    if (n <= 0) /* the process has ended, or there is more than an answer has */
        lookup_finish(lookup, lookup_answer_read(lookup->answer, lookup->n_read, &lookup->list));
}

static void lookup_overdue(void *userdata)
{
    lookup_finish(userdata, EAI_AGAIN);
}

/* Returns 0, or the code of a failure. */
static int lookup_begin(struct lookup *lookup)
{
    struct lookup_service *service = lookup->lookups->service;

    lookup->answer = calloc(1, sizeof(*lookup->answer));
    if (!lookup->answer)
        return EAI_MEMORY;
    lookup->fd =
        service->begin(service->keeper, lookup->lookups->account, lookup->host, lookup->port, &lookup->hints);
    if (lookup->fd < 0)
        return lookup->fd == -ENAMETOOLONG ? EAI_NONAME : EAI_AGAIN;
    if (loop_add(service->loop, &lookup->source, lookup->fd, EPOLLIN, "a name look-up", lookup_ready,
                 lookup) < 0) {
        close(lookup->fd);
        return EAI_MEMORY;
    }
    lookup->state = LOOKUP_ASKED;
    lookup_account(lookup)->n_asked++;
    lookup->overdue = (struct timer){.fn = lookup_overdue, .userdata = lookup};
    loop_set_timer(service->loop, &lookup->overdue, fc_now_ns() + LOOKUP_OVERDUE_S * FC_NS_PER_S);
    return 0;
}

/* Begins one lookup: to ask the keeper takes a moment, and others have their turn in between. */
static void service_next(void *userdata)
{
    struct lookup_service *service = userdata;

    for (unsigned i = 0; i < service->n_accounts; i++) {
        unsigned at = (service->turn + i) % service->n_accounts;
        struct lookup_account *account = &service->accounts[at];
        struct lookup *lookup = TAILQ_FIRST(&account->line);
        int r;

        if (!lookup || account->n_asked >= LOOKUP_AT_ONCE)
            continue;
        service->turn = at + 1;
        loop_defer(service->loop, &service->next);
        r = lookup_begin(lookup);
        if (r == 0) {
            TAILQ_REMOVE(&account->line, lookup, line);
            return;
        }
        free(lookup->answer);
        lookup->answer = NULL;
        lookup_finish(lookup, r);
        return;
    }
}

int lookup_service_new(struct lookup_service **servicep, struct loop *loop, lookup_fn begin,
                       struct keeper *keeper, unsigned n_accounts)
{
    struct lookup_service *service = calloc(1, sizeof(*service) + n_accounts * sizeof(service->accounts[0]));

    if (!service)
        return -ENOMEM;
    service->loop = loop;
    service->begin = begin;
    service->keeper = keeper;
    service->next = (struct loop_task){.fn = service_next, .userdata = service};
    service->n_accounts = n_accounts;
    for (unsigned i = 0; i < n_accounts; i++)
        TAILQ_INIT(&service->accounts[i].line);
    *servicep = service;
    return 0;
}

struct lookup_service *lookup_service_free(struct lookup_service *service)
{
    if (service)
        loop_cancel_task(&service->next);
    free(service);
    return NULL;
}

struct fc_lookups *lookups_new(struct lookup_service *service, unsigned account,
                               void (*answered)(void *userdata), void *userdata)
{
    struct fc_lookups *lookups = calloc(1, sizeof(*lookups));

    if (lookups)
        *lookups = (struct fc_lookups){.service = service,
                                       .account = account,
                                       .answered = answered,
                                       .userdata = userdata};
    return lookups;
}

static void lookup_free(struct lookup *lookup)
{
    free(lookup->list);
    free(lookup->host);
    free(lookup->port);
    free(lookup);
}

struct fc_lookups *lookups_free(struct fc_lookups *lookups)
{
    struct lookup *lookup, *next;

    if (!lookups)
        return NULL;
    HASH_ITER(hh, lookups->names, lookup, next) {
        HASH_DEL(lookups->names, lookup);
        lookup_leave(lookup);
        lookup_free(lookup);
    }
    free(lookups);
    return NULL;
}

const char *lookups_awaited(const struct fc_lookups *lookups)
{
    for (const struct lookup *lookup = lookups ? lookups->names : NULL; lookup; lookup = lookup->hh.next) {
        if (lookup->state != LOOKUP_ANSWERED)
            return lookup->host;
    }
    return NULL;
}

/* Looks the name up in this process. */
static int lookup_here(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **list)
{
    FC_AUTO_FREE struct lookup_answer *answer = calloc(1, sizeof(*answer));
    struct addrinfo *found = NULL;
    int r;

    if (!answer)
        return EAI_MEMORY;
    r = getaddrinfo(host, port, hints, &found);
    if (r != 0)
        return r;
    lookup_answer_fill(answer, found);
    freeaddrinfo(found);
    return lookup_answer_read(answer, lookup_answer_bytes(answer), list);
}

/* Finds the answer without a name server: for addresses, and where lookups block. EAI_NONAME if there is
 * none. */
static int lookup_at_once(const struct lookup *lookup, struct addrinfo **list)
{
    struct addrinfo hints = lookup->hints;

    if (lookup->lookups->service)
        hints.ai_flags |= AI_NUMERICHOST;
    return lookup_here(lookup->host, lookup->port, &hints, list);
}

static struct lookup *lookup_new(struct fc_lookups *lookups, const char *key, const char *host,
                                 const char *port, const struct addrinfo *hints)
{
    size_t bytes = strlen(key) + 1;
    struct lookup *lookup = calloc(1, sizeof(*lookup) + bytes);

    if (!lookup)
        return NULL;
    lookup->lookups = lookups;
    lookup->state = LOOKUP_ANSWERED;
    lookup->fd = -1;
    lookup->host = strdup(host);
    lookup->port = port ? strdup(port) : NULL;
    lookup->hints = (struct addrinfo){.ai_flags = hints->ai_flags,
                                      .ai_family = hints->ai_family,
                                      .ai_socktype = hints->ai_socktype,
                                      .ai_protocol = hints->ai_protocol};
    memcpy(lookup->key, key, bytes);
    if (lookup->host && (lookup->port || !port))
        HASH_ADD(hh, lookups->names, key, (unsigned)(bytes - 1), lookup);
    if (lookup->hh.tbl)
        return lookup;
    lookup_free(lookup);
    return NULL;
}

/* Answers it at once if that is possible; otherwise it stands in line. */
static void lookup_start(struct lookup *lookup)
{
    struct fc_lookups *lookups = lookup->lookups;
    struct lookup_service *service = lookups->service;

    lookup->result = lookup_at_once(lookup, &lookup->list);
    if (!service || lookup->result != EAI_NONAME)
        return;
    lookup->state = LOOKUP_WAITS;
    lookups->n_unanswered++;
    TAILQ_INSERT_TAIL(&lookup_account(lookup)->line, lookup, line);
    loop_defer(service->loop, &service->next);
}

int fc_lookup(struct fc_lookups *lookups, const char *host, const char *port, const struct addrinfo *hints,
              const struct addrinfo **list)
{
    FC_AUTO_FREE char *key = NULL;
    struct lookup *lookup;

    *list = NULL;
    if (!lookups || asprintf(&key, "%d %d %d %d %s %s", hints->ai_flags, hints->ai_family, hints->ai_socktype,
                             hints->ai_protocol, port ? port : "-", host) < 0) {
        key = NULL;
        return EAI_MEMORY;
    }
    HASH_FIND(hh, lookups->names, key, strlen(key), lookup);
    if (!lookup) {
        lookup = lookup_new(lookups, key, host, port, hints);
        if (!lookup)
            return EAI_MEMORY;
        lookup_start(lookup);
    }
    if (lookup->state != LOOKUP_ANSWERED)
        return EAI_INPROGRESS;
    *list = lookup->list;
    return lookup->result;
}
