/* text_basic.c - lengths, pieces and assembly of text: substring, overlay, trim, pad, repeat,
 * replace, ...
 *
 * Positions and lengths count characters.  Text whose bytes are all ASCII is the common case,
 * and its characters are its bytes; the loops below find that out as they go. */
#include <stdlib.h>
#include <string.h>

#include "func/call.h"
#include "func/utf8.h"
#include "types/array.h"

static bool text_length(struct fcall *c)
{
    return return_int(c, (int64_t)utf8_length(ARG_P(c, 0), ARG_N(c, 0)));
}
static bool blank_length(struct fcall *c)
{
    return return_int(c, (int64_t)utf8_length(ARG_P(c, 0), bpchar_length(&c->args[0])));
}
static bool octet_length(struct fcall *c)
{
    return return_int(c, ARG_N(c, 0));
}
static bool bit_length(struct fcall *c)
{
    return return_int(c, (int64_t)ARG_N(c, 0) * 8);
}

static bool concat_bytes(struct fcall *c, const void *a, size_t n_a, const void *b, size_t n_b)
{
    char *p = result_alloc(c, n_a + n_b);
    if (!p)
        return false;
    memcpy(p, a, n_a);
    memcpy(p + n_a, b, n_b);
    return return_bytes(c, p, n_a + n_b);
}
static bool text_concat2(struct fcall *c)
{
    return concat_bytes(c, ARG_P(c, 0), ARG_N(c, 0), ARG_P(c, 1), ARG_N(c, 1));
}
/* The value as its cast to text shows it. */
static bool put_as_text(struct fcall *c, int arg, struct buf *out)
{
    if (c->arg_types[arg]->oid == TYPE_BOOL) {
        buf_puts(out, ARG_I(c, arg) ? "true" : "false");
        return true;
    }
    if (c->arg_types[arg]->oid == TYPE_BPCHAR) {
        buf_append(out, ARG_P(c, arg), bpchar_length(&c->args[arg]));
        return true;
    }
    return call_out(c, c->arg_types[arg], &c->args[arg], out);
}
/* text || anything and anything || text */
static bool any_concat2(struct fcall *c)
{
    struct buf out = BUF_IN(c->arena);
    if (!put_as_text(c, 0, &out) || !put_as_text(c, 1, &out))
        return false;
    return return_bytes(c, out.p, out.n);
}

/* ---- substring and overlay ---- */

static bool negative_length(struct fcall *c)
{
    return err_set(c->err, ERR_SUBSTRING_ERROR, "negative substring length not allowed");
}

/* The piece of `text` at the 1-based `start`, `length` characters long (-1: to the end); start
 * may be below 1, and what lies before the text counts. */
static struct datum piece(const char *text, size_t n, int64_t start, int64_t length)
{
    int64_t from = MAX(start, 1), end = length < 0 ? INT64_MAX : start + length;
    if (end <= from)
        return datum_bytes("", 0);
    size_t at = utf8_prefix(text, n, (size_t)(from - 1));
    size_t bytes = length < 0 ? n - at : utf8_prefix(text + at, n - at, (size_t)(end - from));
    return datum_bytes(text + at, bytes);
}

static bool text_substr(struct fcall *c)
{
    int64_t length = c->n_args > 2 ? ARG_I(c, 2) : -1;
    if (c->n_args > 2 && length < 0)
        return negative_length(c);
    c->result = piece(ARG_P(c, 0), ARG_N(c, 0), ARG_I(c, 1), length);
    return true;
}

static bool text_overlay(struct fcall *c)
{
    int64_t start = ARG_I(c, 2);
    int64_t length = c->n_args > 3 ? ARG_I(c, 3) : (int64_t)utf8_length(ARG_P(c, 1), ARG_N(c, 1));
    if (start <= 0)
        return negative_length(c);
    if (start + length > INT32_MAX || start + length < INT32_MIN)
        return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    struct datum left = piece(ARG_P(c, 0), ARG_N(c, 0), 1, start - 1);
    struct datum right = piece(ARG_P(c, 0), ARG_N(c, 0), start + length, -1);
    size_t n_left = left.n, n_new = ARG_N(c, 1);
    char *p = result_alloc(c, n_left + n_new + right.n);
    if (!p)
        return false;
    memcpy(p, left.p, n_left);
    memcpy(p + n_left, ARG_P(c, 1), n_new);
    memcpy(p + n_left + n_new, right.p, right.n);
    return return_bytes(c, p, n_left + n_new + right.n);
}

static bool text_left(struct fcall *c)
{
    const char *p = ARG_P(c, 0);
    size_t n = ARG_N(c, 0);
    int64_t count = ARG_I(c, 1);
    if (count < 0)
        count = MAX(0, (int64_t)utf8_length(p, n) + count);
    return return_bytes(c, p, utf8_prefix(p, n, (size_t)count));
}

static bool text_right(struct fcall *c)
{
    const char *p = ARG_P(c, 0);
    size_t n = ARG_N(c, 0);
    int64_t count = ARG_I(c, 1);
    int64_t skip = count < 0 ? -count : (int64_t)utf8_length(p, n) - count;
    size_t at = skip > 0 ? utf8_prefix(p, n, (size_t)skip) : 0;
    return return_bytes(c, p + at, n - at);
}

/* ---- searching ---- */

static bool text_position(struct fcall *c)
{
    const char *p = ARG_P(c, 0);
    if (ARG_N(c, 1) == 0)
        return return_int(c, 1);
    if (ARG_N(c, 0) == 0)
        return return_int(c, 0);
    const char *found = memmem(p, ARG_N(c, 0), ARG_P(c, 1), ARG_N(c, 1));
    return return_int(c, found ? (int64_t)utf8_length(p, (size_t)(found - p)) + 1 : 0);
}

static bool text_replace(struct fcall *c)
{
    const char *p = ARG_P(c, 0), *end = p + ARG_N(c, 0);
    size_t n_from = ARG_N(c, 1);
    const char *found =
        n_from && ARG_N(c, 0) ? memmem(p, (size_t)(end - p), ARG_P(c, 1), n_from) : NULL;
    if (!found) {
        c->result = c->args[0];
        return true;
    }
    struct buf out = BUF_IN(c->arena);
    for (; found; found = memmem(p, (size_t)(end - p), ARG_P(c, 1), n_from)) {
        if (!result_fits(c, out.n + (size_t)(found - p) + ARG_N(c, 2)))
            return false;
        buf_append(&out, p, (size_t)(found - p));
        buf_append(&out, ARG_P(c, 2), ARG_N(c, 2));
        p = found + n_from;
    }
    if (!result_fits(c, out.n + (size_t)(end - p)))
        return false;
    buf_append(&out, p, (size_t)(end - p));
    return return_bytes(c, out.p, out.n);
}

/* How often `separator` (not empty) occurs, without overlap. */
static int64_t count_of(const char *p, size_t n, const char *separator, size_t n_separator)
{
    int64_t count = 0;
    const char *end = p + n;
    while ((p = memmem(p, (size_t)(end - p), separator, n_separator))) {
        count++;
        p += n_separator;
    }
    return count;
}

static bool split_part(struct fcall *c)
{
    const char *p = ARG_P(c, 0), *end = p + ARG_N(c, 0), *separator = ARG_P(c, 1);
    size_t n_separator = ARG_N(c, 1);
    int64_t field = ARG_I(c, 2);
    if (field == 0)
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "field position must not be zero");
    if (p == end)
        return return_bytes(c, "", 0);
    if (n_separator == 0)
        return field == 1 || field == -1 ? return_bytes(c, p, (size_t)(end - p))
                                         : return_bytes(c, "", 0);
    if (field < 0) {
        field += count_of(p, (size_t)(end - p), separator, n_separator) + 2;
        if (field <= 0)
            return return_bytes(c, "", 0);
    }
    for (;;) {
        const char *found = memmem(p, (size_t)(end - p), separator, n_separator);
        if (--field == 0)
            return return_bytes(c, p, (size_t)((found ? found : end) - p));
        if (!found)
            return return_bytes(c, "", 0);
        p = found + n_separator;
    }
}

/* ---- splitting into many ---- */

static void add_part(struct row_list *list, const struct fcall *c, const char *p, size_t n)
{
    bool is_null =
        c->n_args > 2 && !c->args[2].null && c->args[2].n == n && memcmp(c->args[2].p, p, n) == 0;
    struct datum *row = row_list_add(list);
    if (!is_null)
        row[0] = bytes_in(list->arena, p, n);
}

/* string_to_array's rule: no separator (NULL) gives characters, an empty one the whole string. */
static void split_all(struct row_list *list, const struct fcall *c)
{
    const char *p = c->args[0].p, *end = p + c->args[0].n;
    if (p == end)
        return;
    if (c->args[1].null) {
        for (size_t bytes; p < end; p += bytes) {
            bytes = utf8_char_bytes((uint8_t)*p);
            add_part(list, c, p, bytes);
        }
        return;
    }
    const char *separator = c->args[1].p;
    size_t n_separator = c->args[1].n;
    const char *found;
    while (n_separator && (found = memmem(p, (size_t)(end - p), separator, n_separator))) {
        add_part(list, c, p, (size_t)(found - p));
        p = found + n_separator;
    }
    add_part(list, c, p, (size_t)(end - p));
}

static bool string_to_array(struct fcall *c)
{
    if (c->args[0].null)
        return return_null(c);
    struct row_list list = {.n_columns = 1, .arena = c->arena};
    split_all(&list, c);
    c->result = array_build_1d(c->arena, call_type(c, TYPE_TEXT), list.values, (uint32_t)list.n);
    return true;
}

static bool string_to_table(struct fcall *c)
{
    bool is_new;
    struct row_list *list = row_list_of(c, 1, &is_new);
    if (is_new && !c->args[0].null)
        split_all(list, c);
    return row_list_emit(c, list);
}

/* ---- trimming ---- */

/* A set of characters that knows where in its text each occurs first. */
struct charlist {
    int32_t ascii[128]; /* index, or -1 */
    struct listed {
        uint32_t code;
        int32_t index;
    } * others; /* sorted by code, then index */
    size_t n_others;
};

static int compare_listed(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    if (x->code != y->code)
        return x->code < y->code ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static void charlist_make(struct charlist *list, struct arena *arena, const char *text, size_t n)
{
    int32_t index = 0;
    memset(list->ascii, -1, sizeof(list->ascii));
    list->n_others = 0;
    list->others = NULL;
    for (size_t at = 0, bytes; at < n; at += bytes, index++) {
        uint32_t code = utf8_decode(text + at, &bytes);
        if (code < 128) {
            if (list->ascii[code] < 0)
                list->ascii[code] = index;
            continue;
        }
        if (!list->others)
            list->others = ARENA_ARRAY(arena, struct listed, (n - at) / 2 + 1);
        list->others[list->n_others++] = (struct listed){code, index};
    }
    if (list->n_others > 1)
        qsort(list->others, list->n_others, sizeof(struct listed), compare_listed);
}

/* Index of the character in the list, or -1. */
static int32_t charlist_find(const struct charlist *list, uint32_t code)
{
    if (code < 128)
        return list->ascii[code];
    size_t low = 0, high = list->n_others;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (list->others[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->n_others && list->others[low].code == code ? list->others[low].index : -1;
}

static bool trim(struct fcall *c, bool left, bool right)
{
    const char *p = ARG_P(c, 0), *end = p + ARG_N(c, 0);
    struct charlist set;
    size_t bytes;
    if (c->n_args == 1) {
        while (left && p < end && *p == ' ')
            p++;
        while (right && p < end && end[-1] == ' ')
            end--;
        return return_bytes(c, p, (size_t)(end - p));
    }
    charlist_make(&set, c->arena, ARG_P(c, 1), ARG_N(c, 1));
    while (left && p < end && charlist_find(&set, utf8_decode(p, &bytes)) >= 0)
        p += bytes;
    while (right && p < end && charlist_find(&set, utf8_decode(utf8_back(end), &bytes)) >= 0)
        end -= bytes;
    return return_bytes(c, p, (size_t)(end - p));
}
static bool btrim(struct fcall *c)
{
    return trim(c, true, true);
}
static bool ltrim(struct fcall *c)
{
    return trim(c, true, false);
}
static bool rtrim(struct fcall *c)
{
    return trim(c, false, true);
}

/* ---- padding, repeating ---- */

static bool too_long(struct fcall *c)
{
    return err_set(c->err, ERR_PROGRAM_LIMIT_EXCEEDED, "requested length too large");
}

/* Cuts `text` to `length` characters or fills it up with `fill`, over and over. */
static bool pad(struct fcall *c, bool on_the_left)
{
    const char *text = ARG_P(c, 0), *fill = c->n_args > 2 ? ARG_P(c, 2) : " ";
    size_t n = ARG_N(c, 0), n_fill = c->n_args > 2 ? ARG_N(c, 2) : 1;
    int64_t length = MAX(ARG_I(c, 1), 0), have = (int64_t)utf8_length(text, n);
    if (have >= length)
        return return_bytes(c, text, utf8_prefix(text, n, (size_t)length));
    if (n_fill == 0)
        return return_bytes(c, text, n);
    if (length > (int64_t)(RESULT_BYTES_MAX / 4))
        return too_long(c);
    int64_t missing = length - have, fill_chars = (int64_t)utf8_length(fill, n_fill);
    size_t tail = utf8_prefix(fill, n_fill, (size_t)(missing % fill_chars));
    size_t n_pad = (size_t)(missing / fill_chars) * n_fill + tail;
    char *p = result_alloc(c, n + n_pad);
    if (!p)
        return false;
    memcpy(p + (on_the_left ? n_pad : 0), text, n);
    char *at = p + (on_the_left ? 0 : n);
    for (int64_t k = missing / fill_chars; k > 0; k--, at += n_fill)
        memcpy(at, fill, n_fill);
    memcpy(at, fill, tail);
    return return_bytes(c, p, n + n_pad);
}
static bool lpad(struct fcall *c)
{
    return pad(c, true);
}
static bool rpad(struct fcall *c)
{
    return pad(c, false);
}

static bool repeat(struct fcall *c)
{
    size_t n = ARG_N(c, 0);
    uint64_t count = (uint64_t)MAX(ARG_I(c, 1), 0);
    if (n && count > (RESULT_BYTES_MAX) / n)
        return too_long(c);
    size_t total = n * count;
    char *p = result_alloc(c, total);
    if (!p)
        return false;
    if (n == 1)
        memset(p, ARG_P(c, 0)[0], total);
    else
        for (size_t at = 0; at < total; at += n)
            memcpy(p + at, ARG_P(c, 0), n);
    return return_bytes(c, p, total);
}

static bool reverse(struct fcall *c)
{
    size_t n = ARG_N(c, 0);
    const char *text = ARG_P(c, 0);
    char *p = result_alloc(c, n);
    if (!p)
        return false;
    for (size_t at = 0, bytes; at < n; at += bytes) {
        bytes = utf8_char_bytes((uint8_t)text[at]);
        memcpy(p + n - at - bytes, text + at, bytes);
    }
    return return_bytes(c, p, n);
}

static bool translate(struct fcall *c)
{
    const char *text = ARG_P(c, 0), *to = ARG_P(c, 2);
    size_t n = ARG_N(c, 0), n_to = ARG_N(c, 2), n_chars = 0;
    struct buf out = BUF_IN(c->arena);
    struct charlist from;
    uint32_t *offsets = ARENA_ARRAY(c->arena, uint32_t, n_to + 1); /* of each character of `to` */
    charlist_make(&from, c->arena, ARG_P(c, 1), ARG_N(c, 1));
    for (size_t at = 0; at < n_to; at += utf8_char_bytes((uint8_t)to[at]))
        offsets[n_chars++] = (uint32_t)at;
    buf_reserve(&out, n);
    for (size_t at = 0, bytes; at < n; at += bytes) {
        int32_t index = charlist_find(&from, utf8_decode(text + at, &bytes));
        if (index < 0)
            buf_append(&out, text + at, bytes);
        else if ((size_t)index < n_chars)
            buf_append(&out, to + offsets[index], utf8_char_bytes((uint8_t)to[offsets[index]]));
    }
    return result_fits(c, out.n) && return_bytes(c, out.p, out.n);
}

static bool to_hex32(struct fcall *c)
{
    char *text = arena_printf(c->arena, "%x", (uint32_t)ARG_I(c, 0));
    return return_bytes(c, text, strlen(text));
}
static bool to_hex64(struct fcall *c)
{
    char *text = arena_printf(c->arena, "%llx", (unsigned long long)ARG_I(c, 0));
    return return_bytes(c, text, strlen(text));
}

FUNC_TABLE(text_basic_funcs) = {
    {"textlen", text_length},
    {"bpcharlen", blank_length},
    {"textoctetlen", octet_length},
    {"bpcharoctetlen", octet_length},
    {"byteaoctetlen", octet_length},
    {"bit_length(text)", bit_length},
    {"bit_length(bytea)", bit_length},
    {"textcat", text_concat2},
    {"byteacat", text_concat2},
    {"textanycat(text,anynonarray)", any_concat2},
    {"anytextcat(anynonarray,text)", any_concat2},
    {"text_substr", text_substr},
    {"text_substr_no_len", text_substr},
    {"textoverlay", text_overlay},
    {"textoverlay_no_len", text_overlay},
    {"text_left", text_left},
    {"text_right", text_right},
    {"textpos", text_position},
    {"replace_text", text_replace},
    {"split_part", split_part},
    {"text_to_array", string_to_array},
    {"text_to_array_null", string_to_array},
    {"text_to_table", string_to_table},
    {"text_to_table_null", string_to_table},
    {"btrim", btrim},
    {"btrim1", btrim},
    {"ltrim", ltrim},
    {"ltrim1", ltrim},
    {"rtrim", rtrim},
    {"rtrim1", rtrim},
    {"lpad", lpad},
    {"lpad(text,int4)", lpad},
    {"rpad", rpad},
    {"rpad(text,int4)", rpad},
    {"repeat", repeat},
    {"text_reverse", reverse},
    {"translate", translate},
    {"to_hex32", to_hex32},
    {"to_hex64", to_hex64},
    {NULL, NULL},
};
