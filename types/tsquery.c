/* tsquery.c - the type tsquery. */
#include "types/tsquery.h"

#include <stdlib.h>
#include <string.h>

#include "base/fiber.h"
#include "base/utf8.h"
#include "types/key.h"
#include "types/registry.h"

struct tsquery_node *tsquery_new(struct arena *arena, enum tsquery_op op, struct tsquery_node *left,
                                 struct tsquery_node *right)
{
    struct tsquery_node *node = ARENA_NEW(arena, struct tsquery_node);
    node->op = op;
    node->left = left;
    node->right = right;
    return node;
}

/* ---- input ---- */

struct query_parser {
    struct ts_reader r;
    tsquery_word_fn word;
    void *arg;
};

static void skip_spaces(struct ts_reader *r)
{
    while (r->p < r->end && is_space(*r->p))
        r->p++;
}

static struct tsquery_node *fail(struct ts_reader *r)
{
    ts_syntax_error(r);
    return NULL;
}

static struct tsquery_node *no_operand(struct ts_reader *r)
{
    err_set(r->err, ERR_SYNTAX_ERROR, "no operand in tsquery: \"%.*s\"", (int)r->n_text, r->text);
    return NULL;
}

#define DISTANCE_MAX 16384

bool tsquery_read_phrase(const char **p, const char *end, struct err *err, int32_t *distance,
                         bool *failed)
{
    const char *q = *p;
    int64_t value = 0;
    *failed = false;
    if (q >= end || *q++ != '<')
        return false;
    if (q < end && *q == '-') {
        value = 1;
        q++;
    } else {
        const char *digits = q;
        for (; q < end && *q >= '0' && *q <= '9'; q++)
            value = MIN(value * 10 + (*q - '0'), INT32_MAX);
        if (q == digits)
            return false;
        if (value > DISTANCE_MAX) {
            *failed = true;
            return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                           "distance in phrase operator must be an integer value between zero and "
                           "%d inclusive",
                           DISTANCE_MAX);
        }
    }
    if (q >= end || *q != '>')
        return false;
    *p = q + 1;
    *distance = (int32_t)value;
    return true;
}

static void read_flags(struct ts_reader *r, uint8_t *weights, bool *prefix)
{
    if (r->p >= r->end || *r->p != ':')
        return;
    for (r->p++; r->p < r->end; r->p++) {
        int weight = ts_weight_of(*r->p);
        if (*r->p == '*')
            *prefix = true;
        else if (weight >= 0)
            *weights |= (uint8_t)(1 << weight);
        else
            return;
    }
}

static struct tsquery_node *read_operand(struct query_parser *p)
{
    struct buf word = BUF_IN(p->r.arena);
    uint8_t weights = 0;
    bool prefix = false, failed;
    if (!ts_read_word(&p->r, &word, &failed))
        return NULL;
    read_flags(&p->r, &weights, &prefix);
    if (p->word)
        return p->word(p->arg, word.p, word.n, weights, prefix);
    if (word.n > TS_LEXEME_BYTES_MAX) {
        err_set(p->r.err, ERR_INVALID_PARAMETER_VALUE, "word is too long in tsquery: \"%.*s\"",
                (int)p->r.n_text, p->r.text);
        return NULL;
    }
    struct tsquery_node *node = tsquery_new(p->r.arena, TSQUERY_WORD, NULL, NULL);
    node->text = word.p;
    node->n = (uint32_t)word.n;
    node->weights = weights;
    node->prefix = prefix;
    return node;
}

static struct tsquery_node *parse_query(struct query_parser *p, int priority, bool in_parentheses);

static struct tsquery_node *parse_primary(struct query_parser *p, bool first, bool in_parentheses)
{
    struct ts_reader *r = &p->r;
    if (!stack_check(r->err))
        return NULL;
    skip_spaces(r);
    if (r->p >= r->end)
        return in_parentheses && !first ? fail(r) : no_operand(r);
    if (*r->p == '!') {
        r->p++;
        struct tsquery_node *operand = parse_primary(p, false, in_parentheses);
        return operand ? tsquery_new(r->arena, TSQUERY_NOT, NULL, operand) : NULL;
    }
    if (*r->p == '(') {
        r->p++;
        struct tsquery_node *inner = parse_query(p, TSQUERY_OR, true);
        if (!inner)
            return NULL;
        skip_spaces(r);
        if (r->p >= r->end || *r->p != ')')
            return fail(r);
        r->p++;
        return inner;
    }
    return *r->p == ':' ? fail(r) : read_operand(p);
}

/* The operator at the current place; TSQUERY_WORD: none. */
static bool peek_operator(struct query_parser *p, enum tsquery_op *op, int32_t *distance,
                          const char **after)
{
    struct ts_reader *r = &p->r;
    bool failed = false;
    skip_spaces(r);
    *op = TSQUERY_WORD;
    *after = r->p;
    if (r->p >= r->end)
        return true;
    if (*r->p == '|' || *r->p == '&') {
        *op = *r->p == '|' ? TSQUERY_OR : TSQUERY_AND;
        ++*after;
    } else if (tsquery_read_phrase(after, r->end, r->err, distance, &failed)) {
        *op = TSQUERY_PHRASE;
    }
    return !failed;
}

static struct tsquery_node *parse_query(struct query_parser *p, int priority, bool in_parentheses)
{
    struct tsquery_node *left = parse_primary(p, true, in_parentheses);
    while (left) {
        enum tsquery_op op;
        int32_t distance = 0;
        const char *after;
        if (!peek_operator(p, &op, &distance, &after))
            return NULL;
        if (op == TSQUERY_WORD || (int)op < priority)
            return left;
        p->r.p = after;
        struct tsquery_node *right = parse_query(p, (int)op + 1, in_parentheses);
        left = right ? tsquery_new(p->r.arena, op, left, right) : NULL;
        if (left)
            left->distance = distance;
    }
    return NULL;
}

bool tsquery_parse(struct arena *arena, struct err *err, const char *text, size_t n,
                   tsquery_word_fn word, void *arg, struct tsquery_node **root)
{
    struct query_parser p = {.r = {.text = text,
                                   .n_text = n,
                                   .p = text,
                                   .end = text + n,
                                   .arena = arena,
                                   .err = err,
                                   .query = true,
                                   .type_name = "tsquery"},
                             .word = word,
                             .arg = arg};
    *root = NULL;
    skip_spaces(&p.r);
    if (p.r.p >= p.r.end)
        return true;
    *root = parse_query(&p, TSQUERY_OR, false);
    if (!*root)
        return false;
    skip_spaces(&p.r);
    return p.r.p >= p.r.end || ts_syntax_error(&p.r);
}

struct tsquery_node *tsquery_of(struct arena *arena, const struct datum *value)
{
    struct err ignored = ERR_IN(arena);
    struct tsquery_node *root = NULL;
    return tsquery_parse(arena, &ignored, value->p, value->n, NULL, NULL, &root) ? root : NULL;
}

/* ---- output ---- */

static void print_word(const struct tsquery_node *node, struct buf *out)
{
    buf_putc(out, '\'');
    for (uint32_t k = 0; k < node->n; k++) {
        if (node->text[k] == '\'' || node->text[k] == '\\')
            buf_putc(out, node->text[k]);
        buf_putc(out, node->text[k]);
    }
    buf_putc(out, '\'');
    if (!node->weights && !node->prefix)
        return;
    buf_putc(out, ':');
    if (node->prefix)
        buf_putc(out, '*');
    for (int weight = TS_WEIGHT_A; weight >= TS_WEIGHT_D; weight--)
        if (node->weights & 1 << weight)
            buf_putc(out, "DCBA"[weight]);
}

static void print(const struct tsquery_node *node, enum tsquery_op parent, bool right_of_phrase,
                  struct buf *out)
{
    if (node->op == TSQUERY_WORD || node->op == TSQUERY_STOP) {
        print_word(node, out);
        return;
    }
    bool bracket = node->op < parent || (node->op == TSQUERY_PHRASE && right_of_phrase);
    if (bracket)
        buf_puts(out, "( ");
    if (node->op == TSQUERY_NOT) {
        buf_putc(out, '!');
    } else {
        print(node->left, node->op, false, out);
        if (node->op == TSQUERY_PHRASE && node->distance != 1)
            buf_printf(out, " <%d> ", (int)node->distance);
        else
            buf_puts(out, node->op == TSQUERY_OR    ? " | "
                          : node->op == TSQUERY_AND ? " & "
                                                    : " <-> ");
    }
    print(node->right, node->op, node->op == TSQUERY_PHRASE, out);
    if (bracket)
        buf_puts(out, " )");
}

void tsquery_print(const struct tsquery_node *root, struct buf *out)
{
    if (root)
        print(root, TSQUERY_WORD, false, out);
}

struct datum tsquery_datum(struct arena *arena, const struct tsquery_node *root)
{
    struct buf out = BUF_IN(arena);
    tsquery_print(root, &out);
    return datum_bytes(out.p ? out.p : "", out.n);
}

uint32_t tsquery_count(const struct tsquery_node *root)
{
    return root ? 1 + tsquery_count(root->left) + tsquery_count(root->right) : 0;
}

/* ---- order: number of nodes, bytes of the binary form, then node by node ---- */

static uint32_t text_bytes(const struct tsquery_node *root)
{
    if (!root)
        return 0;
    return (root->op == TSQUERY_WORD ? root->n + 1 : 0) + text_bytes(root->left) +
           text_bytes(root->right);
}

/* CRC-32's table with the shifts of the unreflected form. */
int32_t tsquery_word_crc(const struct tsquery_node *word)
{
    uint32_t crc = UINT32_MAX;
    for (size_t k = 0; k < word->n; k++) {
        uint32_t entry = (crc >> 24) ^ (uint8_t)word->text[k];
        for (int bit = 0; bit < 8; bit++)
            entry = entry & 1 ? entry >> 1 ^ 0xedb88320u : entry >> 1;
        crc = entry ^ crc << 8;
    }
    return (int32_t)~crc;
}

int tsquery_compare_words(const struct tsquery_node *a, const struct tsquery_node *b)
{
    int32_t crc_a = tsquery_word_crc(a), crc_b = tsquery_word_crc(b);
    if (crc_a != crc_b)
        return crc_a > crc_b ? -1 : 1;
    return cmp_bytes(a->text, a->n, b->text, b->n);
}

static int compare_nodes(const struct tsquery_node *a, const struct tsquery_node *b)
{
    /* PostgreSQL's numbers: NOT 1, AND 2, OR 3, PHRASE 4; words come after operators. */
    static const int rank[] = {[TSQUERY_WORD] = 0, [TSQUERY_STOP] = 0, [TSQUERY_NOT] = 1,
                               [TSQUERY_AND] = 2,  [TSQUERY_OR] = 3,   [TSQUERY_PHRASE] = 4};
    if (!a || !b)
        return (a == NULL) - (b == NULL);
    if (rank[a->op] != rank[b->op])
        return rank[a->op] > rank[b->op] ? -1 : 1;
    if (a->op == TSQUERY_WORD)
        return tsquery_compare_words(a, b);
    int order = compare_nodes(a->right, b->right); /* PostgreSQL keeps it first */
    if (!order)
        order = compare_nodes(a->left, b->left);
    if (!order && a->distance != b->distance)
        order = a->distance > b->distance ? -1 : 1;
    return order;
}

int tsquery_compare(const struct tsquery_node *a, const struct tsquery_node *b)
{
    uint32_t n_a = tsquery_count(a), n_b = tsquery_count(b);
    if (n_a != n_b)
        return cmp_u64(n_a, n_b);
    int order = cmp_u64(text_bytes(a), text_bytes(b));
    return order ? order : compare_nodes(a, b);
}

static int query_cmp(const struct type *type, const struct datum *a, const struct datum *b)
{
    struct arena *scratch = arena_new("tsquery order");
    int order = tsquery_compare(tsquery_of(scratch, a), tsquery_of(scratch, b));
    arena_free(scratch);
    return order;
}

static void put_node_key(const struct tsquery_node *node, struct buf *out)
{
    static const char rank[] = {[TSQUERY_WORD] = 9, [TSQUERY_STOP] = 9, [TSQUERY_NOT] = 8,
                                [TSQUERY_AND] = 7,  [TSQUERY_OR] = 6,   [TSQUERY_PHRASE] = 5};
    if (!node) {
        buf_putc(out, 0);
        return;
    }
    buf_putc(out, rank[node->op]);
    if (node->op == TSQUERY_WORD) {
        buf_put_u32(out, ~((uint32_t)tsquery_word_crc(node) ^ 0x80000000u));
        key_put_bytes(out, node->text, node->n);
        return;
    }
    put_node_key(node->right, out);
    put_node_key(node->left, out);
    buf_put_u32(out, ~(uint32_t)node->distance);
}

static void query_key(const struct type *type, const struct datum *value, struct buf *out)
{
    struct arena *scratch = arena_new("tsquery key");
    const struct tsquery_node *root = tsquery_of(scratch, value);
    buf_put_u32(out, tsquery_count(root));
    buf_put_u32(out, text_bytes(root));
    put_node_key(root, out);
    arena_free(scratch);
}

/* ---- type operations ---- */

static bool query_in(const struct type_io *io, const char *text, size_t n, struct datum *out)
{
    struct tsquery_node *root;
    if (!tsquery_parse(io->arena, io->err, text, n, NULL, NULL, &root))
        return false;
    *out = tsquery_datum(io->arena, root);
    return true;
}

static bool query_out(const struct type_io *io, const struct datum *value, struct buf *out)
{
    buf_append(out, value->p, value->n);
    return true;
}

/* Number of nodes, then each in prefix order, the right operand first. */
static void send_node(const struct tsquery_node *node, struct buf *out)
{
    if (!node)
        return;
    if (node->op == TSQUERY_WORD) {
        buf_putc(out, 1);
        buf_putc(out, (char)node->weights);
        buf_putc(out, node->prefix);
        buf_append(out, node->text, node->n);
        buf_putc(out, '\0');
        return;
    }
    buf_putc(out, 2);
    buf_putc(out, node->op == TSQUERY_NOT   ? 1
                  : node->op == TSQUERY_AND ? 2
                  : node->op == TSQUERY_OR  ? 3
                                            : 4);
    if (node->op == TSQUERY_PHRASE)
        buf_put_u16(out, (uint16_t)node->distance);
    send_node(node->right, out);
    send_node(node->left, out);
}

static bool query_send(const struct type_io *io, const struct datum *value, struct buf *out)
{
    const struct tsquery_node *root = tsquery_of(io->arena, value);
    buf_put_u32(out, tsquery_count(root));
    send_node(root, out);
    return true;
}

struct wire {
    const struct type_io *io;
    const uint8_t *p, *end;
};

static struct tsquery_node *recv_word(struct wire *w)
{
    struct tsquery_node *node = tsquery_new(w->io->arena, TSQUERY_WORD, NULL, NULL);
    const uint8_t *zero =
        w->end - w->p >= 3 ? memchr(w->p + 2, 0, (size_t)(w->end - w->p - 2)) : NULL;
    if (!zero) {
        recv_short(w->io);
        return NULL;
    }
    node->weights = w->p[0] & 15;
    node->prefix = w->p[1];
    node->text = (const char *)w->p + 2;
    node->n = (uint32_t)(zero - w->p - 2);
    if (!utf8_check(node->text, node->n, w->io->err))
        return NULL;
    w->p = zero + 1;
    return node;
}

static struct tsquery_node *recv_node(struct wire *w)
{
    static const enum tsquery_op ops[] = {TSQUERY_NOT, TSQUERY_AND, TSQUERY_OR, TSQUERY_PHRASE};
    if (!stack_check(w->io->err))
        return NULL;
    if (w->end - w->p < 2) {
        recv_short(w->io);
        return NULL;
    }
    uint8_t kind = *w->p++;
    if (kind == 1)
        return recv_word(w);
    uint8_t op = *w->p++;
    if (kind != 2 || op < 1 || op > 4) {
        err_set(w->io->err, ERR_INTERNAL_ERROR, "unrecognized tsquery node type: %d", kind);
        return NULL;
    }
    struct tsquery_node *node = tsquery_new(w->io->arena, ops[op - 1], NULL, NULL);
    if (op == 4) {
        if (w->end - w->p < 2) {
            recv_short(w->io);
            return NULL;
        }
        node->distance = get_u16(w->p);
        w->p += 2;
    }
    node->right = recv_node(w);
    if (node->right && op != 1)
        node->left = recv_node(w);
    return node->right && (op == 1 || node->left) ? node : NULL;
}

static bool query_recv(const struct type_io *io, const uint8_t *bytes, size_t n, struct datum *out)
{
    struct wire w = {io, bytes + 4, bytes + n};
    struct tsquery_node *root = NULL;
    if (n < 4)
        return recv_short(io);
    if (get_u32(bytes) && !(root = recv_node(&w)))
        return false;
    if (w.p != w.end)
        return recv_excess(io);
    *out = tsquery_datum(io->arena, root);
    return true;
}

static const struct type_ops query_type_ops = {
    .name = "tsquery",
    .storage = STORAGE_TEXT,
    .in = query_in,
    .out = query_out,
    .recv = query_recv,
    .send = query_send,
    .cmp = query_cmp,
    .key = query_key,
};

extern const struct type_ops_entry tsquery_type_ops[];
const struct type_ops_entry tsquery_type_ops[] = {
    {TYPE_TSQUERY, &query_type_ops},
    {0, NULL},
};
