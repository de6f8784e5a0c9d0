/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OSC messages to bytes. A message is made once and written often, with changing values; only making it
 * allocates. It must not know ranges or sockets.
 */
#ifndef BROKER_BACKENDS_OSC_OUT_H
#define BROKER_BACKENDS_OSC_OUT_H

#include <stddef.h>

/* A message to be written often with changing values. */
struct osc_out;

/*
 * Makes one with a value for each of `types`, which are any that can be read, except r and brackets. Numbers
 * are 0 at first; all others stay as they are: s and S have the text in the same place of `texts`, which may
 * be NULL, and b, c, m and t are empty, 0 or now. 0 or -ENOMEM.
 */
int osc_out_new(struct osc_out **out, const char *types, const char *const *texts);

/* Takes NULL; returns NULL. */
struct osc_out *osc_out_free(struct osc_out *out);

/* Sets value `n`, if it is a number, to the nearest that its type can hold. `n` is below their number. */
void osc_out_set(struct osc_out *out, size_t n, double value);

/* Writes the packet for `address`. 0 and its length, or -EMSGSIZE if `bytes` are too few for it. */
int osc_out_write(const struct osc_out *out, const char *address, void *packet, size_t bytes,
                  size_t *written);

#endif
