/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Has the scripts of an instance compiled, not run, in a worker of their own behind the whole sandbox: a
 * compiler is a large thing to show a stranger's text to.
 */
#ifndef BROKER_PYTHON_COMPILE_H
#define BROKER_PYTHON_COMPILE_H

struct config;
struct fc_instance;
struct runtime;

/*
 * Adds to `config` what the worker found: syntax errors as errors (warnings, if a user owns the instance),
 * and as warnings what can hardly be right, such as a name that nothing defines or a mapping from a channel
 * that the script never puts out. Runs the loop of `runtime`. Leaves no folder behind. A worker that cannot
 * be had is a warning, too.
 */
void python_compile(const struct fc_instance *instance, struct runtime *runtime, struct config *config);

#endif
