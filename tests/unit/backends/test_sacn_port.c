/* SPDX-License-Identifier: BSD-2-Clause */
/* A universe of sACN among its sources, with real sockets on the loopback device and a clock of the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "broker/backends/sacn_discovery.h"
#include "broker/backends/sacn_port.h"
#include "broker/backends/sacn_sync.h"
#include "tests/unit/dmx_rig.h"

#define MS(n) ((1000 + (n)) * FC_NS_PER_MS)

struct fc_timer {
    uint64_t deadline_ns;
    fc_timer_fn fn;
    void *userdata;
};

static struct fc_instance core = {.name = "sacn"};
static struct sacn_port port;
static struct sacn_bind where = {.ttl = 1};
static uint8_t sequence;

int fc_timer_new(struct fc_timer **made, struct fc_instance *instance, fc_timer_fn fn, void *userdata)
{
    *made = calloc(1, sizeof(**made));
    if (!*made)
        return -ENOMEM;
    **made = (struct fc_timer){.fn = fn, .userdata = userdata};
    return 0;
}

void fc_timer_set(struct fc_timer *set, uint64_t deadline_ns)
{
    set->deadline_ns = deadline_ns;
}

struct fc_timer *fc_timer_free(struct fc_timer *freed)
{
    free(freed);
    return NULL;
}

int fc_watch_new(struct fc_watch **watch, struct fc_instance *instance, int fd, fc_watch_fn ready,
                 void *userdata)
{
    return 0;
}

struct fc_watch *fc_watch_free(struct fc_watch *watch)
{
    return NULL;
}

void fc_heard(struct fc_instance *instance)
{
}

static void begin(struct sacn_port *made, uint16_t number)
{
    memset(made, 0, sizeof(*made));
    dmx_universe_init(&made->universe, &core, DMX_HTP, DMX_MERGE_MAX_SOURCES);
    made->number = number;
    made->takes_priorities = true;
    assert_int_equal(sacn_port_begin(made, &where), 0);
}

static void end(struct sacn_port *ended)
{
    sacn_port_end(ended);
    sacn_port_end(ended);
    dmx_universe_deinit(&ended->universe);
}

static int setup(void **state)
{
    core.n_events = 0;
    rig_log[0] = '\0';
    where.address.v4.sin_family = AF_INET;
    where.address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    begin(&port, 7);
    assert_int_equal(dmx_patch_set(&port.universe.patch, 0, "1", FC_SOURCE, false, &rig_reason), 0);
    return 0;
}

static int teardown(void **state)
{
    end(&port);
    return 0;
}

/* A frame with one slot; `cid` is a letter. */
static struct sacn_received frame(const char *cid, uint8_t value)
{
    static uint8_t whole[SACN_CID_BYTES], data[DMX_SLOTS];
    struct sacn_received received = {.from.v4 = {.sin_family = AF_INET}};

    memset(whole, cid[0], sizeof(whole));
    data[0] = value;
    received.packet.kind = SACN_DATA;
    received.packet.cid = whole;
    strcpy(received.packet.name, cid);
    received.packet.frame =
        (struct sacn_frame){.priority = 100, .sequence = ++sequence, .universe = 7, .n = 1, .data = data};
    return received;
}

static void take(struct sacn_received received, uint64_t now_ns)
{
    sacn_port_receive(&port, &received, now_ns);
}

static void take_sync(const char *cid, uint16_t universe, uint64_t now_ns)
{
    struct sacn_received received = frame(cid, 0);

    received.packet.kind = SACN_SYNC;
    received.packet.sync.universe = universe;
    sacn_port_sync(&port, &received, now_ns);
}

static struct sacn_received synchronized(const char *cid, uint8_t value)
{
    struct sacn_received received = frame(cid, value);

    received.packet.frame.sync_universe = 9;
    return received;
}

static void tick(uint64_t now_ns)
{
    dmx_universe_tick(&port.universe, now_ns);
    sacn_sync_tick(&port, now_ns);
}

static void test_what_is_not_for_the_stage_is_ignored(void **state)
{
    struct sacn_received received = frame("a", 255);

    received.packet.frame.is_preview = true;
    take(received, MS(0));
    received = frame("a", 255);
    received.packet.frame.start_code = 0x17;
    take(received, MS(0));
    received = frame("a", 255);
    received.packet.frame.is_last = true; /* of a source that is not known */
    take(received, MS(0));
    assert_int_equal(port.universe.merge.n_sources, 0);
    port.takes_preview = true;
    received = frame("a", 255);
    received.packet.frame.is_preview = true;
    take(received, MS(0));
    rig_assert_event(&core, 0, 1);
}

static void test_frames_that_were_overtaken_are_ignored(void **state)
{
    struct sacn_received early = frame("a", 51), late = frame("a", 102);

    take(late, MS(0));
    rig_assert_event(&core, 0, 0.4);
    take(early, MS(1));
    take(late, MS(2));
    rig_assert_n_events(&core, 0);
}

static void test_one_source_may_be_chosen(void **state)
{
    port.is_filtered = true;
    memset(port.wanted, 'b', sizeof(port.wanted));
    take(frame("a", 255), MS(0));
    rig_assert_n_events(&core, 0);
    take(frame("b", 51), MS(0));
    rig_assert_event(&core, 0, 0.2);
}

static void test_what_is_sent_does_not_come_back(void **state)
{
    memset(port.source.cid, 'a', sizeof(port.source.cid));
    port.priority = 100;
    take(frame("a", 255), MS(0));
    rig_assert_n_events(&core, 0);
    port.priority = 0; /* it sends nothing: then another instance does, to be received here */
    take(frame("a", 255), MS(0));
    rig_assert_event(&core, 0, 1);
}

static void test_a_source_that_ends_is_gone_at_once(void **state)
{
    struct sacn_received last;

    take(frame("a", 255), MS(0));
    take(frame("b", 51), MS(0));
    core.n_events = 0;
    for (unsigned i = 0; i < 3; i++) {
        last = frame("a", 255);
        last.packet.frame.is_last = true;
        take(last, MS(1));
    }
    rig_assert_event(&core, 0, 0.2);
    assert_int_equal(port.universe.merge.n_sources, 1);
}

static void test_priorities_of_slots_need_a_source(void **state)
{
    struct sacn_received received = frame("a", 90);

    received.packet.frame.start_code = SACN_PRIORITIES;
    take(received, MS(0));
    assert_int_equal(port.universe.merge.n_sources, 0);
    take(frame("a", 51), MS(1));
    take(frame("b", 255), MS(1));
    core.n_events = 0;
    received = frame("b", 99);
    received.packet.frame.start_code = SACN_PRIORITIES;
    take(received, MS(2));
    rig_assert_event(&core, 0, 0.2);
    port.takes_priorities = false;
    received = frame("b", 101);
    received.packet.frame.start_code = SACN_PRIORITIES;
    take(received, MS(3));
    rig_assert_n_events(&core, 0);
}

static void test_a_ninth_source_needs_a_higher_priority(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    struct sacn_received received;

    for (unsigned i = 0; i < DMX_MERGE_MAX_SOURCES; i++)
        take(frame(names[i], 1), MS(0));
    core.n_events = 0;
    take(frame("i", 255), MS(1));
    rig_assert_n_events(&core, 0);
    assert_non_null(strstr(rig_log, "i) sends the same universe as 8 others and is ignored"));
    received = frame("i", 255);
    received.packet.frame.priority = 101;
    take(received, MS(2));
    rig_assert_event(&core, 0, 1);
}

static void test_frames_wait_for_syncs(void **state)
{
    take(synchronized("a", 51), MS(0));
    rig_assert_event(&core, 0, 0.2); /* no sync has ever come */
    take_sync("a", 9, MS(1));
    take(synchronized("a", 102), MS(2));
    take_sync("b", 9, MS(3)); /* somebody else's */
    take_sync("a", 8, MS(3)); /* another universe's */
    rig_assert_n_events(&core, 0);
    take_sync("a", 9, MS(4));
    rig_assert_event(&core, 0, 0.4);
    take(frame("a", 0), MS(5)); /* not to be synchronized */
    rig_assert_event(&core, 0, 0);
}

static void test_without_syncs_the_source_decides(void **state)
{
    struct sacn_received received;

    take(synchronized("a", 51), MS(0));
    take_sync("a", 9, MS(1));
    core.n_events = 0;
    take(synchronized("a", 102), MS(2000));
    tick(MS(2501));
    tick(MS(3000));
    rig_assert_n_events(&core, 0); /* it waits, for as long as that takes */
    take_sync("a", 9, MS(3001));
    rig_assert_event(&core, 0, 0.4);
    received = synchronized("a", 153);
    received.packet.frame.is_free_soon = true;
    take(received, MS(4000));
    tick(MS(5500));
    rig_assert_n_events(&core, 0);
    tick(MS(5501));
    rig_assert_event(&core, 0, 0.6);
}

static void test_several_sources_are_not_synchronized(void **state)
{
    take(synchronized("a", 51), MS(0));
    take_sync("a", 9, MS(1));
    take(synchronized("a", 102), MS(2));
    core.n_events = 0;
    take(synchronized("b", 0), MS(3));
    rig_assert_event(&core, 0, 0.4);
    take_sync("a", 9, MS(4));
    take(synchronized("a", 153), MS(5));
    rig_assert_event(&core, 0, 0.6);
}

static void test_a_loss_ends_synchronization(void **state)
{
    take(synchronized("a", 51), MS(0));
    take_sync("a", 9, MS(1));
    tick(MS(2500));
    take(synchronized("b", 102), MS(2501));
    core.n_events = 0;
    take(synchronized("b", 153), MS(2502));
    rig_assert_event(&core, 0, 0.6);
}

static void test_groups_of_syncs_change_once_a_second(void **state)
{
    struct sacn_received received;
    unsigned before;

    take(synchronized("a", 1), MS(0));
    before = HASH_COUNT(port.net->groups);
    assert_int_equal(port.sync_universe, 9);
    for (uint16_t n = 10; n < 100; n++) {
        received = frame("a", 1);
        received.packet.frame.sync_universe = n;
        take(received, MS(n));
    }
    assert_int_equal(port.sync_universe, 9);
    received = frame("a", 1);
    received.packet.frame.sync_universe = 10;
    take(received, MS(1000));
    assert_int_equal(port.sync_universe, 10);
    assert_int_equal(HASH_COUNT(port.net->groups), before);
}

static void test_announcements_are_shown_until_something_comes(void **state)
{
    uint8_t universes[] = {0, 6, 0, 7};
    struct sacn_received received = frame("a", 0);
    char text[128];

    received.packet.kind = SACN_DISCOVERY;
    received.packet.discovery.n = 2;
    received.packet.discovery.universes = universes;
    sacn_discovery_receive(port.net, &received, MS(0));
    sacn_port_describe(&port, MS(1), text, sizeof(text));
    assert_string_equal(text, "not received, though 0.0.0.0 (a) announces it");
    sacn_port_describe(&port, MS(25000), text, sizeof(text));
    assert_string_equal(text, "");
    sacn_discovery_receive(port.net, &received, MS(25000));
    take(frame("a", 1), MS(25001));
    sacn_port_describe(&port, MS(25001), text, sizeof(text));
    assert_string_equal(text, "receiving from 0.0.0.0 (a)");
}

/* Returns a socket that hears a group on the loopback device. */
static int hear(uint16_t universe, uint16_t *number)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t bytes = sizeof(address);
    int fd = sacn_group_socket(&where);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    assert_int_equal(sacn_group_join(fd, &where, universe), 0);
    *number = ntohs(address.sin_port);
    return fd;
}

/* More universes than fit on a page. */
static void test_discovery_has_pages(void **state)
{
    static struct sacn_port ports[SACN_PAGE_UNIVERSES + 1];
    struct sacn_packet packet;
    uint8_t bytes[2048];
    const char *what;
    uint16_t number;
    int fd = hear(SACN_DISCOVERY_UNIVERSE, &number);

    where.address.v4.sin_port = htons(number);
    for (uint16_t i = 0; i <= SACN_PAGE_UNIVERSES; i++) {
        ports[i] = (struct sacn_port){.number = (uint16_t)(1000 - i), .priority = 1, .is_unicast = true};
        dmx_universe_init(&ports[i].universe, &core, DMX_HTP, 1);
        assert_int_equal(sacn_port_begin(&ports[i], &where), 0);
    }
    ports[0].net->discovery.timer->fn(ports[0].net->discovery.timer->userdata);
    for (uint8_t page = 0; page <= 1; page++) {
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

        assert_true(n > 0);
        assert_int_equal(sacn_codec_read(bytes, (size_t)n, &packet, &what), 0);
        assert_true(packet.kind == SACN_DISCOVERY && packet.discovery.page == page);
        assert_true(packet.discovery.last_page == 1 && packet.discovery.n == (page ? 1 : 512));
        assert_int_equal(sacn_codec_universe(&packet, 0), page ? 1000 : 488);
    }
    for (uint16_t i = 0; i <= SACN_PAGE_UNIVERSES; i++)
        end(&ports[i]);
    where.address.v4.sin_port = 0;
    close(fd);
}

static size_t count_sockets(const struct sacn_net *net)
{
    size_t n = 0;

    for (const struct sacn_socket *socket = net->sockets; socket; socket = socket->next)
        n++;
    return n;
}

static void test_groups_have_as_many_sockets_as_they_need(void **state)
{
    struct sacn_net *net = port.net;

    for (uint16_t n = 100; n < 150; n++)
        assert_int_equal(sacn_net_join(net, n), 0);
    assert_int_equal(HASH_COUNT(net->groups), 52); /* with that of the port, and discovery */
    assert_int_equal(count_sockets(net), 3);
    assert_int_equal(sacn_net_join(net, 100), 0);
    sacn_net_leave(net, 100);
    assert_int_equal(HASH_COUNT(net->groups), 52);
    for (uint16_t n = 100; n < 150; n++)
        sacn_net_leave(net, n);
    sacn_net_leave(net, 100); /* once too often */
    assert_int_equal(HASH_COUNT(net->groups), 2);
    for (uint16_t n = 200; n < 250; n++)
        assert_int_equal(sacn_net_join(net, n), 0);
    assert_int_equal(count_sockets(net), 3);
    for (uint16_t n = 200; n < 250; n++)
        sacn_net_leave(net, n);
}

static void test_instances_with_the_same_bind_share_a_net(void **state)
{
    static struct sacn_port other, twin;

    begin(&other, 8);
    assert_ptr_equal(other.net, port.net);
    twin = (struct sacn_port){.number = 8, .universe.instance = &core};
    assert_int_equal(sacn_port_begin(&twin, &where), -EALREADY);
    assert_null(twin.net);
    where.address.v4.sin_addr.s_addr = htonl(INADDR_ANY);
    twin.is_unicast = true;
    assert_int_equal(sacn_port_begin(&twin, &where), 0);
    assert_ptr_not_equal(twin.net, port.net);
    sacn_port_end(&twin);
    end(&other);
}

static void test_a_bind_that_cannot_be_had_leaves_nothing(void **state)
{
    static struct sacn_port other = {.number = 8, .universe.instance = &core};

    where.address.v4.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1 is nobody's */
    assert_true(sacn_port_begin(&other, &where) < 0);
    sacn_port_end(&other);
    assert_null(other.net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_not_for_the_stage_is_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frames_that_were_overtaken_are_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_source_may_be_chosen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_sent_does_not_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_source_that_ends_is_gone_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_priorities_of_slots_need_a_source, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_ninth_source_needs_a_higher_priority, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frames_wait_for_syncs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_syncs_the_source_decides, setup, teardown),
        cmocka_unit_test_setup_teardown(test_several_sources_are_not_synchronized, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_loss_ends_synchronization, setup, teardown),
        cmocka_unit_test_setup_teardown(test_groups_of_syncs_change_once_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(test_announcements_are_shown_until_something_comes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_discovery_has_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_groups_have_as_many_sockets_as_they_need, setup, teardown),
        cmocka_unit_test_setup_teardown(test_instances_with_the_same_bind_share_a_net, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_bind_that_cannot_be_had_leaves_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
