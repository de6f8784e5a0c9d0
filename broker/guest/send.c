/* SPDX-License-Identifier: BSD-2-Clause */
/* What is sent to a worker, and that one to whom nothing can be sent is ended. */
#include "broker/guest/send.h"

#include <string.h>

#include "broker/guest/private.h"
#include "proto/codec_name.h"

int guest_send_message(struct guest *guest, const struct message *message)
{
    return child_link_send(&guest->link, guest->runtime->codec, message);
}

void guest_send_or_end(struct guest *guest, const struct message *message)
{
    int r = guest_send_message(guest, message);

    if (r < 0)
        guest_violated(guest, "%s cannot be sent: %s", message_name(message->type), strerror(-r));
}

void guest_send_rest(struct guest *guest)
{
    int r = child_link_send_rest(&guest->link);

    if (r < 0)
        guest_violated(guest, "what waits for it cannot be sent: %s", strerror(-r));
}
