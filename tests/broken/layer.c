/*
 * Takes the place of the function BROKEN (-Wl,--wrap) in a worker or broker one of whose layers does nothing:
 * tests/escape/test_broken.py shows that its tests notice.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker/policy.h"
#include "broker/state_limit.h"
#include "proto/order.h"
#include "proto/zmtp.h"
#include "worker/sandbox.h"

#define BROKEN_LAYER(name)                                                                                   \
    int __wrap_##name(const struct sandbox *sandbox, struct sandbox_error *error);                           \
    int __wrap_##name(const struct sandbox *sandbox, struct sandbox_error *error)                            \
    {                                                                                                        \
        return 0;                                                                                            \
    }

BROKEN_LAYER(sandbox_identity)
BROKEN_LAYER(sandbox_limits)
BROKEN_LAYER(sandbox_root)
BROKEN_LAYER(sandbox_capabilities)
BROKEN_LAYER(sandbox_landlock)

/* One namespace stays the broker's. */
#ifdef LEFT_OUT
uint64_t __real_sandbox_namespaces(const struct sandbox *sandbox);
uint64_t __wrap_sandbox_namespaces(const struct sandbox *sandbox);
uint64_t __wrap_sandbox_namespaces(const struct sandbox *sandbox)
{
    return __real_sandbox_namespaces(sandbox) & ~(uint64_t)LEFT_OUT;
}
#endif

/* A filter that allows everything, though it has a notification descriptor. */
int __wrap_sandbox_seccomp_load(const struct sandbox *sandbox, struct sandbox_error *error);
int __wrap_sandbox_seccomp_load(const struct sandbox *sandbox, struct sandbox_error *error)
{
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = 1, .filter = &allow};

    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                        SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH |
                            SECCOMP_FILTER_FLAG_NEW_LISTENER,
                        &program);
}

/* Every stream, message, address and size will do. */

const char *__wrap_zmtp_check(struct zmtp *zmtp, const uint8_t *bytes, size_t n_bytes, uint64_t max_message);
const char *__wrap_zmtp_check(struct zmtp *zmtp, const uint8_t *bytes, size_t n_bytes, uint64_t max_message)
{
    return NULL;
}

bool __wrap_order_legal(enum order_state state, enum message_type type);
bool __wrap_order_legal(enum order_state state, enum message_type type)
{
    return true;
}

bool __wrap_policy_allows(const struct policy *policy, enum policy_use use, enum policy_protocol protocol,
                          const struct policy_address *address);
bool __wrap_policy_allows(const struct policy *policy, enum policy_use use, enum policy_protocol protocol,
                          const struct policy_address *address)
{
    return true;
}

int __wrap_state_limit_new(struct state_limit **limit, struct state_monitor *monitor,
                           const struct state_limit_spec *spec);
int __wrap_state_limit_new(struct state_limit **limit, struct state_monitor *monitor,
                           const struct state_limit_spec *spec)
{
    *limit = NULL;
    return 0;
}
