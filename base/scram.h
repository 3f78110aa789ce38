/* scram.h - SCRAM-SHA-256 (RFC 5802, 7677): verifiers as PostgreSQL keeps them, and the arithmetic of an exchange.
 *
 * A verifier's text is "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>", the last three in base64. */
#ifndef SHARDLITE_BASE_SCRAM_H
#define SHARDLITE_BASE_SCRAM_H

#include "base/arena.h"

#define SCRAM_KEY_BYTES 32
#define SCRAM_ITERATIONS 4096
#define SCRAM_SALT_BYTES 16

struct scram_verifier {
    int iterations;
    uint8_t salt[64];
    size_t salt_bytes;
    uint8_t stored_key[SCRAM_KEY_BYTES], server_key[SCRAM_KEY_BYTES];
};

/* NULL when the system gives no random bytes. */
const char *scram_make_verifier(struct arena *arena, const char *password);
MUST_CHECK bool scram_parse_verifier(const char *text, struct scram_verifier *verifier);
bool scram_is_verifier(const char *text);
MUST_CHECK bool scram_verify_password(const struct scram_verifier *verifier, const char *password);
/* A verifier that nothing fits, the same for the same name and seed: so that strangers can't tell which users exist. */
void scram_mock_verifier(const char *user, const uint8_t seed[32], struct scram_verifier *verifier);
/* Whether the client's proof is right for this exchange, and the server's signature for it. */
MUST_CHECK bool scram_check_proof(const struct scram_verifier *verifier, const char *auth_message,
                                  const uint8_t proof[SCRAM_KEY_BYTES],
                                  uint8_t signature[SCRAM_KEY_BYTES]);

const char *base64_encode(struct arena *arena, const uint8_t *bytes, size_t n);
/* NULL if it is not base64. */
uint8_t *base64_decode(struct arena *arena, const char *text, size_t n, size_t *n_bytes);

#endif
