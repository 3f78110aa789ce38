/* session_params.c - a session's parameter values: SET, SET LOCAL, RESET, and their undo with transactions.
 *
 * Only parameters that were ever changed in the session have a slot.  Each slot keeps a stack of undo records, one a nesting level of
 * transactions that changed it, with PostgreSQL's rules: SET lasts when its level commits, SET LOCAL never does, and a SET followed by
 * a SET LOCAL keeps the SET value aside (`masked`).  What execution needs often is copied out of the text by apply(). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proxy/param_check.h"
#include "proxy/session_int.h"
#include "types/timezone.h"

static char *copy(const char *text)
{
    char *p = strdup(text);
    ASSERT(p != NULL);
    return p;
}

static struct param_slot *find_slot(const struct session *s, const struct param_def *def)
{
    for (size_t i = 0; i < s->params.n; i++)
        if (s->params.slots[i].def == def)
            return &s->params.slots[i];
    return NULL;
}

static const char *default_value(const struct param_def *def)
{
    const char *value = param_server_value(def);
    return value ? value : "";
}

static struct param_slot *make_slot(struct session *s, const struct param_def *def)
{
    struct param_slot *slot = find_slot(s, def);
    if (slot)
        return slot;
    if (s->params.n == s->params.cap) {
        s->params.cap = s->params.cap ? s->params.cap * 2 : 8;
        s->params.slots = realloc(s->params.slots, s->params.cap * sizeof(*s->params.slots));
        ASSERT(s->params.slots != NULL);
    }
    slot = &s->params.slots[s->params.n++];
    *slot = (struct param_slot){.def = def, .value = copy(default_value(def))};
    return slot;
}

const char *session_param(const struct session *s, const struct param_def *def)
{
    const struct param_slot *slot = find_slot(s, def);
    return slot ? slot->value : default_value(def);
}

/* A dotted name that this session has given a value. */
static const struct param_def *find_custom(const struct session *s, const char *name)
{
    for (size_t i = 0; i < s->params.n; i++)
        if (s->params.slots[i].def->custom && strcasecmp(s->params.slots[i].def->name, name) == 0)
            return s->params.slots[i].def;
    return NULL;
}

const struct param_def *session_param_find(struct session *s, const char *name, bool may_create,
                                           struct err *err)
{
    const struct param_def *def = param_find(name);
    if (!def)
        def = find_custom(s, name);
    if (def)
        return def;
    if (!may_create || !strchr(name, '.')) {
        param_unknown(name, err);
        return NULL;
    }
    if (!param_custom_name_ok(name)) {
        err_set(err, ERR_INVALID_NAME, "invalid configuration parameter name \"%s\"", name);
        err_detail(
            err,
            "Custom parameter names must be two or more simple identifiers separated by dots.");
        return NULL;
    }
    if (strncasecmp(name, "shardlite.", 10) == 0) {
        err_set(err, ERR_INVALID_NAME, "invalid configuration parameter name \"%s\"", name);
        err_detail(err, "\"shardlite\" is a reserved prefix.");
        return NULL;
    }
    struct param_def *custom = ARENA_NEW(s->arena, struct param_def);
    *custom = (struct param_def){.name = arena_strdup(s->arena, name),
                                 .kind = PARAM_STRING,
                                 .context = CONTEXT_USER,
                                 .category = "Customized Options",
                                 .boot = "",
                                 .custom = true};
    return custom;
}

const char *session_param_named(const struct session *s, const char *name)
{
    const struct param_def *def = param_find(name);
    if (!def)
        def = find_custom(s, name);
    return def ? session_param(s, def) : NULL;
}

/* ---- effects ---- */

void session_settings_changed(struct session *s)
{
    s->settings_epoch++;
}

static int enum_index(const struct param_def *def, const char *value)
{
    for (int i = 0; def->enums && def->enums[i]; i++)
        if (strcmp(def->enums[i], value) == 0)
            return i;
    return 0;
}

/* Whether a least level of the server log lets errors through. */
static bool covers_errors(const struct param_def *def, const char *value)
{
    return enum_index(def, value) <= enum_index(def, "error");
}

/* Copies one value to where execution looks for it. */
static void apply(struct session *s, const struct param_def *def, const char *value)
{
    switch (def->id) {
    case PARAM_APPLICATION_NAME:
        if (s->phase == PHASE_READY)
            sessions_show_application(s->entry, value);
        break;
    case PARAM_ARRAY_NULLS:
        s->settings.array_nulls = param_bool(value);
        session_settings_changed(s);
        break;
    case PARAM_BYTEA_OUTPUT:
        s->settings.bytea_escape = strcmp(value, "escape") == 0;
        break;
    case PARAM_CLIENT_MIN_MESSAGES:
        s->client_min_messages = strcmp(value, "info") == 0 ? 6 : enum_index(def, value);
        break;
    case PARAM_DATE_STYLE:
        date_style_parse(value, &s->settings.date_style, &s->settings.date_order);
        session_settings_changed(s);
        break;
    case PARAM_DEADLOCK_TIMEOUT:
        s->deadlock_timeout_ms = param_integer(value);
        break;
    case PARAM_DEFAULT_ISOLATION:
        s->default_isolation = transaction_isolation_of(value);
        break;
    case PARAM_DEFAULT_READ_ONLY:
        s->default_read_only = param_bool(value);
        break;
    case PARAM_DEFAULT_DEFERRABLE:
        s->default_deferrable = param_bool(value);
        break;
    case PARAM_EXTRA_FLOAT_DIGITS:
        s->settings.extra_float_digits = (int)param_integer(value);
        session_settings_changed(s);
        break;
    case PARAM_IDLE_IN_TRANSACTION_TIMEOUT:
        s->idle_transaction_timeout_ms = param_integer(value);
        break;
    case PARAM_IDLE_SESSION_TIMEOUT:
        s->idle_session_timeout_ms = param_integer(value);
        break;
    case PARAM_INTERVAL_STYLE:
        s->settings.interval_style = interval_style_parse(value);
        session_settings_changed(s);
        break;
    case PARAM_LOCK_TIMEOUT:
        s->lock_timeout_ms = param_integer(value);
        if (s->txn)
            txn_set_lock_timeout(s->txn, s->lock_timeout_ms * 1000);
        break;
    case PARAM_LOG_MIN_DURATION:
        s->log_min_duration_ms = param_integer(value);
        break;
    case PARAM_LOG_MIN_ERROR_STATEMENT:
        s->logs_failed_statements = covers_errors(def, value);
        break;
    case PARAM_LOG_MIN_MESSAGES:
        s->logs_errors = covers_errors(def, value);
        break;
    case PARAM_LOG_STATEMENT:
        s->log_statement = enum_index(def, value);
        break;
    case PARAM_SEARCH_PATH:
    case PARAM_ROLE:
    case PARAM_SESSION_AUTHORIZATION:
        session_settings_changed(s);
        break;
    case PARAM_STANDARD_STRINGS:
        s->settings.standard_conforming_strings = param_bool(value);
        session_settings_changed(s);
        break;
    case PARAM_STATEMENT_TIMEOUT:
        s->statement_timeout_ms = param_integer(value);
        break;
    case PARAM_SYNCHRONOUS_COMMIT:
        s->synchronous_off = strcmp(value, "off") == 0;
        break;
    case PARAM_TEXT_SEARCH_CONFIG:
        s->settings.text_search_config = value; /* the slot's, which stays until the next apply() */
        session_settings_changed(s);
        break;
    case PARAM_TIMEZONE:
        s->settings.timezone = timezone_from_setting(value);
        session_settings_changed(s);
        break;
    case PARAM_PLAIN:
    case PARAM_CLIENT_ENCODING:
    case PARAM_IS_SUPERUSER:
    case PARAM_SEED:
    case PARAM_TRANSACTION_ISOLATION:
    case PARAM_TRANSACTION_READ_ONLY:
    case PARAM_TRANSACTION_DEFERRABLE:
        break;
    }
}

static void put(struct session *s, struct param_slot *slot, char *value /* stolen */)
{
    if (strcmp(slot->value, value) != 0 && slot->def->report) {
        slot->dirty = true;
        s->params.any_dirty = true;
    }
    if (slot->value != value)
        free(slot->value);
    slot->value = value;
    apply(s, slot->def, value);
}

void session_param_force(struct session *s, const struct param_def *def, const char *value)
{
    put(s, make_slot(s, def), copy(value));
}

/* ---- undo ---- */

uint32_t session_level(const struct session *s)
{
    return 1 + (uint32_t)s->savepoints.n;
}

static void free_undo(struct param_undo *undo)
{
    free(undo->prior);
    free(undo->masked);
    free(undo);
}

static void remember(struct session *s, struct param_slot *slot, bool local)
{
    struct param_undo *undo = slot->undo;
    s->params.has_undo = true;
    if (undo && undo->level >= session_level(s)) {
        if (!local) {
            free(undo->masked);
            undo->masked = NULL;
            undo->kind = UNDO_SET;
        } else if (undo->kind == UNDO_SET) {
            undo->masked = copy(slot->value);
            undo->kind = UNDO_SET_LOCAL;
        }
        return;
    }
    undo = calloc(1, sizeof(*undo));
    ASSERT(undo != NULL);
    *undo = (struct param_undo){.outer = slot->undo,
                                .level = session_level(s),
                                .kind = local ? UNDO_LOCAL : UNDO_SET,
                                .prior = copy(slot->value),
                                .prior_source = slot->source};
    slot->undo = undo;
}

static void restore(struct session *s, struct param_slot *slot, char **value,
                    enum param_source source)
{
    char *stolen = *value;
    *value = NULL;
    slot->source = source;
    put(s, slot, stolen);
}

/* The inner level's record goes into the one below, as if its statements had been run there. */
static void merge_down(struct param_undo *inner, struct param_undo *outer)
{
    switch (inner->kind) {
    case UNDO_SET:
        free(outer->masked);
        outer->masked = NULL;
        outer->kind = UNDO_SET;
        break;
    case UNDO_LOCAL:
        if (outer->kind == UNDO_SET) {
            outer->masked = inner->prior;
            inner->prior = NULL;
            outer->kind = UNDO_SET_LOCAL;
        }
        break;
    case UNDO_SET_LOCAL:
        free(outer->masked);
        outer->masked = inner->masked;
        inner->masked = NULL;
        outer->kind = UNDO_SET_LOCAL;
        break;
    }
}

/* One record of a level that ends.  True: it is used up. */
static bool end_record(struct session *s, struct param_slot *slot, struct param_undo *undo,
                       uint32_t level, bool commit)
{
    if (!commit) {
        restore(s, slot, &undo->prior, undo->prior_source);
        return true;
    }
    if (level == 1) {
        if (undo->kind == UNDO_LOCAL)
            restore(s, slot, &undo->prior, undo->prior_source);
        else if (undo->kind == UNDO_SET_LOCAL)
            restore(s, slot, &undo->masked, SOURCE_SESSION);
        return true;
    }
    if (!undo->outer || undo->outer->level < level - 1) {
        undo->level = level - 1;
        return false;
    }
    merge_down(undo, undo->outer);
    return true;
}

static void resolve_role(struct session *s);

void session_params_end(struct session *s, uint32_t level, bool commit)
{
    if (!s->params.has_undo)
        return;
    bool left = false;
    for (size_t i = 0; i < s->params.n; i++) {
        struct param_slot *slot = &s->params.slots[i];
        while (slot->undo && slot->undo->level >= level) {
            struct param_undo *undo = slot->undo;
            uint32_t at = undo->level;
            if (!end_record(s, slot, undo, commit ? at : level, commit)) {
                if (undo->level >= level)
                    continue;
                break;
            }
            slot->undo = undo->outer;
            free_undo(undo);
        }
        left |= slot->undo != NULL;
    }
    s->params.has_undo = left;
    resolve_role(s);
}

/* ---- setting ---- */

bool session_param_may_set(struct session *s, const struct param_def *def, struct err *err)
{
    switch (def->context) {
    case CONTEXT_INTERNAL:
        return err_set(err, ERR_CANT_CHANGE_RUNTIME_PARAM, "parameter \"%s\" cannot be changed",
                       def->name);
    case CONTEXT_POSTMASTER:
        return err_set(err, ERR_CANT_CHANGE_RUNTIME_PARAM,
                       "parameter \"%s\" cannot be changed without restarting the server",
                       def->name);
    case CONTEXT_SIGHUP:
        return err_set(err, ERR_CANT_CHANGE_RUNTIME_PARAM, "parameter \"%s\" cannot be changed now",
                       def->name);
    case CONTEXT_SUPERUSER_BACKEND:
    case CONTEXT_BACKEND:
        if (s->phase == PHASE_READY)
            return err_set(err, ERR_CANT_CHANGE_RUNTIME_PARAM,
                           "parameter \"%s\" cannot be set after connection start", def->name);
        return true;
    case CONTEXT_SUPERUSER:
        if (!s->superuser)
            return err_set(err, ERR_INSUFFICIENT_PRIVILEGE,
                           "permission denied to set parameter \"%s\"", def->name);
        return true;
    case CONTEXT_USER:
        return true;
    }
    return true;
}

/* DateStyle may say half of it: the other half stays. */
static const char *complete_date_style(struct session *s, const char *value, struct arena *arena)
{
    static const char *const styles[] = {"ISO", "SQL", "Postgres", "German"};
    static const char *const orders[] = {"MDY", "DMY", "YMD"};
    const char *comma = strchr(value, ',');
    const char *style = value[0] == '-' ? styles[s->settings.date_style]
                                        : arena_strndup(arena, value, (size_t)(comma - value));
    const char *order = comma[2] == '-' ? orders[s->settings.date_order] : comma + 2;
    return arena_printf(arena, "%s, %s", style, order);
}

static bool checked(struct session *s, const struct param_def *def, const char *text,
                    const char **value, struct err *err)
{
    if (!param_check(def, text, value, err))
        return false;
    if (def->id == PARAM_DATE_STYLE)
        *value = complete_date_style(s, *value, err->arena);
    return true;
}

/* Those that are the transaction's, or have an effect that can fail. */
static bool set_special(struct session *s, const struct param_def *def, const char *value,
                        bool local, bool *done, struct err *err)
{
    *done = true;
    switch ((int)def->id) {
    case PARAM_TRANSACTION_ISOLATION:
        return transaction_set_isolation(s, value, err);
    case PARAM_TRANSACTION_READ_ONLY:
        return transaction_set_read_only(s, param_bool(value), err);
    case PARAM_TRANSACTION_DEFERRABLE:
        return transaction_set_deferrable(s, param_bool(value), err);
    case PARAM_ROLE:
        return session_set_role(s, value, local, err);
    case PARAM_SESSION_AUTHORIZATION:
        return session_set_authorization(s, value, local, err);
    case PARAM_SEED: {
        double seed = strtod(value, NULL);
        session_seed_random(s, seed);
        return true;
    }
    default:
        *done = false;
        return true;
    }
}

static const char *reset_value(const struct session *s, const struct param_def *def)
{
    const struct param_slot *slot = find_slot(s, def);
    return slot && slot->reset_value ? slot->reset_value : default_value(def);
}

bool session_param_set(struct session *s, const struct param_def *def, const char *text, bool local,
                       enum param_source source, struct err *err)
{
    const char *value;
    bool done;
    if (!session_param_may_set(s, def, err))
        return false;
    if (text) {
        if (!checked(s, def, text, &value, err))
            return false;
    } else {
        value = reset_value(s, def);
        if (def->id == PARAM_SESSION_AUTHORIZATION)
            value = "default";
    }
    if (!set_special(s, def, value, local, &done, err) || done)
        return !err->sqlstate[0];
    struct param_slot *slot = make_slot(s, def);
    remember(s, slot, local);
    slot->source = text ? source : slot->reset_source;
    put(s, slot, copy(value));
    return true;
}

bool session_param_initial(struct session *s, const struct param_def *def, const char *text,
                           enum param_source source, struct err *err)
{
    const char *value;
    if (!session_param_may_set(s, def, err) || !checked(s, def, text, &value, err))
        return false;
    if (def->id == PARAM_ROLE)
        return session_set_role(s, value, false, err);
    struct param_slot *slot = make_slot(s, def);
    if (source < slot->source)
        return true;
    free(slot->reset_value);
    slot->reset_value = copy(value);
    slot->source = slot->reset_source = source;
    put(s, slot, copy(value));
    slot->dirty = false;
    return true;
}

void session_params_reset_all(struct session *s)
{
    for (size_t i = 0; i < s->params.n; i++) {
        struct param_slot *slot = &s->params.slots[i];
        const char *value = slot->reset_value ? slot->reset_value : default_value(slot->def);
        if (slot->def->no_reset_all || slot->def->context < CONTEXT_SUPERUSER ||
            strcmp(slot->value, value) == 0)
            continue;
        remember(s, slot, false);
        slot->source = slot->reset_source;
        put(s, slot, copy(value));
    }
}

/* ---- roles ---- */

static const struct param_def *def_of(const char *name)
{
    const struct param_def *def = param_find(name);
    ASSERT(def != NULL);
    return def;
}

static const struct role *role_named(struct session *s, const char *name, struct err *err)
{
    const struct role *role = catalog_role_by_name(session_catalog(s), name);
    if (!role)
        err_set(err, ERR_INVALID_PARAMETER_VALUE, "role \"%s\" does not exist", name);
    return role;
}

/* The roles in force, from the parameters' text (which undo restores). */
static void resolve_role(struct session *s)
{
    const struct param_def *auth = def_of("session_authorization"), *role_def = def_of("role");
    if (!find_slot(s, auth) && !find_slot(s, role_def))
        return;
    const char *auth_name = session_param(s, auth), *role_name = session_param(s, role_def);
    const struct role *auth_role =
        *auth_name ? cluster_role_by_name(server.cluster, auth_name) : NULL;
    const struct role *role =
        strcmp(role_name, "none") != 0 ? cluster_role_by_name(server.cluster, role_name) : NULL;
    s->session_role = auth_role ? auth_role->oid : s->session_role;
    s->current_role = role ? role->oid : s->session_role;
    const struct role *current = cluster_role(server.cluster, s->current_role);
    s->superuser = current && current->super;
    session_param_force(s, def_of("is_superuser"), s->superuser ? "on" : "off");
    session_settings_changed(s);
}

bool session_set_role(struct session *s, const char *name, bool local, struct err *err)
{
    const struct role *role = NULL;
    if (strcmp(name, "none") != 0) {
        role = role_named(s, name, err);
        if (!role)
            return false;
        const struct role *session_role = cluster_role(server.cluster, s->session_role);
        if (!(session_role && session_role->super) &&
            !role_is_member(session_catalog(s), s->session_role, role->oid, false))
            return err_set(err, ERR_INSUFFICIENT_PRIVILEGE, "permission denied to set role \"%s\"",
                           name);
    }
    struct param_slot *slot = make_slot(s, def_of("role"));
    remember(s, slot, local);
    slot->source = SOURCE_SESSION;
    put(s, slot, copy(role ? role->name : "none"));
    s->current_role = role ? role->oid : s->session_role;
    const struct role *current = role ? role : cluster_role(server.cluster, s->session_role);
    s->superuser = current && current->super;
    session_param_force(s, def_of("is_superuser"), s->superuser ? "on" : "off");
    return true;
}

bool session_set_authorization(struct session *s, const char *name, bool local, struct err *err)
{
    if (strcmp(name, "default") == 0)
        name = s->user;
    const struct role *role = role_named(s, name, err),
                      *logged_in = cluster_role(server.cluster, s->auth_role);
    if (!role)
        return false;
    if (role->oid != s->auth_role && !(logged_in && logged_in->super))
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE,
                       "permission denied to set session authorization \"%s\"", name);
    struct param_slot *slot = make_slot(s, def_of("session_authorization"));
    remember(s, slot, local);
    put(s, slot, copy(role->name));
    slot = make_slot(s, def_of("role"));
    remember(s, slot, local);
    put(s, slot, copy("none"));
    s->session_role = s->current_role = role->oid;
    s->superuser = role->super;
    session_param_force(s, def_of("is_superuser"), s->superuser ? "on" : "off");
    return true;
}

/* ---- start, end, reports ---- */

void session_params_init(struct session *s)
{
    s->settings = settings_default;
    for (size_t i = 0; i < param_count(); i++)
        if (param_at(i)->id != PARAM_PLAIN)
            apply(s, param_at(i), default_value(param_at(i)));
    session_param_force(s, def_of("is_superuser"), s->superuser ? "on" : "off");
    session_param_force(s, def_of("session_authorization"), s->user);
}

void session_params_free(struct session *s)
{
    for (size_t i = 0; i < s->params.n; i++) {
        struct param_slot *slot = &s->params.slots[i];
        while (slot->undo) {
            struct param_undo *undo = slot->undo;
            slot->undo = undo->outer;
            free_undo(undo);
        }
        free(slot->value);
        free(slot->reset_value);
        free(slot->reported);
    }
    free(s->params.slots);
}

static void report(struct session *s, const struct param_def *def, struct param_slot *slot,
                   const char *value)
{
    wire_parameter_status(&s->out, def->name, value);
    if (!slot)
        return;
    free(slot->reported);
    slot->reported = copy(value);
}

void session_params_report_all(struct session *s)
{
    for (size_t i = 0; i < param_count(); i++)
        if (param_at(i)->report)
            report(s, param_at(i), find_slot(s, param_at(i)),
                   session_param_shown(s, param_at(i), s->scratch));
    for (size_t i = 0; i < s->params.n; i++)
        s->params.slots[i].dirty = false;
    s->params.any_dirty = false;
}

/* In order of name, and only what differs from what the client was told last. */
void session_params_report(struct session *s)
{
    if (LIKELY(!s->params.any_dirty))
        return;
    for (size_t i = 0; i < param_count(); i++) {
        struct param_slot *slot = param_at(i)->report ? find_slot(s, param_at(i)) : NULL;
        const char *told =
            slot ? (slot->reported ? slot->reported : default_value(slot->def)) : NULL;
        if (slot && slot->dirty && strcmp(told, slot->value) != 0)
            report(s, slot->def, slot, slot->value);
        if (slot)
            slot->dirty = false;
    }
    s->params.any_dirty = false;
}

const char *session_param_shown(struct session *s, const struct param_def *def, struct arena *arena)
{
    switch ((int)def->id) {
    case PARAM_TRANSACTION_ISOLATION:
        return transaction_isolation_text(s);
    case PARAM_TRANSACTION_READ_ONLY:
        return transaction_is_read_only(s) ? "on" : "off";
    case PARAM_TRANSACTION_DEFERRABLE:
        return transaction_is_deferrable(s) ? "on" : "off";
    case PARAM_SEED:
        return "unavailable";
    default:
        return param_show(def, session_param(s, def), arena);
    }
}

enum param_source session_param_source(const struct session *s, const struct param_def *def)
{
    const struct param_slot *slot = find_slot(s, def);
    if (slot && slot->source != SOURCE_DEFAULT)
        return slot->source;
    return param_server_value_is_set(def) ? SOURCE_CONFIG : SOURCE_DEFAULT;
}

const char *session_param_reset_value(const struct session *s, const struct param_def *def)
{
    return reset_value(s, def);
}
