/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of processes that look names up: written in these processes, checked and read in the broker. */
#include "broker/os/lookup_answer.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* An entry of a list, and its address. */
struct answer_entry {
    struct addrinfo info;
    struct sockaddr_storage storage;
};

void lookup_answer_fill(struct lookup_answer *answer, const struct addrinfo *list)
{
    for (; list && answer->n_addresses < LOOKUP_MAX_ADDRESSES; list = list->ai_next) {
        struct lookup_address *address = &answer->addresses[answer->n_addresses];

        if (list->ai_addrlen > sizeof(address->storage))
            continue;
        address->family = list->ai_family;
        address->type = list->ai_socktype;
        address->protocol = list->ai_protocol;
        address->bytes = list->ai_addrlen;
        memcpy(&address->storage, list->ai_addr, list->ai_addrlen);
        answer->n_addresses++;
    }
}

static bool answer_is_address(const struct lookup_address *address)
{
    if (address->storage.ss_family != address->family)
        return false;
    return (address->family == AF_INET && address->bytes == sizeof(struct sockaddr_in)) ||
           (address->family == AF_INET6 && address->bytes == sizeof(struct sockaddr_in6));
}

static bool answer_is_sane(const struct lookup_answer *answer, size_t n_bytes)
{
    if (n_bytes < offsetof(struct lookup_answer, addresses) || answer->n_addresses > LOOKUP_MAX_ADDRESSES ||
        n_bytes != lookup_answer_bytes(answer) || answer->result == EAI_INPROGRESS)
        return false;
    for (uint32_t i = 0; i < answer->n_addresses; i++) {
        if (!answer_is_address(&answer->addresses[i]))
            return false;
    }
    return true;
}

static struct addrinfo *answer_list(const struct lookup_address *addresses, size_t n)
{
    struct answer_entry *entries = calloc(n, sizeof(*entries));

    for (size_t i = 0; entries && i < n; i++) {
        entries[i].storage = addresses[i].storage;
        entries[i].info = (struct addrinfo){
            .ai_family = addresses[i].family,
            .ai_socktype = addresses[i].type,
            .ai_protocol = addresses[i].protocol,
            .ai_addrlen = addresses[i].bytes,
            .ai_addr = (struct sockaddr *)&entries[i].storage,
            .ai_next = i + 1 < n ? &entries[i + 1].info : NULL,
        };
    }
    return entries ? &entries[0].info : NULL;
}

int lookup_answer_read(const struct lookup_answer *answer, size_t n_bytes, struct addrinfo **list)
{
    *list = NULL;
    if (!answer_is_sane(answer, n_bytes))
        return EAI_AGAIN;
    if (answer->result != 0)
        return answer->result;
    if (answer->n_addresses == 0)
        return EAI_NODATA;
    *list = answer_list(answer->addresses, answer->n_addresses);
    return *list ? 0 : EAI_MEMORY;
}
