/* regex_set.c - sets of characters, and the alphabet that a pattern's sets induce. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "func/regex_int.h"

#define MAX_CODE 0x10ffffu
#define MEMBERSHIP_WORDS_MAX (4u << 20)

void charset_add(struct arena *arena, struct charset *set, uint32_t first, uint32_t last)
{
    if (set->n == set->cap) {
        size_t cap = set->cap ? set->cap * 2 : 8;
        set->ranges = arena_realloc(arena, set->ranges, set->cap * sizeof(struct range),
                                    cap * sizeof(struct range));
        set->cap = cap;
    }
    set->ranges[set->n++] = (struct range){first, last};
}

static int compare_ranges(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

void charset_finish(struct charset *set)
{
    if (set->n < 2)
        return;
    qsort(set->ranges, set->n, sizeof(struct range), compare_ranges);
    size_t n = 1;
    for (size_t k = 1; k < set->n; k++) {
        struct range *last = &set->ranges[n - 1];
        if (set->ranges[k].first <= last->last + 1)
            last->last = MAX(last->last, set->ranges[k].last);
        else
            set->ranges[n++] = set->ranges[k];
    }
    set->n = n;
}

void charset_add_all(struct arena *arena, struct charset *set, const struct charset *other)
{
    for (size_t k = 0; k < other->n; k++)
        charset_add(arena, set, other->ranges[k].first, other->ranges[k].last);
}

struct charset charset_complement(struct arena *arena, const struct charset *set)
{
    struct charset out = {0};
    uint32_t next = 0;
    for (size_t k = 0; k < set->n; k++) {
        if (set->ranges[k].first > next)
            charset_add(arena, &out, next, set->ranges[k].first - 1);
        next = set->ranges[k].last + 1;
    }
    if (next <= MAX_CODE)
        charset_add(arena, &out, next, MAX_CODE);
    return out;
}

/* ---- facts about all characters, gathered once ---- */

struct cased {
    uint32_t code, lower, upper;
};
static struct charset classes[UC_N_CLASSES];
static bool gathered[UC_N_CLASSES];
static pthread_mutex_t classes_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct cased *cased;
static size_t n_cased;
static pthread_once_t cased_once = PTHREAD_ONCE_INIT;

static void gather_class(enum uc_class which)
{
    static struct arena *facts; /* lives as long as the process */
    uint32_t start = 0;
    bool inside = false;
    if (!facts)
        facts = arena_new("regex facts");
    for (uint32_t code = 0; code <= MAX_CODE + 1; code++) {
        bool in = code <= MAX_CODE && uc_is(which, code);
        if (in && !inside)
            start = code;
        if (!in && inside)
            charset_add(facts, &classes[which], start, code - 1);
        inside = in;
    }
    gathered[which] = true;
}

const struct charset *charset_class(enum uc_class which)
{
    pthread_mutex_lock(&classes_mutex);
    if (!gathered[which])
        gather_class(which);
    pthread_mutex_unlock(&classes_mutex);
    return &classes[which];
}

static void gather_cased(void)
{
    static struct arena *arena; /* lives as long as the process */
    arena = arena_new("regex cases");
    VEC(struct cased) found = {0};
    for (uint32_t code = 0; code <= MAX_CODE; code++) {
        struct cased c = {code, uc_lower(code), uc_upper(code)};
        if (c.lower != code || c.upper != code)
            VEC_PUSH(arena, &found, c);
    }
    cased = found.items;
    n_cased = found.n;
}

static size_t first_cased(uint32_t code)
{
    size_t low = 0, high = n_cased;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (cased[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void charset_add_cases(struct arena *arena, struct charset *set)
{
    size_t n = set->n;
    for (size_t k = 0; k < n; k++) {
        struct range range = set->ranges[k];
        if (range.first == range.last) {
            charset_add(arena, set, uc_lower(range.first), uc_lower(range.first));
            charset_add(arena, set, uc_upper(range.first), uc_upper(range.first));
            continue;
        }
        pthread_once(&cased_once, gather_cased);
        for (size_t at = first_cased(range.first); at < n_cased && cased[at].code <= range.last;
             at++) {
            charset_add(arena, set, cased[at].lower, cased[at].lower);
            charset_add(arena, set, cased[at].upper, cased[at].upper);
        }
    }
}

/* ---- the alphabet ---- */

static int compare_codes(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Where some set starts or stops, sorted, each once. */
static uint32_t *boundaries(struct regex *regex, struct arena *scratch, size_t *n)
{
    VEC(uint32_t) cuts = {0};
    VEC_PUSH(scratch, &cuts, 0);
    for (size_t k = 0; k < regex->sets.n; k++)
        for (size_t r = 0; r < regex->sets.items[k].n; r++) {
            VEC_PUSH(scratch, &cuts, regex->sets.items[k].ranges[r].first);
            VEC_PUSH(scratch, &cuts, regex->sets.items[k].ranges[r].last + 1);
        }
    qsort(cuts.items, cuts.n, sizeof(uint32_t), compare_codes);
    *n = 0;
    for (size_t k = 0; k < cuts.n; k++)
        if (*n == 0 || cuts.items[*n - 1] != cuts.items[k])
            cuts.items[(*n)++] = cuts.items[k];
    return cuts.items;
}

/* Which sets hold the interval that starts at each cut: a row of bits. */
static uint64_t *memberships(struct regex *regex, struct arena *scratch, const uint32_t *cuts,
                             size_t n_cuts, size_t words)
{
    uint64_t *rows = ARENA_ARRAY(scratch, uint64_t, n_cuts * words);
    for (size_t k = 0; k < regex->sets.n; k++) {
        const struct charset *set = &regex->sets.items[k];
        for (size_t cut = 0, r = 0; cut < n_cuts; cut++) {
            while (r < set->n && set->ranges[r].last < cuts[cut])
                r++;
            if (r < set->n && set->ranges[r].first <= cuts[cut])
                rows[cut * words + k / 64] |= 1ULL << k % 64;
        }
    }
    return rows;
}

static bool has_bit(const uint64_t *row, uint32_t set)
{
    return set != NO_SET && (row[set / 64] >> set % 64 & 1);
}

/* The class of each row, by a hash table of distinct rows. */
static uint32_t find_class(const uint64_t *row, size_t words, const uint64_t **known,
                           uint32_t *n_known, uint32_t *slots, size_t n_slots)
{
    uint64_t hash = 1469598103934665603ULL;
    for (size_t k = 0; k < words; k++)
        hash = (hash ^ row[k]) * 1099511628211ULL, hash ^= hash >> 29;
    for (size_t slot = hash & (n_slots - 1);; slot = (slot + 1) & (n_slots - 1)) {
        if (slots[slot] == 0) {
            known[*n_known] = row;
            slots[slot] = ++*n_known;
            return *n_known - 1;
        }
        if (memcmp(known[slots[slot] - 1], row, words * sizeof(*row)) == 0)
            return slots[slot] - 1;
    }
}

bool alphabet_build(struct regex *regex)
{
    struct arena *scratch = arena_new("regex alphabet");
    struct alphabet *a = &regex->alphabet;
    size_t n_cuts, words = (regex->sets.n + 63) / 64 + (regex->sets.n == 0), n_slots = 16;
    uint32_t *cuts = boundaries(regex, scratch, &n_cuts);
    if (n_cuts * words > MEMBERSHIP_WORDS_MAX) {
        arena_free(scratch);
        return false;
    }
    uint64_t *rows = memberships(regex, scratch, cuts, n_cuts, words);
    while (n_slots < n_cuts * 2)
        n_slots *= 2;
    uint32_t *slots = ARENA_ARRAY(scratch, uint32_t, n_slots);
    const uint64_t **known = ARENA_ARRAY(scratch, const uint64_t *, n_cuts);
    struct range_class *high = ARENA_ARRAY(regex->arena, struct range_class, n_cuts);
    for (size_t k = 0; k < n_cuts; k++) {
        high[k].first = cuts[k];
        high[k].class_ =
            (uint16_t)find_class(&rows[k * words], words, known, &a->n_classes, slots, n_slots);
    }
    a->high = high;
    a->n_high = n_cuts;
    for (uint32_t code = 0, at = 0; code < ARRAY_COUNT(a->low); code++) {
        while (at + 1 < n_cuts && high[at + 1].first <= code)
            at++;
        a->low[code] = high[at].class_;
    }
    uint8_t *kinds = ARENA_ARRAY(regex->arena, uint8_t, a->n_classes + 1);
    uint64_t *members = ARENA_ARRAY(regex->arena, uint64_t, a->n_classes * words);
    for (uint32_t k = 0; k < a->n_classes; k++) {
        bool word = has_bit(known[k], regex->word_set),
             newline = has_bit(known[k], regex->newline_set);
        kinds[k] = word ? KIND_WORD : newline ? KIND_NEWLINE : KIND_PLAIN;
        memcpy(&members[k * words], known[k], words * sizeof(members[0]));
    }
    kinds[a->n_classes] = KIND_EDGE;
    a->kinds = kinds;
    a->members = members;
    a->row_words = words;
    arena_free(scratch);
    return a->n_classes <= REGEX_MAX_CLASSES;
}
