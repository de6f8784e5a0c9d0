/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that the script has mapped into its memory (mapping.c). Runs in workers.
 */
#ifndef WORKER_LIBC_MAPPING_H
#define WORKER_LIBC_MAPPING_H

/* Writes back what the script has changed in its mappings and not flushed: at the orderly end of a worker. */
void mapping_finish(void);

#endif
