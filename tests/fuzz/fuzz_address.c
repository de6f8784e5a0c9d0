/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads any bytes as the address that a worker gives to connect(), bind() or sendto(), with any length, and
 * as rules. An address is accepted if and only if a rule opens it, and the broker uses the address that was
 * judged.
 */
#include <errno.h>

#include "broker/gate/policy.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/rules.h"

struct call {
    enum policy_use use;
    enum policy_protocol protocol;
    int family;
};

static void check_error(int r)
{
    require(r == -EACCES || r == -EINVAL || r == -EAFNOSUPPORT || r == -ENOENT);
}

/* Reads the address that will be used from its bytes again. */
static void check_used(const struct call *call, const struct policy_target *target, const uint8_t address[16],
                       uint16_t port)
{
    uint8_t used[16];
    uint16_t used_port;

    require(target->n_bytes <= sizeof(target->sockaddr) && target->sockaddr.ss_family == call->family);
    require(read_plainly((const uint8_t *)&target->sockaddr, target->n_bytes, used, &used_port));
    require(memcmp(used, address, 16) == 0 && used_port == port);
}

static void judge(const struct rules *rules, const struct call *call, const uint8_t *bytes, size_t n)
{
    struct policy_target target;
    uint8_t address[16];
    uint16_t port;
    bool is_address = read_plainly(bytes, n, address, &port), opened = false;
    int r = policy_judge(&rules->policy, call->use, call->protocol, call->family, bytes, n, &target);

    if (is_address && call->use == POLICY_CONNECT)
        specify_plainly(address);
    if (is_address)
        opened =
            rules_allow(rules, call->use, call->protocol, address, port) ||
            (call->use == POLICY_LISTEN && port == 0 && rules_allow_client(rules, call->protocol, address));
    if (r < 0)
        check_error(r);
    if (!opened)
        require(r < 0);
    else if (call->family == AF_INET && !is_mapped_v4(address))
        require(r == -EAFNOSUPPORT);
    else
        require(r == 0);
    if (r == 0)
        check_used(call, &target, address, port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {data, bytes};
    struct rules rules;
    struct call call;
    unsigned kind;
    uint8_t *copy;
    size_t n;

    rules_take(&rules, &input);
    kind = (unsigned)take_number(&input, 1);
    call.use = kind & 1 ? POLICY_LISTEN : POLICY_CONNECT;
    call.protocol = kind & 2 ? POLICY_UDP : POLICY_TCP;
    call.family = kind & 4 ? AF_INET6 : AF_INET;
    n = input.left < sizeof(struct sockaddr_storage) ? input.left : sizeof(struct sockaddr_storage);
    copy = malloc(n + 1); /* exactly as long as needed: the sanitizer notices reading beyond it */
    require(copy != NULL);
    if (n)
        memcpy(copy, input.at, n);
    copy = realloc(copy, n ? n : 1);
    judge(&rules, &call, copy, n);
    free(copy);
    policy_deinit(&rules.policy);
    return 0;
}
