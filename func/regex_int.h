/* regex_int.h - the guts of regular expressions, shared by regex_*.c.
 *
 * A pattern is parsed into two things at once.  The *syntax tree* (struct node) tells what texts
 * match, with captures and preferences left out; any part of it compiles to an automaton (struct
 * machine).  The *plan* (struct part) tells how to find what the groups captured once the ends
 * of a match are known: it has a part for every stretch of the pattern that the automaton may
 * treat as one, that is, without groups, back references or a clash of greedy and non-greedy. */
#ifndef SHARDLITE_FUNC_REGEX_INT_H
#define SHARDLITE_FUNC_REGEX_INT_H

#include "func/regex.h"
#include "func/utf8.h"

#define REGEX_INFINITE (-1)
#define REGEX_MAX_REPEAT 255
#define REGEX_MAX_STATES 100000 /* of all automata of a pattern */
#define REGEX_MAX_SETS 4096
#define REGEX_MAX_CLASSES 16384
#define NO_SET UINT32_MAX

/* ---- sets of characters ---- */

struct range {
    uint32_t first, last;
};
struct charset { /* sorted, apart from each other */
    struct range *ranges;
    size_t n, cap;
};
void charset_add(struct arena *arena, struct charset *set, uint32_t first,
                 uint32_t last);          /* in any order */
void charset_finish(struct charset *set); /* sorts and joins */
void charset_add_all(struct arena *arena, struct charset *set, const struct charset *other);
struct charset charset_complement(struct arena *arena,
                                  const struct charset *set); /* of a finished one */
/* With the other cases of each character. */
void charset_add_cases(struct arena *arena, struct charset *set);
const struct charset *charset_class(enum uc_class which); /* static */

/* ---- syntax tree ---- */

enum node_op {
    NODE_EMPTY,
    NODE_SET,
    NODE_CAT,
    NODE_ALT,
    NODE_REPEAT,
    NODE_AT,
    NODE_LOOK,
    NODE_FREE, /* left, all conditions in it taken as met: the text of a back reference */
};

enum at { /* conditions on a place */
          AT_TEXT_START,
          AT_TEXT_END,
          AT_LINE_START,
          AT_LINE_END,
          AT_WORD_START,
          AT_WORD_END,
          AT_WORD_EDGE,
          AT_NO_WORD_EDGE,
};

struct look {
    bool behind, negative;
    int index; /* its memo in a search */
    const struct node *body;
    struct machine *machine;
};

struct node {
    uint8_t op;
    uint8_t at;
    int16_t min, max; /* REGEX_INFINITE */
    uint32_t set;
    const struct node *left, *right; /* CAT and ALT lean left: left is the long side */
    struct look *look;
};

/* ---- plan ---- */

enum part_flag {
    PART_LONGER = 1,
    PART_SHORTER = 2,
    PART_MIXED = 4, /* both, inside */
    PART_CAPTURE = 8,
    PART_BACKREF = 16,
};

struct part {
    char
        op; /* '=' plain, '.' two children in sequence, '|' children, '*' child repeated, 'b' back reference, '(' a wrapper */
    uint8_t flags;
    int group; /* it captures, 0: it does not */
    int backref;
    int min, max;
    struct part *child, *sibling;
    const struct node *node;
    struct machine *machine; /* made when first needed */
};

/* ---- automata ---- */

struct machine;

struct alphabet { /* characters that no set of the pattern tells apart share a class */
    uint16_t low[2048];
    const struct range_class {
        uint32_t first;
        uint16_t class_;
    } * high; /* sorted: from `first` up to the next */
    size_t n_high;
    uint32_t n_classes;      /* the class n_classes is the end of the text */
    const uint8_t *kinds;    /* of each class */
    const uint64_t *members; /* per class a row of bits: the sets that hold it */
    size_t row_words;
};
enum char_kind {
    KIND_PLAIN = 0,
    KIND_WORD = 1,
    KIND_NEWLINE = 2,
    KIND_EDGE = 3,
    N_KINDS
}; /* EDGE: start or end of text */

struct regex {
    struct arena *arena;
    unsigned flags;
    int n_groups;
    VEC(struct charset) sets;
    uint32_t word_set, newline_set; /* NO_SET unless the pattern has conditions that ask */
    struct alphabet alphabet;
    VEC(struct look *) looks;
    struct part *plan;
    struct machine *search; /* the pattern with anything before it */
    size_t n_states;        /* of all machines */
    size_t n_machines;
};

/* A search in progress. */
struct search {
    struct regex *regex;
    const char *text, *end;
    struct regex_span *spans; /* of all groups */
    uint8_t **looked;         /* memo per look-around: 0 unknown, 1 no, 2 yes; by byte offset */
    struct arena *arena;
    struct err *err;
    uint64_t steps;
    bool failed;
};

bool regex_parse(struct regex *regex, const char *pattern, size_t n, unsigned flags,
                 struct err *err);
bool regex_fail(struct err *err, const char *why); /* 2201B */
bool alphabet_build(struct regex *regex);          /* false: too many kinds of characters */
/* `unanchored`: with anything before it. */
MUST_CHECK struct machine *machine_build(struct regex *regex, const struct node *node,
                                         bool unanchored, struct err *err);
/* The last end of a match that starts at `from`, not after `limit`; NULL if there is none. */
const char *machine_longest(struct search *s, struct machine *m, const char *from,
                            const char *limit);
/* The first end that is not before `least` nor after `limit`.  *cold, when asked for, becomes
 * the latest place before which no match can start. */
const char *machine_shortest(struct search *s, struct machine *m, const char *from,
                             const char *least, const char *limit, const char **cold);
bool search_tick(struct search *s, uint64_t steps); /* lets others run; false: interrupted */
bool search_look(struct search *s, const struct look *look, const char *at);

#endif
