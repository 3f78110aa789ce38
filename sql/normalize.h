/* normalize.h - telling statements that differ in their literals only, without parsing them.
 *
 * One pass over the text cuts the literals out and puts the rest, with case and white space folded, into a key.  Statements with the
 * same key have the same tokens but for the values of literals of the same class.  So a plan made for one of them serves all, with the literals as
 * parameters, as far as a literal is free: its value decides nothing before execution.  Numbers of output columns (ORDER BY 1), type
 * modifiers and the like are not free; which are, analysis finds out.  How a statement is run with this:
 *
 *   1. normalize(); false: the slow way.
 *   2. Look the key up.  The entry knows the free literals.  Append the text of each other literal to the key (normalize_structural())
 *      and look that up for the plan.
 *   3. On a hit, make the parameters' values with literal_value_of() and execute.  If that fails (bad input), go the slow way, which reports the
 *      error at its position.
 *   4. On a miss, parse the text and analyse it with context->literals set to this.  It fails where equal literals must be seen to be
 *      equal (GROUP BY a + 1): then analyse once more without, and remember that the key is of no use.
 *
 * What else a plan depends on (catalog version, search_path, role, settings that constants are read by) is the caller's to put beside the key. */
#ifndef SHARDLITE_SQL_NORMALIZE_H
#define SHARDLITE_SQL_NORMALIZE_H

#include "sql/query.h"

enum literal_kind {
    LITERAL_INT4,
    LITERAL_INT8,
    LITERAL_BIG,
    LITERAL_NUMERIC,
    LITERAL_STRING
}; /* BIG: an integer beyond int8, never free */
struct literal {
    uint32_t offset, length; /* in the text; strings with their quotes */
    enum literal_kind kind;
};
#define LITERALS_MAX 256

struct normalized {
    struct literal items[LITERALS_MAX];
    uint16_t n;
    struct buf *key; /* the caller's; the key is appended */
};

/* False when the text is not a single SELECT, INSERT, UPDATE, DELETE or VALUES, or has something in it that this lexer leaves to the real
 * one: parameters, E'', U&'', B'', X'' and dollar-quoted strings, control characters, more than LITERALS_MAX literals.  Nothing is checked: what
 * passes may still be nonsense.  `backslashes`: standard_conforming_strings is off. */
bool normalize(const char *text, size_t n, bool backslashes, struct normalized *out);

/* What analysis says of each literal. */
struct literal_use {
    bool free;    /* it is parameter `index + 1` */
    bool negated; /* a minus sign in front belongs to it */
};
/* Appends the literals that are not free. */
void normalize_structural(const struct normalized *n, const char *text,
                          const struct literal_use *uses, struct buf *key);

/* The value of a free literal as a parameter of `type`. */
MUST_CHECK bool literal_value_of(const struct literal *literal, const char *text, bool negated,
                                 const struct type_io *io, struct datum *value);

#endif
