/* SPDX-License-Identifier: BSD-2-Clause */
/* The service as its files share it. */
#ifndef BROKER_RUNTIME_PRIVATE_H
#define BROKER_RUNTIME_PRIVATE_H

#include <stdbool.h>

#include "broker/base/loop.h"
#include "broker/base/path_set.h"
#include "broker/base/runtime.h"
#include "broker/build/users.h"
#include "broker/config/console.h"
#include "broker/config/roles.h"
#include "broker/control/token_store.h"
#include "broker/runtime/service.h"

struct config;
struct control;
struct show;

enum service_phase {
    SERVICE_STEADY,   /* starting, or running one configuration */
    SERVICE_READING,  /* a user's configuration was read; a show is made from it in the next turn */
    SERVICE_CHANGING, /* going over to another configuration */
    SERVICE_STOPPING, /* to the end */
};

struct service {
    struct service_spec spec;
    enum service_phase phase;
    struct runtime runtime;
    struct path_set shown; /* what workers of the house may see, for as long as this process runs */
    struct users users;
    struct control_roles roles;
    struct console_config console;
    struct token_store token_store; /* of the console */
    struct control *control;        /* NULL: there is no control socket */
    struct show *show;
    struct config *house;    /* that the show was made from, without its users' */
    char *findings;          /* in the configuration that was read last; or NULL */
    unsigned read_account;   /* in SERVICE_READING */
    const char *change_user; /* whose configuration is being changed; NULL: the house's */
    bool is_told;            /* the log has said that the show runs */
    bool is_refused;         /* it ends because no script could be confined */
    bool reload_again;       /* the configuration was to be read again while it was being changed */
    int signal_fd;
    struct loop_source *signals;
    struct loop_task build; /* in SERVICE_READING */
    struct loop_task tidy;  /* frees what a change has left over, in a turn of its own */
    struct loop_task end;
    unsigned n_end_turns; /* that `end` has waited for events to be routed */
};

#endif
