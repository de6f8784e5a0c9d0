/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a process that looks a name up writes into its pipe. It may be anything, since name servers may have
 * taken that process over; so it is checked in the broker before anybody believes it.
 */
#ifndef BROKER_OS_LOOKUP_ANSWER_H
#define BROKER_OS_LOOKUP_ANSWER_H

#include <netdb.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define LOOKUP_MAX_ADDRESSES 64

struct lookup_address {
    int32_t family;
    int32_t type;
    int32_t protocol;
    uint32_t bytes;
    struct sockaddr_storage storage;
};

struct lookup_answer {
    int32_t result; /* as getaddrinfo() returned it */
    uint32_t n_addresses;
    struct lookup_address addresses[LOOKUP_MAX_ADDRESSES]; /* only `n_addresses` of them are written */
};

static inline size_t lookup_answer_bytes(const struct lookup_answer *answer)
{
    return offsetof(struct lookup_answer, addresses) + answer->n_addresses * sizeof(answer->addresses[0]);
}

/* Fills in the addresses of a list of getaddrinfo(), as many as there is room for. */
void lookup_answer_fill(struct lookup_answer *answer, const struct addrinfo *list);

/*
 * Makes a list, in one block for free(), of an answer of `n_bytes` bytes. Returns 0, the code of the failure
 * that the answer tells, EAI_AGAIN if it is no answer, or EAI_MEMORY.
 */
int lookup_answer_read(const struct lookup_answer *answer, size_t n_bytes, struct addrinfo **list);

#endif
