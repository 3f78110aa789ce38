/* func_extension.c - what the functions of pgcrypto and uuid-ossp do. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "catalog/func_int.h"

/* ---- pgcrypto ---- */

static const EVP_MD *digest_named(struct fcall *c, int arg)
{
    const char *name = arena_strndup(c->arena, ARG_P(c, arg), ARG_N(c, arg));
    static const char *const known[] = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512"};
    for (size_t k = 0; k < ARRAY_COUNT(known); k++)
        if (strcasecmp(known[k], name) == 0)
            return EVP_get_digestbyname(known[k]);
    err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "Cannot use \"%s\": No such hash algorithm", name);
    return NULL;
}

static bool digest(struct fcall *c)
{
    const EVP_MD *kind = digest_named(c, 1);
    uint8_t *out = arena_alloc(c->arena, EVP_MAX_MD_SIZE);
    unsigned n;
    if (!kind)
        return false;
    if (EVP_Digest(ARG_P(c, 0), ARG_N(c, 0), out, &n, kind, NULL) != 1)
        return err_set(c->err, ERR_INTERNAL_ERROR, "could not compute the digest");
    return return_bytes(c, out, n);
}

static bool keyed_digest(struct fcall *c)
{
    const EVP_MD *kind = digest_named(c, 2);
    uint8_t *out = arena_alloc(c->arena, EVP_MAX_MD_SIZE);
    unsigned n;
    if (!kind)
        return false;
    if (!HMAC(kind, ARG_P(c, 1), (int)ARG_N(c, 1), (const uint8_t *)ARG_P(c, 0), ARG_N(c, 0), out,
              &n))
        return err_set(c->err, ERR_INTERNAL_ERROR, "could not compute the digest");
    return return_bytes(c, out, n);
}

static bool random_bytes(struct fcall *c)
{
    int64_t n = ARG_I(c, 0);
    if (n < 1 || n > 1024)
        return err_set(c->err, "39000", "Length not in range");
    uint8_t *out = arena_alloc(c->arena, (size_t)n);
    if (RAND_bytes(out, (int)n) != 1)
        return err_set(c->err, ERR_INTERNAL_ERROR, "could not generate random values");
    return return_bytes(c, out, (size_t)n);
}

/* ---- uuid-ossp (RFC 4122) ---- */

static bool nil(struct fcall *c)
{
    return return_bytes(c, arena_zalloc(c->arena, 16), 16);
}

/* The well-known name spaces differ in one byte. */
static bool name_space(struct fcall *c, uint8_t which)
{
    static const uint8_t first[16] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                      0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
    uint8_t *out = arena_memdup(c->arena, first, sizeof(first));
    out[3] += which;
    return return_bytes(c, out, sizeof(first));
}

static bool ns_dns(struct fcall *c)
{
    return name_space(c, 0);
}
static bool ns_url(struct fcall *c)
{
    return name_space(c, 1);
}
static bool ns_oid(struct fcall *c)
{
    return name_space(c, 2);
}
static bool ns_x500(struct fcall *c)
{
    return name_space(c, 4);
}

static bool return_version(struct fcall *c, uint8_t *bytes, int version)
{
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return return_bytes(c, bytes, 16);
}

/* Ticks of 100 ns since 1582-10-15, a random clock sequence, a random node marked as such. */
static bool by_time(struct fcall *c)
{
    static uint64_t last;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ticks = UINT64_C(122192928000000000) + (uint64_t)now.tv_sec * 10000000 +
                     (uint64_t)now.tv_nsec / 100;
    uint64_t before = __atomic_load_n(&last, __ATOMIC_RELAXED), next;
    do /* never the same twice */
        next = ticks > before ? ticks : before + 1;
    while (!__atomic_compare_exchange_n(&last, &before, next, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED));
    uint8_t *out = arena_alloc(c->arena, 16);
    for (int k = 0; k < 4; k++)
        out[k] = (uint8_t)(next >> (24 - 8 * k));
    out[4] = (uint8_t)(next >> 40);
    out[5] = (uint8_t)(next >> 32);
    out[6] = (uint8_t)(next >> 56);
    out[7] = (uint8_t)(next >> 48);
    if (RAND_bytes(out + 8, 8) != 1)
        return err_set(c->err, ERR_INTERNAL_ERROR, "could not generate random values");
    out[10] |= 1;
    return return_version(c, out, 1);
}

static bool by_name(struct fcall *c, const EVP_MD *kind, int version)
{
    size_t n = ARG_N(c, 1);
    uint8_t *text = arena_alloc(c->arena, n + 16), *out = arena_alloc(c->arena, EVP_MAX_MD_SIZE);
    memcpy(text, ARG_P(c, 0), 16);
    memcpy(text + 16, ARG_P(c, 1), n);
    if (EVP_Digest(text, n + 16, out, NULL, kind, NULL) != 1)
        return err_set(c->err, ERR_INTERNAL_ERROR, "could not compute the digest");
    return return_version(c, out, version);
}

static bool by_md5(struct fcall *c)
{
    return by_name(c, EVP_md5(), 3);
}
static bool by_sha1(struct fcall *c)
{
    return by_name(c, EVP_sha1(), 5);
}

FUNC_TABLE(catalog_extension_funcs) = {
    {"pg_digest", digest},
    {"pg_hmac", keyed_digest},
    {"pg_random_bytes", random_bytes},
    {"uuid_nil", nil},
    {"uuid_ns_dns", ns_dns},
    {"uuid_ns_url", ns_url},
    {"uuid_ns_oid", ns_oid},
    {"uuid_ns_x500", ns_x500},
    {"uuid_generate_v1", by_time},
    {"uuid_generate_v1mc", by_time},
    {"uuid_generate_v3", by_md5},
    {"uuid_generate_v5", by_sha1},
    {NULL, NULL},
};
