/* crypto.c - message digests, by OpenSSL. */
#include <openssl/evp.h>

#include "func/func.h"

static bool digest(struct fcall *c, const EVP_MD *kind, uint8_t *out, unsigned *n)
{
    if (EVP_Digest(ARG_P(c, 0), ARG_N(c, 0), out, n, kind, NULL) == 1)
        return true;
    return err_set(c->err, ERR_INTERNAL_ERROR, "could not compute the digest");
}

static bool return_digest(struct fcall *c, const EVP_MD *kind)
{
    unsigned n;
    uint8_t *out = arena_alloc(c->arena, EVP_MAX_MD_SIZE);
    return digest(c, kind, out, &n) && return_bytes(c, out, n);
}

static bool md5(struct fcall *c)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t out[EVP_MAX_MD_SIZE];
    unsigned n;
    if (!digest(c, EVP_md5(), out, &n))
        return false;
    char *text = arena_alloc(c->arena, (size_t)n * 2);
    for (unsigned k = 0; k < n; k++) {
        text[2 * k] = hex[out[k] >> 4];
        text[2 * k + 1] = hex[out[k] & 15];
    }
    return return_bytes(c, text, (size_t)n * 2);
}

static bool sha224(struct fcall *c)
{
    return return_digest(c, EVP_sha224());
}
static bool sha256(struct fcall *c)
{
    return return_digest(c, EVP_sha256());
}
static bool sha384(struct fcall *c)
{
    return return_digest(c, EVP_sha384());
}
static bool sha512(struct fcall *c)
{
    return return_digest(c, EVP_sha512());
}

FUNC_TABLE(crypto_funcs) = {
    {"md5_text", md5},
    {"md5_bytea", md5},
    {"sha224_bytea", sha224},
    {"sha256_bytea", sha256},
    {"sha384_bytea", sha384},
    {"sha512_bytea", sha512},
    {NULL, NULL},
};
