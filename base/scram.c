/* scram.c - see scram.h.  Passwords go through SASLprep where that is possible, and are taken as they are where it is not, as
 * PostgreSQL does. */
#include "base/scram.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/usprep.h>
#include <unicode/ustring.h>

#define PREFIX "SCRAM-SHA-256$"
#define PASSWORD_UNITS_MAX 1024

const char *base64_encode(struct arena *arena, const uint8_t *bytes, size_t n)
{
    char *text = arena_alloc(arena, (n + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
    return text;
}

uint8_t *base64_decode(struct arena *arena, const char *text, size_t n, size_t *n_bytes)
{
    if (n % 4 != 0 || n > INT32_MAX)
        return NULL;
    uint8_t *bytes = arena_alloc(arena, n / 4 * 3 + 1);
    size_t padding = n == 0 ? 0 : (text[n - 1] == '=') + (n > 1 && text[n - 2] == '=');
    int got = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)n);
    if (got < 0 || strcspn(text, "=") + padding < n)
        return NULL;
    *n_bytes = (size_t)got - padding;
    return bytes;
}

/* In `arena`, or `password` itself. */
static const char *prepared(struct arena *arena, const char *password)
{
    const unsigned char *p = (const unsigned char *)password;
    while (*p >= 0x20 && *p < 0x7f)
        p++;
    if (!*p)
        return password;
    UErrorCode status = U_ZERO_ERROR;
    UChar in[PASSWORD_UNITS_MAX], out[PASSWORD_UNITS_MAX];
    int32_t n_in = 0;
    u_strFromUTF8(in, PASSWORD_UNITS_MAX, &n_in, password, -1, &status);
    UStringPrepProfile *profile =
        U_SUCCESS(status) ? usprep_openByType(USPREP_RFC4013_SASLPREP, &status) : NULL;
    int32_t n_out = profile ? usprep_prepare(profile, in, n_in, out, PASSWORD_UNITS_MAX,
                                             USPREP_DEFAULT, NULL, &status)
                            : 0;
    if (profile)
        usprep_close(profile);
    char *text = arena_alloc(arena, (size_t)n_out * 4 + 1);
    int32_t n_text = 0;
    u_strToUTF8(text, n_out * 4 + 1, &n_text, out, n_out, &status);
    return U_SUCCESS(status) && n_out > 0 ? text : password;
}

static void hmac(const uint8_t *key, const void *data, size_t n, uint8_t out[SCRAM_KEY_BYTES])
{
    unsigned length = SCRAM_KEY_BYTES;
    HMAC(EVP_sha256(), key, SCRAM_KEY_BYTES, data, n, out, &length);
}

static void derive(const char *password, const uint8_t *salt, size_t salt_bytes, int iterations,
                   uint8_t stored[SCRAM_KEY_BYTES], uint8_t server[SCRAM_KEY_BYTES])
{
    struct arena *arena = arena_new("password");
    const char *prep = prepared(arena, password);
    uint8_t salted[SCRAM_KEY_BYTES], client[SCRAM_KEY_BYTES];
    PKCS5_PBKDF2_HMAC(prep, (int)strlen(prep), salt, (int)salt_bytes, iterations, EVP_sha256(),
                      SCRAM_KEY_BYTES, salted);
    hmac(salted, "Client Key", 10, client);
    SHA256(client, SCRAM_KEY_BYTES, stored);
    hmac(salted, "Server Key", 10, server);
    OPENSSL_cleanse(salted, sizeof(salted));
    OPENSSL_cleanse(client, sizeof(client));
    arena_free(arena);
}

const char *scram_make_verifier(struct arena *arena, const char *password)
{
    uint8_t salt[SCRAM_SALT_BYTES], stored[SCRAM_KEY_BYTES], server[SCRAM_KEY_BYTES];
    if (RAND_bytes(salt, sizeof(salt)) != 1)
        return NULL;
    derive(password, salt, sizeof(salt), SCRAM_ITERATIONS, stored, server);
    return arena_printf(
        arena, PREFIX "%d:%s$%s:%s", SCRAM_ITERATIONS, base64_encode(arena, salt, sizeof(salt)),
        base64_encode(arena, stored, sizeof(stored)), base64_encode(arena, server, sizeof(server)));
}

static bool decode_key(struct arena *arena, const char *text, size_t n,
                       uint8_t key[SCRAM_KEY_BYTES])
{
    size_t n_bytes = 0;
    uint8_t *bytes = base64_decode(arena, text, n, &n_bytes);
    if (!bytes || n_bytes != SCRAM_KEY_BYTES)
        return false;
    memcpy(key, bytes, SCRAM_KEY_BYTES);
    return true;
}

bool scram_parse_verifier(const char *text, struct scram_verifier *verifier)
{
    if (strncmp(text, PREFIX, strlen(PREFIX)) != 0)
        return false;
    const char *p = text + strlen(PREFIX);
    char *end;
    long iterations = strtol(p, &end, 10);
    if (end == p || *end != ':' || iterations < 1 || iterations > INT32_MAX)
        return false;
    const char *salt = end + 1, *dollar = strchr(salt, '$'),
               *colon = dollar ? strchr(dollar, ':') : NULL;
    if (!colon)
        return false;
    struct arena *arena = arena_new("verifier");
    size_t n_salt = 0;
    uint8_t *salt_bytes = base64_decode(arena, salt, (size_t)(dollar - salt), &n_salt);
    bool ok = salt_bytes && n_salt <= sizeof(verifier->salt) &&
              decode_key(arena, dollar + 1, (size_t)(colon - dollar) - 1, verifier->stored_key) &&
              decode_key(arena, colon + 1, strlen(colon + 1), verifier->server_key);
    if (ok) {
        verifier->iterations = (int)iterations;
        verifier->salt_bytes = n_salt;
        memcpy(verifier->salt, salt_bytes, n_salt);
    }
    arena_free(arena);
    return ok;
}

bool scram_is_verifier(const char *text)
{
    struct scram_verifier verifier;
    return scram_parse_verifier(text, &verifier);
}

bool scram_verify_password(const struct scram_verifier *verifier, const char *password)
{
    uint8_t stored[SCRAM_KEY_BYTES], server[SCRAM_KEY_BYTES];
    derive(password, verifier->salt, verifier->salt_bytes, verifier->iterations, stored, server);
    return CRYPTO_memcmp(server, verifier->server_key, SCRAM_KEY_BYTES) == 0;
}

void scram_mock_verifier(const char *user, const uint8_t seed[32], struct scram_verifier *verifier)
{
    uint8_t digest[SCRAM_KEY_BYTES];
    *verifier =
        (struct scram_verifier){.iterations = SCRAM_ITERATIONS, .salt_bytes = SCRAM_SALT_BYTES};
    hmac(seed, user, strlen(user), digest);
    memcpy(verifier->salt, digest, SCRAM_SALT_BYTES);
}

bool scram_check_proof(const struct scram_verifier *verifier, const char *auth_message,
                       const uint8_t proof[SCRAM_KEY_BYTES], uint8_t signature[SCRAM_KEY_BYTES])
{
    uint8_t client_signature[SCRAM_KEY_BYTES], client_key[SCRAM_KEY_BYTES], stored[SCRAM_KEY_BYTES];
    size_t n = strlen(auth_message);
    hmac(verifier->stored_key, auth_message, n, client_signature);
    for (int i = 0; i < SCRAM_KEY_BYTES; i++)
        client_key[i] = proof[i] ^ client_signature[i];
    SHA256(client_key, SCRAM_KEY_BYTES, stored);
    hmac(verifier->server_key, auth_message, n, signature);
    return CRYPTO_memcmp(stored, verifier->stored_key, SCRAM_KEY_BYTES) == 0;
}
