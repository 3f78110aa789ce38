/* jsonpath.h - the type jsonpath: parsing, the syntax tree, and its canonical text.
 *
 * A jsonpath value is its canonical text, exactly what jsonpath_out prints, so that values can
 * be copied and stored as they are; whoever evaluates one parses it and keeps the tree. */
#ifndef SHARDLITE_TYPES_JSONPATH_H
#define SHARDLITE_TYPES_JSONPATH_H

#include "types/json.h"

enum jsonpath_op {
    PATH_NULL,
    PATH_STRING,
    PATH_NUMBER,
    PATH_BOOL,
    PATH_VARIABLE,
    PATH_ROOT,      /* $ */
    PATH_CURRENT,   /* @ */
    PATH_LAST,      /* last */
    PATH_KEY,       /* .key */
    PATH_ANY_KEY,   /* .* */
    PATH_ANY_ITEM,  /* [*] */
    PATH_ITEMS,     /* [1, 3 to last] */
    PATH_ANY_DEPTH, /* .**{1 to 3} */
    PATH_FILTER,    /* ?(...) */
    PATH_TYPE,
    PATH_SIZE,
    PATH_ABS,
    PATH_FLOOR,
    PATH_CEILING,
    PATH_DOUBLE,
    PATH_DATETIME,
    PATH_KEYVALUE,
    PATH_OR, /* from here on: operators, by rising precedence */
    PATH_AND,
    PATH_EQ,
    PATH_NE,
    PATH_LT,
    PATH_GT,
    PATH_LE,
    PATH_GE,
    PATH_STARTS_WITH,
    PATH_ADD,
    PATH_SUB,
    PATH_MUL,
    PATH_DIV,
    PATH_MOD,
    PATH_PLUS, /* unary */
    PATH_MINUS,
    PATH_LIKE_REGEX,
    PATH_NOT,
    PATH_EXISTS,
    PATH_IS_UNKNOWN,
};

#define PATH_DEPTH_LAST UINT32_MAX /* "last" in .**{} */

struct jsonpath_item {
    enum jsonpath_op op;
    struct jsonpath_item *next; /* the accessor that follows */
    struct jsonpath_item *left,
        *right; /* operands; the only one, and a method's argument, is left */
    struct json
        value; /* of a literal; a variable's or key's name and a regular expression as a string */
    uint32_t first, last; /* of .**{} */
    struct jsonpath_range {
        struct jsonpath_item *from, *to; /* to: NULL for a single subscript */
    } * ranges;
    uint32_t n_ranges;
    unsigned regex_flags; /* as PATH_REGEX_* */
    void *compiled;       /* for the evaluator */
};
enum {
    PATH_REGEX_ICASE = 1,
    PATH_REGEX_DOTALL = 2,
    PATH_REGEX_MLINE = 4,
    PATH_REGEX_WSPACE = 8,
    PATH_REGEX_QUOTE = 16
};

struct jsonpath {
    bool strict;
    struct jsonpath_item *root;
};

/* NULL with PostgreSQL's error.  Regular expressions are not looked at. */
MUST_CHECK const struct jsonpath *jsonpath_parse(struct arena *arena, const char *text, size_t n,
                                                 struct err *err);
void jsonpath_print(const struct jsonpath *path, struct buf *out);
const char *jsonpath_op_name(enum jsonpath_op op); /* "+", "type" */
bool jsonpath_is_predicate(enum jsonpath_op op);
/* Set by the layer that has regular expressions: fails with the error of an invalid one. */
extern bool (*jsonpath_check_regex)(const struct jsonpath_item *item, struct err *err);

extern const struct type_ops jsonpath_ops;

#endif
