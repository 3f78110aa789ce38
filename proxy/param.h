/* param.h - the parameters that SET, SHOW and pg_settings know: definitions, and the check of one value.
 *
 * Definitions come from PostgreSQL 15's own list (catalog/data/setting.tsv) with a few of ours under "shardlite.".  They are made once,
 * at start, and never change; server-wide values may change with a reload.  A value is kept as text in its canonical form: numbers in the
 * parameter's base unit, booleans as on/off, enumerations as listed. */
#ifndef SHARDLITE_PROXY_PARAM_H
#define SHARDLITE_PROXY_PARAM_H

#include "base/err.h"

enum param_kind { PARAM_BOOL, PARAM_INTEGER, PARAM_REAL, PARAM_ENUM, PARAM_STRING };

/* Who may change it, from least to most free. */
enum param_context {
    CONTEXT_INTERNAL,
    CONTEXT_POSTMASTER,
    CONTEXT_SIGHUP,
    CONTEXT_SUPERUSER_BACKEND,
    CONTEXT_BACKEND,
    CONTEXT_SUPERUSER,
    CONTEXT_USER,
};

/* Parameters whose change has an effect of its own here. */
enum param_id {
    PARAM_PLAIN,
    PARAM_APPLICATION_NAME,
    PARAM_ARRAY_NULLS,
    PARAM_BYTEA_OUTPUT,
    PARAM_CLIENT_ENCODING,
    PARAM_CLIENT_MIN_MESSAGES,
    PARAM_DATE_STYLE,
    PARAM_DEADLOCK_TIMEOUT,
    PARAM_DEFAULT_ISOLATION,
    PARAM_DEFAULT_READ_ONLY,
    PARAM_DEFAULT_DEFERRABLE,
    PARAM_EXTRA_FLOAT_DIGITS,
    PARAM_IDLE_IN_TRANSACTION_TIMEOUT,
    PARAM_IDLE_SESSION_TIMEOUT,
    PARAM_INTERVAL_STYLE,
    PARAM_IS_SUPERUSER,
    PARAM_LOCK_TIMEOUT,
    PARAM_LOG_MIN_DURATION,
    PARAM_LOG_MIN_ERROR_STATEMENT,
    PARAM_LOG_MIN_MESSAGES,
    PARAM_LOG_STATEMENT,
    PARAM_ROLE,
    PARAM_SEARCH_PATH,
    PARAM_SEED,
    PARAM_SESSION_AUTHORIZATION,
    PARAM_STANDARD_STRINGS,
    PARAM_STATEMENT_TIMEOUT,
    PARAM_SYNCHRONOUS_COMMIT,
    PARAM_TEXT_SEARCH_CONFIG,
    PARAM_TIMEZONE,
    PARAM_TRANSACTION_ISOLATION,
    PARAM_TRANSACTION_READ_ONLY,
    PARAM_TRANSACTION_DEFERRABLE,
};

struct param_def {
    const char *name;
    enum param_id id;
    enum param_kind kind;
    enum param_context context;
    const char *unit;                               /* NULL: none */
    double min, max;                                /* integers and reals */
    const char *const *enums;                       /* ended by NULL */
    const char *boot;                               /* built-in value, canonical */
    const char *boot_shown;                         /* pg_settings.boot_val; may be NULL */
    const char *enums_text, *min_text, *max_text;   /* as pg_settings shows them; may be NULL */
    const char *category, *short_desc, *extra_desc; /* the last two may be NULL */
    uint32_t index;                                 /* place in the list */
    bool report;                                    /* sent as ParameterStatus */
    bool hidden;                                    /* not in SHOW ALL and pg_settings */
    bool no_reset_all;
    bool custom; /* a dotted name nobody declared: a session's own */
};

void params_init(void); /* once, before threads */
size_t param_count(void);
const struct param_def *param_at(size_t index);       /* sorted by name, letter case aside */
const struct param_def *param_find(const char *name); /* letter case aside; NULL: none */
/* "a.b": the form that a custom parameter must have. */
bool param_custom_name_ok(const char *name);
/* 42704 unrecognized configuration parameter. */
bool param_unknown(const char *name, struct err *err);

/* Checks `text` and gives its canonical form in err's arena.  Errors are PostgreSQL's. */
MUST_CHECK bool param_check(const struct param_def *def, const char *text, const char **value,
                            struct err *err);
/* As SHOW prints a canonical value: with the unit that fits best. */
const char *param_show(const struct param_def *def, const char *value, struct arena *arena);

/* The server's own value: of the configuration, else built in.  Any thread; lives as long as the process. */
const char *param_server_value(const struct param_def *def);
/* Configuration and start-up code.  Copies `value`, which is canonical. */
void param_set_server_value(const struct param_def *def, const char *value);
bool param_server_value_is_set(const struct param_def *def);

bool param_bool(const char *value);       /* of a canonical boolean */
int64_t param_integer(const char *value); /* of a canonical integer */
MUST_CHECK bool param_parse_bool(const char *text, bool *value);

const char *context_name(enum param_context context);

#endif
