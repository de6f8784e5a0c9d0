/* SPDX-License-Identifier: BSD-2-Clause */
/* What a show that runs records from its beginning (--record), and what it replays. */
#ifndef BROKER_CLI_TAPE_H
#define BROKER_CLI_TAPE_H

struct cli_options;
struct journal;
struct record_writer;
struct recording;
struct replay;
struct runtime;
struct show;

struct tape {
    const struct cli_options *options;
    int replay_fd;
    struct journal *journal;
    struct replay *replay;
    struct record_writer *writer;
    struct recording *recording;
};

#define TAPE_NONE                                                                                            \
    {                                                                                                        \
        .replay_fd = -1                                                                                      \
    }

/*
 * Opens the files, with the caller's rights, and forks the process that writes; with one thread and signals
 * blocked. EX_OK, or an exit status with the reason on stderr.
 */
int tape_open(struct tape *tape, const struct cli_options *options);

/* Once there is a loop. -ENOMEM. */
int tape_new_journal(struct tape *tape, struct runtime *runtime);

/*
 * Before the show starts: records and replays from now on; `replayed` is called when that is over. EX_OK, or
 * an exit status with the reason on stderr.
 */
int tape_begin(struct tape *tape, struct show *show, struct runtime *runtime,
               void (*replayed)(void *userdata), void *userdata);

/* There is another show, or none. */
void tape_set_show(struct tape *tape, struct show *show);

/* Waits until everything is written. */
void tape_deinit(struct tape *tape);

#endif
