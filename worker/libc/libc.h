/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the functions of this folder, which take the place of the C library's in workers, have to know about
 * their worker. Before libc_enter(), so in the zygote, they do what the C library does.
 */
#ifndef WORKER_LIBC_LIBC_H
#define WORKER_LIBC_LIBC_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

/* The user and group that a script has, by name. */
#define LIBC_USER "script"

struct libc_facts {
    bool is_confined;  /* false: without a sandbox, all functions are the C library's */
    bool is_at_script; /* the option `directory = show` */
    bool has_network;  /* the host's, with all its names */
    const char *script_folder;
    const char *state_folder;
    uint64_t memory_bytes; /* limits of the instance */
    uint64_t state_bytes;
    uint64_t tmp_bytes; /* 0: there is no /tmp */
    uint32_t files;
};

extern struct libc_facts libc_facts;

/* Counts the processors. Called in the zygote, before anything else of this folder. */
void libc_start(void);

/* Begins to stand in for the C library. The strings must live as long as the process. */
void libc_enter(const struct libc_facts *facts);

/* The processors that the zygote may use. */
unsigned libc_processors(void);

/* The function that this one stands in for. */
#define LIBC_NEXT(function)                                                                                  \
    __extension__({                                                                                          \
        static __typeof__(&function) libc_next_;                                                             \
        if (!libc_next_)                                                                                     \
            *(void **)&libc_next_ = dlsym(RTLD_NEXT, #function);                                             \
        libc_next_;                                                                                          \
    })

#endif
