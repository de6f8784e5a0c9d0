/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes network calls with any arguments, as a hostile worker would: a thread behind a real filter in an
 * empty network namespace calls, and the gate answers. A socket in the gate's namespace is only
 * ever connected, bound or listening where the policy's rules allow it, by a second implementation of them; a
 * refused call leaves the socket in its namespace; every call returns; and no descriptor is left open. Both
 * namespaces belong to this process, and nothing leaves them.
 */
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "broker/base/loop.h"
#include "broker/gate/connect.h"
#include "broker/gate/flight.h"
#include "broker/gate/private.h"
#include "firecurtain/time.h"
#include "tests/fuzz/filter.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/rules.h"

#define N_SOCKETS   4
#define MAX_CALLS   12
#define PATIENCE_MS 30 /* to wait for a connection that is not accepted; then the caller is interrupted */
#define INTERRUPT   SIGRTMIN /* not SIGUSR1, by which libFuzzer is told to end */

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* A call and its result. The thread waits for `go` and signals `done`; all else is plain memory. */
static struct {
    long number, arguments[6], result;
    int go, done;
    pid_t thread;
    int listener;
} call;

static struct loop *loop;
static struct gate_worker *gate;
static struct flight flight;
static unsigned n_served = 1; /* not the first: each is asked for */
static int pidfd;             /* of this process, which is its own worker */
static struct rules rules;
static struct timer impatience;
static int memory; /* this process's, as a keeper would open it */
static uint64_t broker_cookie;

static void interrupted(int number)
{
    (void)number;
}

static uint64_t cookie_of(int fd)
{
    uint64_t cookie = 0;
    socklen_t n = sizeof(cookie);

    require(getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &n) == 0);
    return cookie;
}

static void signal_done(void)
{
    require(eventfd_write(call.done, 1) == 0);
}

/* Ignores the signal that interrupts a call, which may arrive just after it. */
static void await_go(void)
{
    eventfd_t one;

    while (eventfd_read(call.go, &one) < 0)
        require(errno == EINTR);
}

static void *make_calls(void *unused)
{
    static const char *const calls[] = {"connect", "bind", "listen", "sendto", "sendmsg", "acct"};
    sigset_t others;

    (void)unused;
    sigfillset(&others); /* libFuzzer's signals are for its own thread */
    sigdelset(&others, INTERRUPT);
    require(pthread_sigmask(SIG_SETMASK, &others, NULL) == 0);
    call.thread = gettid();
    call.listener = unshare(CLONE_NEWNET) == 0 ? filter_load(calls, sizeof(calls) / sizeof(calls[0])) : -1;
    signal_done();
    for (;;) {
        await_go();
        call.result = syscall(call.number, call.arguments[0], call.arguments[1], call.arguments[2],
                              call.arguments[3], call.arguments[4], call.arguments[5]);
        if (call.result < 0)
            call.result = -errno;
        signal_done();
    }
}

/* Starts the loopback interface of the new namespace, which has no other one. */
static void raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    require(fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0);
    broker_cookie = cookie_of(fd);
    close(fd);
}

static void call_is_done(void *userdata, uint32_t events)
{
    eventfd_t one;

    (void)userdata;
    (void)events;
    require(eventfd_read(call.done, &one) == 0);
    loop_stop(loop);
}

static void interrupt(void *userdata)
{
    (void)userdata;
    syscall(SYS_tgkill, getpid(), call.thread, INTERRUPT);
    loop_set_timer(loop, &impatience, fc_now_ns() + PATIENCE_MS * FC_NS_PER_MS);
}

/* Makes the namespaces, before libFuzzer has threads: with several there can be no new user namespace. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static struct loop_source *source;
    struct sigaction action = {.sa_handler = interrupted}; /* no SA_RESTART */
    pthread_t thread;
    eventfd_t one;

    (void)argc;
    (void)argv;
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        fuzz_skip("no new network namespace for this user");
    raise_loopback();
    call.go = eventfd(0, EFD_CLOEXEC);
    call.done = eventfd(0, EFD_CLOEXEC);
    memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    pidfd = pidfd_open(getpid(), 0);
    require(call.go >= 0 && call.done >= 0 && memory >= 0 && pidfd >= 0 &&
            sigaction(INTERRUPT, &action, NULL) == 0);
    require(pthread_create(&thread, NULL, make_calls, NULL) == 0 && eventfd_read(call.done, &one) == 0);
    if (call.listener < 0)
        fuzz_skip("this kernel lets no filter have a listener");
    require(loop_new(&loop) == 0 &&
            loop_add(loop, &source, call.done, POLLIN, "a test", call_is_done, NULL) == 0);
    impatience = (struct timer){.fn = interrupt};
    return 0;
}

static void placed(void *userdata, int fd)
{
    (void)userdata;
    require(fd >= 0 && cookie_of(fd) == broker_cookie);
}

/* Has the thread make the call, and serves it as a gate does. */
static long make_call(long number, const long arguments[6])
{
    call.number = number;
    memcpy(call.arguments, arguments, sizeof(call.arguments));
    loop_set_timer(loop, &impatience, fc_now_ns() + PATIENCE_MS * FC_NS_PER_MS);
    require(eventfd_write(call.go, 1) == 0 && loop_run(loop) == 0);
    loop_cancel_timer(loop, &impatience);
    return call.result;
}

static enum policy_protocol protocol_of(int fd)
{
    int type = 0;
    socklen_t n = sizeof(type);

    require(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0);
    return type == SOCK_STREAM ? POLICY_TCP : POLICY_UDP;
}

/* Checks that a rule allows what a socket is connected or bound to. */
static void check_place(int fd, enum policy_use use,
                        int (*name)(int fd, struct sockaddr *address, socklen_t *n))
{
    uint8_t bytes[128] = {0}, address[16];
    socklen_t n = sizeof(bytes);
    uint16_t port;

    if (name(fd, (struct sockaddr *)bytes, &n) < 0)
        return;
    require(read_plainly(bytes, n, address, &port));
    require(rules_allow(&rules, use, protocol_of(fd), address, port));
}

static bool is_listening(int fd)
{
    int listening = 0;
    socklen_t n = sizeof(listening);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) == 0 && listening;
}

static void check_socket(int fd)
{
    if (cookie_of(fd) != broker_cookie) {
        struct sockaddr_storage peer;
        socklen_t n = sizeof(peer);

        /* the worker's own namespace, where nothing is ever done */
        require(getpeername(fd, (struct sockaddr *)&peer, &n) < 0 && !is_listening(fd));
        return;
    }
    check_place(fd, POLICY_CONNECT, getpeername);
    if (is_listening(fd))
        check_place(fd, POLICY_LISTEN, getsockname);
}

/* The sockets of one input, as a worker makes them. */
static int sockets[N_SOCKETS];

/* Reads the name of a socket in the broker's namespace. False if it has no port there. */
static bool read_name(int fd, uint8_t address[16], uint16_t *port)
{
    struct sockaddr_storage name;
    socklen_t n = sizeof(name);

    return cookie_of(fd) == broker_cookie && getsockname(fd, (struct sockaddr *)&name, &n) == 0 &&
           read_plainly((const uint8_t *)&name, n, address, port) && *port;
}

/* Tells whether a datagram to a port may be an answer: only sockets of this input can have sent anything. */
static bool is_answer(int fd, uint16_t to)
{
    uint8_t address[16];
    uint16_t port;
    bool is_server = protocol_of(fd) == POLICY_UDP && read_name(fd, address, &port) &&
                     rules_allow(&rules, POLICY_LISTEN, POLICY_UDP, address, port);

    for (size_t i = 0; is_server && i < N_SOCKETS; i++) {
        if (protocol_of(sockets[i]) == POLICY_UDP && read_name(sockets[i], address, &port) && port == to)
            return true;
    }
    return false;
}

/* Checks the result of a call with an address against the bytes given. */
static void check_result(int fd, enum policy_use use, bool is_datagram, const uint8_t *bytes, size_t n,
                         long result)
{
    uint8_t address[16];
    uint16_t port;
    enum policy_protocol protocol = protocol_of(fd);

    if (result < 0 && result != -EINPROGRESS && result != -ECONNREFUSED && result != -EADDRINUSE)
        return;
    if (use == POLICY_CONNECT && n >= 2 && bytes[0] == AF_UNSPEC && bytes[1] == 0) {
        require(protocol == POLICY_UDP); /* forgets its peer */
        return;
    }
    require(read_plainly(bytes, n, address, &port));
    if (use == POLICY_CONNECT)
        specify_plainly(address);
    require(rules_allow(&rules, use, protocol, address, port) ||
            (use == POLICY_LISTEN && port == 0 && rules_allow_client(&rules, protocol, address)) ||
            (is_datagram && is_answer(fd, port)));
}

static void call_on_address(struct input *input, long number, enum policy_use use, int fd)
{
    uint8_t bytes[256] = {0};
    size_t wanted = take_number(input, 1), n;
    const uint8_t *at = take_bytes(input, wanted, &n);
    bool odd = wanted == 255; /* an invalid address or length */
    long length = odd ? (long)take_number(input, 8) : (long)n;
    long arguments[6] = {fd, odd && length & 1 ? length : (long)bytes, length};
    long result;

    if (n)
        memcpy(bytes, at, n);
    result = make_call(number, arguments);
    if (odd && (length < 0 || length > 128 || (length & 1)))
        require(result < 0);
    else
        check_result(fd, use, false, bytes, (size_t)length, result);
}

static void call_sendto(struct input *input, int fd)
{
    static char payload[65537];
    uint8_t bytes[128] = {0};
    size_t wanted = take_number(input, 1) % 129, n;
    const uint8_t *at = take_bytes(input, wanted, &n);
    long n_payload = (long)(take_number(input, 3) % (sizeof(payload) + 1));
    long arguments[6] = {
        fd, (long)payload, n_payload, (int)take_number(input, 4), (long)(n ? bytes : NULL), (long)n};
    long result;

    if (n)
        memcpy(bytes, at, n);
    result = make_call(SYS_sendto, arguments);
    if (n && result >= 0)
        check_result(fd, POLICY_CONNECT, true, bytes, n, result);
    require(result < 0 || result == n_payload || protocol_of(fd) == POLICY_TCP);
}

static void call_sendmsg(struct input *input, int fd)
{
    static char payload[4096];
    struct iovec parts[70];
    uint8_t bytes[128] = {0}, control[64] = {0};
    size_t wanted = take_number(input, 1) % 129, n;
    const uint8_t *at = take_bytes(input, wanted, &n);
    struct msghdr message = {.msg_name = n ? bytes : NULL,
                             .msg_namelen = (socklen_t)n,
                             .msg_iov = parts,
                             .msg_control = control};
    uint8_t kind = (uint8_t)take_number(input, 1);
    long arguments[6] = {fd, (long)&message, (int)take_number(input, 2)};
    size_t sum = 0;
    long result;

    if (n)
        memcpy(bytes, at, n);
    message.msg_controllen = kind & 1 ? take_number(input, 1) % sizeof(control) : 0;
    message.msg_iovlen = kind & 2 ? take_number(input, 8) : take_number(input, 1) % 70;
    if (kind & 4)
        message.msg_namelen = (socklen_t)take_number(input, 4);
    for (size_t i = 0; i < 70 && i < message.msg_iovlen; i++) {
        parts[i] = (struct iovec){payload, take_number(input, kind & 8 ? 8 : 2)};
        if (!(kind & 8))
            parts[i].iov_len %= sizeof(payload);
        sum += parts[i].iov_len;
    }
    result = make_call(SYS_sendmsg, arguments);
    if (message.msg_controllen || message.msg_iovlen > 64)
        require(result < 0);
    if (n && result >= 0 && !(kind & 4))
        check_result(fd, POLICY_CONNECT, true, bytes, n, result);
    require(result < 0 || (size_t)result == sum || protocol_of(fd) == POLICY_TCP);
}

static void step(struct input *input)
{
    uint8_t what = (uint8_t)take_number(input, 1);
    int fd = sockets[what >> 4 & (N_SOCKETS - 1)];
    uint64_t before = cookie_of(fd);
    long arguments[6] = {fd, 0};

    switch (what % 8) {
    case 0:
    case 1:
        call_on_address(input, SYS_connect, POLICY_CONNECT, fd);
        break;
    case 2:
        call_on_address(input, SYS_bind, POLICY_LISTEN, fd);
        break;
    case 3:
        arguments[1] = (long)take_number(input, 1) - 2;
        require(make_call(SYS_listen, arguments) < 0 || is_listening(fd));
        break;
    case 4:
        call_sendto(input, fd);
        break;
    case 5:
        call_sendmsg(input, fd);
        break;
    case 6:
        require(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) ^ O_NONBLOCK) == 0);
        break;
    default:
        require(make_call(SYS_acct, arguments) == -EPERM); /* no network call: an attack */
        break;
    }
    require(before != broker_cookie || cookie_of(fd) == broker_cookie);
    for (size_t i = 0; i < N_SOCKETS; i++)
        check_socket(sockets[i]);
}

/* Makes a socket in the thread, in the empty namespace. */
static int worker_socket(long family, long type)
{
    long arguments[6] = {family, type | SOCK_CLOEXEC};
    long fd = make_call(SYS_socket, arguments);

    require(fd >= 0);
    return (int)fd;
}

static void logged(void *userdata, const char *text)
{
    (void)userdata;
    require(strlen(text) < GATE_MAX_TEXT);
}

/* This process has other threads, and what it reads is its own memory: nobody is to blame. */
static void offends(void *userdata, uint64_t waited_ns)
{
    (void)userdata;
    require(waited_ns > CHARGE_MAX_NS);
    gate->is_barred = false;
    gate->charge.owed_ns = 0;
}

static void begin(void)
{
    static const struct gate_ops ops = {.log = logged, .placed = placed, .offends = offends};
    struct gate_spec spec = {.policy = &rules.policy,
                             .loop = loop,
                             .flight = &flight,
                             .n_served = &n_served,
                             .id = 1,
                             .memory = memory,
                             .pidfd = pidfd,
                             .files = 64,
                             .ops = &ops};

    require(gate_worker_new(&gate, &spec, fcntl(call.listener, F_DUPFD_CLOEXEC, 0)) == 0);
    sockets[0] = worker_socket(AF_INET, SOCK_STREAM);
    sockets[1] = worker_socket(AF_INET, SOCK_DGRAM);
    sockets[2] = worker_socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK);
    sockets[3] = worker_socket(AF_INET6, SOCK_DGRAM);
}

static void end(void)
{
    for (size_t i = 0; i < N_SOCKETS; i++) {
        struct linger at_once = {.l_onoff = 1};

        setsockopt(sockets[i], SOL_SOCKET, SO_LINGER, &at_once,
                   sizeof(at_once)); /* so that no port stays in use */
        close(sockets[i]);
    }
    gate = gate_worker_free(gate);
    require(flight.now.worker == 0 && !flight_next(&flight, 1, &(size_t){0})); /* every call was answered */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct input input = {data, bytes};
    unsigned before = count_open();

    log_init(FC_LOG_ERROR);
    rules_take(&rules, &input);
    begin();
    for (int i = 0; i < MAX_CALLS && input.left; i++)
        step(&input);
    end();
    policy_deinit(&rules.policy);
    require(count_open() == before);
    return 0;
}
