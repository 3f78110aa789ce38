/* config.h - what the server is told at start: built-in defaults, then the INI file, the environment (SHARDLITE_*), the flags.
 *
 * A configuration is made once and read by all threads; a reload makes a new one. */
#ifndef SHARDLITE_CONFIG_CONFIG_H
#define SHARDLITE_CONFIG_CONFIG_H

#include "base/err.h"

/* One line of [hba]: who may come from where, and how they prove themselves. */
struct hba_rule {
    enum { HBA_LOCAL, HBA_HOST, HBA_HOSTSSL, HBA_HOSTNOSSL } kind;
    const char *databases, *users; /* comma-separated; "all"; "+role" is not special */
    uint8_t address[16];           /* IPv4 ones as ::ffff:a.b.c.d */
    int prefix_bits;               /* of the 128 */
    bool any_address;
    enum hba_method { HBA_TRUST, HBA_REJECT, HBA_SCRAM, HBA_CERT, HBA_PASSWORD, HBA_MD5 } method;
    bool verify_client_cert; /* clientcert=verify-full */
};

/* [table.NAME]: sharding of schemas that nobody can edit. */
struct table_rule {
    const char *table;                                     /* "orders" or "schema.orders" */
    const char *shard_key, *shard_strategy, *distribution; /* NULL: not said */
};

struct setting_rule {
    const char *name, *value;
    const char *origin; /* "shardlite.ini line 12" */
};

struct config {
    struct arena *arena;
    struct config *previous; /* replaced by a reload, and kept: threads may still be reading it */
    const char *file;        /* NULL: none */
    const char *data_dir, *listen, *unix_socket_dir; /* listen: comma-separated addresses */
    int64_t port, shards, loops;                     /* loops 0: one per core */
    int64_t max_connections, max_open_readers;
    int64_t authentication_timeout_s, shutdown_timeout_s;
    int64_t log_segment_bytes;
    const char *log_level, *log_statement;
    int64_t log_min_duration_ms; /* -1: never */
    bool log_connections;
    const char *tls_cert, *tls_key, *tls_ca, *tls_min_version;
    int64_t plan_cache_bytes; /* per loop */
    VEC(struct hba_rule) hba; /* as written, then the defaults */
    VEC(struct table_rule) tables;
    VEC(struct setting_rule) settings;
};

/* `argv` are the arguments after the subcommand.  On failure err names the file and line, the variable, or the flag. */
struct config *config_load(int argc, char *const *argv, struct err *err);
void config_free(struct config *config); /* with the previous ones; NULL is fine */
/* Lines for --help. */
void config_help(void);

/* The first rule that fits, or NULL.  `address` as in hba_rule; NULL for a local socket. */
const struct hba_rule *config_hba(const struct config *config, const char *database,
                                  const char *user, const uint8_t *address, bool tls);
MUST_CHECK bool hba_parse(struct arena *arena, const char *line, struct hba_rule *rule,
                          struct err *err);
/* "127.0.0.1", "::1" -> 16 bytes; false if it is not an address. */
MUST_CHECK bool address_parse(const char *text, uint8_t address[16], bool *is_v4);
bool address_is_loopback(const uint8_t address[16]);

#endif
