/* auth.c - proving who the client is: the rule that fits, then trust, password, SCRAM-SHA-256(-PLUS) or a certificate.
 *
 * A user that does not exist goes through the same exchange as one that does, with a verifier nothing fits. */
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/scram.h"
#include "proxy/session_int.h"

#define AUTH_CLEARTEXT 3
#define AUTH_SASL 10
#define AUTH_SASL_CONTINUE 11
#define AUTH_SASL_FINAL 12
#define NONCE_BYTES 18

static size_t begin_auth(struct session *s, uint32_t kind)
{
    size_t at = wire_begin(&s->out, 'R');
    buf_put_u32(&s->out, kind);
    return at;
}

static bool failed(struct session *s, struct err *err)
{
    return err_set(err, ERR_INVALID_PASSWORD, "password authentication failed for user \"%s\"",
                   s->user);
}

/* A 'p' message.  False: gone, or something else came. */
static bool read_answer(struct session *s, struct wire_reader *in, struct err *err)
{
    struct wire_message message;
    if (!session_wait_message(s, &message, true)) {
        s->phase = PHASE_CLOSING; /* nobody is there to hear of it, or the time is over */
        return err_set(err, ERR_PROTOCOL_VIOLATION, "expected password response");
    }
    if (message.type != WIRE_PASSWORD)
        return err_set(err, ERR_PROTOCOL_VIOLATION,
                       "expected password response, got message type %d", message.type);
    *in = wire_reader_over(message.body, message.n);
    return true;
}

/* The verifier to check against; *real false: nothing will fit. */
static bool find_verifier(struct session *s, struct scram_verifier *verifier)
{
    const struct role *role = cluster_role_by_name(server.cluster, s->user);
    bool usable =
        role && role->password && (!role->has_valid_until || role->valid_until > now_2000_us());
    if (usable && scram_parse_verifier(role->password, verifier))
        return true;
    scram_mock_verifier(s->user, server.mock_seed, verifier);
    return false;
}

static bool auth_password(struct session *s, struct err *err)
{
    wire_end(&s->out, begin_auth(s, AUTH_CLEARTEXT));
    struct wire_reader in;
    if (!read_answer(s, &in, err))
        return false;
    const char *password = wire_cstring(&in);
    if (!wire_finished(&in))
        return err_set(err, ERR_PROTOCOL_VIOLATION, "invalid password packet size");
    if (!*password)
        return err_set(err, ERR_INVALID_PASSWORD, "empty password returned by client");
    struct scram_verifier verifier;
    bool real = find_verifier(s, &verifier);
    return (scram_verify_password(&verifier, password) && real) || failed(s, err);
}

/* ---- SCRAM ---- */

struct scram {
    struct scram_verifier verifier;
    bool real, plus;
    const char *gs2_header; /* "n,," or "p=tls-server-end-point,," ... */
    size_t gs2_bytes;
    const char *client_first_bare, *client_nonce, *server_nonce, *server_first;
};

static bool malformed(struct err *err, const char *detail)
{
    err_set(err, ERR_PROTOCOL_VIOLATION, "malformed SCRAM message");
    return err_detail(err, "%s", detail);
}

/* "r=..." up to the comma or the end, in scratch; NULL if the attribute is not there. */
static const char *attribute(struct arena *arena, const char **at, char name)
{
    const char *p = *at;
    if (p[0] != name || p[1] != '=')
        return NULL;
    size_t n = strcspn(p + 2, ",");
    *at = p + 2 + n + (p[2 + n] == ',');
    return arena_strndup(arena, p + 2, n);
}

static void offer_mechanisms(struct session *s)
{
    size_t at = begin_auth(s, AUTH_SASL);
    if (s->stream.tls)
        wire_put_cstring(&s->out, "SCRAM-SHA-256-PLUS");
    wire_put_cstring(&s->out, "SCRAM-SHA-256");
    buf_putc(&s->out, 0);
    wire_end(&s->out, at);
}

static bool parse_client_first(struct session *s, struct scram *scram, const char *text,
                               struct err *err)
{
    const char *p = text;
    switch (*p) {
    case 'n':
        if (scram->plus)
            return malformed(err, "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message "
                                  "does not include channel binding data.");
        p++;
        break;
    case 'y':
        if (scram->plus)
            return malformed(err, "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message "
                                  "does not include channel binding data.");
        if (s->stream.tls) {
            err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION,
                    "SCRAM channel binding negotiation error");
            return err_detail(err, "The client supports SCRAM channel binding but thinks the "
                                   "server does not.  However, this "
                                   "server does support channel binding.");
        }
        p++;
        break;
    case 'p':
        if (!scram->plus)
            return malformed(err, "The client selected SCRAM-SHA-256 without channel binding, but "
                                  "the SCRAM message includes channel binding data.");
        if (strncmp(p, "p=tls-server-end-point,", 23) != 0)
            return err_set(err, ERR_PROTOCOL_VIOLATION, "unsupported SCRAM channel-binding type");
        p += 22;
        break;
    default:
        return malformed(err, "Unexpected channel-binding flag.");
    }
    if (p[0] != ',')
        return malformed(err, "Comma expected.");
    if (p[1] == 'a')
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "client uses authorization identity, but it is not supported");
    if (p[1] != ',')
        return malformed(err, "Unexpected attribute in client-first-message.");
    p += 2;
    scram->gs2_header = arena_strndup(s->scratch, text, (size_t)(p - text));
    scram->gs2_bytes = (size_t)(p - text);
    scram->client_first_bare = arena_strdup(s->scratch, p);
    if (*p == 'm')
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "client requires an unsupported SCRAM extension");
    if (!attribute(s->scratch, &p,
                   'n')) /* the user name: PostgreSQL takes that of the start-up packet */
        return malformed(err, "Attribute n expected.");
    scram->client_nonce = attribute(s->scratch, &p, 'r');
    if (!scram->client_nonce || !*scram->client_nonce)
        return malformed(err, "Attribute r expected.");
    return true;
}

static bool send_server_first(struct session *s, struct scram *scram, struct err *err)
{
    uint8_t nonce[NONCE_BYTES];
    if (RAND_bytes(nonce, sizeof(nonce)) != 1)
        return err_set(err, ERR_INTERNAL_ERROR, "could not generate random nonce");
    scram->server_nonce = base64_encode(s->scratch, nonce, sizeof(nonce));
    scram->server_first =
        arena_printf(s->scratch, "r=%s%s,s=%s,i=%d", scram->client_nonce, scram->server_nonce,
                     base64_encode(s->scratch, scram->verifier.salt, scram->verifier.salt_bytes),
                     scram->verifier.iterations);
    size_t at = begin_auth(s, AUTH_SASL_CONTINUE);
    buf_puts(&s->out, scram->server_first);
    wire_end(&s->out, at);
    return true;
}

/* tls-server-end-point: the hash of our certificate, by the hash of its signature (SHA-256 for MD5 and SHA-1). */
static bool certificate_hash(struct session *s, uint8_t hash[EVP_MAX_MD_SIZE], unsigned *n)
{
    X509 *certificate = SSL_get_certificate(s->stream.tls);
    int digest_nid = NID_undef;
    if (!certificate || !X509_get_signature_info(certificate, &digest_nid, NULL, NULL, NULL))
        return false;
    const EVP_MD *digest = digest_nid == NID_md5 || digest_nid == NID_sha1
                               ? EVP_sha256()
                               : EVP_get_digestbynid(digest_nid);
    return X509_digest(certificate, digest ? digest : EVP_sha256(), hash, n) == 1;
}

static const char *expected_binding(struct session *s, const struct scram *scram)
{
    struct buf data = BUF_IN(s->scratch);
    buf_append(&data, scram->gs2_header, scram->gs2_bytes);
    if (scram->plus) {
        uint8_t hash[EVP_MAX_MD_SIZE];
        unsigned n = 0;
        if (!certificate_hash(s, hash, &n))
            return NULL;
        buf_append(&data, hash, n);
    }
    return base64_encode(s->scratch, (const uint8_t *)data.p, data.n);
}

static bool check_client_final(struct session *s, struct scram *scram, const char *text,
                               uint8_t signature[SCRAM_KEY_BYTES], struct err *err)
{
    const char *p = text, *binding = attribute(s->scratch, &p, 'c');
    const char *expected = expected_binding(s, scram);
    if (!binding)
        return malformed(err, "Attribute c expected.");
    if (!expected || strcmp(binding, expected) != 0)
        return err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION,
                       scram->plus
                           ? "SCRAM channel binding check failed"
                           : "unexpected SCRAM channel-binding attribute in client-final-message");
    const char *nonce = attribute(s->scratch, &p, 'r');
    if (!nonce || strcmp(nonce, arena_printf(s->scratch, "%s%s", scram->client_nonce,
                                             scram->server_nonce)) != 0) {
        err_set(err, ERR_PROTOCOL_VIOLATION, "invalid SCRAM response");
        return err_detail(err, "Nonce does not match.");
    }
    const char *proof_at = strstr(text, ",p=");
    size_t n_proof = 0;
    uint8_t *proof =
        proof_at ? base64_decode(s->scratch, proof_at + 3, strlen(proof_at + 3), &n_proof) : NULL;
    if (!proof || n_proof != SCRAM_KEY_BYTES)
        return malformed(err, "Malformed proof in client-final-message.");
    const char *auth_message = arena_printf(s->scratch, "%s,%s,%.*s", scram->client_first_bare,
                                            scram->server_first, (int)(proof_at - text), text);
    bool good = scram_check_proof(&scram->verifier, auth_message, proof, signature);
    return (good && scram->real) || failed(s, err);
}

static bool auth_scram(struct session *s, struct err *err)
{
    struct scram scram = {0};
    struct wire_reader in;
    scram.real = find_verifier(s, &scram.verifier);
    offer_mechanisms(s);
    if (!read_answer(s, &in, err))
        return false;
    const char *mechanism = wire_cstring(&in);
    scram.plus = strcmp(mechanism, "SCRAM-SHA-256-PLUS") == 0 && s->stream.tls;
    if (!scram.plus && strcmp(mechanism, "SCRAM-SHA-256") != 0)
        return err_set(err, ERR_PROTOCOL_VIOLATION,
                       "client selected an invalid SASL authentication mechanism");
    uint32_t n = wire_u32(&in);
    const uint8_t *data = wire_bytes(&in, n);
    if (!wire_finished(&in) || !data || memchr(data, 0, n))
        return malformed(err, "The message is empty.");
    if (!parse_client_first(s, &scram, arena_strndup(s->scratch, (const char *)data, n), err) ||
        !send_server_first(s, &scram, err) || !read_answer(s, &in, err))
        return false;
    size_t left = wire_left(&in);
    if (memchr(in.p, 0, left))
        return malformed(err, "Message length does not match input length.");
    uint8_t signature[SCRAM_KEY_BYTES];
    if (!check_client_final(s, &scram, arena_strndup(s->scratch, (const char *)in.p, left),
                            signature, err))
        return false;
    size_t at = begin_auth(s, AUTH_SASL_FINAL);
    buf_printf(&s->out, "v=%s", base64_encode(s->scratch, signature, sizeof(signature)));
    wire_end(&s->out, at);
    return true;
}

/* ---- certificates ---- */

static bool has_certificate_for(struct session *s)
{
    X509 *certificate = s->stream.tls ? SSL_get1_peer_certificate(s->stream.tls) : NULL;
    if (!certificate)
        return false;
    char name[256];
    int n = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                                      sizeof(name));
    bool ok = SSL_get_verify_result(s->stream.tls) == X509_V_OK && n > 0 &&
              strlen(name) == (size_t)n && strcmp(name, s->user) == 0;
    X509_free(certificate);
    return ok;
}

static bool no_entry(struct session *s, const char *format_start, struct err *err)
{
    const char *encryption = s->stream.tls ? "SSL encryption" : "no encryption";
    return err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION,
                   "%s host \"%s\", user \"%s\", database \"%s\", %s", format_start,
                   s->is_local ? "[local]" : s->address_text, s->user, s->database_name,
                   encryption);
}

bool session_authenticate(struct session *s, struct err *err)
{
    const struct hba_rule *rule =
        config_hba(server_config(), s->database_name, s->user, s->is_local ? NULL : s->address,
                   s->stream.tls != NULL);
    if (!rule)
        return no_entry(s, "no pg_hba.conf entry for", err);
    if ((rule->verify_client_cert || rule->method == HBA_CERT) && !has_certificate_for(s))
        return err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION,
                       rule->method == HBA_CERT
                           ? "certificate authentication failed for user \"%s\""
                           : "connection requires a valid client certificate for user \"%s\"",
                       s->user);
    switch (rule->method) {
    case HBA_TRUST:
    case HBA_CERT:
        return true;
    case HBA_REJECT:
        return no_entry(s, "pg_hba.conf rejects connection for", err);
    case HBA_PASSWORD:
        return auth_password(s, err);
    case HBA_MD5: /* all passwords are kept as SCRAM verifiers, so this is SCRAM as in PostgreSQL */
    case HBA_SCRAM:
        return auth_scram(s, err);
    }
    return false;
}
