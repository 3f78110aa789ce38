/* regex.h - PostgreSQL's regular expressions (ARE, ERE, BRE), with its meaning of a match.
 *
 * The match is the leftmost one, and of those the longest or, where non-greedy quantifiers say
 * so, the shortest; what groups capture follows from each part's own preference, earlier parts
 * first.  No pattern without back references takes more than about length-of-text times
 * size-of-pattern steps; long matches let other fibers run and notice a cancel. */
#ifndef SHARDLITE_FUNC_REGEX_H
#define SHARDLITE_FUNC_REGEX_H

#include "base/arena.h"
#include "base/err.h"

enum regex_flag {
    REGEX_ICASE = 1,
    REGEX_NLSTOP = 2,    /* . and [^ do not match newline */
    REGEX_NLANCH = 4,    /* ^ and $ match at line ends too */
    REGEX_EXPANDED = 8,  /* blanks and comments in the pattern do not count */
    REGEX_QUOTE = 16,    /* the pattern is a plain string */
    REGEX_ADVANCED = 32, /* ARE */
    REGEX_EXTENDED = 64, /* ERE when not ADVANCED; BRE when neither */
};
#define REGEX_NEWLINE (REGEX_NLSTOP | REGEX_NLANCH)

struct regex;

/* Byte offsets; -1, -1: the group took no part in the match. */
struct regex_span {
    int64_t start, end;
};

enum regex_result { REGEX_NO, REGEX_YES, REGEX_FAILED };

/* NULL with 2201B filled in for an invalid pattern. */
MUST_CHECK struct regex *regex_compile(const char *pattern, size_t n, unsigned flags,
                                       struct err *err);
void regex_free(struct regex *regex); /* NULL is fine */
int regex_n_groups(const struct regex *regex);
/* Searches the valid UTF-8 `text` from byte `from` on (what is before it counts for ^ and
 * look-behind).  spans[0] is the match, spans[k] group k; n_spans 0: is there a match at all. */
enum regex_result regex_search(struct regex *regex, const char *text, size_t n, size_t from,
                               struct regex_span *spans, int n_spans, struct err *err);

#endif
