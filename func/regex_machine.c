/* regex_machine.c - automata: a syntax tree becomes a nondeterministic one, whose sets of states
 * are made into a deterministic one while texts are read.
 *
 * A deterministic state is the set of nondeterministic states that may be current, with splits
 * already followed, and the kind of the character before.  A step looks at the next character's
 * class: with the kinds on both sides known, conditions (^, $, \y...) are resolved, then the
 * states that take that class give the next set.  Whether the place before the character ends a
 * match comes out at the same time.  Steps are kept, so most of the time one is a table look-up;
 * when too many states pile up they are all dropped.  Look-around depends on more than the
 * kinds, so machines that have some compute each step anew. */
#include <string.h>

#include "base/fiber.h"
#include "func/regex_int.h"

enum op { OP_SET, OP_ANY, OP_SPLIT, OP_AT, OP_LOOK, OP_ACCEPT };

struct state { /* of the nondeterministic automaton */
    uint8_t op, at;
    uint32_t set;
    uint32_t next, other; /* other: of a split */
    const struct look *look;
};

struct dstate {
    struct dstate *chain; /* of its hash slot */
    uint64_t hash;
    const uint64_t *set;
    uint8_t before;       /* enum char_kind */
    bool dead;            /* nothing can follow */
    bool fresh;           /* no match has begun: all there is comes from the start */
    struct dstate **next; /* by class; NULL: not computed */
    uint8_t *accepts;     /* by class, the end of the text included */
};

#define HASH_SLOTS 1024
#define CACHE_BYTES_MAX (8u << 20) /* of all machines of a pattern, more or less */
#define CACHE_BYTES_MIN (64u << 10)
#define TICK_STEPS 16384

struct machine {
    struct regex *regex;
    VEC(struct state) states;
    uint32_t start, end;
    bool has_look, plain; /* plain: conditions count as met, while building */
    size_t words;
    /* the cache */
    struct arena *arena;
    size_t cache_bytes;
    struct dstate *slots[HASH_SLOTS];
    /* room for one step */
    uint32_t *stack, *marks, mark;
    uint64_t *work, *start_set;
};

/* ---- building ---- */

#define NOWHERE UINT32_MAX

static uint32_t add_state(struct machine *m, struct state state)
{
    if (m->regex->n_states >= REGEX_MAX_STATES)
        return 0; /* machine_build() notices */
    m->regex->n_states++;
    VEC_PUSH(m->regex->arena, &m->states, state);
    return (uint32_t)m->states.n - 1;
}

static uint32_t split(struct machine *m, uint32_t next, uint32_t other)
{
    return add_state(m, (struct state){.op = OP_SPLIT, .next = next, .other = other});
}

static uint32_t build(struct machine *m, const struct node *node, uint32_t next);

static uint32_t build_repeat(struct machine *m, const struct node *node, uint32_t next)
{
    uint32_t at = next;
    int left = node->min;
    if (node->max == REGEX_INFINITE) {
        uint32_t loop = split(m, NOWHERE, next), body = build(m, node->left, loop);
        m->states.items[loop].next = body;
        at = left > 0 ? body : loop;
        left--;
    } else {
        for (int k = node->min; k < node->max; k++)
            at = split(m, build(m, node->left, at), next);
    }
    for (; left > 0; left--)
        at = build(m, node->left, at);
    return at;
}

static uint32_t build_alternatives(struct machine *m, const struct node *node, uint32_t next)
{
    uint32_t all = build(m, node->right, next);
    for (node = node->left; node->op == NODE_ALT; node = node->left)
        all = split(m, build(m, node->right, next), all);
    return split(m, build(m, node, next), all);
}

/* The state from which `node` and then `next` follow. */
static uint32_t build(struct machine *m, const struct node *node, uint32_t next)
{
    if (m->regex->n_states >= REGEX_MAX_STATES || stack_left_bytes() < STACK_RESERVE_BYTES) {
        m->regex->n_states = REGEX_MAX_STATES;
        return 0;
    }
    for (; node->op == NODE_CAT; node = node->left)
        next = build(m, node->right, next);
    uint32_t at;
    bool plain = m->plain;
    switch ((enum node_op)node->op) {
    case NODE_SET:
        return add_state(m, (struct state){.op = OP_SET, .set = node->set, .next = next});
    case NODE_AT:
        return plain ? next
                     : add_state(m, (struct state){.op = OP_AT, .at = node->at, .next = next});
    case NODE_LOOK:
        if (plain)
            return next;
        m->has_look = true;
        return add_state(m, (struct state){.op = OP_LOOK, .look = node->look, .next = next});
    case NODE_ALT:
        return build_alternatives(m, node, next);
    case NODE_REPEAT:
        return build_repeat(m, node, next);
    case NODE_FREE:
        m->plain = true;
        at = build(m, node->left, next);
        m->plain = plain;
        return at;
    case NODE_EMPTY:
    case NODE_CAT:
        break;
    }
    return next;
}

static void free_cache(void *arg)
{
    arena_free(((struct machine *)arg)->arena);
}

static void follow_splits(struct machine *m, uint32_t state, uint64_t *set);

struct machine *machine_build(struct regex *regex, const struct node *node, bool unanchored,
                              struct err *err)
{
    struct machine *m = ARENA_NEW(regex->arena, struct machine);
    m->regex = regex;
    regex->n_machines++;
    m->end = add_state(m, (struct state){.op = OP_ACCEPT});
    uint32_t start = build(m, node, m->end);
    if (unanchored) {
        uint32_t any = add_state(m, (struct state){.op = OP_ANY});
        m->start = split(m, start, any);
        if (m->states.n)
            m->states.items[any].next = m->start;
    } else {
        m->start = start;
    }
    if (regex->n_states >= REGEX_MAX_STATES) {
        regex_fail(err, "regular expression is too complex");
        return NULL;
    }
    size_t n = m->states.n;
    m->words = (n + 63) / 64;
    m->stack = ARENA_ARRAY(regex->arena, uint32_t, n * 2 + 2);
    m->marks = ARENA_ARRAY(regex->arena, uint32_t, n);
    m->work = ARENA_ARRAY(regex->arena, uint64_t, m->words);
    m->start_set = ARENA_ARRAY(regex->arena, uint64_t, m->words);
    m->arena = arena_new("regex cache");
    arena_on_free(regex->arena, free_cache, m);
    follow_splits(m, m->start, m->start_set);
    return m;
}

/* ---- deterministic states ---- */

static bool has_state(const uint64_t *set, uint32_t state)
{
    return set[state / 64] >> state % 64 & 1;
}

/* Adds what is reached from `state` without a condition.  Splits themselves are in the set too,
 * as a mark. */
static void follow_splits(struct machine *m, uint32_t state, uint64_t *set)
{
    size_t n = 0;
    m->stack[n++] = state;
    while (n) {
        uint32_t at = m->stack[--n];
        if (has_state(set, at))
            continue;
        set[at / 64] |= 1ULL << at % 64;
        if (m->states.items[at].op == OP_SPLIT) {
            m->stack[n++] = m->states.items[at].next;
            m->stack[n++] = m->states.items[at].other;
        }
    }
}

static void drop_cache(struct machine *m)
{
    arena_reset(m->arena);
    memset(m->slots, 0, sizeof(m->slots));
    m->cache_bytes = 0;
}

static bool only_zeros(const uint64_t *set, size_t words)
{
    for (size_t k = 0; k < words; k++)
        if (set[k])
            return false;
    return true;
}

/* The state with this set (m->work or m->start_set). */
static struct dstate *intern(struct machine *m, const uint64_t *set, enum char_kind before,
                             bool fresh)
{
    uint64_t hash = 1469598103934665603ULL + before + (fresh ? N_KINDS : 0);
    for (size_t k = 0; k < m->words; k++) {
        hash = (hash ^ set[k]) * 1099511628211ULL;
        hash ^= hash >> 32;
    }
    struct dstate **slot = &m->slots[hash % HASH_SLOTS];
    for (struct dstate *d = *slot; d; d = d->chain)
        if (d->hash == hash && d->before == before && d->fresh == fresh &&
            memcmp(d->set, set, m->words * sizeof(*set)) == 0)
            return d;
    size_t n = m->regex->alphabet.n_classes + 1,
           bytes = sizeof(struct dstate) + m->words * 8 + n * 9 + 64;
    if (m->cache_bytes + bytes > MAX(CACHE_BYTES_MAX / m->regex->n_machines, CACHE_BYTES_MIN) &&
        m->cache_bytes)
        drop_cache(m);
    m->cache_bytes += bytes;
    struct dstate *d = ARENA_NEW(m->arena, struct dstate);
    d->hash = hash;
    d->before = (uint8_t)before;
    d->set = arena_memdup(m->arena, set, m->words * sizeof(*set));
    d->dead = only_zeros(set, m->words);
    d->fresh = fresh;
    d->next = ARENA_ARRAY(m->arena, struct dstate *, n);
    d->accepts = ARENA_ARRAY(m->arena, uint8_t, n);
    d->chain = *slot;
    *slot = d;
    return d;
}

static bool condition_holds(enum at at, enum char_kind before, enum char_kind after, bool at_start,
                            bool at_end)
{
    bool word_before = before == KIND_WORD, word_after = after == KIND_WORD;
    switch (at) {
    case AT_TEXT_START:
        return at_start;
    case AT_TEXT_END:
        return at_end;
    case AT_LINE_START:
        return at_start || before == KIND_NEWLINE;
    case AT_LINE_END:
        return at_end || after == KIND_NEWLINE;
    case AT_WORD_START:
        return !word_before && word_after;
    case AT_WORD_END:
        return word_before && !word_after;
    case AT_WORD_EDGE:
        return word_before != word_after;
    case AT_NO_WORD_EDGE:
        return word_before == word_after;
    }
    return false;
}

/* Goes on from one state; what takes the class adds its successors to m->work.  True if a match
 * ends here.  *fresh becomes false when a match goes on or begins. */
static bool advance_from(struct search *s, struct machine *m, uint32_t from, enum char_kind before,
                         uint32_t class_, const char *place, bool *fresh)
{
    const struct alphabet *a = &m->regex->alphabet;
    enum char_kind after = (enum char_kind)a->kinds[class_];
    bool accepts = false, at_end = class_ == a->n_classes;
    size_t n = 0;
    /* m->stack serves follow_splits() too, so this walk keeps to its upper half */
    uint32_t *stack = m->stack + m->states.n + 1;
    stack[n++] = from;
    while (n) {
        uint32_t at = stack[--n];
        if (m->marks[at] == m->mark)
            continue;
        m->marks[at] = m->mark;
        const struct state *state = &m->states.items[at];
        switch ((enum op)state->op) {
        case OP_ACCEPT:
            accepts = true;
            break;
        case OP_SET:
            if (!at_end &&
                (a->members[class_ * a->row_words + state->set / 64] >> state->set % 64 & 1)) {
                follow_splits(m, state->next, m->work);
                *fresh = false;
            }
            break;
        case OP_ANY:
            if (!at_end)
                follow_splits(m, state->next, m->work);
            break;
        case OP_SPLIT:
            stack[n++] = state->other;
            if (m->marks[state->next] != m->mark)
                stack[n++] = state->next;
            break;
        case OP_AT:
            if (condition_holds((enum at)state->at, before, after, before == KIND_EDGE, at_end))
                stack[n++] = state->next;
            break;
        case OP_LOOK:
            if (search_look(s, state->look, place))
                stack[n++] = state->next;
            break;
        }
    }
    return accepts;
}

/* One step.  *next is NULL at the end of the text.  `d` may be gone afterwards. */
static bool step(struct search *s, struct machine *m, struct dstate *d, uint32_t class_,
                 const char *place, struct dstate **next)
{
    const struct alphabet *a = &m->regex->alphabet;
    bool accepts = false, fresh = true;
    m->mark++;
    memset(m->work, 0, m->words * sizeof(m->work[0]));
    for (size_t w = 0; w < m->words; w++)
        for (uint64_t bits = d->set[w]; bits; bits &= bits - 1) {
            uint32_t at = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(bits);
            if (m->states.items[at].op != OP_SPLIT)
                accepts |= advance_from(s, m, at, (enum char_kind)d->before, class_, place, &fresh);
        }
    bool at_end = class_ == a->n_classes;
    size_t before = m->cache_bytes;
    *next = at_end ? NULL : intern(m, m->work, (enum char_kind)a->kinds[class_], fresh);
    if (!m->has_look && m->cache_bytes >= before) { /* d is still there */
        d->next[class_] = *next;
        d->accepts[class_] = accepts;
    }
    return accepts;
}

/* ---- running ---- */

static uint32_t class_of(const struct alphabet *a, uint32_t code)
{
    if (LIKELY(code < ARRAY_COUNT(a->low)))
        return a->low[code];
    size_t low = 0, high = a->n_high;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (a->high[middle].first <= code)
            low = middle;
        else
            high = middle;
    }
    return a->high[low].class_;
}

static struct dstate *start_state(struct search *s, struct machine *m, const char *from)
{
    const struct alphabet *a = &m->regex->alphabet;
    size_t bytes;
    enum char_kind before = KIND_EDGE;
    if (from > s->text)
        before = (enum char_kind)a->kinds[class_of(a, utf8_decode(utf8_back(from), &bytes))];
    return intern(m, m->start_set, before, true);
}

bool search_tick(struct search *s, uint64_t steps)
{
    s->steps += steps;
    if (s->steps < TICK_STEPS)
        return !s->failed;
    s->steps = 0;
    if (!fiber_breathe() && !fiber_check_interrupt(s->err))
        s->failed = true;
    return !s->failed;
}

/* What a run is after. */
enum run_kind { RUN_LONGEST, RUN_SHORTEST, RUN_MARK };

static const char *run(struct search *s, struct machine *m, const char *from, const char *least,
                       const char *limit, enum run_kind kind, const char **cold, uint8_t *memo)
{
    const struct alphabet *a = &m->regex->alphabet;
    struct dstate *d = start_state(s, m, from), *next;
    const char *p = from, *last = NULL;
    size_t bytes = 0;
    uint64_t steps = 0;
    if (cold)
        *cold = from;
    for (;; p += bytes) {
        uint32_t class_ = p < s->end ? class_of(a, utf8_decode(p, &bytes)) : a->n_classes;
        bool accepts;
        if (cold && d->fresh)
            *cold = p;
        next = d->next[class_];
        if (next)
            accepts = d->accepts[class_];
        else
            accepts = step(s, m, d, class_, p, &next);
        if (kind == RUN_MARK)
            memo[p - s->text] = accepts ? 2 : 1;
        if (accepts && p >= least) {
            last = p;
            if (kind == RUN_SHORTEST)
                break;
        }
        if (p >= limit || !next || next->dead)
            break;
        d = next;
        if (UNLIKELY(++steps == TICK_STEPS)) {
            if (!search_tick(s, steps))
                return NULL;
            steps = 0;
        }
    }
    return search_tick(s, steps + 1) ? last : NULL;
}

const char *machine_longest(struct search *s, struct machine *m, const char *from,
                            const char *limit)
{
    return run(s, m, from, from, limit, RUN_LONGEST, NULL, NULL);
}

const char *machine_shortest(struct search *s, struct machine *m, const char *from,
                             const char *least, const char *limit, const char **cold)
{
    return run(s, m, from, least, limit, RUN_SHORTEST, cold, NULL);
}

bool search_look(struct search *s, const struct look *look, const char *at)
{
    uint8_t **memo = &s->looked[look->index];
    size_t n = (size_t)(s->end - s->text) + 1;
    if (!*memo) {
        *memo = arena_zalloc(s->arena, n);
        if (look->behind) /* one pass tells of every place */
            run(s, look->machine, s->text, s->text, s->end, RUN_MARK, NULL, *memo);
    }
    uint8_t *known = &(*memo)[at - s->text];
    if (!*known)
        *known = machine_shortest(s, look->machine, at, at, s->end, NULL) ? 2 : 1;
    return (*known == 2) != look->negative;
}
