/* SPDX-License-Identifier: BSD-2-Clause */
/* The option `panic` of the section [console]: it names a channel of the house that is mapped to something.
 */
#ifndef BROKER_BUILD_PANIC_H
#define BROKER_BUILD_PANIC_H

struct build;

/* Finds the errors of the option, when all mappings of the house are known. */
void build_check_panic(struct build *build);

#endif
