/* copy_write.c - rows of COPY ... TO. */
#include <string.h>

#include "pgwire/copy.h"

static const char binary_signature[11] = {'P',  'G',        'C',  'O',  'P', 'Y',
                                          '\n', (char)0xff, '\r', '\n', 0};

struct copy_options copy_defaults(enum copy_format format)
{
    bool csv = format == COPY_FORMAT_CSV;
    return (struct copy_options){.format = format,
                                 .delimiter = csv ? ',' : '\t',
                                 .quote = '"',
                                 .escape = '"',
                                 .null_text = csv ? "" : "\\N",
                                 .null_bytes = csv ? 0 : 2};
}

static void put_text(struct buf *out, const struct copy_options *options, const char *p, size_t n)
{
    static const char letters[] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['\v'] = 'v'};
    const char *plain = p, *end = p + n;
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        char letter = c < sizeof(letters) ? letters[c] : 0;
        if (!letter && c != '\\' && (char)c != options->delimiter)
            continue;
        buf_append(out, plain, (size_t)(p - plain));
        buf_putc(out, '\\');
        if (letter) {
            buf_putc(out, letter);
            plain = p + 1;
        } else {
            plain = p;
        }
    }
    buf_append(out, plain, (size_t)(end - plain));
}

static bool csv_needs_quotes(const struct copy_options *options, const char *p, size_t n)
{
    if (n == options->null_bytes && memcmp(p, options->null_text, n) == 0)
        return true;
    if (options->n_columns == 1 && n == 2 && memcmp(p, "\\.", 2) == 0)
        return true;
    for (size_t i = 0; i < n; i++)
        if (p[i] == options->delimiter || p[i] == options->quote || p[i] == '\n' || p[i] == '\r')
            return true;
    return false;
}

static void put_csv(struct buf *out, const struct copy_options *options, const char *p, size_t n,
                    bool force)
{
    if (!force && !csv_needs_quotes(options, p, n)) {
        buf_append(out, p, n);
        return;
    }
    buf_putc(out, options->quote);
    for (size_t i = 0; i < n; i++) {
        if (p[i] == options->quote || p[i] == options->escape)
            buf_putc(out, options->escape);
        buf_putc(out, p[i]);
    }
    buf_putc(out, options->quote);
}

void copy_write_start(struct buf *out, const struct copy_options *options)
{
    if (options->format == COPY_FORMAT_BINARY) {
        buf_append(out, binary_signature, sizeof(binary_signature));
        buf_put_u32(out, 0);
        buf_put_u32(out, 0);
        return;
    }
    if (options->header == COPY_HEADER_OFF)
        return;
    for (uint16_t i = 0; i < options->n_columns; i++) {
        const char *name = options->column_names[i];
        if (i)
            buf_putc(out, options->delimiter);
        if (options->format == COPY_FORMAT_CSV)
            put_csv(out, options, name, strlen(name), false);
        else
            put_text(out, options, name, strlen(name));
    }
    buf_putc(out, '\n');
}

void copy_write_row_start(struct buf *out, const struct copy_options *options)
{
    if (options->format == COPY_FORMAT_BINARY)
        buf_put_u16(out, options->n_columns);
}

void copy_write_field(struct buf *out, const struct copy_options *options, uint16_t index,
                      const char *value, size_t n)
{
    if (options->format == COPY_FORMAT_BINARY) {
        buf_put_u32(out, value ? (uint32_t)n : UINT32_MAX);
        if (value)
            buf_append(out, value, n);
        return;
    }
    if (index)
        buf_putc(out, options->delimiter);
    if (!value)
        buf_append(out, options->null_text, options->null_bytes);
    else if (options->format == COPY_FORMAT_CSV)
        put_csv(out, options, value, n, options->force_quote && options->force_quote[index]);
    else
        put_text(out, options, value, n);
}

void copy_write_row_end(struct buf *out, const struct copy_options *options)
{
    if (options->format != COPY_FORMAT_BINARY)
        buf_putc(out, '\n');
}

void copy_write_end(struct buf *out, const struct copy_options *options)
{
    if (options->format == COPY_FORMAT_BINARY)
        buf_put_u16(out, 0xffff);
}
