/* json_slice.c - stepping through a valid JSON text without parsing it.
 *
 * Nothing here recurses: a container's end is found by counting brackets outside of strings. */
#include <string.h>

#include "types/json.h"
#include "types/key.h"

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

/* The byte after a string; `p` is at its opening quote. */
static const char *string_end(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < end ? p + 1 : end;
}

static const char *container_end(const char *p, const char *end)
{
    size_t depth = 0;
    while (p < end) {
        switch (*p) {
        case '"':
            p = string_end(p, end);
            continue;
        case '{':
        case '[':
            depth++;
            break;
        case '}':
        case ']':
            if (--depth == 0)
                return p + 1;
            break;
        default:
            break;
        }
        p++;
    }
    return end;
}

/* The byte after the value that starts at `p`. */
static const char *value_end(const char *p, const char *end)
{
    if (*p == '"')
        return string_end(p, end);
    if (*p == '{' || *p == '[')
        return container_end(p, end);
    while (p < end && *p != ',' && *p != '}' && *p != ']' && *p != ' ' && *p != '\t' &&
           *p != '\n' && *p != '\r')
        p++;
    return p;
}

struct json_slice json_slice(const char *text, size_t n)
{
    struct json_slice slice = {text, text + n};
    slice.p = skip_blanks(slice.p, slice.end);
    while (slice.end > slice.p && is_space(slice.end[-1]))
        slice.end--;
    return slice;
}

enum json_kind json_slice_kind(struct json_slice slice)
{
    if (slice.p == slice.end)
        return JSON_NULL;
    switch (*slice.p) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

struct json_iter json_iter(struct json_slice container)
{
    return (struct json_iter){container.p + 1, container.end - 1, *container.p == '{'};
}

bool json_next(struct json_iter *iter, struct json_slice *key, struct json_slice *value)
{
    const char *p = skip_blanks(iter->p, iter->end);
    if (p >= iter->end)
        return false;
    if (*p == ',')
        p = skip_blanks(p + 1, iter->end);
    if (iter->object) {
        const char *key_end = string_end(p, iter->end);
        if (key)
            *key = (struct json_slice){p, key_end};
        p = skip_blanks(key_end, iter->end) + 1; /* the colon */
        p = skip_blanks(p, iter->end);
    }
    const char *end = value_end(p, iter->end);
    *value = (struct json_slice){p, end};
    iter->p = end;
    return true;
}

static size_t put_code(uint32_t code, char *out)
{
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t k = n; k-- > 1; code >>= 6)
        out[k] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(n == 1 ? code : code | (0xf00u >> n & 0xff));
    return n;
}

static uint32_t hex4(const char *p)
{
    uint32_t code = 0;
    for (int k = 0; k < 4; k++)
        code = code << 4 | (uint32_t)(p[k] <= '9' ? p[k] - '0' : (p[k] | 32) - 'a' + 10);
    return code;
}

struct json_slice json_unescape(struct arena *arena, struct json_slice string)
{
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    const char *p = string.p + 1, *end = string.end - 1;
    if (!memchr(p, '\\', (size_t)(end - p)))
        return (struct json_slice){p, end};
    char *out = arena_alloc(arena, (size_t)(end - p)), *at = out;
    while (p < end) {
        if (*p != '\\') {
            *at++ = *p++;
            continue;
        }
        p++;
        if (*p != 'u') {
            const char *found = strchr(names, *p);
            *at++ = found ? values[found - names] : *p;
            p++;
            continue;
        }
        uint32_t code = hex4(p + 1);
        p += 5;
        if (code >= 0xd800 && code < 0xdc00 && end - p >= 6) {
            code = 0x10000 + ((code & 0x3ff) << 10 | (hex4(p + 2) & 0x3ff));
            p += 6;
        }
        at += put_code(code, at);
    }
    return (struct json_slice){out, at};
}

/* Does the string token say `key`? */
static bool string_is(struct json_slice string, const char *key, size_t n_key)
{
    size_t raw = (size_t)(string.end - string.p) - 2;
    if (!memchr(string.p + 1, '\\', raw))
        return raw == n_key && memcmp(string.p + 1, key, n_key) == 0;
    struct arena *scratch = arena_new("json key");
    struct json_slice plain = json_unescape(scratch, string);
    bool same = (size_t)(plain.end - plain.p) == n_key && memcmp(plain.p, key, n_key) == 0;
    arena_free(scratch);
    return same;
}

bool json_find(struct json_slice object, const char *key, size_t n_key, struct json_slice *value)
{
    struct json_iter iter = json_iter(object);
    struct json_slice name, member;
    bool found = false;
    while (json_next(&iter, &name, &member))
        if (string_is(name, key, n_key)) {
            *value = member;
            found = true;
        }
    return found;
}

uint32_t json_count(struct json_slice container)
{
    struct json_iter iter = json_iter(container);
    struct json_slice value;
    uint32_t n = 0;
    while (json_next(&iter, NULL, &value))
        n++;
    return n;
}

bool json_item(struct json_slice array, int64_t index, struct json_slice *item)
{
    if (index < 0)
        index += json_count(array);
    if (index < 0)
        return false;
    struct json_iter iter = json_iter(array);
    while (json_next(&iter, NULL, item))
        if (index-- == 0)
            return true;
    return false;
}
