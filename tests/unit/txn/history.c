/* history.c - recording and checking histories.
 *
 * Nodes are committed transactions.  Edges: ww from the writer of a version to the writer of the next one, wr from the writer of a
 * version to who read it, rw from who read a version to the writer of the next.  ww and wr edges follow the order of commits, so a cycle
 * of them alone is G0 or G1c, and one with a single rw edge that starts at a snapshot reader is read skew: it saw the effect of a
 * commit and missed an earlier one. */
#include "tests/unit/txn/history.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/waiter.h"

struct access {
    uint32_t key;
    bool write;
    int64_t value, replaced;
};

struct history_txn {
    struct history *history;
    struct history_txn *next;
    struct access *list;
    size_t n, cap;
    uint64_t begun, ended; /* positions on one clock for all */
    bool snapshot, serializable, committed;
    uint32_t number; /* among the committed */
};

struct history {
    pthread_mutex_t mutex;
    struct history_txn *txns;
    uint64_t clock;
};

struct history *history_new(void)
{
    struct history *history = calloc(1, sizeof(*history));
    ASSERT(history != NULL);
    pthread_mutex_init(&history->mutex, NULL);
    return history;
}

void history_free(struct history *history)
{
    struct history_txn *next;
    for (struct history_txn *txn = history->txns; txn; txn = next) {
        next = txn->next;
        free(txn->list);
        free(txn);
    }
    pthread_mutex_destroy(&history->mutex);
    free(history);
}

struct history_txn *history_begin(struct history *history, bool snapshot, bool serializable)
{
    struct history_txn *txn = calloc(1, sizeof(*txn));
    ASSERT(txn != NULL);
    txn->history = history;
    txn->snapshot = snapshot;
    txn->serializable = serializable;
    pthread_mutex_lock(&history->mutex);
    txn->begun = ++history->clock;
    txn->next = history->txns;
    history->txns = txn;
    pthread_mutex_unlock(&history->mutex);
    return txn;
}

static void add(struct history_txn *txn, struct access access)
{
    if (txn->n == txn->cap) {
        txn->cap = txn->cap ? txn->cap * 2 : 8;
        txn->list = realloc(txn->list, txn->cap * sizeof(*txn->list));
        ASSERT(txn->list != NULL);
    }
    txn->list[txn->n++] = access;
}

void history_read(struct history_txn *txn, uint32_t key, int64_t value)
{
    add(txn, (struct access){key, false, value, 0});
}

void history_write(struct history_txn *txn, uint32_t key, int64_t replaced, int64_t value)
{
    add(txn, (struct access){key, true, value, replaced});
}

void history_end(struct history_txn *txn, bool committed)
{
    pthread_mutex_lock(&txn->history->mutex);
    txn->ended = ++txn->history->clock;
    txn->committed = committed;
    pthread_mutex_unlock(&txn->history->mutex);
}

/* ---- checking ---- */

struct version {
    struct history_txn *writer;
    struct history_txn *next_writer; /* who replaced it, among the committed */
    bool final;                      /* the last one its writer wrote of the key */
};
enum edge_kind { EDGE_WW = 1, EDGE_WR = 2, EDGE_RW = 4 };
struct edge {
    uint32_t to;
    uint8_t kind;
};
struct node {
    struct history_txn *txn;
    VEC(struct edge) edges;
};
struct checker {
    struct history *history;
    struct arena *arena;
    struct map *versions; /* (key, value) to struct version */
    struct node *nodes;
    uint32_t n_nodes;
    const char *found;
};

static struct version *version_of(struct checker *c, uint32_t key, int64_t value, bool make)
{
    int64_t name[2] = {key, value};
    struct version *version = map_get(c->versions, name, sizeof(name));
    if (!version && make) {
        version = ARENA_NEW(c->arena, struct version);
        map_put(c->versions, name, sizeof(name), version);
    }
    return version;
}

static bool found(struct checker *c, const char *what, const struct history_txn *txn,
                  const struct access *access)
{
    if (!c->found)
        c->found = arena_printf(
            c->arena, "%s: transaction %u (%" PRIu64 "..%" PRIu64 "), key %u, value %" PRId64, what,
            txn->number, txn->begun, txn->ended, access->key, access->value);
    return false;
}

static bool note_versions(struct checker *c)
{
    for (struct history_txn *txn = c->history->txns; txn; txn = txn->next)
        for (size_t k = 0; k < txn->n; k++) {
            const struct access *access = &txn->list[k];
            if (!access->write)
                continue;
            struct version *version = version_of(c, access->key, access->value, true);
            version->writer = txn;
            version->final = true;
            for (size_t later = k + 1; later < txn->n; later++)
                if (txn->list[later].write && txn->list[later].key == access->key)
                    version->final = false;
        }
    return true;
}

static bool note_successors(struct checker *c)
{
    for (uint32_t n = 0; n < c->n_nodes; n++) {
        struct history_txn *txn = c->nodes[n].txn;
        for (size_t k = 0; k < txn->n; k++) {
            const struct access *access = &txn->list[k];
            if (!access->write)
                continue;
            struct version *version = version_of(c, access->key, access->replaced, true);
            if (version->next_writer)
                return found(c, "lost update", txn, access);
            version->next_writer = txn;
        }
    }
    return true;
}

static void add_edge(struct checker *c, const struct history_txn *from,
                     const struct history_txn *to, enum edge_kind kind)
{
    if (!from || !to || from == to || !from->committed || !to->committed)
        return;
    struct edge edge = {to->number, (uint8_t)kind};
    VEC_PUSH(c->arena, &c->nodes[from->number].edges, edge);
}

/* One access of a committed transaction: what it must not be, and its edges. */
static bool note_access(struct checker *c, struct history_txn *txn, const struct access *access)
{
    int64_t seen = access->write ? access->replaced : access->value;
    const struct version *version = version_of(c, access->key, seen, true);
    if (version->writer && version->writer != txn) {
        if (!version->writer->committed)
            return found(c, "G1a, aborted read", txn, access);
        if (!version->final)
            return found(c, "G1b, intermediate read", txn, access);
    }
    if (version->next_writer && version->next_writer != txn &&
        version->next_writer->ended < txn->begun)
        return found(c, "stale read", txn, access);
    add_edge(c, version->writer, txn, access->write ? EDGE_WW : EDGE_WR);
    if (!access->write && version->writer != txn)
        add_edge(c, txn, version->next_writer, EDGE_RW);
    return true;
}

/* Is `target` reachable over edges of these kinds? */
static bool reaches(struct checker *c, uint32_t from, uint32_t target, uint8_t kinds)
{
    uint32_t *queue = malloc(c->n_nodes * sizeof(*queue)), n = 0;
    bool *seen = calloc(c->n_nodes, 1), yes = from == target;
    ASSERT(queue && seen);
    queue[n++] = from;
    seen[from] = true;
    for (uint32_t at = 0; !yes && at < n; at++)
        for (size_t k = 0; k < c->nodes[queue[at]].edges.n; k++) {
            const struct edge *edge = &c->nodes[queue[at]].edges.items[k];
            if (!(edge->kind & kinds) || seen[edge->to])
                continue;
            seen[edge->to] = true;
            queue[n++] = edge->to;
            yes = yes || edge->to == target;
        }
    free(queue);
    free(seen);
    return yes;
}

static bool check_cycles(struct checker *c)
{
    static const struct access none;
    for (uint32_t n = 0; n < c->n_nodes; n++)
        for (size_t k = 0; k < c->nodes[n].edges.n; k++) {
            const struct edge *edge = &c->nodes[n].edges.items[k];
            const struct history_txn *txn = c->nodes[n].txn;
            if (edge->kind == EDGE_WW && reaches(c, edge->to, n, EDGE_WW))
                return found(c, "G0, write cycle", txn, &none);
            if (edge->kind != EDGE_RW && reaches(c, edge->to, n, EDGE_WW | EDGE_WR))
                return found(c, "G1c, circular information flow", txn, &none);
            if (edge->kind == EDGE_RW && txn->snapshot &&
                reaches(c, edge->to, n, EDGE_WW | EDGE_WR))
                return found(c, "G-single, read skew", txn, &none);
        }
    return true;
}

/* Cycles through serializable transactions alone. */
static bool check_serializable(struct checker *c)
{
    static const struct access none;
    for (uint32_t n = 0; n < c->n_nodes; n++) {
        size_t kept = 0;
        for (size_t k = 0; k < c->nodes[n].edges.n; k++)
            if (c->nodes[n].txn->serializable &&
                c->nodes[c->nodes[n].edges.items[k].to].txn->serializable)
                c->nodes[n].edges.items[kept++] = c->nodes[n].edges.items[k];
        c->nodes[n].edges.n = kept;
    }
    for (uint32_t n = 0; n < c->n_nodes; n++)
        for (size_t k = 0; k < c->nodes[n].edges.n; k++)
            if (c->nodes[n].edges.items[k].kind == EDGE_RW &&
                reaches(c, c->nodes[n].edges.items[k].to, n, EDGE_WW | EDGE_WR | EDGE_RW))
                return found(c, "G2, not serializable", c->nodes[n].txn, &none);
    return true;
}

static bool note_accesses(struct checker *c)
{
    for (uint32_t n = 0; n < c->n_nodes; n++)
        for (size_t k = 0; k < c->nodes[n].txn->n; k++)
            if (!note_access(c, c->nodes[n].txn, &c->nodes[n].txn->list[k]))
                return false;
    return true;
}

size_t history_n_committed(const struct history *history)
{
    size_t n = 0;
    for (const struct history_txn *txn = history->txns; txn; txn = txn->next)
        n += txn->committed;
    return n;
}

const char *history_check(struct history *history, struct arena *arena)
{
    struct checker c = {.history = history, .arena = arena, .versions = map_new()};
    c.nodes = ARENA_ARRAY(arena, struct node, history_n_committed(history) + 1);
    for (struct history_txn *txn = history->txns; txn; txn = txn->next)
        if (txn->committed) {
            txn->number = c.n_nodes;
            c.nodes[c.n_nodes++].txn = txn;
        }
    (void)(note_versions(&c) && note_successors(&c) && note_accesses(&c) && check_cycles(&c) &&
           check_serializable(&c));
    map_free(c.versions);
    return c.found;
}
