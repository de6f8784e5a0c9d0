/* SPDX-License-Identifier: BSD-2-Clause */
/* Polls and their answers, both ways. Used in the broker. */
#include "broker/backends/artnet_poll.h"

#include <string.h>

#define NODE_GONE_NS (3 * ARTNET_POLL_NS)
#define MAX_DELAY_MS 1000

static void timer_fired(void *userdata);

int artnet_poll_begin(struct artnet_socket *socket)
{
    return fc_timer_new(&socket->poll.timer, socket->ports->universe.instance, timer_fired, socket);
}

void artnet_poll_end(struct artnet_socket *socket)
{
    socket->poll.timer = fc_timer_free(socket->poll.timer);
}

static void set_timer(struct artnet_poll *poll)
{
    uint64_t next_ns = poll->next_ns ? poll->next_ns : FC_TIMER_NEVER;

    for (size_t i = 0; i < poll->n_askers; i++) {
        if (poll->askers[i].due_ns < next_ns)
            next_ns = poll->askers[i].due_ns;
    }
    fc_timer_set(poll->timer, next_ns);
}

static bool is_same(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
    return a->sin_addr.s_addr == b->sin_addr.s_addr && a->sin_port == b->sin_port;
}

/* Spreads the answers of many nodes over a second. It need not be hard to guess. */
static uint64_t delay_ns(uint64_t now_ns)
{
    uint32_t mixed = (uint32_t)(now_ns / 1000) * UINT32_C(2654435761);

    return (mixed >> 16) % MAX_DELAY_MS * FC_NS_PER_MS;
}

void artnet_poll_asked(struct artnet_socket *socket, const struct artnet_received *received, uint64_t now_ns)
{
    struct artnet_poll *poll = &socket->poll;

    for (size_t i = 0; i < poll->n_askers; i++) {
        if (is_same(&poll->askers[i].address, &received->from))
            return; /* its answer is on the way */
    }
    if (poll->n_askers == ARTNET_MAX_ASKERS)
        return;
    poll->askers[poll->n_askers++] = (struct artnet_asker){
        .address = received->from,
        .local = received->local,
        .low = received->packet.poll.low,
        .high = received->packet.poll.high,
        .due_ns = now_ns + delay_ns(now_ns),
    };
    set_timer(poll);
}

static void report(const struct artnet_socket *socket, const struct artnet_port *port,
                   const struct artnet_asker *asker, struct artnet_port_report *made)
{
    const struct dmx_merge *merge = &port->universe.merge;
    const struct in_addr *own = socket->poll.announced.s_addr ? &socket->poll.announced : &asker->local;

    *made = (struct artnet_port_report){
        .udp_port = ntohs(socket->bind.sin_port),
        .address = port->address,
        .sends = port->output != ARTNET_NOWHERE,
        .is_alive = merge->n_sources > 0,
        .is_merging = merge->n_sources > 1 && (merge->policy == DMX_HTP || merge->policy == DMX_LTP),
        .is_ltp = merge->policy == DMX_LTP,
        .name = fc_instance_name(port->universe.instance),
        .n_polls = socket->poll.n_answered,
    };
    memcpy(made->ip, own, sizeof(made->ip));
}

/* Sends one answer for each port. Those beyond the 255th have no index, and so no answer. */
static void answer(struct artnet_socket *socket, const struct artnet_asker *asker)
{
    uint8_t packet[ARTNET_REPLY_BYTES];
    struct artnet_port_report made;
    unsigned index = 0;

    socket->poll.n_answered++;
    for (const struct artnet_port *port = socket->ports; port && index < UINT8_MAX; port = port->hh.next) {
        index++;
        if (port->address < asker->low || port->address > asker->high)
            continue;
        report(socket, port, asker, &made);
        made.bind_index = (uint8_t)index;
        artnet_codec_write_reply(packet, &made);
        artnet_socket_send(socket, &asker->address, packet, sizeof(packet));
    }
}

static void answer_due(struct artnet_socket *socket, uint64_t now_ns)
{
    struct artnet_poll *poll = &socket->poll;
    size_t kept = 0;

    for (size_t i = 0; i < poll->n_askers; i++) {
        if (poll->askers[i].due_ns <= now_ns)
            answer(socket, &poll->askers[i]);
        else
            poll->askers[kept++] = poll->askers[i];
    }
    poll->n_askers = kept;
}

static void drop_gone(struct artnet_poll *poll, uint64_t now_ns)
{
    size_t kept = 0;

    for (size_t i = 0; i < poll->n_nodes; i++) {
        if (now_ns - poll->nodes[i].heard_ns < NODE_GONE_NS)
            poll->nodes[kept++] = poll->nodes[i];
    }
    poll->n_nodes = kept;
}

static void ask_due(struct artnet_socket *socket, uint64_t now_ns)
{
    struct artnet_poll *poll = &socket->poll;
    uint8_t packet[ARTNET_POLL_BYTES];

    if (!poll->next_ns || now_ns < poll->next_ns)
        return;
    drop_gone(poll, now_ns);
    artnet_codec_write_poll(packet);
    artnet_socket_send(socket, &poll->broadcast, packet, sizeof(packet));
    poll->next_ns = now_ns + ARTNET_POLL_NS;
}

static void timer_fired(void *userdata)
{
    struct artnet_socket *socket = userdata;
    uint64_t now_ns = fc_now_ns();

    answer_due(socket, now_ns);
    ask_due(socket, now_ns);
    set_timer(&socket->poll);
}

void artnet_poll_ask(struct artnet_socket *socket, const struct sockaddr_in *broadcast, uint64_t now_ns)
{
    if (socket->poll.next_ns)
        return;
    socket->poll.broadcast = *broadcast;
    socket->poll.next_ns = now_ns;
    set_timer(&socket->poll);
}

/* Returns the place for an answer: that of the node's last one with the same index, or a new one, or NULL. */
static struct artnet_node *find_node(struct artnet_poll *poll, const struct artnet_received *received)
{
    for (size_t i = 0; i < poll->n_nodes; i++) {
        struct artnet_node *node = &poll->nodes[i];

        if (node->address.sin_addr.s_addr == received->from.sin_addr.s_addr &&
            node->bind_index == received->packet.reply.bind_index)
            return node;
    }
    return poll->n_nodes < ARTNET_MAX_NODES ? &poll->nodes[poll->n_nodes++] : NULL;
}

void artnet_poll_answered(struct artnet_socket *socket, const struct artnet_received *received,
                          uint64_t now_ns)
{
    uint16_t port = received->packet.reply.port;
    struct artnet_node *node;

    if (!socket->poll.next_ns)
        return; /* we did not ask */
    node = find_node(&socket->poll, received);
    if (!node)
        return;
    node->address = received->from; /* not the address that it claims to have */
    node->address.sin_port = htons(port ? port : ARTNET_PORT);
    node->bind_index = received->packet.reply.bind_index;
    node->n_outputs = received->packet.reply.n_outputs;
    memcpy(node->outputs, received->packet.reply.outputs, sizeof(node->outputs));
    node->heard_ns = now_ns;
}

static bool receives(const struct artnet_node *node, uint16_t address)
{
    for (size_t i = 0; i < node->n_outputs; i++) {
        if (node->outputs[i] == address)
            return true;
    }
    return false;
}

static bool is_listed(const struct sockaddr_in *list, size_t n, const struct sockaddr_in *address)
{
    for (size_t i = 0; i < n; i++) {
        if (is_same(&list[i], address))
            return true;
    }
    return false;
}

size_t artnet_poll_subscribers(const struct artnet_socket *socket, uint16_t address, uint64_t now_ns,
                               struct sockaddr_in list[ARTNET_MAX_SUBSCRIBERS])
{
    const struct artnet_poll *poll = &socket->poll;
    size_t n = 0;

    for (size_t i = 0; i < poll->n_nodes && n < ARTNET_MAX_SUBSCRIBERS; i++) {
        const struct artnet_node *node = &poll->nodes[i];

        if (now_ns - node->heard_ns < NODE_GONE_NS && receives(node, address) &&
            !is_listed(list, n, &node->address))
            list[n++] = node->address;
    }
    return n;
}
