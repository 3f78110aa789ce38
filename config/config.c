/* config.c - the table of keys, and the four places a value may come from.
 *
 * Each key has one row in `keys`: its section and name in the INI file; SHARDLITE_<NAME> in the environment and --<name> among the
 * flags follow from it.  Later sources overwrite earlier ones.  What is not in the table is an error that says where it stands. */
#include "config/config.h"

#include <ini.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum key_kind { KEY_TEXT, KEY_NUMBER, KEY_BYTES, KEY_FLAG, KEY_CHOICE };

struct key {
    const char *section, *name;
    enum key_kind kind;
    size_t offset;
    int64_t min, max;
    const char *choices; /* "|a|b|" */
    const char *initial, *help;
};

#define AT(field) offsetof(struct config, field)
static const struct key keys[] = {
    {"server", "data", KEY_TEXT, AT(data_dir), 0, 0, NULL, "./data", "data directory"},
    {"server", "listen", KEY_TEXT, AT(listen), 0, 0, NULL, "127.0.0.1",
     "addresses to listen on, comma-separated; * for all"},
    {"server", "port", KEY_NUMBER, AT(port), 0, 65535, NULL, "6432", "TCP port (0: any free one)"},
    {"server", "unix_socket_dir", KEY_TEXT, AT(unix_socket_dir), 0, 0, NULL, "",
     "folder for the local socket; empty: none"},
    {"server", "shards", KEY_NUMBER, AT(shards), 1, 4096, NULL, "8",
     "shards of databases made from now on"},
    {"server", "loops", KEY_NUMBER, AT(loops), 0, 1024, NULL, "0", "event loops; 0: one per core"},
    {"server", "max_connections", KEY_NUMBER, AT(max_connections), 1, 262143, NULL, "10000",
     "sessions at a time"},
    {"server", "max_open_readers", KEY_NUMBER, AT(max_open_readers), 8, 1000000, NULL, "2048",
     "read connections to shard files, in all"},
    {"server", "authentication_timeout", KEY_NUMBER, AT(authentication_timeout_s), 1, 600, NULL,
     "60", "seconds"},
    {"server", "shutdown_timeout", KEY_NUMBER, AT(shutdown_timeout_s), 0, 3600, NULL, "10",
     "seconds that running statements get when the server stops"},
    {"server", "log_segment_size", KEY_BYTES, AT(log_segment_bytes), 1 << 20, INT64_C(1) << 32,
     NULL, "16MB", "size of a commit log segment"},
    {"server", "plan_cache_size", KEY_BYTES, AT(plan_cache_bytes), 0, INT64_C(1) << 40, NULL,
     "64MB", "per event loop"},
    {"log", "log_level", KEY_CHOICE, AT(log_level), 0, 0, "|debug|info|notice|warning|error|fatal|",
     "info", "least level that is logged"},
    {"log", "log_statement", KEY_CHOICE, AT(log_statement), 0, 0, "|none|ddl|mod|all|", "none",
     "statements to log"},
    {"log", "log_min_duration_statement", KEY_NUMBER, AT(log_min_duration_ms), -1, INT_MAX, NULL,
     "-1", "milliseconds from which a statement is logged; -1: never"},
    {"log", "log_connections", KEY_FLAG, AT(log_connections), 0, 0, NULL, "off",
     "log who comes and goes"},
    {"tls", "tls_cert", KEY_TEXT, AT(tls_cert), 0, 0, NULL, "",
     "certificate file (PEM); empty: no TLS"},
    {"tls", "tls_key", KEY_TEXT, AT(tls_key), 0, 0, NULL, "", "private key file (PEM)"},
    {"tls", "tls_ca", KEY_TEXT, AT(tls_ca), 0, 0, NULL, "",
     "certificates that sign client certificates"},
    {"tls", "tls_min_version", KEY_CHOICE, AT(tls_min_version), 0, 0, "|1.2|1.3|", "1.2",
     "least TLS version"},
};
#undef AT

static void *field(struct config *config, const struct key *key)
{
    return (char *)config + key->offset;
}

static bool parse_number(const char *text, int64_t *value)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end || errno)
        return false;
    *value = number;
    return true;
}

static bool parse_bytes(const char *text, int64_t *value)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || errno || number < 0)
        return false;
    static const struct {
        const char *unit;
        int shift;
    } units[] = {{"", 0}, {"B", 0}, {"kB", 10}, {"MB", 20}, {"GB", 30}};
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < ARRAY_COUNT(units); i++)
        if (strcmp(end, units[i].unit) == 0 && number <= (INT64_MAX >> units[i].shift)) {
            *value = (int64_t)number << units[i].shift;
            return true;
        }
    return false;
}

static bool parse_flag(const char *text, bool *value)
{
    static const char *const on[] = {"on", "true", "yes", "1"}, *const off[] = {"off", "false",
                                                                                "no", "0"};
    for (size_t i = 0; i < ARRAY_COUNT(on); i++) {
        if (strcmp(text, on[i]) == 0)
            return *value = true, true;
        if (strcmp(text, off[i]) == 0)
            return *value = false, true;
    }
    return false;
}

static bool set_key(struct config *config, const struct key *key, const char *text, struct err *err)
{
    int64_t number;
    switch (key->kind) {
    case KEY_TEXT:
        *(const char **)field(config, key) = arena_strdup(config->arena, text);
        return true;
    case KEY_NUMBER:
    case KEY_BYTES:
        if (!(key->kind == KEY_NUMBER ? parse_number(text, &number) : parse_bytes(text, &number)))
            return err_set(err, ERR_CONFIG_FILE_ERROR, "\"%s\" is not a %s for %s", text,
                           key->kind == KEY_NUMBER ? "number" : "size", key->name);
        if (number < key->min || number > key->max)
            return err_set(err, ERR_CONFIG_FILE_ERROR, "%s must be between %lld and %lld",
                           key->name, (long long)key->min, (long long)key->max);
        *(int64_t *)field(config, key) = number;
        return true;
    case KEY_FLAG:
        if (!parse_flag(text, field(config, key)))
            return err_set(err, ERR_CONFIG_FILE_ERROR, "%s must be on or off", key->name);
        return true;
    case KEY_CHOICE: {
        const char *found = strstr(key->choices, arena_printf(config->arena, "|%s|", text));
        if (!found || strchr(text, '|'))
            return err_set(err, ERR_CONFIG_FILE_ERROR, "%s must be one of %s", key->name,
                           key->choices);
        *(const char **)field(config, key) = arena_strdup(config->arena, text);
        return true;
    }
    }
    return false;
}

/* ---- the file ---- */

struct parse {
    struct config *config;
    struct err *err;
    bool failed; /* err tells of the first line that is wrong */
};

static bool set_table(struct config *config, const char *table, const char *name, const char *value,
                      struct err *err)
{
    struct table_rule *rule = NULL;
    for (size_t i = 0; i < config->tables.n; i++)
        if (strcmp(config->tables.items[i].table, table) == 0)
            rule = &config->tables.items[i];
    if (!rule) {
        VEC_PUSH(config->arena, &config->tables,
                 ((struct table_rule){.table = arena_strdup(config->arena, table)}));
        rule = &config->tables.items[config->tables.n - 1];
    }
    const char *copy = arena_strdup(config->arena, value);
    if (strcmp(name, "shard_key") == 0)
        rule->shard_key = copy;
    else if (strcmp(name, "shard_strategy") == 0)
        rule->shard_strategy = copy;
    else if (strcmp(name, "distribution") == 0)
        rule->distribution = copy;
    else
        return err_set(err, ERR_CONFIG_FILE_ERROR, "unknown key \"%s\" in section [table.%s]", name,
                       table);
    return true;
}

static bool set_line(struct config *config, const char *section, const char *name,
                     const char *value, struct err *err)
{
    if (strcmp(section, "hba") == 0) {
        struct hba_rule rule;
        if (strcmp(name, "rule") != 0)
            return err_set(err, ERR_CONFIG_FILE_ERROR,
                           "unknown key \"%s\" in section [hba]: write rule = host DATABASE USER "
                           "ADDRESS METHOD",
                           name);
        if (!hba_parse(config->arena, value, &rule, err))
            return false;
        VEC_PUSH(config->arena, &config->hba, rule);
        return true;
    }
    if (strncmp(section, "table.", 6) == 0 && section[6])
        return set_table(config, section + 6, name, value, err);
    if (strcmp(section, "settings") == 0) {
        struct setting_rule rule = {.name = arena_strdup(config->arena, name),
                                    .value = arena_strdup(config->arena, value),
                                    .origin = config->file};
        VEC_PUSH(config->arena, &config->settings, rule);
        return true;
    }
    bool known = false;
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        known |= strcmp(keys[i].section, section) == 0;
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
            return set_key(config, &keys[i], value, err);
    }
    if (!known)
        return err_set(err, ERR_CONFIG_FILE_ERROR,
                       *section ? "unknown section [%s]"
                                : "a key stands before the first [section]%s",
                       section);
    return err_set(err, ERR_CONFIG_FILE_ERROR, "unknown key \"%s\" in section [%s]", name, section);
}

static int on_line(void *arg, const char *section, const char *name, const char *value)
{
    struct parse *parse = arg;
    if (parse->failed)
        return 1;
    parse->failed =
        !set_line(parse->config, section, name ? name : "", value ? value : "", parse->err);
    return !parse->failed;
}

static bool read_file(struct config *config, const char *path, struct err *err)
{
    struct parse parse = {.config = config, .err = err};
    config->file = arena_strdup(config->arena, path);
    int line = ini_parse(path, on_line, &parse);
    if (line == -1)
        return err_set(err, ERR_CONFIG_FILE_ERROR, "could not read configuration file \"%s\": %s",
                       path, strerror(errno));
    if (line < 0)
        return err_set(err, ERR_OUT_OF_MEMORY, "out of memory while reading \"%s\"", path);
    if (line > 0 && !parse.failed)
        err_set(err, ERR_CONFIG_FILE_ERROR, "syntax error");
    return line == 0 || err_context(err, "%s line %d", path, line);
}

/* ---- environment and flags ---- */

static bool read_environment(struct config *config, struct err *err)
{
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        char name[64];
        size_t n = (size_t)snprintf(name, sizeof(name), "SHARDLITE_%s", keys[i].name);
        for (size_t k = 0; k < n; k++)
            name[k] = (char)toupper((unsigned char)name[k]);
        const char *value = getenv(name);
        if (value && !set_key(config, &keys[i], value, err))
            return err_context(err, "environment variable %s", name);
    }
    return true;
}

static const struct key *flag_key(const char *flag, size_t n)
{
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        const char *name = keys[i].name;
        bool same = strlen(name) == n;
        for (size_t k = 0; same && k < n; k++)
            same = name[k] == flag[k] || (name[k] == '_' && flag[k] == '-');
        if (same)
            return &keys[i];
    }
    return NULL;
}

static bool add_setting(struct config *config, const char *text, struct err *err)
{
    const char *equals = strchr(text, '=');
    if (!equals)
        return err_set(err, ERR_CONFIG_FILE_ERROR, "--set wants NAME=VALUE, not \"%s\"", text);
    struct setting_rule rule = {.name = arena_strndup(config->arena, text, (size_t)(equals - text)),
                                .value = arena_strdup(config->arena, equals + 1),
                                .origin = "--set"};
    VEC_PUSH(config->arena, &config->settings, rule);
    return true;
}

/* Calls for -c with `want_file`, for everything else without. */
static bool read_flags(struct config *config, int argc, char *const *argv, bool want_file,
                       struct err *err)
{
    for (int i = 0; i < argc; i++) {
        const char *arg = argv[i];
        bool is_file = strcmp(arg, "-c") == 0 || strncmp(arg, "--config", 8) == 0;
        if (!is_file && strncmp(arg, "--", 2) != 0)
            return err_set(err, ERR_CONFIG_FILE_ERROR, "unknown argument \"%s\"", arg);
        const char *equals = strchr(arg, '=');
        const char *value = equals && strncmp(arg, "--", 2) == 0 ? equals + 1
                            : i + 1 < argc                       ? argv[++i]
                                                                 : NULL;
        if (!value)
            return err_set(err, ERR_CONFIG_FILE_ERROR, "%s wants a value", arg);
        if (is_file) {
            if (want_file && !read_file(config, value, err))
                return false;
            continue;
        }
        if (want_file)
            continue;
        size_t n = equals ? (size_t)(equals - arg) - 2 : strlen(arg) - 2;
        if (n == 3 && strncmp(arg + 2, "set", 3) == 0) {
            if (!add_setting(config, value, err))
                return false;
            continue;
        }
        const struct key *key = flag_key(arg + 2, n);
        if (!key)
            return err_set(err, ERR_CONFIG_FILE_ERROR, "unknown flag \"%.*s\"", (int)n + 2, arg);
        if (!set_key(config, key, value, err))
            return false;
    }
    return true;
}

/* Loopback is trusted when nobody said otherwise; strangers must prove themselves. */
static bool add_default_rules(struct config *config, struct err *err)
{
    static const char *const defaults[] = {"local all all trust", "host all all 127.0.0.1/8 trust",
                                           "host all all ::1/128 trust"};
    if (config->hba.n)
        return true;
    for (size_t i = 0; i < ARRAY_COUNT(defaults); i++) {
        struct hba_rule rule;
        if (!hba_parse(config->arena, defaults[i], &rule, err))
            return false;
        VEC_PUSH(config->arena, &config->hba, rule);
    }
    return true;
}

static bool is_loopback_name(const char *name)
{
    uint8_t address[16];
    bool v4;
    return strcmp(name, "localhost") == 0 ||
           (address_parse(name, address, &v4) && address_is_loopback(address));
}

/* An address that others can reach must not be open to them without a proof of who they are. */
static bool check_exposure(const struct config *config, struct err *err)
{
    char *list = arena_strdup(config->arena, config->listen), *rest = NULL;
    for (char *name = strtok_r(list, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest)) {
        if (is_loopback_name(name))
            continue;
        bool open = false, has_remote_rule = false;
        for (size_t i = 0; i < config->hba.n; i++) {
            const struct hba_rule *rule = &config->hba.items[i];
            if (rule->kind == HBA_LOCAL ||
                (!rule->any_address && address_is_loopback(rule->address)))
                continue;
            has_remote_rule |= rule->method != HBA_REJECT;
            open |= rule->method == HBA_TRUST;
        }
        if (open || !has_remote_rule)
            return err_set(
                err, ERR_CONFIG_FILE_ERROR,
                "listening on %s without authentication is refused: write a rule in [hba] such as "
                "rule = host all all 0.0.0.0/0 scram-sha-256 (and none with trust for others than "
                "loopback)",
                name);
    }
    return true;
}

struct config *config_load(int argc, char *const *argv, struct err *err)
{
    struct arena *arena = arena_new("configuration");
    struct config *config = ARENA_NEW(arena, struct config);
    config->arena = arena;
    bool ok = true;
    for (size_t i = 0; ok && i < ARRAY_COUNT(keys); i++)
        ok = set_key(config, &keys[i], keys[i].initial, err);
    const char *file = getenv("SHARDLITE_CONFIG");
    if (ok && file)
        ok = read_file(config, file, err);
    ok = ok && read_flags(config, argc, argv, true, err) && read_environment(config, err) &&
         read_flags(config, argc, argv, false, err) && add_default_rules(config, err) &&
         check_exposure(config, err);
    if (ok && *config->tls_cert && !*config->tls_key)
        ok = err_set(err, ERR_CONFIG_FILE_ERROR, "tls_cert is set but tls_key is not");
    if (ok)
        return config;
    config_free(config);
    return NULL;
}

void config_free(struct config *config)
{
    while (config) {
        struct config *previous = config->previous;
        arena_free(config->arena);
        config = previous;
    }
}

void config_help(void)
{
    printf("  -c FILE, --config FILE          configuration file (also SHARDLITE_CONFIG)\n"
           "  --set NAME=VALUE                initial value of a SET parameter\n");
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        char flag[64];
        size_t n = (size_t)snprintf(flag, sizeof(flag), "--%s", keys[i].name);
        for (size_t k = 0; k < n; k++)
            if (flag[k] == '_')
                flag[k] = '-';
        printf("  %-31s %s (default: %s)\n", flag, keys[i].help,
               *keys[i].initial ? keys[i].initial : "none");
    }
}
