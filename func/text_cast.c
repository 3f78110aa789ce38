/* text_cast.c - casts among text, varchar, bpchar, name and "char". */
#include <string.h>

#include "func/call.h"
#include "func/utf8.h"

static bool same(struct fcall *c)
{
    c->result = c->args[0];
    return true;
}

static bool blank_to_text(struct fcall *c)
{
    return return_bytes(c, ARG_P(c, 0), bpchar_length(&c->args[0]));
}
static bool text_to_name(struct fcall *c)
{
    return return_bytes(c, ARG_P(c, 0), name_clip(ARG_P(c, 0), ARG_N(c, 0)));
}
static bool blank_to_name(struct fcall *c)
{
    size_t n = name_clip(ARG_P(c, 0), ARG_N(c, 0));
    while (n && ARG_P(c, 0)[n - 1] == ' ')
        n--;
    return return_bytes(c, ARG_P(c, 0), n);
}

/* As "char" input does: one byte, or \ooo. */
static bool text_to_char(struct fcall *c)
{
    struct type_io io = fcall_io(c, call_type(c, TYPE_CHAR));
    return type_in(&io, ARG_P(c, 0), ARG_N(c, 0), &c->result);
}
static bool char_to_text(struct fcall *c)
{
    struct buf out = BUF_IN(c->arena);
    if (!call_out(c, c->arg_types[0], &c->args[0], &out))
        return false;
    return return_bytes(c, out.p, out.n);
}
static bool char_to_int(struct fcall *c)
{
    return return_int(c, (int8_t)ARG_I(c, 0));
}
static bool int_to_char(struct fcall *c)
{
    int64_t v = ARG_I(c, 0);
    if (v < -128 || v > 127)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "\"char\" out of range");
    return return_int(c, (uint8_t)v);
}

static bool bool_to_text(struct fcall *c)
{
    return ARG_I(c, 0) ? return_bytes(c, "true", 4) : return_bytes(c, "false", 5);
}

/* Length coercion: (value, typmod, is_explicit). */
static bool coerce_varchar(struct fcall *c)
{
    return varchar_coerce(c->arena, c->err, (int32_t)ARG_I(c, 1), ARG_I(c, 2), &c->args[0],
                          &c->result);
}
static bool coerce_bpchar(struct fcall *c)
{
    return bpchar_coerce(c->arena, c->err, (int32_t)ARG_I(c, 1), ARG_I(c, 2), &c->args[0],
                         &c->result);
}

/* Appends _oid to a name and keeps it within 63 bytes. */
static bool name_concat_oid(struct fcall *c)
{
    const char *suffix = arena_printf(c->arena, "_%u", (uint32_t)ARG_I(c, 1));
    size_t n_suffix = strlen(suffix), n = ARG_N(c, 0);
    if (n + n_suffix > 63) {
        n = 63 - n_suffix;
        while (n && ((uint8_t)ARG_P(c, 0)[n] & 0xc0) == 0x80)
            n--;
    }
    struct buf out = BUF_IN(c->arena);
    buf_append(&out, ARG_P(c, 0), n);
    buf_append(&out, suffix, n_suffix);
    return return_bytes(c, out.p, out.n);
}

FUNC_TABLE(text_cast_funcs) = {
    {"text(bpchar)", blank_to_text},
    {"name_text", same},
    {"text_name", text_to_name},
    {"name_bpchar", same},
    {"bpchar_name", blank_to_name},
    {"text_char", text_to_char},
    {"char_text", char_to_text},
    {"char_bpchar", char_to_text},
    {"chartoi4", char_to_int},
    {"i4tochar", int_to_char},
    {"booltext", bool_to_text},
    {"varchar", coerce_varchar},
    {"bpchar", coerce_bpchar},
    {"nameconcatoid", name_concat_oid},
    {NULL, NULL},
};
