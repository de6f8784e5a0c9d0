/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said of a network that fails: once that it does, and once that it works again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "broker/backends/net_failure.h"
#include "firecurtain/time.h"
#include "tests/unit/dmx_rig.h"

static struct fc_instance core = {.name = "net"};

static void test_it_is_said_once(void **state)
{
    struct net_failure failure = {0};

    net_failure_works(&failure, &core);
    rig_assert_log("");
    for (unsigned i = 0; i < 100; i++)
        net_failure_note(&failure, &core, "nothing can be sent", ENETUNREACH);
    rig_assert_log("net: nothing can be sent: Network is unreachable; tried on\n");
}

/* Of several destinations, one may fail while the others work. */
static void test_it_is_over_when_nothing_has_failed_for_a_while(void **state)
{
    struct net_failure failure = {0};

    net_failure_note(&failure, &core, "nothing can be sent", ENETUNREACH);
    net_failure_works(&failure, &core);
    net_failure_note(&failure, &core, "nothing can be sent", ENETUNREACH);
    rig_assert_log("net: nothing can be sent: Network is unreachable; tried on\n");
    failure.last_ns -= 5 * FC_NS_PER_S;
    net_failure_works(&failure, &core);
    net_failure_works(&failure, &core);
    rig_assert_log("net: the network works again, after 2 failures\n");
    net_failure_note(&failure, &core, "nothing can be sent", ENETUNREACH);
    rig_assert_log("net: nothing can be sent: Network is unreachable; tried on\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_said_once),
        cmocka_unit_test(test_it_is_over_when_nothing_has_failed_for_a_while),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
