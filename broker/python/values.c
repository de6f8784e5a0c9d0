/* SPDX-License-Identifier: BSD-2-Clause */
/* The last values of an instance's channels. */
#include "broker/python/values.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/python/private.h"

int python_add_values(struct python *python, uint32_t id)
{
    uint32_t capacity = python->values_capacity ? python->values_capacity * 2 : 64;
    double *inputs, *outputs;
    bool *driven;

    if (id < python->n_values)
        return 0;
    while (capacity <= id)
        capacity *= 2;
    if (id >= python->values_capacity) {
        inputs = realloc(python->inputs, capacity * sizeof(*inputs));
        if (inputs)
            python->inputs = inputs;
        outputs = realloc(python->outputs, capacity * sizeof(*outputs));
        if (outputs)
            python->outputs = outputs;
        driven = realloc(python->driven, capacity * sizeof(*driven));
        if (driven)
            python->driven = driven;
        if (!inputs || !outputs || !driven)
            return -ENOMEM;
        python->values_capacity = capacity;
    }
    for (; python->n_values <= id; python->n_values++) {
        python->inputs[python->n_values] = python->outputs[python->n_values] = 0.0;
        python->driven[python->n_values] = false;
    }
    return 0;
}

void python_values(const struct fc_instance *instance, const double **inputs, const double **outputs)
{
    const struct python *python = instance->self;

    *inputs = python->inputs;
    *outputs = python->outputs;
}

void python_set_values(struct fc_instance *instance, uint32_t channel, double input, double output)
{
    struct python *python = instance->self;

    python->inputs[channel] = input;
    python->outputs[channel] = output;
}
