/* jsonpath_print.c - the canonical text of a path: strings and keys in double quotes, operators
 * in parentheses where their surroundings bind as tightly. */
#include "base/fiber.h"
#include "types/jsonpath.h"

static const char *const names[] = {
    [PATH_TYPE] = "type",
    [PATH_SIZE] = "size",
    [PATH_ABS] = "abs",
    [PATH_FLOOR] = "floor",
    [PATH_CEILING] = "ceiling",
    [PATH_DOUBLE] = "double",
    [PATH_DATETIME] = "datetime",
    [PATH_KEYVALUE] = "keyvalue",
    [PATH_OR] = "||",
    [PATH_AND] = "&&",
    [PATH_EQ] = "==",
    [PATH_NE] = "!=",
    [PATH_LT] = "<",
    [PATH_GT] = ">",
    [PATH_LE] = "<=",
    [PATH_GE] = ">=",
    [PATH_STARTS_WITH] = "starts with",
    [PATH_ADD] = "+",
    [PATH_SUB] = "-",
    [PATH_MUL] = "*",
    [PATH_DIV] = "/",
    [PATH_MOD] = "%",
    [PATH_PLUS] = "+",
    [PATH_MINUS] = "-",
    [PATH_IS_UNKNOWN] = "",
};

const char *jsonpath_op_name(enum jsonpath_op op)
{
    return names[op] ? names[op] : "";
}

bool jsonpath_is_predicate(enum jsonpath_op op)
{
    return (op >= PATH_OR && op <= PATH_STARTS_WITH) || op >= PATH_LIKE_REGEX;
}

static int priority(enum jsonpath_op op)
{
    return op == PATH_OR                             ? 0
           : op == PATH_AND                          ? 1
           : op >= PATH_EQ && op <= PATH_STARTS_WITH ? 2
           : op == PATH_ADD || op == PATH_SUB        ? 3
           : op >= PATH_MUL && op <= PATH_MOD        ? 4
           : op == PATH_PLUS || op == PATH_MINUS     ? 5
                                                     : 6;
}

static void print(const struct jsonpath_item *item, bool after_dot, bool bracket, struct buf *out);

static void operand(const struct jsonpath_item *parent, const struct jsonpath_item *item,
                    struct buf *out)
{
    print(item, false, priority(item->op) <= priority(parent->op), out);
}

static void bracketed(const char *before, const struct jsonpath_item *item, const char *after,
                      struct buf *out)
{
    buf_puts(out, before);
    if (item)
        print(item, false, false, out);
    buf_puts(out, after);
}

static void print_depth(const struct jsonpath_item *item, struct buf *out)
{
    uint32_t first = item->first, last = item->last;
    buf_puts(out, "**");
    if (first == 0 && last == PATH_DEPTH_LAST)
        return;
    buf_putc(out, '{');
    if (first == PATH_DEPTH_LAST)
        buf_puts(out, "last");
    else
        buf_printf(out, "%u", first);
    if (first != last) {
        if (last == PATH_DEPTH_LAST)
            buf_puts(out, " to last");
        else
            buf_printf(out, " to %u", last);
    }
    buf_putc(out, '}');
}

static void print_items(const struct jsonpath_item *item, struct buf *out)
{
    buf_putc(out, '[');
    for (uint32_t k = 0; k < item->n_ranges; k++) {
        if (k)
            buf_putc(out, ',');
        print(item->ranges[k].from, false, false, out);
        if (item->ranges[k].to)
            bracketed(" to ", item->ranges[k].to, "", out);
    }
    buf_putc(out, ']');
}

static void print_regex(const struct jsonpath_item *item, struct buf *out)
{
    static const char letters[] = "ismxq";
    static const unsigned flags[] = {PATH_REGEX_ICASE, PATH_REGEX_DOTALL, PATH_REGEX_MLINE,
                                     PATH_REGEX_WSPACE, PATH_REGEX_QUOTE};
    operand(item, item->left, out);
    buf_puts(out, " like_regex ");
    json_put_string(out, item->value.text, item->value.n);
    if (!item->regex_flags)
        return;
    buf_puts(out, " flag \"");
    for (size_t k = 0; k < ARRAY_COUNT(flags); k++)
        if (item->regex_flags & flags[k])
            buf_putc(out, letters[k]);
    buf_putc(out, '"');
}

static void print_operator(const struct jsonpath_item *item, bool bracket, struct buf *out)
{
    if (bracket)
        buf_putc(out, '(');
    if (item->op == PATH_LIKE_REGEX) {
        print_regex(item, out);
    } else if (item->op == PATH_PLUS || item->op == PATH_MINUS) {
        buf_puts(out, names[item->op]);
        operand(item, item->left, out);
    } else {
        operand(item, item->left, out);
        buf_printf(out, " %s ", names[item->op]);
        operand(item, item->right, out);
    }
    if (bracket)
        buf_putc(out, ')');
}

static void print_one(const struct jsonpath_item *item, bool after_dot, bool bracket,
                      struct buf *out)
{
    switch (item->op) {
    case PATH_NULL:
    case PATH_BOOL:
    case PATH_STRING:
        jsonb_print(&item->value, out);
        break;
    case PATH_NUMBER:
        bracketed(item->next ? "(" : "", NULL, "", out);
        jsonb_print(&item->value, out);
        bracketed("", NULL, item->next ? ")" : "", out);
        break;
    case PATH_VARIABLE:
        buf_putc(out, '$');
        json_put_string(out, item->value.text, item->value.n);
        break;
    case PATH_ROOT:
        buf_putc(out, '$');
        break;
    case PATH_CURRENT:
        buf_putc(out, '@');
        break;
    case PATH_LAST:
        buf_puts(out, "last");
        break;
    case PATH_KEY:
        if (after_dot)
            buf_putc(out, '.');
        json_put_string(out, item->value.text, item->value.n);
        break;
    case PATH_ANY_KEY:
        buf_puts(out, after_dot ? ".*" : "*");
        break;
    case PATH_ANY_ITEM:
        buf_puts(out, "[*]");
        break;
    case PATH_ITEMS:
        print_items(item, out);
        break;
    case PATH_ANY_DEPTH:
        if (after_dot)
            buf_putc(out, '.');
        print_depth(item, out);
        break;
    case PATH_FILTER:
        bracketed("?(", item->left, ")", out);
        break;
    case PATH_TYPE:
    case PATH_SIZE:
    case PATH_ABS:
    case PATH_FLOOR:
    case PATH_CEILING:
    case PATH_DOUBLE:
    case PATH_KEYVALUE:
    case PATH_DATETIME:
        buf_printf(out, ".%s", names[item->op]);
        bracketed("(", item->left, ")", out);
        break;
    case PATH_NOT:
        bracketed("!(", item->left, ")", out);
        break;
    case PATH_EXISTS:
        bracketed("exists (", item->left, ")", out);
        break;
    case PATH_IS_UNKNOWN:
        bracketed("(", item->left, ") is unknown", out);
        break;
    case PATH_OR:
    case PATH_AND:
    case PATH_EQ:
    case PATH_NE:
    case PATH_LT:
    case PATH_GT:
    case PATH_LE:
    case PATH_GE:
    case PATH_STARTS_WITH:
    case PATH_ADD:
    case PATH_SUB:
    case PATH_MUL:
    case PATH_DIV:
    case PATH_MOD:
    case PATH_PLUS:
    case PATH_MINUS:
    case PATH_LIKE_REGEX:
        print_operator(item, bracket, out);
        break;
    }
}

static void print(const struct jsonpath_item *item, bool after_dot, bool bracket, struct buf *out)
{
    for (; item; item = item->next) {
        print_one(item, after_dot, bracket, out);
        after_dot = bracket = true;
    }
}

void jsonpath_print(const struct jsonpath *path, struct buf *out)
{
    if (path->strict)
        buf_puts(out, "strict ");
    print(path->root, false, true, out);
}
