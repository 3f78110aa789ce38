/* func_sequence.c - nextval, currval, lastval, setval: the sequence is shared, the latest value is the session's. */
#include <stdlib.h>

#include "catalog/acl.h"
#include "proxy/session_funcs.h"
#include "proxy/session_int.h"

void session_note_sequence(struct session *s, uint32_t sequence_oid, int64_t value)
{
    s->last_sequence = sequence_oid;
    for (size_t i = 0; i < s->sequences.n; i++)
        if (s->sequences.items[i].oid == sequence_oid) {
            s->sequences.items[i].value = value;
            return;
        }
    if (s->sequences.n == s->sequences.cap) {
        s->sequences.cap = s->sequences.cap ? s->sequences.cap * 2 : 8;
        s->sequences.items =
            realloc(s->sequences.items, s->sequences.cap * sizeof(*s->sequences.items));
        ASSERT(s->sequences.items != NULL);
    }
    s->sequences.items[s->sequences.n++] =
        (struct sequence_value){.oid = sequence_oid, .value = value};
}

void session_forget_sequences(struct session *s)
{
    free(s->sequences.items);
    s->sequences.items = NULL;
    s->sequences.n = s->sequences.cap = 0;
    s->last_sequence = 0;
}

static const struct relation *sequence_of(struct fcall *c, uint32_t oid)
{
    const struct relation *relation = catalog_relation(c->env->catalog, oid);
    if (!relation) {
        err_set(c->err, ERR_UNDEFINED_TABLE, "could not open relation with OID %u", oid);
        return NULL;
    }
    if (relation->kind != 'S') {
        err_set(c->err, ERR_WRONG_OBJECT_TYPE, "\"%s\" is not a sequence", relation->name);
        return NULL;
    }
    return relation;
}

static bool may_use(struct fcall *c, const struct relation *sequence, uint16_t any)
{
    const struct session *s = c->env->session;
    return s->superuser ||
           privilege_check_any(c->env->catalog, sequence, s->current_role, any, c->err);
}

static bool may_write(struct fcall *c, const char *function, bool for_write)
{
    if (!for_write || !c->env->session->read_only)
        return true;
    return err_set(c->err, ERR_READ_ONLY_SQL_TRANSACTION,
                   "cannot execute %s in a read-only transaction", function);
}

static bool next_value(struct fcall *c)
{
    const struct relation *sequence = sequence_of(c, (uint32_t)ARG_I(c, 0));
    int64_t value;
    if (!sequence || !may_use(c, sequence, PRIV_USAGE | PRIV_UPDATE) ||
        !may_write(c, "nextval()", sequence->persistence != 't') ||
        !sequence_next(c->env->txn, sequence, &value, c->err))
        return false;
    session_note_sequence(c->env->session, sequence->oid, value);
    return return_int(c, value);
}

static const struct sequence_value *value_of(const struct session *s, uint32_t oid)
{
    for (size_t i = 0; i < s->sequences.n; i++)
        if (s->sequences.items[i].oid == oid)
            return &s->sequences.items[i];
    return NULL;
}

static bool current_value(struct fcall *c)
{
    const struct relation *sequence = sequence_of(c, (uint32_t)ARG_I(c, 0));
    if (!sequence || !may_use(c, sequence, PRIV_SELECT | PRIV_USAGE))
        return false;
    const struct sequence_value *value = value_of(c->env->session, sequence->oid);
    if (!value)
        return err_set(c->err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "currval of sequence \"%s\" is not yet defined in this session",
                       sequence->name);
    return return_int(c, value->value);
}

static bool last_value(struct fcall *c)
{
    const struct session *s = c->env->session;
    const struct sequence_value *value = s->last_sequence ? value_of(s, s->last_sequence) : NULL;
    if (!value || !catalog_relation(c->env->catalog, s->last_sequence))
        return err_set(c->err, ERR_OBJECT_NOT_IN_PREREQUISITE_STATE,
                       "lastval is not yet defined in this session");
    return return_int(c, value->value);
}

static bool set_value_to(struct fcall *c, bool is_called)
{
    const struct relation *sequence = sequence_of(c, (uint32_t)ARG_I(c, 0));
    int64_t value = ARG_I(c, 1);
    if (!sequence || !may_use(c, sequence, PRIV_UPDATE) ||
        !may_write(c, "setval()", sequence->persistence != 't'))
        return false;
    const struct sequence *definition = sequence->sequence;
    if (value < definition->min || value > definition->max)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                       "setval: value %lld is out of bounds for sequence \"%s\" (%lld..%lld)",
                       (long long)value, sequence->name, (long long)definition->min,
                       (long long)definition->max);
    if (!sequence_set(c->env->txn, sequence, value, is_called, c->err))
        return false;
    if (is_called) {
        uint32_t last = c->env->session->last_sequence;
        session_note_sequence(c->env->session, sequence->oid, value);
        c->env->session->last_sequence = last; /* setval does not count for lastval() */
    }
    return return_int(c, value);
}

static bool set_value(struct fcall *c)
{
    return set_value_to(c, true);
}

static bool set_value_called(struct fcall *c)
{
    return set_value_to(c, ARG_I(c, 2) != 0);
}

FUNC_TABLE(sequence_funcs) = {
    {"nextval_oid", next_value}, {"currval_oid", current_value},    {"lastval", last_value},
    {"setval_oid", set_value},   {"setval3_oid", set_value_called}, {NULL, NULL},
};
