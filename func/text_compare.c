/* text_compare.c - order and equality of text, name, bpchar, bytea and "char".
 *
 * The collation is C: bytes decide.  Trailing blanks of bpchar do not count. */
#include <string.h>

#include "func/func.h"
#include "types/key.h"
#include "types/text.h"

static int text_order(const struct fcall *c)
{
    return cmp_bytes(ARG_P(c, 0), ARG_N(c, 0), ARG_P(c, 1), ARG_N(c, 1));
}

static bool text_same(const struct fcall *c)
{
    return ARG_N(c, 0) == ARG_N(c, 1) && memcmp(ARG_P(c, 0), ARG_P(c, 1), ARG_N(c, 0)) == 0;
}

static int blank_order(const struct fcall *c)
{
    return cmp_bytes(ARG_P(c, 0), bpchar_length(&c->args[0]), ARG_P(c, 1),
                     bpchar_length(&c->args[1]));
}

static int char_order(const struct fcall *c)
{
    return cmp_i64(ARG_I(c, 0), ARG_I(c, 1));
}

static bool text_eq(struct fcall *c)
{
    return return_bool(c, text_same(c));
}
static bool text_ne(struct fcall *c)
{
    return return_bool(c, !text_same(c));
}

#define ORDERED(prefix, order)                                                                     \
    static bool prefix##_lt(struct fcall *c)                                                       \
    {                                                                                              \
        return return_bool(c, order(c) < 0);                                                       \
    }                                                                                              \
    static bool prefix##_le(struct fcall *c)                                                       \
    {                                                                                              \
        return return_bool(c, order(c) <= 0);                                                      \
    }                                                                                              \
    static bool prefix##_gt(struct fcall *c)                                                       \
    {                                                                                              \
        return return_bool(c, order(c) > 0);                                                       \
    }                                                                                              \
    static bool prefix##_ge(struct fcall *c)                                                       \
    {                                                                                              \
        return return_bool(c, order(c) >= 0);                                                      \
    }
ORDERED(text, text_order)
ORDERED(blank, blank_order)
ORDERED(char, char_order)
#undef ORDERED

/* The comparison functions that can be called by name return what memcmp() (bytea, pattern
 * order) or strcmp() does: the difference of the first bytes that differ, where a missing byte
 * counts as 0 for strcmp. */
static int first_difference(const char *a, uint32_t n_a, const char *b, uint32_t n_b,
                            bool as_strcmp)
{
    uint32_t n = MIN(n_a, n_b);
    for (uint32_t k = 0; k < n; k++)
        if (a[k] != b[k])
            return (uint8_t)a[k] - (uint8_t)b[k];
    if (n_a == n_b)
        return 0;
    if (as_strcmp)
        return n_a > n_b ? (uint8_t)a[n] : -(int)(uint8_t)b[n];
    return n_a > n_b ? 1 : -1;
}
static bool text_cmp(struct fcall *c)
{
    return return_int(c,
                      first_difference(ARG_P(c, 0), ARG_N(c, 0), ARG_P(c, 1), ARG_N(c, 1), true));
}
static bool bytes_cmp(struct fcall *c)
{
    return return_int(c,
                      first_difference(ARG_P(c, 0), ARG_N(c, 0), ARG_P(c, 1), ARG_N(c, 1), false));
}
static bool blank_cmp(struct fcall *c)
{
    return return_int(c, first_difference(ARG_P(c, 0), bpchar_length(&c->args[0]), ARG_P(c, 1),
                                          bpchar_length(&c->args[1]), true));
}
static bool blank_bytes_cmp(struct fcall *c)
{
    return return_int(c, first_difference(ARG_P(c, 0), bpchar_length(&c->args[0]), ARG_P(c, 1),
                                          bpchar_length(&c->args[1]), false));
}

static bool blank_eq(struct fcall *c)
{
    return return_bool(c, blank_order(c) == 0);
}
static bool blank_ne(struct fcall *c)
{
    return return_bool(c, blank_order(c) != 0);
}
static bool char_eq(struct fcall *c)
{
    return return_bool(c, ARG_I(c, 0) == ARG_I(c, 1));
}
static bool char_ne(struct fcall *c)
{
    return return_bool(c, ARG_I(c, 0) != ARG_I(c, 1));
}
/* PostgreSQL's btcharcmp returns the difference of the bytes. */
static bool char_difference(struct fcall *c)
{
    return return_int(c, ARG_I(c, 0) - ARG_I(c, 1));
}

static bool text_larger(struct fcall *c)
{
    c->result = c->args[text_order(c) > 0 ? 0 : 1];
    return true;
}
static bool text_smaller(struct fcall *c)
{
    c->result = c->args[text_order(c) < 0 ? 0 : 1];
    return true;
}
static bool blank_larger(struct fcall *c)
{
    c->result = c->args[blank_order(c) >= 0 ? 0 : 1];
    return true;
}
static bool blank_smaller(struct fcall *c)
{
    c->result = c->args[blank_order(c) <= 0 ? 0 : 1];
    return true;
}

static bool starts_with(struct fcall *c)
{
    return return_bool(c, ARG_N(c, 0) >= ARG_N(c, 1) &&
                              memcmp(ARG_P(c, 0), ARG_P(c, 1), ARG_N(c, 1)) == 0);
}

FUNC_TABLE(text_compare_funcs) = {
    {"texteq", text_eq},
    {"textne", text_ne},
    {"text_lt", text_lt},
    {"text_le", text_le},
    {"text_gt", text_gt},
    {"text_ge", text_ge},
    {"bttextcmp", text_cmp},
    {"text_larger", text_larger},
    {"text_smaller", text_smaller},
    {"text_pattern_lt", text_lt},
    {"text_pattern_le", text_le},
    {"text_pattern_gt", text_gt},
    {"text_pattern_ge", text_ge},
    {"bttext_pattern_cmp", bytes_cmp},
    {"nameeq", text_eq},
    {"namene", text_ne},
    {"namelt", text_lt},
    {"namele", text_le},
    {"namegt", text_gt},
    {"namege", text_ge},
    {"btnamecmp", text_cmp},
    {"nameeqtext", text_eq},
    {"namenetext", text_ne},
    {"namelttext", text_lt},
    {"nameletext", text_le},
    {"namegttext", text_gt},
    {"namegetext", text_ge},
    {"btnametextcmp", bytes_cmp},
    {"texteqname", text_eq},
    {"textnename", text_ne},
    {"textltname", text_lt},
    {"textlename", text_le},
    {"textgtname", text_gt},
    {"textgename", text_ge},
    {"bttextnamecmp", bytes_cmp},
    {"bpchareq", blank_eq},
    {"bpcharne", blank_ne},
    {"bpcharlt", blank_lt},
    {"bpcharle", blank_le},
    {"bpchargt", blank_gt},
    {"bpcharge", blank_ge},
    {"bpcharcmp", blank_cmp},
    {"bpchar_larger", blank_larger},
    {"bpchar_smaller", blank_smaller},
    {"bpchar_pattern_lt", blank_lt},
    {"bpchar_pattern_le", blank_le},
    {"bpchar_pattern_gt", blank_gt},
    {"bpchar_pattern_ge", blank_ge},
    {"btbpchar_pattern_cmp", blank_bytes_cmp},
    {"byteaeq", text_eq},
    {"byteane", text_ne},
    {"bytealt", text_lt},
    {"byteale", text_le},
    {"byteagt", text_gt},
    {"byteage", text_ge},
    {"byteacmp", bytes_cmp},
    {"chareq", char_eq},
    {"charne", char_ne},
    {"charlt", char_lt},
    {"charle", char_le},
    {"chargt", char_gt},
    {"charge", char_ge},
    {"btcharcmp", char_difference},
    {"text_starts_with", starts_with},
    {NULL, NULL},
};
