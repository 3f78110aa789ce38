/* serial.c - serializable snapshot isolation (Cahill, Roehm, Fekete 2008; Ports and Grittner 2012).
 *
 * Snapshot isolation goes wrong only where there are transactions T1, T2, T3 (T1 may be T3), concurrent in pairs, such that T1 read
 * what T2 replaced and T2 read what T3 replaced (two rw-dependencies in a row, T2 the pivot) and T3 committed before the other two.
 * So whenever the last piece of such a structure falls into place - a dependency, or T3's commit - one of them fails: the pivot if
 * it can still, else T1, else T3.
 *
 * Reads are remembered as the conditions of the scan, writes as the row before and after; a dependency is found by evaluating the
 * conditions on the row, at the write for earlier reads and at the read for earlier writes.  Both happen under one mutex, so none falls
 * between.  What grows too long is coarsened to "any row of the relation".  All this may find a dependency too many, never one too few.
 *
 * A commit becomes visible somewhere between serial_precommit() and serial_commit(), in no order that is known here.  So T3 counts as
 * committed from the former on and T1 and T2 as not yet committed until the latter: too strict for a moment, never wrong.
 *
 * A committed transaction is remembered until no active one overlaps it.  Of a forgotten T3 its pivot keeps the time, which
 * is all that later checks need. */
#include "txn/serial.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "txn/layout.h"
#include "txn/txn_int.h"

#define PREDICATES_MAX 200 /* per transaction and relation */
#define WRITES_MAX 1000
#define NEVER UINT64_MAX

struct predicate {
    struct predicate *next;
    struct scan_qual *quals;
    const struct type **types;
    uint32_t n_quals;
    uint64_t generation;
};
struct written {
    struct written *next;
    struct datum *before, *after;
    uint64_t generation;
};
struct touched { /* what a transaction did with one relation */
    struct predicate *predicates;
    struct written *writes;
    uint32_t n_predicates, n_writes;
    bool read_all, wrote_all;
};

struct sxacts {
    struct sxact **items;
    uint32_t n, cap;
};

struct sxact {
    struct serial *serial;
    struct sxact *next, *previous;
    struct arena *arena;
    struct imap *relations; /* to struct touched */
    uint32_t database;
    uint64_t snapshot_seq, end_seq; /* end_seq NEVER: not known yet */
    /* On the clock of the watch. */
    uint64_t committing_at; /* NEVER: active */
    uint64_t ended_at;      /* NEVER: active or committing */
    uint64_t
        earliest_out; /* least committing_at of a T3 that this one depends on and that may be first; NEVER: none */
    bool doomed;
    struct sxacts in, out; /* who depends on us (read what we wrote), on whom we depend */
    VEC(struct catalog *) catalogs;
};

struct serial {
    pthread_mutex_t mutex;
    struct sxact *list;
    uint64_t clock;
};

struct serial *serial_new(void)
{
    struct serial *serial = calloc(1, sizeof(*serial));
    ASSERT(serial != NULL);
    pthread_mutex_init(&serial->mutex, NULL);
    return serial;
}

/* ---- lists ---- */

static bool list_has(const struct sxacts *list, const struct sxact *sxact)
{
    for (uint32_t k = 0; k < list->n; k++)
        if (list->items[k] == sxact)
            return true;
    return false;
}

static void list_add(struct sxacts *list, struct sxact *sxact)
{
    if (list->n == list->cap) {
        list->cap = MAX(8u, list->cap * 2);
        list->items = realloc(list->items, list->cap * sizeof(*list->items));
        ASSERT(list->items != NULL);
    }
    list->items[list->n++] = sxact;
}

static void list_remove(struct sxacts *list, const struct sxact *sxact)
{
    for (uint32_t k = 0; k < list->n; k++)
        if (list->items[k] == sxact) {
            list->items[k] = list->items[--list->n];
            return;
        }
}

static void sxact_free(struct sxact *sxact)
{
    for (uint32_t k = 0; k < sxact->in.n; k++)
        list_remove(&sxact->in.items[k]->out, sxact);
    for (uint32_t k = 0; k < sxact->out.n; k++)
        list_remove(&sxact->out.items[k]->in, sxact);
    if (sxact->previous)
        sxact->previous->next = sxact->next;
    else
        sxact->serial->list = sxact->next;
    if (sxact->next)
        sxact->next->previous = sxact->previous;
    for (size_t k = 0; k < sxact->catalogs.n; k++)
        catalog_unref(sxact->catalogs.items[k]);
    free(sxact->in.items);
    free(sxact->out.items);
    imap_free(sxact->relations);
    arena_free(sxact->arena);
}

void serial_free(struct serial *serial)
{
    if (!serial)
        return;
    while (serial->list)
        sxact_free(serial->list);
    pthread_mutex_destroy(&serial->mutex);
    free(serial);
}

static bool is_active(const struct sxact *sxact)
{
    return sxact->committing_at == NEVER;
}

/* Forgets committed transactions that no active one overlaps. */
static void forget(struct serial *serial)
{
    uint64_t oldest = NEVER;
    struct sxact *next;
    for (const struct sxact *sxact = serial->list; sxact; sxact = sxact->next)
        if (is_active(sxact))
            oldest = MIN(oldest, sxact->snapshot_seq);
    for (struct sxact *sxact = serial->list; sxact; sxact = next) {
        next = sxact->next;
        if (!is_active(sxact) && sxact->end_seq != NEVER && sxact->end_seq < oldest)
            sxact_free(sxact);
    }
}

/* ---- life ---- */

struct sxact *serial_begin(struct serial *serial, uint32_t database, uint64_t seq)
{
    struct arena *arena = arena_new("serializable transaction");
    struct sxact *sxact = ARENA_NEW(arena, struct sxact);
    *sxact = (struct sxact){.serial = serial,
                            .arena = arena,
                            .relations = imap_new(),
                            .database = database,
                            .snapshot_seq = seq,
                            .end_seq = NEVER,
                            .committing_at = NEVER,
                            .ended_at = NEVER,
                            .earliest_out = NEVER};
    pthread_mutex_lock(&serial->mutex);
    sxact->next = serial->list;
    if (serial->list)
        serial->list->previous = sxact;
    serial->list = sxact;
    pthread_mutex_unlock(&serial->mutex);
    return sxact;
}

void serial_moment(struct sxact *sxact, uint64_t seq)
{
    pthread_mutex_lock(&sxact->serial->mutex);
    sxact->snapshot_seq = seq;
    pthread_mutex_unlock(&sxact->serial->mutex);
}

void serial_keep_catalog(struct sxact *sxact, struct catalog *catalog)
{
    for (size_t k = 0; k < sxact->catalogs.n; k++)
        if (sxact->catalogs.items[k] == catalog)
            return;
    VEC_PUSH(sxact->arena, &sxact->catalogs, catalog_ref(catalog));
}

static bool fail(struct err *err, const char *reason)
{
    err_set(err, ERR_T_R_SERIALIZATION_FAILURE,
            "could not serialize access due to read/write dependencies among transactions");
    err_detail(err, "Reason code: %s.", reason);
    return err_hint(err, "The transaction might succeed if retried.");
}

bool serial_go_on(struct sxact *sxact, struct err *err)
{
    pthread_mutex_lock(&sxact->serial->mutex);
    bool doomed = sxact->doomed;
    pthread_mutex_unlock(&sxact->serial->mutex);
    return !doomed ||
           fail(err, "Canceled on identification as a pivot, during conflict in checking");
}

/* ---- dangerous structures ---- */

/* False when `self` has to fail; others are marked. */
static bool end_one(struct sxact *self, struct sxact *pivot, struct sxact *reader)
{
    struct sxact *victim = is_active(pivot) ? pivot : reader;
    if (victim == self)
        return false;
    victim->doomed = true;
    return true;
}

/* reader read what writer replaced.  False when `self`, which is one of them, has to fail. */
static bool add_dependency(struct sxact *self, struct sxact *reader, struct sxact *writer)
{
    if (list_has(&reader->out, writer))
        return true;
    list_add(&reader->out, writer);
    list_add(&writer->in, reader);
    /* The writer as pivot. */
    if (writer->earliest_out != NEVER && reader->ended_at > writer->earliest_out &&
        !end_one(self, writer, reader))
        return false;
    if (is_active(writer))
        return true;
    /* The reader as pivot, the writer as the one that committed first. */
    reader->earliest_out = MIN(reader->earliest_out, writer->committing_at);
    for (uint32_t k = 0; k < reader->in.n; k++)
        if (reader->in.items[k]->ended_at > writer->committing_at &&
            !end_one(self, reader, reader->in.items[k]))
            return false;
    return true;
}

/* `first` is about to commit: what if the pivot and its readers only do so later? */
static bool may_be_first(struct sxact *first, struct sxact *pivot)
{
    if (pivot->ended_at != NEVER)
        return true;
    pivot->earliest_out = MIN(pivot->earliest_out, first->committing_at);
    for (uint32_t k = 0; k < pivot->in.n; k++) {
        if (pivot->in.items[k]->ended_at != NEVER)
            continue;
        if (!is_active(pivot))
            return false; /* too late for the pivot */
        pivot->doomed = true;
    }
    return true;
}

bool serial_precommit(struct sxact *sxact, struct err *err)
{
    struct serial *serial = sxact->serial;
    pthread_mutex_lock(&serial->mutex);
    bool ok = !sxact->doomed;
    if (ok)
        sxact->committing_at = ++serial->clock;
    for (uint32_t k = 0; ok && k < sxact->in.n; k++)
        ok = may_be_first(sxact, sxact->in.items[k]);
    pthread_mutex_unlock(&serial->mutex);
    return ok || fail(err, "Canceled on identification as a pivot, during commit attempt");
}

void serial_commit(struct sxact *sxact, uint64_t seq)
{
    struct serial *serial = sxact->serial;
    pthread_mutex_lock(&serial->mutex);
    sxact->end_seq = seq;
    sxact->ended_at = ++serial->clock;
    forget(serial);
    pthread_mutex_unlock(&serial->mutex);
}

void serial_abort(struct sxact *sxact)
{
    struct serial *serial = sxact->serial;
    pthread_mutex_lock(&serial->mutex);
    sxact_free(sxact);
    forget(serial);
    pthread_mutex_unlock(&serial->mutex);
}

/* ---- reads against writes ---- */

static struct touched *touched_of(struct sxact *sxact, uint32_t oid, bool make)
{
    struct touched *touched = imap_get(sxact->relations, oid);
    if (!touched && make) {
        touched = ARENA_NEW(sxact->arena, struct touched);
        imap_put(sxact->relations, oid, touched);
    }
    return touched;
}

static bool row_matches(const struct scan_qual *quals, const struct type *const *types,
                        uint32_t n_quals, const struct datum *row)
{
    if (!row)
        return false;
    for (uint32_t k = 0; k < n_quals; k++)
        if (!scan_qual_holds(&quals[k], types[k], &row[quals[k].attnum - 1]))
            return false;
    return true;
}

static bool predicate_matches(const struct predicate *predicate, uint64_t generation,
                              const struct datum *before, const struct datum *after)
{
    return predicate->generation != generation ||
           row_matches(predicate->quals, predicate->types, predicate->n_quals, before) ||
           row_matches(predicate->quals, predicate->types, predicate->n_quals, after);
}

static struct predicate *predicate_make(struct sxact *sxact, const struct relation *relation,
                                        const struct scan_qual *quals, uint32_t n)
{
    struct predicate *predicate = ARENA_NEW(sxact->arena, struct predicate);
    predicate->generation = relation->generation;
    predicate->n_quals = n;
    predicate->quals = ARENA_ARRAY(sxact->arena, struct scan_qual, n + 1);
    predicate->types = ARENA_ARRAY(sxact->arena, const struct type *, n + 1);
    for (uint32_t k = 0; k < n; k++) {
        const struct type *type = relation->columns[quals[k].attnum - 1].type;
        uint32_t n_values = quals[k].op == QUAL_IS_NULL || quals[k].op == QUAL_NOT_NULL ? 0
                            : quals[k].op == QUAL_IN ? quals[k].n_values
                                                     : 1;
        struct datum *values = ARENA_ARRAY(sxact->arena, struct datum, n_values + 1);
        for (uint32_t v = 0; v < n_values; v++)
            values[v] = datum_copy(type, sxact->arena, quals[k].values[v]);
        predicate->quals[k] = quals[k];
        predicate->quals[k].values = values;
        predicate->types[k] = type;
    }
    return predicate;
}

/* Are the two concurrent, seen from one that is active: the other ended after its snapshot, or has not ended. */
static bool overlaps(const struct sxact *active, const struct sxact *other)
{
    return other != active && other->database == active->database &&
           other->end_seq >= active->snapshot_seq;
}

static bool wrote_match(const struct touched *touched, const struct predicate *predicate)
{
    if (touched->wrote_all)
        return true;
    for (const struct written *written = touched->writes; written; written = written->next)
        if (predicate_matches(predicate, written->generation, written->before, written->after))
            return true;
    return false;
}

bool serial_read(struct sxact *sxact, const struct relation *relation,
                 const struct scan_qual *quals, uint32_t n_quals, struct err *err)
{
    struct serial *serial = sxact->serial;
    bool ok = true;
    pthread_mutex_lock(&serial->mutex);
    struct touched *touched = touched_of(sxact, relation->oid, true);
    if (touched->n_predicates >= PREDICATES_MAX)
        n_quals = 0;
    struct predicate *predicate = predicate_make(sxact, relation, quals, n_quals);
    if (!touched->read_all) {
        predicate->next = touched->predicates;
        touched->predicates = predicate;
        touched->n_predicates++;
        touched->read_all = n_quals == 0;
    }
    for (struct sxact *writer = serial->list; ok && writer; writer = writer->next) {
        /* A commit that the snapshot includes replaced nothing that we read. */
        if (!overlaps(sxact, writer) || writer->end_seq <= sxact->snapshot_seq)
            continue;
        const struct touched *theirs = touched_of(writer, relation->oid, false);
        if (theirs && wrote_match(theirs, predicate))
            ok = add_dependency(sxact, sxact, writer);
    }
    ok = ok && !sxact->doomed;
    pthread_mutex_unlock(&serial->mutex);
    return ok || fail(err, "Canceled on conflict out to pivot, during read");
}

static struct datum *row_copy(struct sxact *sxact, const struct relation *relation,
                              const struct datum *values)
{
    if (!values)
        return NULL;
    struct datum *copy = ARENA_ARRAY(sxact->arena, struct datum, relation->n_columns + 1u);
    for (uint16_t k = 0; k < relation->n_columns; k++)
        copy[k] = relation->columns[k].dropped
                      ? datum_null()
                      : datum_copy(relation->columns[k].type, sxact->arena, values[k]);
    return copy;
}

static bool read_match(const struct touched *touched, const struct relation *relation,
                       const struct datum *before, const struct datum *after)
{
    if (touched->read_all || (!before && !after))
        return touched->predicates != NULL;
    for (const struct predicate *predicate = touched->predicates; predicate;
         predicate = predicate->next)
        if (predicate_matches(predicate, relation->generation, before, after))
            return true;
    return false;
}

bool serial_write(struct sxact *sxact, const struct relation *relation, const struct datum *before,
                  const struct datum *after, struct err *err)
{
    struct serial *serial = sxact->serial;
    bool ok = true;
    pthread_mutex_lock(&serial->mutex);
    struct touched *touched = touched_of(sxact, relation->oid, true);
    bool known = touched->wrote_all; /* readers have met it, and later ones will */
    if (!known && (touched->n_writes >= WRITES_MAX || (!before && !after))) {
        touched->wrote_all = true;
        before = after = NULL;
    } else if (!known) {
        struct written *written = ARENA_NEW(sxact->arena, struct written);
        *written = (struct written){touched->writes, row_copy(sxact, relation, before),
                                    row_copy(sxact, relation, after), relation->generation};
        touched->writes = written;
        touched->n_writes++;
    }
    for (struct sxact *reader = known ? NULL : serial->list; ok && reader; reader = reader->next) {
        const struct touched *theirs =
            overlaps(sxact, reader) ? touched_of(reader, relation->oid, false) : NULL;
        if (theirs && read_match(theirs, relation, before, after))
            ok = add_dependency(sxact, reader, sxact);
    }
    ok = ok && !sxact->doomed;
    pthread_mutex_unlock(&serial->mutex);
    return ok || fail(err, "Canceled on identification as a pivot, during write");
}
