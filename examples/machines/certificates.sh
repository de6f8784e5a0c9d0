#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes an authority for the show and certificates for its machines, in this folder: certificates.sh ENGINE-ADDRESS
set -eu

key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'

# shellcheck disable=SC2086 # a list of words
openssl req -x509 $key -keyout ca.key -out ca.crt -subj '/CN=the show' -days 3650
for name in engine foh stage; do
    # shellcheck disable=SC2086
    openssl req $key -keyout "$name.key" -out "$name.csr" -subj "/CN=$name"
    echo "subjectAltName = $([ "$name" = engine ] && echo "IP:$1" || echo "DNS:$name")" >"$name.ext"
    openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -out "$name.crt" -days 3650 -extfile "$name.ext"
    rm "$name.csr" "$name.ext"
done
