/* text_format.c - concat, format, quoting functions, parse_ident. */
#include <string.h>

#include "func/call.h"
#include "func/quote.h"
#include "func/utf8.h"
#include "types/array.h"

/* ---- concat, concat_ws ---- */

static bool concat_values(struct fcall *c, int first, const char *separator, size_t n_separator)
{
    struct variadic list = variadic_of(c, first);
    if (list.null_array)
        return return_null(c);
    struct buf out = BUF_IN(c->arena);
    bool any = false;
    for (int k = 0; k < list.n; k++) {
        if (list.values[k].null)
            continue;
        if (any)
            buf_append(&out, separator, n_separator);
        any = true;
        if (!call_out(c, list.types[k], &list.values[k], &out) || !result_fits(c, out.n))
            return false;
    }
    return return_bytes(c, out.p, out.n);
}

static bool concat(struct fcall *c)
{
    return concat_values(c, 0, "", 0);
}
static bool concat_ws(struct fcall *c)
{
    return c->args[0].null ? return_null(c) : concat_values(c, 1, ARG_P(c, 0), ARG_N(c, 0));
}

/* ---- quoting ---- */

static bool quote_ident(struct fcall *c)
{
    struct buf out = BUF_IN(c->arena);
    quote_ident_to(&out, ARG_P(c, 0), ARG_N(c, 0));
    return return_bytes(c, out.p, out.n);
}

/* The argument as its cast to text has it, which is not always its output. */
static bool put_cast_to_text(struct fcall *c, struct buf *text)
{
    uint32_t oid = c->arg_types[0]->oid;
    if (oid == TYPE_BOOL) {
        buf_puts(text, ARG_I(c, 0) ? "true" : "false");
        return true;
    }
    if (!call_out(c, c->arg_types[0], &c->args[0], text))
        return false;
    if (oid == TYPE_INET && !memchr(text->p, '/', text->n))
        buf_puts(text, memchr(text->p, ':', text->n) ? "/128" : "/32");
    return true;
}

static bool quote_literal(struct fcall *c)
{
    struct buf text = BUF_IN(c->arena), out = BUF_IN(c->arena);
    if (!put_cast_to_text(c, &text))
        return false;
    quote_literal_to(&out, text.p ? text.p : "", text.n);
    return return_bytes(c, out.p, out.n);
}

static bool quote_nullable(struct fcall *c)
{
    return c->args[0].null ? return_bytes(c, "NULL", 4) : quote_literal(c);
}

/* ---- format ---- */

struct directive { /* %[position$][-][width]type */
    int position;  /* 0: the next argument */
    int width;
    bool left, width_from_arg;
    int width_position; /* 0: the next argument */
    char type;
};

struct format {
    struct fcall *c;
    const char *p, *end;
    struct variadic args;
    int next; /* the argument that was used last, 1-based */
    struct buf out;
};

static bool unterminated(struct format *f)
{
    err_set(f->c->err, ERR_INVALID_PARAMETER_VALUE, "unterminated format() type specifier");
    return err_hint(f->c->err, "For a single \"%%\" use \"%%%%\".");
}

static bool out_of_range(struct format *f)
{
    return err_set(f->c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "number is out of range");
}

/* Steps over one character; there must be another. */
static bool step(struct format *f)
{
    return ++f->p < f->end || unterminated(f);
}

static bool read_number(struct format *f, int *value, bool *found)
{
    int64_t v = 0;
    *found = false;
    while (*f->p >= '0' && *f->p <= '9') {
        v = v * 10 + (*f->p - '0');
        if (v > INT32_MAX)
            return out_of_range(f);
        *found = true;
        if (!step(f))
            return false;
    }
    *value = (int)v;
    return true;
}

/* "n$" after which the specifier must go on. */
static bool take_position(struct format *f, int value, int *position)
{
    if (value == 0)
        return err_set(f->c->err, ERR_INVALID_PARAMETER_VALUE,
                       "format specifies argument 0, but arguments are numbered from 1");
    *position = value;
    return step(f);
}

static bool read_star(struct format *f, struct directive *d)
{
    int value;
    bool found;
    d->width_from_arg = true;
    if (!step(f) || !read_number(f, &value, &found))
        return false;
    if (!found)
        return true;
    if (*f->p != '$')
        return err_set(f->c->err, ERR_INVALID_PARAMETER_VALUE,
                       "width argument position must be ended by \"$\"");
    return take_position(f, value, &d->width_position);
}

static bool read_directive(struct format *f, struct directive *d)
{
    int value;
    bool found;
    if (!read_number(f, &value, &found))
        return false;
    if (found && *f->p != '$') { /* a width */
        d->width = value;
        return true;
    }
    if (found && !take_position(f, value, &d->position))
        return false;
    while (*f->p == '-') {
        d->left = true;
        if (!step(f))
            return false;
    }
    if (*f->p == '*')
        return read_star(f, d);
    return read_number(f, &d->width, &found);
}

/* Index of the argument to use, or false: there are not as many. */
static bool next_arg(struct format *f, int position, int *index)
{
    f->next = position ? position : f->next + 1;
    *index = f->next - 1;
    if (*index < f->args.n)
        return true;
    return err_set(f->c->err, ERR_INVALID_PARAMETER_VALUE, "too few arguments for format()");
}

static bool width_of_arg(struct format *f, struct directive *d)
{
    int index;
    int64_t width = 0;
    if (!next_arg(f, d->width_position, &index))
        return false;
    const struct datum *value = &f->args.values[index];
    uint32_t oid = f->args.types[index]->oid;
    if (!value->null && (oid == TYPE_INT4 || oid == TYPE_INT2)) {
        width = value->i;
    } else if (!value->null) {
        struct buf text = BUF_IN(f->c->arena);
        if (!call_out(f->c, f->args.types[index], value, &text) ||
            !int_parse(f->c->err, "integer", INT32_MIN, INT32_MAX, buf_cstr(&text), text.n, &width))
            return false;
    }
    if (width == INT32_MIN)
        return out_of_range(f);
    if (width < 0) {
        d->left = true;
        width = -width;
    }
    d->width = (int)width;
    return true;
}

static bool put_padded(struct format *f, const struct directive *d, const struct buf *text)
{
    size_t have = utf8_length(text->p ? text->p : "", text->n);
    size_t blanks = d->width > 0 && (size_t)d->width > have ? (size_t)d->width - have : 0;
    if (!result_fits(f->c, f->out.n + text->n + blanks))
        return false;
    buf_reserve(&f->out, text->n + blanks);
    if (!f->out.p)
        return true; /* nothing with nothing around it */
    char *p = f->out.p + f->out.n;
    memset(d->left ? p + text->n : p, ' ', blanks);
    if (text->n)
        memcpy(d->left ? p : p + blanks, text->p, text->n);
    f->out.n += text->n + blanks;
    return true;
}

static bool put_arg(struct format *f, const struct directive *d, int index)
{
    const struct datum *value = &f->args.values[index];
    struct buf plain = BUF_IN(f->c->arena), text = BUF_IN(f->c->arena);
    if (value->null) {
        if (d->type == 'I')
            return err_set(f->c->err, ERR_NULL_VALUE_NOT_ALLOWED,
                           "null values cannot be formatted as an SQL identifier");
        if (d->type == 'L')
            buf_puts(&text, "NULL");
        return put_padded(f, d, &text);
    }
    if (!call_out(f->c, f->args.types[index], value, &plain))
        return false;
    const char *p = plain.p ? plain.p : "";
    if (d->type == 's')
        return put_padded(f, d, &plain);
    if (d->type == 'I')
        quote_ident_to(&text, p, plain.n);
    else
        quote_literal_to(&text, p, plain.n);
    return put_padded(f, d, &text);
}

static bool format_one(struct format *f)
{
    struct directive d = {0};
    int index;
    if (!read_directive(f, &d))
        return false;
    d.type = *f->p;
    if (d.type != 's' && d.type != 'I' && d.type != 'L') {
        err_set(f->c->err, ERR_INVALID_PARAMETER_VALUE,
                "unrecognized format() type specifier \"%.*s\"",
                (int)utf8_char_bytes((uint8_t)*f->p), f->p);
        return err_hint(f->c->err, "For a single \"%%\" use \"%%%%\".");
    }
    return (!d.width_from_arg || width_of_arg(f, &d)) && next_arg(f, d.position, &index) &&
           put_arg(f, &d, index);
}

static bool format(struct fcall *c)
{
    if (c->args[0].null)
        return return_null(c);
    struct format f = {
        .c = c, .p = ARG_P(c, 0), .end = ARG_P(c, 0) + ARG_N(c, 0), .out = BUF_IN(c->arena)};
    if (c->n_args > 1)
        f.args = variadic_of(c, 1);
    for (; f.p < f.end; f.p++) {
        if (*f.p != '%') {
            buf_putc(&f.out, *f.p);
            continue;
        }
        if (!step(&f))
            return false;
        if (*f.p == '%')
            buf_putc(&f.out, '%');
        else if (!format_one(&f))
            return false;
    }
    return return_bytes(c, f.out.p, f.out.n);
}

/* ---- parse_ident ---- */

static bool ident_start(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_' || (uint8_t)ch >= 0x80;
}
static bool ident_part(char ch)
{
    return ident_start(ch) || (ch >= '0' && ch <= '9') || ch == '$';
}
static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == '\f'))
        p++;
    return p;
}

static bool not_identifier(struct fcall *c, const char *detail)
{
    err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "string is not a valid identifier: \"%.*s\"",
            (int)ARG_N(c, 0), ARG_P(c, 0));
    return detail ? err_detail(c->err, "%s", detail) : false;
}

/* A quoted part; *p is at its opening quote and ends after the closing one. */
static bool quoted_part(struct fcall *c, const char **p, const char *end, struct buf *part)
{
    const char *at = *p + 1;
    for (;; at++) {
        if (at >= end)
            return not_identifier(c, "String has unclosed double quotes.");
        if (*at == '"' && !(at + 1 < end && at[1] == '"'))
            break;
        if (*at == '"')
            at++;
        buf_putc(part, *at);
    }
    *p = at + 1;
    return part->n || not_identifier(c, "Quoted identifier must not be empty.");
}

static bool parse_ident(struct fcall *c)
{
    const char *end = ARG_P(c, 0) + ARG_N(c, 0), *p = skip_blanks(ARG_P(c, 0), end);
    bool after_dot = false;
    VEC(struct datum) parts = {0};
    for (;;) {
        struct buf part = BUF_IN(c->arena);
        if (p < end && *p == '"') {
            if (!quoted_part(c, &p, end, &part))
                return false;
        } else if (p < end && ident_start(*p)) {
            for (; p < end && ident_part(*p); p++)
                buf_putc(&part, *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p);
        } else {
            return not_identifier(c, p < end && *p == '.' ? "No valid identifier before \".\"."
                                     : after_dot          ? "No valid identifier after \".\"."
                                                          : NULL);
        }
        VEC_PUSH(c->arena, &parts, datum_bytes(part.p, part.n));
        p = skip_blanks(p, end);
        if (p == end)
            break;
        if (*p != '.') {
            if (ARG_I(c, 1))
                return not_identifier(c, NULL);
            break;
        }
        after_dot = true;
        p = skip_blanks(p + 1, end);
    }
    c->result = array_build_1d(c->arena, call_type(c, TYPE_TEXT), parts.items, (uint32_t)parts.n);
    return true;
}

FUNC_TABLE(text_format_funcs) = {
    {"text_concat", concat},
    {"text_concat_ws", concat_ws},
    {"quote_ident", quote_ident},
    {"quote_literal", quote_literal},
    {"quote_nullable", quote_nullable},
    {"quote_literal(anyelement)", quote_literal},
    {"quote_nullable(anyelement)", quote_nullable},
    {"text_format", format},
    {"text_format_nv", format},
    {"parse_ident", parse_ident},
    {NULL, NULL},
};
