/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 (FIPS 180-4), so that what lets a browser in need not be stored. Pure; in broker and desk. */
#ifndef PROTO_SHA256_H
#define PROTO_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

/* Hashes `n_bytes` bytes, less than 2^61. */
void sha256(const void *bytes, size_t n_bytes, uint8_t hash[SHA256_BYTES]);

#endif
