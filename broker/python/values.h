/* SPDX-License-Identifier: BSD-2-Clause */
/* The last values of an instance's channels. They outlive the worker. */
#ifndef BROKER_PYTHON_VALUES_H
#define BROKER_PYTHON_VALUES_H

#include <stdint.h>

struct fc_instance;
struct python;

/* Makes room for the values of one more channel. -ENOMEM. */
int python_add_values(struct python *python, uint32_t id);

/* Lends the last values by channel, valid until a channel is added. */
void python_values(const struct fc_instance *instance, const double **inputs, const double **outputs);

/* Sets the last values of a channel, from a recording. */
void python_set_values(struct fc_instance *instance, uint32_t channel, double input, double output);

#endif
