/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures calls, and adds up the time that they made the gate sleep. Runs in the gate. */
#include "broker/gate/charge.h"

#include <sys/resource.h>

#include "broker/gate/private.h"

/* Returns how often this thread has given up the processor to wait for something. */
static long charge_slept(void)
{
    struct rusage used;

    return getrusage(RUSAGE_THREAD, &used) < 0 ? 0 : used.ru_nvcsw;
}

/* Asking the kernel costs time, too, so quick workers are not looked at: their first slow call is free. */
void charge_begin(struct gate_charge *charge)
{
    charge->began_ns = fc_now_ns();
    charge->slept = charge->began_ns < charge->suspected_ns ? charge_slept() : -1;
}

bool charge_end(struct gate_charge *charge)
{
    uint64_t now_ns = fc_now_ns(), took_ns = now_ns - charge->began_ns;

    if (took_ns <= CHARGE_FREE_NS)
        return false;
    charge->suspected_ns = now_ns + CHARGE_SUSPECTED_NS;
    if (charge->slept < 0 || charge_slept() == charge->slept)
        return false;
    return charge_add(charge, now_ns, took_ns - CHARGE_FREE_NS);
}

bool charge_add(struct gate_charge *charge, uint64_t now_ns, uint64_t waited_ns)
{
    uint64_t forgiven_ns = charge->settled_ns ? (now_ns - charge->settled_ns) / CHARGE_FORGIVES : 0;

    charge->owed_ns -= forgiven_ns < charge->owed_ns ? forgiven_ns : charge->owed_ns;
    charge->settled_ns = now_ns;
    charge->owed_ns += waited_ns;
    return charge->owed_ns > CHARGE_MAX_NS;
}

bool charge_settle(struct gate_worker *worker)
{
    if (!charge_end(&worker->charge))
        return false;
    worker->is_barred = true;
    worker->spec.ops->offends(worker->spec.userdata, worker->charge.owed_ns);
    return true;
}
