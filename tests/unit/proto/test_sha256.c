/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests SHA-256 with the vectors of FIPS 180-4, and at all lengths around the ends of blocks. */
#include "proto/sha256.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/check.h"

static void hashes_to(const char *text, size_t n, const char *expected)
{
    uint8_t hash[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];

    sha256(text, n, hash);
    for (size_t i = 0; i < sizeof(hash); i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(hex, expected);
}

static void test_known_texts(void **state)
{
    hashes_to("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hashes_to("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hashes_to("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* The hash of the hashes of 0 to 130 letters, as Python's hashlib has it. */
static void test_all_lengths(void **state)
{
    char text[131];
    uint8_t hashes[131][SHA256_BYTES];

    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < sizeof(text); i++)
        sha256(text, i, hashes[i]);
    hashes_to((const char *)hashes, sizeof(hashes),
              "f5a018ad6f7a21c451c8d98b57699f4aeeb1976b88771c339c7ea60cd09c64ef");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known_texts),
                                       cmocka_unit_test(test_all_lengths)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
