/*
 * The gate: system calls of a worker that its filter hands to the broker. All of them are refused, and the
 * log says which instance tried what. The kernel keeps the caller waiting until then, so an answer is never
 * put off.
 */
#ifndef BROKER_NETGATE_H
#define BROKER_NETGATE_H

struct loop;
struct netgate;

/* Takes over `fd`, a seccomp notification descriptor. `instance` must outlive the gate. -errno. */
int netgate_new(struct netgate **gate, struct loop *loop, const char *instance, int fd);

/* Callers that still wait get ENOSYS from the kernel. Takes NULL; returns NULL. */
struct netgate *netgate_free(struct netgate *gate);

#endif
