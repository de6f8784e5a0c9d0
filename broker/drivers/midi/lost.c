/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that were lost, counted and said. In drivers. */
#include "broker/drivers/midi/lost.h"

#include "broker/drivers/midi/sequencer.h"
#include "firecurtain/log.h"
#include "firecurtain/time.h"

void alsa_lost(struct alsa_sequencer *sequencer, size_t n_messages, bool is_input)
{
    const char *name = fc_instance_name(sequencer->alsa->instance);

    *(is_input ? &sequencer->n_overruns : &sequencer->n_unsent) += n_messages;
    if (!fc_once_a_second(&sequencer->lost_said_ns))
        return;
    if (is_input)
        fc_log(FC_LOG_WARNING, name, "more came than could be taken: messages were lost (%llu times)",
               (unsigned long long)sequencer->n_overruns);
    else
        fc_log(FC_LOG_WARNING, name, "the sequencer takes no more: %llu messages were not sent",
               (unsigned long long)sequencer->n_unsent);
}
