/* SPDX-License-Identifier: BSD-2-Clause */
/* CIDs, which tell sACN sources apart, from text. Pure; used in the broker. */
#ifndef BROKER_BACKENDS_SACN_CID_H
#define BROKER_BACKENDS_SACN_CID_H

#include "broker/backends/sacn_codec.h"
#include "firecurtain/backend.h"

/* Reads 16 numbers with blanks in between, or a UUID. -EINVAL with `reason` filled. */
int sacn_cid_read(uint8_t cid[SACN_CID_BYTES], const char *option, const char *value,
                  struct fc_reason *reason);

#endif
