/* param.c - see param.h. */
#include "proxy/param.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/builtin.h"
#include "proxy/param_check.h"
#include "proxy/version.h"

#define PARAM_MAX 512

static struct param_def defs[PARAM_MAX];
static size_t n_defs;
static const char
    *server_values[PARAM_MAX]; /* atomic pointers; replaced ones are kept, for readers hold them */
static struct arena *defs_arena;

static const struct {
    const char *name;
    enum param_id id;
} ids[] = {
    {"application_name", PARAM_APPLICATION_NAME},
    {"array_nulls", PARAM_ARRAY_NULLS},
    {"bytea_output", PARAM_BYTEA_OUTPUT},
    {"client_encoding", PARAM_CLIENT_ENCODING},
    {"client_min_messages", PARAM_CLIENT_MIN_MESSAGES},
    {"DateStyle", PARAM_DATE_STYLE},
    {"deadlock_timeout", PARAM_DEADLOCK_TIMEOUT},
    {"default_text_search_config", PARAM_TEXT_SEARCH_CONFIG},
    {"default_transaction_isolation", PARAM_DEFAULT_ISOLATION},
    {"default_transaction_read_only", PARAM_DEFAULT_READ_ONLY},
    {"default_transaction_deferrable", PARAM_DEFAULT_DEFERRABLE},
    {"extra_float_digits", PARAM_EXTRA_FLOAT_DIGITS},
    {"idle_in_transaction_session_timeout", PARAM_IDLE_IN_TRANSACTION_TIMEOUT},
    {"idle_session_timeout", PARAM_IDLE_SESSION_TIMEOUT},
    {"IntervalStyle", PARAM_INTERVAL_STYLE},
    {"is_superuser", PARAM_IS_SUPERUSER},
    {"lock_timeout", PARAM_LOCK_TIMEOUT},
    {"log_min_duration_statement", PARAM_LOG_MIN_DURATION},
    {"log_min_error_statement", PARAM_LOG_MIN_ERROR_STATEMENT},
    {"log_min_messages", PARAM_LOG_MIN_MESSAGES},
    {"log_statement", PARAM_LOG_STATEMENT},
    {"role", PARAM_ROLE},
    {"search_path", PARAM_SEARCH_PATH},
    {"seed", PARAM_SEED},
    {"session_authorization", PARAM_SESSION_AUTHORIZATION},
    {"standard_conforming_strings", PARAM_STANDARD_STRINGS},
    {"statement_timeout", PARAM_STATEMENT_TIMEOUT},
    {"synchronous_commit", PARAM_SYNCHRONOUS_COMMIT},
    {"TimeZone", PARAM_TIMEZONE},
    {"transaction_isolation", PARAM_TRANSACTION_ISOLATION},
    {"transaction_read_only", PARAM_TRANSACTION_READ_ONLY},
    {"transaction_deferrable", PARAM_TRANSACTION_DEFERRABLE},
};

static const char *const reported[] = {
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
};
static const char *const not_reset[] = {
    "transaction_isolation",
    "transaction_read_only",
    "transaction_deferrable",
    "role",
    "session_authorization",
    "is_superuser",
    "seed",
};

/* Parameters that PostgreSQL's own list of settings does not show, and ours. */
static const struct builtin_setting extra[] = {
    {"is_superuser", "on", NULL, "Preset Options", "internal", "bool", NULL, NULL, NULL, "on"},
    {"role", "none", NULL, "Ungrouped", "user", "string", NULL, NULL, NULL, "none"},
    {"seed", "0", NULL, "Ungrouped", "user", "real", "-1", "1", NULL, "0"},
    {"session_authorization", "", NULL, "Ungrouped", "user", "string", NULL, NULL, NULL, ""},
    {"ssl_renegotiation_limit", "0", "kB", "Ungrouped", "user", "integer", "0", "0", NULL, "0"},
    {"default_with_oids", "off", NULL, "Ungrouped", "user", "bool", NULL, NULL, NULL, "off"},
    {"shardlite.version", SHARDLITE_VERSION, NULL, "Shardlite", "internal", "string", NULL, NULL,
     NULL, SHARDLITE_VERSION},
    {"shardlite.shards", "8", NULL, "Shardlite", "postmaster", "integer", "1", "4096", NULL, "8"},
    {"shardlite.loops", "0", NULL, "Shardlite", "postmaster", "integer", "0", "1024", NULL, "0"},
};

/* What PostgreSQL's list says of the machine it was taken from is replaced at start. */
static const char *const blanked[] = {"application_name", "config_file", "data_directory",
                                      "hba_file",         "ident_file",  "unix_socket_directories",
                                      "external_pid_file"};

static bool listed(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(list[i], name) == 0)
            return true;
    return false;
}

static enum param_kind kind_of(const char *vartype)
{
    switch (vartype[0]) {
    case 'b':
        return PARAM_BOOL;
    case 'i':
        return PARAM_INTEGER;
    case 'r':
        return PARAM_REAL;
    case 'e':
        return PARAM_ENUM;
    default:
        return PARAM_STRING;
    }
}

static const char *const context_names[] = {
    [CONTEXT_INTERNAL] = "internal", [CONTEXT_POSTMASTER] = "postmaster",
    [CONTEXT_SIGHUP] = "sighup",     [CONTEXT_SUPERUSER_BACKEND] = "superuser-backend",
    [CONTEXT_BACKEND] = "backend",   [CONTEXT_SUPERUSER] = "superuser",
    [CONTEXT_USER] = "user",
};

const char *context_name(enum param_context context)
{
    return context_names[context];
}

static enum param_context context_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(context_names); i++)
        if (strcmp(context_names[i], name) == 0)
            return (enum param_context)i;
    return CONTEXT_INTERNAL;
}

/* '{a,"b c"}' -> {"a", "b c", NULL} */
static const char *const *parse_enums(const char *text)
{
    VEC(const char *) list = {0};
    const char *p = text + (*text == '{');
    while (*p && *p != '}') {
        bool quoted = *p == '"';
        p += quoted;
        const char *start = p;
        while (*p && (quoted ? *p != '"' : *p != ',' && *p != '}'))
            p++;
        VEC_PUSH(defs_arena, &list, arena_strndup(defs_arena, start, (size_t)(p - start)));
        p += quoted && *p == '"';
        p += *p == ',';
    }
    VEC_PUSH(defs_arena, &list, NULL);
    return list.items;
}

static void add_def(const struct builtin_setting *raw)
{
    ASSERT(n_defs < PARAM_MAX);
    struct param_def *def = &defs[n_defs++];
    *def = (struct param_def){
        .name = raw->name,
        .kind = kind_of(raw->vartype),
        .context = context_of(raw->context),
        .unit = raw->unit,
        .min = raw->min ? strtod(raw->min, NULL) : 0,
        .max = raw->max ? strtod(raw->max, NULL) : 0,
        .enums = raw->enums ? parse_enums(raw->enums) : NULL,
        .category = raw->category,
        .boot_shown = raw->boot,
        .enums_text = raw->enums,
        .min_text = raw->min,
        .max_text = raw->max,
        .short_desc = raw->short_desc,
        .extra_desc = raw->extra_desc,
        .boot = raw->setting ? raw->setting
                : raw->boot  ? raw->boot
                             : "",
        .report = listed(reported, ARRAY_COUNT(reported), raw->name),
        .no_reset_all = listed(not_reset, ARRAY_COUNT(not_reset), raw->name),
    };
    if (listed(blanked, ARRAY_COUNT(blanked), raw->name))
        def->boot = "";
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++)
        if (strcasecmp(ids[i].name, raw->name) == 0)
            def->id = ids[i].id;
}

static int compare_defs(const void *a, const void *b)
{
    return strcasecmp(((const struct param_def *)a)->name, ((const struct param_def *)b)->name);
}

static void set_boot(const char *name, const char *value)
{
    struct param_def *def = (struct param_def *)param_find(name);
    if (def)
        def->boot = value;
}

void params_init(void)
{
    if (n_defs)
        return;
    defs_arena = arena_new("parameters");
    for (size_t i = 0; i < builtin_n_settings; i++)
        if (!strchr(builtin_settings[i].name, '.'))
            add_def(&builtin_settings[i]);
    for (size_t i = 0; i < ARRAY_COUNT(extra); i++) {
        add_def(&extra[i]);
        defs[n_defs - 1].hidden = !strchr(extra[i].name, '.');
    }
    qsort(defs, n_defs, sizeof(defs[0]), compare_defs);
    for (size_t i = 0; i < n_defs; i++)
        defs[i].index = (uint32_t)i;
    set_boot("server_version", SHARDLITE_SERVER_VERSION);
    set_boot("server_version_num", SHARDLITE_SERVER_VERSION_NUM);
}

size_t param_count(void)
{
    return n_defs;
}

const struct param_def *param_at(size_t index)
{
    return &defs[index];
}

const struct param_def *param_find(const char *name)
{
    size_t low = 0, high = n_defs;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcasecmp(name, defs[middle].name);
        if (order == 0)
            return &defs[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    /* Old names that PostgreSQL still understands. */
    static const struct {
        const char *old, *name;
    } renamed[] = {{"sort_mem", "work_mem"}, {"vacuum_mem", "maintenance_work_mem"}};
    for (size_t i = 0; i < ARRAY_COUNT(renamed); i++)
        if (strcasecmp(renamed[i].old, name) == 0)
            return param_find(renamed[i].name);
    return NULL;
}

bool param_custom_name_ok(const char *name)
{
    bool dotted = false, at_start = true;
    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        if (*p == '.') {
            if (at_start)
                return false;
            dotted = at_start = true;
        } else if (isalpha(*p) || *p == '_' || *p >= 0x80) {
            at_start = false;
        } else if ((isdigit(*p) || *p == '$') && !at_start) {
            continue;
        } else {
            return false;
        }
    }
    return dotted && !at_start;
}

bool param_unknown(const char *name, struct err *err)
{
    return err_set(err, ERR_UNDEFINED_OBJECT, "unrecognized configuration parameter \"%s\"", name);
}

const char *param_server_value(const struct param_def *def)
{
    if (def->custom)
        return NULL;
    const char *value = __atomic_load_n(&server_values[def->index], __ATOMIC_ACQUIRE);
    return value ? value : def->boot;
}

bool param_server_value_is_set(const struct param_def *def)
{
    return !def->custom && __atomic_load_n(&server_values[def->index], __ATOMIC_ACQUIRE) != NULL;
}

void param_set_server_value(const struct param_def *def, const char *value)
{
    const char *old = param_server_value(def);
    if (old && strcmp(old, value) == 0)
        return;
    __atomic_store_n(&server_values[def->index], arena_strdup(defs_arena, value), __ATOMIC_RELEASE);
}

bool param_bool(const char *value)
{
    return strcmp(value, "on") == 0;
}

int64_t param_integer(const char *value)
{
    return strtoll(value, NULL, 10);
}
