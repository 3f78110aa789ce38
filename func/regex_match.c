/* regex_match.c - finding a match and what its groups captured.
 *
 * First the whole pattern's automaton tells where a match starts and ends.  Then the plan is
 * walked: each part gets its stretch of the text and divides it among its children, the left one
 * taking as much (or, if it prefers so, as little) as lets the right one match the rest; the
 * automata of the parts tell which divisions are possible.  Without back references the first
 * division that the automata allow succeeds; with them the walk may have to come back for
 * another. */
#include <string.h>

#include "base/fiber.h"
#include "func/regex_int.h"

static struct machine *part_machine(struct search *s, struct part *part)
{
    if (!part->machine) {
        part->machine = machine_build(s->regex, part->node, false, s->err);
        if (!part->machine)
            s->failed = true;
    }
    return part->machine;
}

static const char *longest(struct search *s, struct part *part, const char *from, const char *limit)
{
    struct machine *m = part_machine(s, part);
    return m && !s->failed ? machine_longest(s, m, from, limit) : NULL;
}

static const char *shortest(struct search *s, struct part *part, const char *from,
                            const char *least, const char *limit)
{
    struct machine *m = part_machine(s, part);
    return m && !s->failed ? machine_shortest(s, m, from, least, limit, NULL) : NULL;
}

static bool spans_exactly(struct search *s, struct part *part, const char *from, const char *end)
{
    return longest(s, part, from, end) == end;
}

static const char *char_after(const char *p)
{
    return p + utf8_char_bytes((uint8_t)*p);
}

/* Forgets what the groups of a part captured. */
static void forget(struct search *s, const struct part *part)
{
    if (part->group)
        s->spans[part->group] = (struct regex_span){-1, -1};
    for (const struct part *child = part->child; child; child = child->sibling)
        forget(s, child);
}

static bool dissect(struct search *s, struct part *part, const char *from, const char *end);

static bool dissect_pair(struct search *s, struct part *part, const char *from, const char *end)
{
    struct part *left = part->child, *right = left->sibling;
    bool least_first = (left->flags & PART_SHORTER) != 0;
    const char *middle =
        least_first ? shortest(s, left, from, from, end) : longest(s, left, from, end);
    while (middle) {
        if (spans_exactly(s, right, middle, end)) {
            if (dissect(s, left, from, middle) && dissect(s, right, middle, end))
                return true;
            forget(s, left);
            forget(s, right);
        }
        if (s->failed || middle == (least_first ? end : from))
            return false;
        middle = least_first ? shortest(s, left, from, char_after(middle), end)
                             : longest(s, left, from, utf8_back(middle));
    }
    return false;
}

static bool dissect_alternatives(struct search *s, struct part *part, const char *from,
                                 const char *end)
{
    for (struct part *child = part->child; child && !s->failed; child = child->sibling)
        if (spans_exactly(s, child, from, end) && dissect(s, child, from, end))
            return true;
    return false;
}

static bool same_ignoring_case(const char *a, const char *b, size_t n)
{
    for (size_t k = 0, bytes_a, bytes_b; k < n; k += bytes_a) {
        uint32_t x = utf8_decode(a + k, &bytes_a), y = utf8_decode(b + k, &bytes_b);
        if (x != y && uc_lower(x) != uc_lower(y) && uc_upper(x) != uc_upper(y))
            return false;
        if (bytes_a != bytes_b)
            return false;
    }
    return true;
}

static bool dissect_backref(struct search *s, const struct part *part, const char *from,
                            const char *end)
{
    struct regex_span span = s->spans[part->backref];
    if (span.start < 0)
        return false;
    size_t n = (size_t)(span.end - span.start), have = (size_t)(end - from);
    const char *text = s->text + span.start;
    if (n == 0)
        return have == 0;
    if (have % n)
        return part->min == 0 && have == 0;
    size_t count = have / n;
    if (count < (size_t)part->min || (part->max != REGEX_INFINITE && count > (size_t)part->max))
        return false;
    for (; from < end; from += n)
        if (s->regex->flags & REGEX_ICASE ? !same_ignoring_case(text, from, n)
                                          : memcmp(text, from, n) != 0)
            return false;
    return true;
}

/* The rounds of a repetition while they are being searched for. */
struct rounds {
    struct search *s;
    struct part *child;
    const char *end;
    const char **ends; /* ends[0] is the start, ends[k] the end of round k */
    int64_t least, most, n_verified;
};

/* Have rounds 1..k children that really match? */
static bool verify(struct rounds *r, int64_t k)
{
    for (int64_t i = r->n_verified + 1; i <= k; i++) {
        forget(r->s, r->child);
        if (!dissect(r->s, r->child, r->ends[i - 1], r->ends[i]))
            return false;
        r->n_verified = i;
    }
    return true;
}

/* Could round k be empty, because too little text is left for the rounds that still have to be? */
static bool may_be_empty(const struct rounds *r, int64_t k)
{
    return k < r->least && r->least - k >= r->end - r->ends[k - 1];
}

/* Each round as long as possible, earlier rounds first. */
static bool longest_rounds(struct rounds *r)
{
    int64_t k = 1;
    const char *limit = r->end;
    while (k > 0 && !r->s->failed) {
        r->ends[k] = longest(r->s, r->child, r->ends[k - 1], limit);
        bool advance = false;
        if (!r->ends[k]) {
            k--;
        } else {
            r->n_verified = MIN(r->n_verified, k - 1);
            bool empty = r->ends[k] == r->ends[k - 1];
            if (r->ends[k] != r->end) {
                if (k >= r->most)
                    k--;
                else if (!empty || (k < r->least && r->least - k >= r->end - r->ends[k]))
                    advance = true;
            } else if (k >= r->least && verify(r, k)) {
                return true;
            }
        }
        if (advance) {
            k++;
            limit = r->end;
            continue;
        }
        for (; k > 0; k--) { /* shorten the last round that can be */
            const char *start = r->ends[k - 1];
            if (r->ends[k] <= start)
                continue;
            limit = utf8_back(r->ends[k]);
            if (limit > start || may_be_empty(r, k))
                break;
        }
    }
    return false;
}

/* Each round as short as possible, earlier rounds first. */
static bool shortest_rounds(struct rounds *r)
{
    int64_t k = 1;
    const char *least = r->ends[0];
    while (k > 0 && !r->s->failed) {
        if (least == r->ends[k - 1] && least != r->end && !may_be_empty(r, k))
            least = char_after(least);
        if (k >= r->most)
            least = r->end;
        r->ends[k] = shortest(r->s, r->child, r->ends[k - 1], least, r->end);
        if (!r->ends[k]) {
            k--;
        } else {
            r->n_verified = MIN(r->n_verified, k - 1);
            if (k < r->most && r->ends[k] != r->end) {
                least = r->ends[k++];
                continue;
            }
            if (r->ends[k] != r->end)
                k--;
            else if (k >= r->least && verify(r, k))
                return true;
        }
        while (k > 0 && r->ends[k] >= r->end) /* lengthen the last round that can be */
            k--;
        if (k > 0)
            least = char_after(r->ends[k]);
    }
    return false;
}

static bool dissect_rounds(struct search *s, struct part *part, const char *from, const char *end)
{
    if (part->min == 0 && from == end && (part->child->flags & PART_SHORTER))
        return true; /* no round is the shortest */
    struct rounds r = {.s = s, .child = part->child, .end = end, .least = MAX(part->min, 1)};
    r.most = MAX(end - from, 1);
    if (part->max != REGEX_INFINITE && r.most > part->max)
        r.most = part->max;
    r.most = MAX(r.most, r.least);
    struct arena *scratch = arena_new("regex rounds");
    r.ends = ARENA_ARRAY(scratch, const char *, r.most + 2);
    r.ends[0] = from;
    bool found = part->child->flags & PART_SHORTER ? shortest_rounds(&r) : longest_rounds(&r);
    arena_free(scratch);
    if (!found && part->min == 0 && from == end) { /* no round at all */
        forget(s, part->child);
        found = true;
    }
    return found && !s->failed;
}

/* The automaton says that the part matches this stretch; sets its captures.  False: not with the
 * text that back references stand for. */
static bool dissect(struct search *s, struct part *part, const char *from, const char *end)
{
    bool found = true;
    if (s->failed)
        return false;
    if (stack_left_bytes() < STACK_RESERVE_BYTES && !stack_check(s->err)) {
        s->failed = true;
        return false;
    }
    if (part->flags & (PART_CAPTURE | PART_BACKREF)) {
        switch (part->op) {
        case '.':
            found = dissect_pair(s, part, from, end);
            break;
        case '|':
            found = dissect_alternatives(s, part, from, end);
            break;
        case '*':
            found = dissect_rounds(s, part, from, end);
            break;
        case '(':
            found = dissect(s, part->child, from, end);
            break;
        case 'b':
            found = dissect_backref(s, part, from, end);
            break;
        default:
            break;
        }
    }
    if (found && part->group)
        s->spans[part->group] = (struct regex_span){from - s->text, end - s->text};
    return found && !s->failed;
}

/* ---- searching ---- */

static void forget_all(struct search *s)
{
    for (int k = 0; k <= s->regex->n_groups; k++)
        s->spans[k] = (struct regex_span){-1, -1};
}

/* A match that starts at `from`, if there is one. */
static bool match_at(struct search *s, const char *from, bool captures)
{
    struct part *plan = s->regex->plan;
    bool least_first = (plan->flags & PART_SHORTER) != 0,
         backrefs = (plan->flags & PART_BACKREF) != 0;
    const char *end =
        least_first ? shortest(s, plan, from, from, s->end) : longest(s, plan, from, s->end);
    while (end) {
        forget_all(s);
        if (!(captures || backrefs) || dissect(s, plan, from, end)) {
            s->spans[0] = (struct regex_span){from - s->text, end - s->text};
            return true;
        }
        if (s->failed || !backrefs || end == (least_first ? s->end : from))
            return false;
        end = least_first ? shortest(s, plan, from, char_after(end), s->end)
                          : longest(s, plan, from, utf8_back(end));
    }
    return false;
}

static enum regex_result search(struct search *s, const char *from, int n_spans)
{
    bool backrefs = (s->regex->plan->flags & PART_BACKREF) != 0;
    const char *cold;
    for (;;) {
        const char *close = machine_shortest(s, s->regex->search, from, from, s->end, &cold);
        if (!close)
            return s->failed ? REGEX_FAILED : REGEX_NO;
        if (n_spans == 0 && !backrefs)
            return REGEX_YES;
        for (const char *begin = cold; begin <= close;
             begin = begin < s->end ? char_after(begin) : begin + 1) {
            if (match_at(s, begin, n_spans > 1))
                return REGEX_YES;
            if (s->failed)
                return REGEX_FAILED;
        }
        /* Back references alone get here.  PostgreSQL does not look at the very end of the text
         * any more. */
        if (close >= s->end || char_after(close) >= s->end)
            return REGEX_NO;
        from = char_after(close);
    }
}

enum regex_result regex_search(struct regex *regex, const char *text, size_t n, size_t from,
                               struct regex_span *spans, int n_spans, struct err *err)
{
    struct regex_span few[10];
    struct arena *scratch = NULL;
    struct search s = {.regex = regex, .text = text, .end = text + n, .err = err, .spans = few};
    if (regex->looks.n || regex->n_groups >= (int)ARRAY_COUNT(few)) {
        s.arena = scratch = arena_new("regex search");
        s.looked = ARENA_ARRAY(scratch, uint8_t *, regex->looks.n + 1);
        s.spans = ARENA_ARRAY(scratch, struct regex_span, regex->n_groups + 1);
    }
    enum regex_result result = search(&s, text + from, n_spans);
    for (int k = 0; k < n_spans && result == REGEX_YES; k++)
        spans[k] = k <= regex->n_groups ? s.spans[k] : (struct regex_span){-1, -1};
    arena_free(scratch);
    return result;
}

/* ---- life ---- */

int regex_n_groups(const struct regex *regex)
{
    return regex->n_groups;
}

void regex_free(struct regex *regex)
{
    if (regex)
        arena_free(regex->arena);
}

static bool build_machines(struct regex *regex, struct err *err)
{
    if (regex->sets.n > REGEX_MAX_SETS || !alphabet_build(regex))
        return regex_fail(err, "too many colors");
    for (size_t k = 0; k < regex->looks.n; k++) {
        struct look *look = regex->looks.items[k];
        look->machine = machine_build(regex, look->body, look->behind, err);
        if (!look->machine)
            return false;
    }
    regex->search = machine_build(regex, regex->plan->node, true, err);
    return regex->search != NULL;
}

struct regex *regex_compile(const char *pattern, size_t n, unsigned flags, struct err *err)
{
    struct arena *arena = arena_new("regex");
    struct regex *regex = ARENA_NEW(arena, struct regex);
    regex->arena = arena;
    regex->word_set = regex->newline_set = NO_SET;
    if (regex_parse(regex, pattern, n, flags, err) && build_machines(regex, err))
        return regex;
    arena_free(arena);
    return NULL;
}
