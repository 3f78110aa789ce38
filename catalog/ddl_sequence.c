/* ddl_sequence.c - CREATE and ALTER SEQUENCE, and the sequences of serial and identity columns. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/ddl_int.h"
#include "catalog/sysrel.h"
#include "sql/format_type.h"

struct limits {
    int64_t min, max;
};

static struct limits type_limits(uint32_t type_oid)
{
    if (type_oid == TYPE_INT2)
        return (struct limits){INT16_MIN, INT16_MAX};
    if (type_oid == TYPE_INT4)
        return (struct limits){INT32_MIN, INT32_MAX};
    return (struct limits){INT64_MIN, INT64_MAX};
}

static bool value_of(struct ddl *d, const DefElem *option, int64_t *value)
{
    const char *text = option_text(d, option);
    char *end;
    if (!text)
        return err_set(d->err, ERR_SYNTAX_ERROR, "%s requires a numeric value", option->defname);
    *value = strtoll(text, &end, 10);
    if (*end)
        return err_set(d->err, ERR_INVALID_TEXT_REPRESENTATION,
                       "invalid input syntax for type bigint: \"%s\"", text);
    return true;
}

static bool check_duplicates(struct ddl *d, const List *options)
{
    for (int k = 0; k < list_n(options); k++)
        for (int j = 0; j < k; j++) {
            const DefElem *a = list_at(options, j), *b = list_at(options, k);
            if (strcmp(a->defname, b->defname) == 0)
                return fail_at(d, b->location, ERR_SYNTAX_ERROR,
                               "conflicting or redundant options");
        }
    return true;
}

static bool sequence_type(struct ddl *d, const DefElem *option, bool for_identity,
                          struct sequence *sequence)
{
    struct analyze_context context = analysis(d);
    const struct type *type;
    int32_t typmod;
    if (!analyze_type_name(&context, option->arg, &type, &typmod, d->err))
        return false;
    if (type->oid != TYPE_INT2 && type->oid != TYPE_INT4 && type->oid != TYPE_INT8)
        return err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                       "%s must be smallint, integer, or bigint",
                       for_identity ? "identity column type" : "sequence type");
    sequence->type_oid = type->oid;
    return true;
}

static bool out_of_range(struct ddl *d, const char *what, int64_t value, uint32_t type_oid)
{
    return err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                   "%s (%" PRId64 ") is out of range for sequence data type %s", what, value,
                   format_type_name(d->arena, d->fork, &d->c->path, builtin_type(type_oid)));
}

static bool apply_limits(struct ddl *d, const List *options, bool is_new, uint32_t old_type,
                         struct sequence *s)
{
    const DefElem *max = option_named(options, "maxvalue"),
                  *min = option_named(options, "minvalue");
    struct limits limits = type_limits(s->type_oid), old = type_limits(old_type);
    bool retyped = !is_new && old_type != s->type_oid;
    bool reset_max = retyped && s->max == (s->increment > 0 ? old.max : -1);
    bool reset_min = retyped && s->min == (s->increment > 0 ? 1 : old.min);
    if (max && max->arg) {
        if (!value_of(d, max, &s->max))
            return false;
    } else if (is_new || max || reset_max) {
        s->max = s->increment > 0 ? limits.max : -1;
    }
    if (s->max < limits.min || s->max > limits.max)
        return out_of_range(d, "MAXVALUE", s->max, s->type_oid);
    if (min && min->arg) {
        if (!value_of(d, min, &s->min))
            return false;
    } else if (is_new || min || reset_min) {
        s->min = s->increment > 0 ? 1 : limits.min;
    }
    if (s->min < limits.min || s->min > limits.max)
        return out_of_range(d, "MINVALUE", s->min, s->type_oid);
    if (s->min >= s->max)
        return err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                       "MINVALUE (%" PRId64 ") must be less than MAXVALUE (%" PRId64 ")", s->min,
                       s->max);
    return true;
}

static bool check_within(struct ddl *d, const char *what, int64_t value, const struct sequence *s)
{
    if (value < s->min)
        return err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                       "%s value (%" PRId64 ") cannot be less than MINVALUE (%" PRId64 ")", what,
                       value, s->min);
    if (value > s->max)
        return err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                       "%s value (%" PRId64 ") cannot be greater than MAXVALUE (%" PRId64 ")", what,
                       value, s->max);
    return true;
}

/* *restart: the value of RESTART, if there was one. */
static bool apply_options(struct ddl *d, const List *options, bool is_new, bool for_identity,
                          struct sequence *s, bool *restarts, int64_t *restart)
{
    uint32_t old_type = s->type_oid;
    const DefElem *option;
    *restarts = false;
    if (!check_duplicates(d, options))
        return false;
    if ((option = option_named(options, "as")) && !sequence_type(d, option, for_identity, s))
        return false;
    if ((option = option_named(options, "increment"))) {
        if (!value_of(d, option, &s->increment))
            return false;
        if (!s->increment)
            return err_set(d->err, ERR_INVALID_PARAMETER_VALUE, "INCREMENT must not be zero");
    }
    if ((option = option_named(options, "cycle")) && !option_bool(d, option, &s->cycle))
        return false;
    if (!apply_limits(d, options, is_new, old_type, s))
        return false;
    if ((option = option_named(options, "start"))) {
        if (!value_of(d, option, &s->start))
            return false;
    } else if (is_new) {
        s->start = s->increment > 0 ? s->min : s->max;
    }
    if (!check_within(d, "START", s->start, s))
        return false;
    if ((option = option_named(options, "restart"))) {
        *restarts = true;
        *restart = s->start;
        if (option->arg && !value_of(d, option, restart))
            return false;
        if (!check_within(d, "RESTART", *restart, s))
            return false;
    }
    if ((option = option_named(options, "cache"))) {
        if (!value_of(d, option, &s->cache))
            return false;
        if (s->cache <= 0)
            return err_set(d->err, ERR_INVALID_PARAMETER_VALUE,
                           "CACHE (%" PRId64 ") must be greater than zero", s->cache);
    }
    return true;
}

/* ---- ownership ---- */

static bool owned_by(struct ddl *d, uint32_t sequence_oid, const DefElem *option)
{
    const List *names = (const List *)option->arg;
    struct sequence *facts;
    if (list_n(names) == 1 && strcmp(list_str(names, 0), "none") == 0) {
        facts = (struct sequence *)catalog_edit_relation(d->fork, sequence_oid)->sequence;
        uint32_t before = facts->owned_by_relation;
        int16_t attnum = facts->owned_by_attnum;
        facts->owned_by_relation = 0;
        facts->owned_by_attnum = 0;
        if (before && rel(d, before))
            columns_of(catalog_edit_relation(d->fork, before))[attnum - 1].sequence_oid = 0;
        return true;
    }
    if (list_n(names) < 2) {
        err_set(d->err, ERR_SYNTAX_ERROR, "invalid OWNED BY option");
        return err_hint(d->err, "Specify OWNED BY table.column or OWNED BY NONE.");
    }
    List *place = arena_memdup(d->arena, names, sizeof(List));
    place->length--;
    const char *column_name = list_str(names, list_n(names) - 1);
    RangeVar *table = range_var_of(d, place);
    const struct relation *relation = table ? find_relation(d, table, false, NULL) : NULL,
                          *sequence = rel(d, sequence_oid);
    if (!relation)
        return false;
    if (relation->kind != 'r' && relation->kind != 'v') {
        err_set(d->err, ERR_WRONG_OBJECT_TYPE, "sequence cannot be owned by relation \"%s\"",
                relation->name);
        return err_detail(d->err, "This operation is not supported for %ss.",
                          relation_kind_word(relation->kind));
    }
    if (relation->owner_oid != sequence->owner_oid)
        return err_set(d->err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "sequence must have same owner as table it is linked to");
    if (relation->namespace_oid != sequence->namespace_oid)
        return err_set(d->err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "sequence must be in same schema as table it is linked to");
    const struct column *column = relation_column(relation, column_name);
    if (!column)
        return err_set(d->err, ERR_UNDEFINED_COLUMN,
                       "column \"%s\" of relation \"%s\" does not exist", column_name,
                       relation->name);
    if (sequence->sequence->owned_internally) {
        err_set(d->err, ERR_FEATURE_NOT_SUPPORTED, "cannot change ownership of identity sequence");
        return err_detail(d->err, "Sequence \"%s\" is linked to table \"%s\".", sequence->name,
                          relation->name);
    }
    int16_t attnum = column->attnum;
    uint32_t relation_oid = relation->oid;
    facts = (struct sequence *)catalog_edit_relation(d->fork, sequence_oid)->sequence;
    facts->owned_by_relation = relation_oid;
    facts->owned_by_attnum = attnum;
    columns_of(catalog_edit_relation(d->fork, relation_oid))[attnum - 1].sequence_oid =
        sequence_oid;
    return true;
}

/* ---- making ---- */

static void sequence_columns(struct ddl *d, struct relation *relation, struct arena *arena)
{
    static const struct {
        const char *name;
        uint32_t type;
    } columns[] = {{"last_value", TYPE_INT8}, {"log_cnt", TYPE_INT8}, {"is_called", TYPE_BOOL}};
    for (size_t k = 0; k < ARRAY_COUNT(columns); k++) {
        struct column column = {.name = columns[k].name,
                                .type = builtin_type(columns[k].type),
                                .typmod = -1,
                                .not_null = true,
                                .statistics_target = -1};
        append_column(d, relation, arena, &column);
    }
}

bool make_sequence(struct ddl *d, const struct namespace *namespace, const char *name,
                   const List *options, uint32_t type_oid, bool temp, char persistence,
                   bool for_identity, uint32_t *oid)
{
    struct object *object;
    bool restarts;
    int64_t restart;
    struct sequence facts = {.type_oid = type_oid, .increment = 1, .cache = 1};
    if (relation_name_taken(d->fork, namespace->oid, name))
        return err_set(d->err, ERR_DUPLICATE_TABLE, "relation \"%s\" already exists", name);
    if (!apply_options(d, options, true, for_identity, &facts, &restarts, &restart))
        return false;
    struct relation *relation = new_relation(d, &object, namespace, name, 'S');
    relation->persistence = relation->temp ? 't' : persistence ? persistence : 'p';
    relation->sequence = arena_memdup(object_arena(object), &facts, sizeof(facts));
    relation->distribution = DIST_SYSTEM;
    relation->system = sysrel_of_sequence(object_arena(object), relation->oid);
    sequence_columns(d, relation, object_arena(object));
    *oid = relation->oid;
    catalog_add(d->fork, object);
    return true;
}

bool create_sequence_statement(struct ddl *d, const CreateSeqStmt *stmt)
{
    const struct namespace *namespace;
    uint32_t oid;
    if (!creation_namespace_of(d, stmt->sequence, &namespace))
        return false;
    const char *name = clip_name(d, stmt->sequence->relname);
    if (stmt->if_not_exists && relation_name_taken(d->fork, namespace->oid, name)) {
        notice_full(d, "NOTICE", ERR_DUPLICATE_TABLE,
                    arena_printf(d->arena, "relation \"%s\" already exists, skipping", name), NULL,
                    NULL);
        return true;
    }
    if (!make_sequence(d, namespace, name, stmt->options, TYPE_INT8, namespace->temp,
                       stmt->sequence->relpersistence, false, &oid))
        return false;
    const DefElem *owner = option_named(stmt->options, "owned_by");
    return !owner || owned_by(d, oid, owner);
}

bool alter_sequence(struct ddl *d, uint32_t oid, const List *options, bool for_identity)
{
    struct relation *relation = catalog_edit_relation(d->fork, oid);
    struct sequence *facts = (struct sequence *)relation->sequence;
    bool restarts;
    int64_t restart, last_value;
    bool is_called;
    if (!apply_options(d, options, false, for_identity, facts, &restarts, &restart))
        return false;
    if (restarts)
        return sequence_set(d->c->txn, rel(d, oid), restart, false, d->err);
    if (!sequence_get(d->c->txn, rel(d, oid), &last_value, &is_called, d->err))
        return false;
    return check_within(d, "RESTART", last_value, facts);
}

bool alter_sequence_statement(struct ddl *d, const AlterSeqStmt *stmt)
{
    bool missing;
    const struct relation *relation = find_relation(d, stmt->sequence, stmt->missing_ok, &missing);
    if (!relation && missing) {
        notice(d, "relation \"%s\" does not exist, skipping", stmt->sequence->relname);
        return true;
    }
    if (!relation)
        return false;
    if (relation->kind != 'S')
        return err_set(d->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a sequence", relation->name);
    if (!must_own_relation(d, relation))
        return false;
    uint32_t oid = relation->oid;
    if (!lock_relation(d, oid, LOCK_SHARE_ROW_EXCLUSIVE) ||
        !alter_sequence(d, oid, stmt->options, stmt->for_identity))
        return false;
    const DefElem *owner = option_named(stmt->options, "owned_by");
    return !owner || owned_by(d, oid, owner);
}
