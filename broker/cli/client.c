/* SPDX-License-Identifier: BSD-2-Clause */
/* Connects to the broker's control socket, sends requests and receives answers. */
#include "broker/cli/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "broker/cli/common.h"
#include "broker/cli/dealer.h"
#include "broker/cli/print.h"
#include "broker/os/control_socket.h"
#include "broker/runtime/runtime.h"
#include "firecurtain/cleanup.h"
#include "firecurtain/time.h"

#define CLIENT_SYSTEM_FOLDER "/run/firecurtain"
#define CLIENT_CONNECT_MS    5000
#define CLIENT_BUSY_NS       (20 * FC_NS_PER_MS)
#define CLIENT_BUSY_TIMES    500
#define CLIENT_AGAIN_NS      (100 * FC_NS_PER_MS) /* between attempts to connect again */
#define CLIENT_AGAIN_TIMES   20
#define CLIENT_AGAIN_LINES   200 /* of the log, which may be those that were missed */

struct client {
    char *folder;
    int folder_fd;
    struct dealer *link;
    struct codec_control *codec;
    uint64_t id;                     /* of the last request */
    struct control_request followed; /* what is followed, to be asked again on another connection */
    bool was_lost;
};

static int client_fail(const struct client *client, int r)
{
    switch (r) {
    case -ENOENT:
    case -ENOTDIR:
    case -ECONNREFUSED:
        fprintf(stderr, "firecurtain: no broker is running in the runtime folder %s (option --runtime-dir)\n",
                client->folder);
        return EX_UNAVAILABLE;
    case -EACCES:
    case -EPERM:
        fprintf(stderr,
                "firecurtain: the broker in %s refuses uid %u, which has no role (section [control])\n",
                client->folder, getuid());
        return EX_NOPERM;
    case -ECONNRESET:
        fprintf(stderr, "firecurtain: the broker has closed the connection\n");
        return EX_UNAVAILABLE;
    case -ETIMEDOUT:
        fprintf(stderr, "firecurtain: the broker in %s does not answer\n", client->folder);
        return EX_TEMPFAIL;
    case -EBADMSG:
    case -EMSGSIZE:
        fprintf(stderr, "firecurtain: the broker's answer is malformed\n");
        return EX_PROTOCOL;
    default:
        fprintf(stderr, "firecurtain: %s: %s\n", client->folder, strerror(-r));
        return EX_OSERR;
    }
}

static bool client_has_socket(const char *folder)
{
    char path[4096];

    return folder && snprintf(path, sizeof(path), "%s/" CONTROL_SOCKET, folder) < (int)sizeof(path) &&
           access(path, F_OK) == 0;
}

/* Returns the runtime folder of the caller's own broker, or else of the machine's. */
static char *client_find_folder(const struct cli_options *options)
{
    char *folder = cli_runtime_folder(options);

    if (folder)
        return folder;
    folder = runtime_find_folder();
    if (!folder || client_has_socket(folder) || !client_has_socket(CLIENT_SYSTEM_FOLDER))
        return folder;
    free(folder);
    return strdup(CLIENT_SYSTEM_FOLDER);
}

/* Refuses a folder in /tmp that somebody else has made where the caller's broker would make its own. */
static int client_check_owner(const struct client *client, const struct cli_options *options)
{
    struct stat st;

    if (options->runtime_folder || fstat(client->folder_fd, &st) < 0)
        return 0;
    if (st.st_uid == 0 || st.st_uid == getuid() || strncmp(client->folder, "/tmp/", 5) != 0)
        return 0;
    fprintf(stderr, "firecurtain: %s belongs to uid %u; if you trust that user, name it with --runtime-dir\n",
            client->folder, st.st_uid);
    return EX_NOPERM;
}

/* Makes the connection, once the folder is open. 0 or -errno. */
static int client_open(struct client *client)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fd/%d/" CONTROL_SOCKET, client->folder_fd);
    if (access(path, F_OK) < 0)
        return -errno;
    return dealer_new(&client->link, path, CONTROL_MAX_REPLY);
}

static int client_connect(struct client *client, const struct cli_options *options)
{
    char path[64];
    int r = control_socket_path(client->folder, &client->folder_fd, path, sizeof(path));

    if (r == 0 && access(path, F_OK) < 0)
        r = -errno;
    if (r == -EACCES) {
        fprintf(stderr, "firecurtain: the folder %s is not accessible to uid %u\n", client->folder, getuid());
        return EX_NOPERM;
    }
    if (r < 0)
        return client_fail(client, r);
    r = client_check_owner(client, options);
    if (r)
        return r;
    r = client_open(client);
    return r < 0 ? client_fail(client, r) : EX_OK;
}

int client_new(struct client **clientp, const struct cli_options *options)
{
    struct client *client = calloc(1, sizeof(*client));
    int status = EX_OSERR;

    if (!client)
        return EX_OSERR;
    client->folder_fd = -1;
    client->folder = client_find_folder(options);
    if (client->folder && codec_control_new(&client->codec) == 0)
        status = client_connect(client, options);
    if (status != EX_OK)
        client_free(client);
    else
        *clientp = client;
    return status;
}

struct client *client_free(struct client *client)
{
    if (!client)
        return NULL;
    dealer_free(client->link);
    codec_control_free(client->codec);
    fc_closep(&client->folder_fd);
    free(client->folder);
    free(client);
    return NULL;
}

void client_freep(struct client **client)
{
    *client = client_free(*client);
}

static int client_status(const struct control_reply *reply)
{
    static const int statuses[CONTROL_OUTCOMES_] = {
        [CONTROL_DONE] = EX_OK,
        [CONTROL_REFUSED] = EX_NOPERM,
        [CONTROL_UNKNOWN_NAME] = EX_NOINPUT,
        [CONTROL_INVALID] = EX_DATAERR,
        [CONTROL_BUSY] = EX_TEMPFAIL,
        [CONTROL_FAILED] = EX_SOFTWARE,
        [CONTROL_UNSUPPORTED] = EX_PROTOCOL,
    };

    if (reply->outcome == CONTROL_DONE)
        return EX_OK;
    fputs("firecurtain: ", stderr);
    if (reply->text[0]) {
        print_text(stderr, reply->text);
    } else {
        fprintf(stderr, "%s", control_outcome_name(reply->outcome));
    }
    fputs("\n", stderr);
    return statuses[reply->outcome];
}

/* Receives the next answer to the last request. 0 or -errno. */
static int client_receive(struct client *client, int timeout_ms, int also_fd, struct control_reply *reply)
{
    const void *bytes;
    size_t n_bytes;
    int r;

    do {
        r = dealer_receive(client->link, timeout_ms, also_fd, &bytes, &n_bytes);
        if (r == 0)
            r = codec_control_decode_reply(client->codec, bytes, n_bytes, reply);
        /* without `also_fd`, a signal such as SIGWINCH does not end the wait */
    } while (r == -EINTR ? also_fd < 0 : r == 0 && reply->id != client->id);
    return r;
}

static int client_send(struct client *client, struct control_request *request)
{
    const void *bytes;
    size_t n_bytes;
    int r;

    request->version = CONTROL_VERSION;
    request->id = ++client->id;
    r = codec_control_encode_request(client->codec, request, &bytes, &n_bytes);
    return r < 0 ? r : dealer_send(client->link, bytes, n_bytes);
}

/* Returns whether asking twice does no more than asking once. */
static bool client_may_repeat(enum control_verb verb)
{
    return verb != CONTROL_RESTART && verb != CONTROL_EMIT && verb != CONTROL_PANIC && verb != CONTROL_RECORD;
}

/* Returns how long an answer may take: scripts clean up for as long as the configuration allows. */
static int client_patience_ms(enum control_verb verb)
{
    return verb == CONTROL_STOP || verb == CONTROL_RESTART || verb == CONTROL_RELOAD ? -1 : CLIENT_CONNECT_MS;
}

/*
 * Connects again and asks once more, when the process that has the connections has died: there is another one
 * within a second, unless the broker itself has ended. 0, or -ECONNRESET.
 */
static int client_ask_again(struct client *client, struct control_request *request,
                            struct control_reply *reply)
{
    const struct timespec pause = {.tv_nsec = CLIENT_AGAIN_NS};

    for (unsigned i = 0; i < CLIENT_AGAIN_TIMES; i++) {
        int r;

        client->link = dealer_free(client->link);
        if (client_open(client) < 0)
            return -ECONNRESET;
        r = client_send(client, request);
        if (r == 0)
            r = client_receive(client, client_patience_ms(request->verb), -1, reply);
        if (r == 0) {
            client->was_lost = true;
            return 0;
        }
        nanosleep(&pause, NULL);
    }
    return -ECONNRESET;
}

bool client_was_lost(struct client *client)
{
    bool was_lost = client->was_lost;

    client->was_lost = false;
    return was_lost;
}

/* Returns whether the broker would read the request; one that is malformed gets no answer. */
static bool client_check_names(const struct control_request *request)
{
    for (size_t i = 0; i < request->n_names; i++) {
        if (codec_control_is_name(request->names[i]))
            continue;
        fputs("firecurtain: \"", stderr);
        print_text(stderr, request->names[i]);
        fprintf(stderr, "\" is not a name: it is empty, has control characters, or is longer than %u bytes\n",
                CONTROL_MAX_NAME);
        return false;
    }
    return true;
}

int client_ask(struct client *client, struct control_request *request, struct control_reply *reply)
{
    const struct timespec pause = {.tv_nsec = CLIENT_BUSY_NS};

    if (!client_check_names(request))
        return EX_DATAERR;
    if (request->follow)
        client->followed = *request;
    for (unsigned i = 0;; i++) {
        int r = client_send(client, request);

        if (r == 0)
            r = client_receive(client, client_patience_ms(request->verb), -1, reply);
        if (r == -ECONNRESET && client_may_repeat(request->verb))
            r = client_ask_again(client, request, reply);
        if (r < 0)
            return client_fail(client, r);
        if (reply->outcome != CONTROL_BUSY || i == CLIENT_BUSY_TIMES)
            return client_status(reply);
        nanosleep(&pause, NULL);
    }
}

/* Goes on with what is followed, on another connection. */
static int client_follow_again(struct client *client, struct control_reply *reply)
{
    int r = -ECONNRESET;

    client->followed.from = 0;
    client->followed.lines = CLIENT_AGAIN_LINES;
    if (client_may_repeat(client->followed.verb))
        r = client_ask_again(client, &client->followed, reply);
    if (r == 0)
        fputs("firecurtain: the connection was lost; connected again\n", stderr);
    return r;
}

int client_follow(struct client *client, struct control_reply *reply)
{
    int r = client_receive(client, -1, -1, reply);

    if (r == -ECONNRESET)
        r = client_follow_again(client, reply);
    return r < 0 ? client_fail(client, r) : client_status(reply);
}

int client_poll(struct client *client, int fd, int timeout_ms, struct control_reply *reply)
{
    int r = client_receive(client, timeout_ms, fd, reply);

    if (r == -EINTR || r == -ETIMEDOUT)
        return -1;
    return r < 0 ? client_fail(client, r) : client_status(reply);
}
