/* formatting_number.c - to_char of numbers, and to_number.
 *
 * A number is first written as plain digits, rounded to the template's decimals ("1234.50"), or as
 * '#' where it has more digits than the template; then the template's patterns are walked and each
 * digit position takes the next digit, a zero, or a blank.  The rules for where the sign goes and
 * which zeros are shown are PostgreSQL's (that is, Oracle's as PostgreSQL understood them).
 * Reading goes the other way: digits and a sign are picked out of the text, position by position,
 * and what they spell is read as a numeric.
 *
 * The locale is "C": decimal point '.', thousands ',', no currency symbol (a blank). */
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "func/formatting.h"
#include "func/registry.h"
#include "types/numeric.h"

/* Printing. */

struct printer {
    struct fcall *c;
    struct number_format f;
    struct buf out;
    const char *number;        /* digits, and perhaps a point; no sign */
    const char *at;            /* the next of them */
    const char *last_relevant; /* FM: the last digit after the point that is shown; NULL: all are */
    char sign;                 /* '+', '-'; 0: Roman */
    bool sign_written;
    bool after_digits; /* the last position showed a digit or a zero */
    int blanks;        /* digit positions in front of the number */
    int n_positions;
    int position;
    bool
        cut; /* nothing more is shown: a position found no digit left, where PostgreSQL's text ends */
};

/* The last digit after the point that is not 0, or the point. */
static const char *find_last_relevant(const char *number)
{
    const char *point = strchr(number, '.'), *last = point;
    if (point)
        for (const char *p = point + 1; *p; p++)
            if (*p != '0')
                last = p;
    return last;
}

static void printer_start(struct printer *p, const struct format *format, int blanks)
{
    struct number_format *f = &p->f;
    *f = format->number;
    if (f->zero_start)
        f->zero_start--;
    if (f->roman)
        *f = (struct number_format){.fill_mode = f->fill_mode, .roman = true};
    if (f->plus || f->minus) {
        p->sign_written = !f->plus || f->minus;
    } else {
        if (p->sign != '-' && f->bracket && f->fill_mode)
            f->bracket = false;
        p->sign_written = p->sign == '+' && f->fill_mode && !f->sign;
        if (f->sign_first && f->digits_before == f->digits_before_sign)
            f->sign_first = false; /* "999S" */
    }
    p->n_positions = f->digits_after + f->digits_before - 1;
    p->blanks = f->roman ? 0 : blanks;
    if (f->fill_mode && f->decimal) {
        p->last_relevant = find_last_relevant(p->number);
        if (p->last_relevant && f->zero_end > p->blanks) { /* zeros asked for with '0' stay */
            int last = MIN((int)strlen(p->number) - 1, f->zero_end - p->blanks);
            if (p->last_relevant < p->number + last)
                p->last_relevant = p->number + last;
        }
    }
    if (!p->sign_written && p->blanks == 0)
        p->n_positions++;
    p->at = p->number;
}

static void put(struct printer *p, char ch)
{
    buf_putc(&p->out, ch);
}

static bool nothing_after_point(const struct printer *p)
{
    return p->last_relevant && *p->last_relevant == '.';
}

/* The 0 before the point of "0.1" is left out unless the template asks for it. */
static bool is_optional_zero(const struct printer *p)
{
    return !p->f.zero && p->at == p->number && *p->number == '0' && p->f.digits_after != 0;
}

/* The sign, as soon as the number begins. */
static void put_sign(struct printer *p)
{
    const struct number_format *f = &p->f;
    bool begins = p->position >= p->blanks || (f->zero && f->zero_start == p->position);
    if (p->sign_written || !begins || (is_optional_zero(p) && !nothing_after_point(p)))
        return;
    if (f->sign) {
        if (!f->sign_first)
            return;
        put(p, p->sign == '-' ? '-' : '+');
    } else if (f->bracket) {
        put(p, p->sign == '+' ? ' ' : '<');
    } else if (p->sign == '+') {
        if (!f->fill_mode)
            put(p, ' ');
    } else if (p->sign == '-') {
        put(p, '-');
    } else {
        return;
    }
    p->sign_written = true;
}

static void put_digit(struct printer *p, enum pattern_id id)
{
    const struct number_format *f = &p->f;
    if (*p->at == '.') {
        if (!nothing_after_point(p) || f->fill_mode)
            put(p, '.');
    } else if (p->last_relevant && p->at > p->last_relevant && id != NUMBER_0) {
        /* a trailing zero that FM drops */
    } else if (is_optional_zero(p)) {
        if (!f->fill_mode)
            put(p, ' ');
        else if (nothing_after_point(p))
            put(p, '0');
    } else {
        if (*p->at)
            put(p, *p->at);
        else
            p->cut = true;
        p->after_digits = true;
    }
    if (*p->at)
        p->at++;
}

/* What closes the number: '>' or a sign behind it. */
static void put_end(struct printer *p)
{
    const struct number_format *f = &p->f;
    int end = p->n_positions + (p->blanks ? 1 : 0) + (f->decimal ? 1 : 0);
    if (p->last_relevant && p->last_relevant == p->at)
        end = p->position;
    if (p->position + 1 != end)
        return;
    if (p->sign_written && f->bracket)
        put(p, p->sign == '+' ? ' ' : '>');
    else if (f->sign && !f->sign_first)
        put(p, p->sign == '-' ? '-' : '+');
}

/* A digit position or the point. */
static void put_position(struct printer *p, enum pattern_id id)
{
    const struct number_format *f = &p->f;
    if (f->roman)
        return;
    p->after_digits = false;
    put_sign(p);
    if (p->position < p->blanks && (f->zero_start > p->position || !f->zero)) {
        if (!f->fill_mode)
            put(p, ' ');
    } else if (f->zero && p->position < p->blanks && f->zero_start <= p->position) {
        put(p, '0');
        p->after_digits = true;
    } else {
        put_digit(p, id);
    }
    if (!p->cut)
        put_end(p);
    p->position++;
}

static bool put_ordinal(struct printer *p, bool upper)
{
    if (p->f.roman || *p->number == '#' || p->sign == '-' || p->f.decimal)
        return true;
    size_t n = strlen(p->number);
    if (n == 0 || !format_is_digit(p->number[n - 1]))
        return err_set(p->c->err, ERR_INVALID_TEXT_REPRESENTATION, "\"%s\" is not a number",
                       p->number);
    struct buf digits = BUF_IN(p->c->arena);
    buf_puts(&digits, p->number);
    size_t start = digits.n;
    format_put_ordinal(&digits, 0, upper);
    buf_append(&p->out, digits.p + start, digits.n - start);
    return true;
}

static void put_roman(struct printer *p, enum letter_case letter_case)
{
    if (!p->f.fill_mode)
        for (size_t n = strlen(p->number); n < 15; n++)
            put(p, ' ');
    format_put_name(&p->out, p->number, letter_case);
}

static bool put_pattern(struct printer *p, const struct pattern *pattern)
{
    bool fill_mode = p->f.fill_mode;
    switch ((enum pattern_id)pattern->id) {
    case NUMBER_9:
    case NUMBER_0:
    case NUMBER_POINT:
    case NUMBER_D:
        put_position(p, pattern->id);
        return true;
    case NUMBER_COMMA:
    case NUMBER_G:
        if (p->after_digits)
            put(p, ',');
        else if (!fill_mode)
            put(p, ' ');
        return true;
    case NUMBER_L:
        put(p, ' ');
        return true;
    case NUMBER_RN:
        put_roman(p, pattern->letter_case);
        return true;
    case NUMBER_TH:
        return put_ordinal(p, pattern->letter_case == CASE_UPPER);
    case NUMBER_MI:
        if (p->sign == '-')
            put(p, '-');
        else if (!fill_mode)
            put(p, ' ');
        return true;
    case NUMBER_PL:
        if (p->sign == '+')
            put(p, '+');
        else if (!fill_mode)
            put(p, ' ');
        return true;
    case NUMBER_SG:
        if (p->sign)
            put(p, p->sign);
        else
            p->cut = true; /* a Roman number has no sign, and PostgreSQL ends the text here */
        return true;
    default:
        return true;
    }
}

/* `number`: digits without a sign; `blanks`: digit positions that it leaves free. */
static bool print_number(struct fcall *c, const struct format *format, const char *number,
                         int blanks, char sign)
{
    struct printer p = {.c = c, .out = BUF_IN(c->arena), .number = number, .sign = sign};
    if (format->number.scientific)
        return return_bytes(c, number, strlen(number));
    printer_start(&p, format, blanks);
    for (const struct format_node *node = format->nodes; node->kind != NODE_END && !p.cut; node++) {
        if (node->kind != NODE_PATTERN)
            buf_puts(&p.out, node->text);
        else if (!put_pattern(&p, node->pattern))
            return false;
    }
    return return_bytes(c, p.out.n ? p.out.p : "", p.out.n);
}

/* The digits in front of the point against the template's: free positions, or '#' all over. */
static bool print_digits(struct fcall *c, const struct format *format, const char *digits,
                         int extra_digits)
{
    char sign = '+';
    if (*digits == '-') {
        sign = '-';
        digits++;
    }
    const char *point = strchr(digits, '.');
    int n = point ? (int)(point - digits) : (int)strlen(digits);
    int before = format->number.digits_before + extra_digits, after = format->number.digits_after;
    if (n > before) {
        char *hashes = arena_alloc(c->arena, (size_t)(before + after) + 2);
        memset(hashes, '#', (size_t)(before + after) + 1);
        hashes[before + after + 1] = '\0';
        hashes[before] = '.';
        digits = hashes;
    }
    struct format widened = *format;
    widened.number.digits_before = before;
    return print_number(c, &widened, digits, n < before ? before - n : 0, sign);
}

/* A whole number gets as many zeros as the template has decimals. */
static bool print_integer(struct fcall *c, const struct format *format, int64_t v, int extra_digits)
{
    struct buf digits = BUF_IN(c->arena);
    buf_printf(&digits, "%lld", (long long)v);
    if (format->number.digits_after > 0)
        buf_putc(&digits, '.');
    for (int i = 0; i < format->number.digits_after; i++)
        buf_putc(&digits, '0');
    return print_digits(c, format, buf_cstr(&digits), extra_digits);
}

static bool print_roman(struct fcall *c, const struct format *format, int64_t v)
{
    static const struct {
        int value;
        const char *text;
    } parts[] = {{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"},
                 {90, "XC"},  {50, "L"},   {40, "XL"}, {10, "X"},   {9, "IX"},
                 {5, "V"},    {4, "IV"},   {1, "I"}};
    struct buf out = BUF_IN(c->arena);
    if (v < 1 || v > 3999)
        return print_number(c, format, "###############", 0, 0);
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
        for (; v >= parts[i].value; v -= parts[i].value)
            buf_puts(&out, parts[i].text);
    return print_number(c, format, buf_cstr(&out), 0, 0);
}

/* In scientific notation a blank stands where a minus would. */
static bool print_scientific(struct fcall *c, const struct format *format, const char *text)
{
    if (*text != '-')
        text = arena_printf(c->arena, " %s", *text == '+' ? text + 1 : text);
    return print_number(c, format, text, 0, 0);
}

/* " #.####": what cannot be shown in scientific notation. */
static bool print_no_scientific(struct fcall *c, const struct format *format)
{
    int before = format->number.digits_before, n = before + format->number.digits_after + 6;
    char *hashes = arena_alloc(c->arena, (size_t)n + 1);
    memset(hashes, '#', (size_t)n);
    hashes[n] = '\0';
    hashes[0] = ' ';
    hashes[before + 1] = '.';
    return print_number(c, format, hashes, 0, 0);
}

/* The template; an empty one gives an empty text, and *done. */
static const struct format *template_of(struct fcall *c, bool *done)
{
    *done = ARG_N(c, 1) == 0;
    if (*done) {
        c->result = datum_bytes("", 0);
        return NULL;
    }
    return format_of_numbers(c, &c->args[1]);
}

static bool int4_to_char(struct fcall *c)
{
    bool done;
    const struct format *format = template_of(c, &done);
    if (!format)
        return done;
    const struct number_format *f = &format->number;
    int32_t v = (int32_t)ARG_I(c, 0);
    if (f->roman)
        return print_roman(c, format, v);
    if (f->scientific)
        return print_scientific(c, format,
                                arena_printf(c->arena, "%+.*e", f->digits_after, (double)v));
    if (f->multiply) {
        double power = pow(10, f->multiply_digits);
        if (power > INT_MAX || __builtin_mul_overflow(v, (int32_t)power, &v))
            return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    }
    return print_integer(c, format, v, f->multiply_digits);
}

/* With the digits that PostgreSQL's power() gives it; NULL on overflow. */
static const struct numeric *power_of_ten(struct fcall *c, int exponent)
{
    return numeric_power(c->arena, c->err, numeric_from_i64(c->arena, 10),
                         numeric_from_i64(c->arena, exponent));
}

/* The power of ten of the first digit that is not 0; 0 for zero. */
static int decimal_exponent(struct fcall *c, const struct numeric *v)
{
    struct buf text = BUF_IN(c->arena);
    numeric_print(v, &text);
    const char *digits = buf_cstr(&text), *point = strchr(digits, '.');
    const char *first = digits + strspn(digits, "-0."),
               *end = point ? point : digits + strlen(digits);
    if (!*first)
        return 0;
    return first < end ? (int)(end - first) - 1 : -(int)(first - end);
}

/* v in scientific notation with `decimals` of them: not normalised again when rounding carries, as
 * in PostgreSQL. */
static const char *numeric_scientific(struct fcall *c, const struct numeric *v, int decimals)
{
    int exponent = decimal_exponent(c, v);
    const struct numeric *power = numeric_literal(
        c->arena, arena_printf(c->arena, "1e%d", exponent < 0 ? -exponent : exponent));
    const struct numeric *scaled = exponent < 0
                                       ? numeric_mul(c->arena, c->err, v, power)
                                       : numeric_div_to(c->arena, c->err, v, power, decimals);
    if (!scaled)
        return NULL;
    struct buf out = BUF_IN(c->arena);
    numeric_print(numeric_round(c->arena, scaled, decimals), &out);
    buf_printf(&out, "e%+03d", exponent);
    return buf_cstr(&out);
}

static bool print_numeric_scientific(struct fcall *c, const struct format *format,
                                     const struct numeric *v)
{
    if (v->kind != NUMERIC_FINITE)
        return print_no_scientific(c, format);
    const char *text = numeric_scientific(c, v, format->number.digits_after);
    return text && print_scientific(c, format, text);
}

static bool bigint_out_of_range(struct fcall *c)
{
    return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range");
}

static bool int8_to_char(struct fcall *c)
{
    bool done;
    const struct format *format = template_of(c, &done);
    if (!format)
        return done;
    const struct number_format *f = &format->number;
    int64_t v = ARG_I(c, 0);
    if (f->roman) {
        if (v < INT_MIN || v > INT_MAX)
            return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
        return print_roman(c, format, v);
    }
    if (f->scientific)
        return print_numeric_scientific(c, format, numeric_from_i64(c->arena, v));
    if (f->multiply) {
        double power = pow(10, f->multiply_digits);
        if (power >= 0x1p63 || __builtin_mul_overflow(v, (int64_t)power, &v))
            return bigint_out_of_range(c);
    }
    return print_integer(c, format, v, f->multiply_digits);
}

static bool numeric_roman(struct fcall *c, const struct format *format, const struct numeric *v)
{
    int64_t i;
    if (v->kind != NUMERIC_FINITE)
        return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED, "cannot convert %s to integer",
                       v->kind == NUMERIC_NAN ? "NaN" : "infinity");
    if (!numeric_to_i64(v, &i) || i < INT_MIN || i > INT_MAX)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    return print_roman(c, format, i);
}

static bool numeric_to_char(struct fcall *c)
{
    bool done;
    const struct format *format = template_of(c, &done);
    if (!format)
        return done;
    const struct number_format *f = &format->number;
    const struct numeric *v = numeric_of(&c->args[0]);
    if (f->roman)
        return numeric_roman(c, format, v);
    if (f->scientific)
        return print_numeric_scientific(c, format, v);
    if (f->multiply) {
        const struct numeric *factor = power_of_ten(c, f->multiply_digits);
        v = factor ? numeric_mul(c->arena, c->err, v, factor) : NULL;
        if (!v)
            return false;
    }
    struct buf digits = BUF_IN(c->arena);
    numeric_print(numeric_round(c->arena, v, f->digits_after), &digits);
    return print_digits(c, format, buf_cstr(&digits), f->multiply_digits);
}

/* As C prints it, but infinity and NaN as SQL does. */
static const char *float_text(struct fcall *c, int decimals, double v)
{
    if (isnan(v))
        return "NaN";
    if (isinf(v))
        return v > 0 ? "Infinity" : "-Infinity";
    return arena_printf(c->arena, "%.*f", decimals, v);
}

/* A float is shown with no more digits than it is sure of. */
static bool print_float(struct fcall *c, const struct format *format, double v, int sure_digits)
{
    struct format shortened = *format;
    int before = (int)strlen(float_text(c, 0, fabs(v))), *after = &shortened.number.digits_after;
    if (before >= sure_digits)
        *after = 0;
    else if (before + *after > sure_digits)
        *after = sure_digits - before;
    return print_digits(c, &shortened, float_text(c, *after, v), format->number.multiply_digits);
}

static bool float_scientific(struct fcall *c, const struct format *format, double v)
{
    if (isnan(v) || isinf(v))
        return print_no_scientific(c, format);
    return print_scientific(c, format,
                            arena_printf(c->arena, "%+.*e", format->number.digits_after, v));
}

static int64_t float_roman(double v)
{
    v = rint(v);
    return v >= INT_MIN && v <= INT_MAX ? (int64_t)v : INT_MIN;
}

static bool float4_to_char(struct fcall *c)
{
    bool done;
    const struct format *format = template_of(c, &done);
    if (!format)
        return done;
    const struct number_format *f = &format->number;
    float v = (float)ARG_F(c, 0);
    if (f->roman)
        return print_roman(c, format, float_roman(v));
    if (f->scientific)
        return float_scientific(c, format, v);
    if (f->multiply)
        v *= (float)pow(10, f->multiply_digits);
    return print_float(c, format, v, FLT_DIG);
}

static bool float8_to_char(struct fcall *c)
{
    bool done;
    const struct format *format = template_of(c, &done);
    if (!format)
        return done;
    const struct number_format *f = &format->number;
    double v = ARG_F(c, 0);
    if (f->roman)
        return print_roman(c, format, float_roman(v));
    if (f->scientific)
        return float_scientific(c, format, v);
    if (f->multiply)
        v *= pow(10, f->multiply_digits);
    return print_float(c, format, v, DBL_DIG);
}

/* Reading. */

struct reader {
    const struct number_format *f;
    const char *at, *end;
    char sign; /* ' ': none yet */
    struct buf digits;
    int before, after; /* digits read, before and after the point */
    bool point;
};

static bool at_end(const struct reader *r)
{
    return r->at >= r->end;
}

static bool is_sign(char ch)
{
    return ch == '-' || ch == '+';
}

/* A sign in front of the first digit. */
static void read_leading_sign(struct reader *r, enum pattern_id id)
{
    if (r->sign != ' ' || (id != NUMBER_0 && id != NUMBER_9) || r->before + r->after > 0)
        return;
    bool local = r->f->sign && r->f->sign_first;
    if (is_sign(*r->at))
        r->sign = *r->at++;
    else if (!local && r->f->bracket && *r->at == '<') {
        r->sign = '-';
        r->at++;
    }
}

/* A sign behind the last digit: S belongs to the number, and the others may stand anywhere after
 * it. */
static void read_trailing_sign(struct reader *r, bool was_read)
{
    if (r->sign != ' ' || r->before + r->after == 0)
        return;
    if (r->f->sign) {
        if (was_read && r->at + 1 < r->end && is_sign(r->at[1]))
            r->sign = *++r->at;
    } else if (!was_read && (r->f->plus || r->f->minus) && is_sign(*r->at)) {
        r->sign = *r->at;
    }
}

/* A digit position or the point.  The caller then steps over the character at hand. */
static void read_position(struct reader *r, enum pattern_id id)
{
    bool was_read = false;
    if (*r->at == ' ')
        r->at++;
    if (at_end(r))
        return;
    read_leading_sign(r, id);
    if (at_end(r))
        return;
    if (format_is_digit(*r->at)) {
        if (r->point && r->after == r->f->digits_after)
            return;
        buf_putc(&r->digits, *r->at);
        if (r->point)
            r->after++;
        else
            r->before++;
        was_read = true;
    } else if (r->f->decimal && !r->point && *r->at == '.') {
        buf_putc(&r->digits, '.');
        r->point = was_read = true;
    }
    read_trailing_sign(r, was_read);
}

static void skip_char(struct reader *r)
{
    r->at += format_char_bytes(r->at, (size_t)(r->end - r->at));
}

/* Up to n characters that cannot belong to the number. */
static void skip_other(struct reader *r, int n)
{
    for (; n > 0 && !at_end(r) && !strchr("0123456789.,+-", *r->at); n--)
        skip_char(r);
}

static void read_pattern(struct reader *r, enum pattern_id id)
{
    switch (id) {
    case NUMBER_9:
    case NUMBER_0:
    case NUMBER_POINT:
    case NUMBER_D:
        read_position(r, id);
        r->at++;
        break;
    case NUMBER_COMMA:
    case NUMBER_G:
        if (!r->f->fill_mode && *r->at == ',')
            r->at++;
        break;
    case NUMBER_L:
        skip_other(r, 1);
        break;
    case NUMBER_TH:
        if (!r->f->roman && r->sign != '-' && !r->f->decimal)
            skip_other(r, 2);
        break;
    case NUMBER_MI:
        if (*r->at == '-')
            r->sign = *r->at++;
        else
            skip_other(r, 1);
        break;
    case NUMBER_PL:
        if (*r->at == '+')
            r->sign = *r->at++;
        else
            skip_other(r, 1);
        break;
    case NUMBER_SG:
        if (is_sign(*r->at))
            r->sign = *r->at++;
        else
            skip_other(r, 1);
        break;
    default:
        break;
    }
}

static bool numeric_to_number(struct fcall *c)
{
    if (ARG_N(c, 1) == 0)
        return return_null(c);
    const struct format *format = format_of_numbers(c, &c->args[1]);
    if (!format)
        return false;
    const struct number_format *f = &format->number;
    if (f->scientific)
        return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED, "\"EEEE\" not supported for input");
    if (f->roman)
        return err_set(c->err, ERR_FEATURE_NOT_SUPPORTED, "\"RN\" not supported for input");
    const char *text = arena_strndup(c->arena, ARG_P(c, 0), ARG_N(c, 0));
    struct reader r = {
        .f = f, .at = text, .end = text + ARG_N(c, 0), .sign = ' ', .digits = BUF_IN(c->arena)};
    for (const struct format_node *node = format->nodes; node->kind != NODE_END && !at_end(&r);
         node++) {
        if (node->kind == NODE_PATTERN)
            read_pattern(&r, node->pattern->id);
        else
            skip_char(&r);
    }
    if (r.digits.n > 0 && r.digits.p[r.digits.n - 1] == '.')
        r.digits.n--;
    const char *number = arena_printf(c->arena, "%c%s", r.sign, buf_cstr(&r.digits));
    int precision = f->digits_before + f->multiply_digits + r.after;
    const struct numeric *v = numeric_parse(c->arena, c->err, number, strlen(number));
    if (v)
        v = numeric_coerce(c->arena, c->err, v, (precision << 16 | r.after) + 4);
    if (v && f->multiply) {
        const struct numeric *factor = power_of_ten(c, -f->multiply_digits);
        v = factor ? numeric_mul(c->arena, c->err, v, factor) : NULL;
    }
    if (!v)
        return false;
    c->result = numeric_datum(v);
    return true;
}

FUNC_TABLE(formatting_number_funcs) = {
    {"int4_to_char", int4_to_char},
    {"int8_to_char", int8_to_char},
    {"numeric_to_char", numeric_to_char},
    {"float4_to_char", float4_to_char},
    {"float8_to_char", float8_to_char},
    {"numeric_to_number", numeric_to_number},
    {NULL, NULL},
};
