/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uthash as the broker uses it: out of memory it does not end the process, but leaves the entry out. Callers
 * that add an entry zero it first, and check its hh.tbl afterwards: NULL if it was not added.
 */
#ifndef BROKER_BASE_HASH_H
#define BROKER_BASE_HASH_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#endif
