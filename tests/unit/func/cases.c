/* cases.c - see cases.h. */
#include "tests/unit/func/cases.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "func/func.h"
#include "types/array.h"
#include "types/key.h"
#include "types/record.h"
#include "types/registry.h"
#include "types/timezone.h"

#define MAX_CELLS 64
#define MAX_SHOWN 60

struct proc {
    const char *name;
    uint32_t result_oid;
    bool strict, set;
    const char *source;
    const char *all_types, *modes, *arg_names;
};

struct bench { /* what all cases share */
    struct arena *arena;
    struct imap *types;
    struct map *type_names, *procs;
    uint32_t next_oid;
    struct settings settings; /* of the file being run */
    struct env env;
};

static struct bench bench;

/* ---- facts ---- */

static char *read_file(struct arena *arena, const char *path)
{
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    struct buf text = BUF_IN(arena);
    char chunk[8192];
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
        buf_append(&text, chunk, n);
    fclose(f);
    return buf_cstr(&text);
}

/* Cuts at `stop`; returns the rest or NULL at the end. */
static char *cut(char *text, char stop)
{
    char *end = strchr(text, stop);
    if (!end)
        return NULL;
    *end = '\0';
    return end + 1;
}

static int split(char *line, char **cells)
{
    int n = 0;
    for (; line && n < MAX_CELLS; line = cells[n - 1] ? cut(cells[n - 1], '\t') : NULL)
        cells[n++] = line;
    return n;
}

static void add_type(struct type *type)
{
    imap_put(bench.types, type->oid, type);
    map_put(bench.type_names, type->name, strlen(type->name), type);
}

static const struct type *type_by_oid(const struct env *env, uint32_t oid)
{
    return imap_get(bench.types, oid);
}

static const struct type *type_named(const char *name)
{
    const struct type *type = map_get(bench.type_names, name, strlen(name));
    ck_assert_msg(type != NULL, "no type %s", name);
    return type;
}

static const struct type_ops *ops_of(const struct type *type)
{
    const struct type_ops *ops = type_ops_builtin(type->oid);
    if (ops)
        return ops;
    if (type->category == 'A')
        return &array_ops;
    return type->kind == 'r'   ? &range_ops
           : type->kind == 'm' ? &multirange_ops
           : type->kind == 'c' ? &record_ops
                               : &unsupported_ops;
}

static void load_types(void)
{
    char *cells[MAX_CELLS], *line = cut(read_file(bench.arena, "catalog/data/type.tsv"), '\n');
    for (char *next; line && *line; line = next) {
        next = cut(line, '\n');
        split(line, cells);
        struct type *type = ARENA_NEW(bench.arena, struct type);
        type->oid = (uint32_t)strtoul(cells[0], NULL, 10);
        type->name = cells[1];
        type->namespace_oid = NAMESPACE_PG_CATALOG;
        type->len = (int16_t)strtol(cells[3], NULL, 10);
        type->by_value = *cells[4] == 't';
        type->kind = *cells[5];
        type->category = *cells[6];
        type->preferred = *cells[7] == 't';
        type->delim = *cells[9];
        type->elem_oid = (uint32_t)strtoul(cells[12], NULL, 10);
        type->array_oid = (uint32_t)strtoul(cells[13], NULL, 10);
        type->ops = ops_of(type);
        add_type(type);
    }
    size_t at = 0;
    uint64_t key;
    for (void *value; imap_next(bench.types, &at, &key, &value);) {
        struct type *type = value;
        type->elem = type->elem_oid ? imap_get(bench.types, type->elem_oid) : NULL;
    }
    for (const struct range_triple *triple = range_triples; triple->range_oid; triple++) {
        struct type *range = imap_get(bench.types, triple->range_oid),
                    *multirange = imap_get(bench.types, triple->multirange_oid);
        range->elem = imap_get(bench.types, triple->subtype_oid);
        multirange->elem = range;
    }
}

static const char *type_list(char *oids)
{
    struct buf out = BUF_IN(bench.arena);
    for (char *oid = oids, *next; oid && *oid; oid = next) {
        next = cut(oid, ' ');
        const struct type *type = type_by_oid(NULL, (uint32_t)strtoul(oid, NULL, 10));
        buf_printf(&out, "%s%s", out.n ? "," : "", type ? type->name : "?");
    }
    return buf_cstr(&out);
}

static void load_procs(void)
{
    char *cells[MAX_CELLS], *line = cut(read_file(bench.arena, "catalog/data/proc.tsv"), '\n');
    for (char *next; line && *line; line = next) {
        next = cut(line, '\n');
        split(line, cells);
        struct proc *proc = ARENA_NEW(bench.arena, struct proc);
        proc->name = cells[1];
        proc->strict = *cells[9] == 't';
        proc->set = *cells[10] == 't';
        proc->result_oid = (uint32_t)strtoul(cells[15], NULL, 10);
        proc->all_types = cells[17];
        proc->modes = cells[18];
        proc->source = cells[21];
        const char *key = arena_printf(bench.arena, "%s(%s)", proc->name, type_list(cells[16]));
        map_put(bench.procs, key, strlen(key), proc);
    }
}

static void bench_open(void)
{
    if (bench.arena)
        return;
    bench.arena = arena_new("cases");
    bench.types = imap_new();
    bench.type_names = map_new();
    bench.procs = map_new();
    bench.next_oid = FIRST_USER_OID;
    bench.env =
        (struct env){.settings = &bench.settings, .arena = bench.arena, .type = type_by_oid};
    load_types();
    load_procs();
}

/* `type name a:int4,b:text`: a composite and its array. */
static void define_type(const char *name, char *fields)
{
    struct type *type = ARENA_NEW(bench.arena, struct type),
                *array = ARENA_NEW(bench.arena, struct type);
    VEC(struct attribute) attributes = {0};
    for (char *next; fields; fields = next) {
        next = cut(fields, ',');
        char *type_name = cut(fields, ':');
        struct attribute a = {.name = arena_strdup(bench.arena, fields),
                              .type_oid = type_named(type_name)->oid,
                              .typmod = -1};
        a.attnum = (int16_t)(attributes.n + 1);
        VEC_PUSH(bench.arena, &attributes, a);
    }
    *type = (struct type){.oid = bench.next_oid++,
                          .name = arena_strdup(bench.arena, name),
                          .kind = 'c',
                          .category = 'C',
                          .len = -1,
                          .delim = ',',
                          .ops = &record_ops,
                          .attributes = attributes.items,
                          .n_attributes = (uint32_t)attributes.n,
                          .rel_oid = 1};
    *array = (struct type){.oid = bench.next_oid++,
                           .name = arena_printf(bench.arena, "_%s", name),
                           .kind = 'b',
                           .category = 'A',
                           .len = -1,
                           .delim = ',',
                           .ops = &array_ops,
                           .elem_oid = type->oid,
                           .elem = type};
    type->array_oid = array->oid;
    add_type(type);
    add_type(array);
}

static int index_of(const char *const *names, int n, const char *name)
{
    for (int k = 0; k < n; k++)
        if (strcmp(names[k], name) == 0)
            return k;
    ck_abort_msg("no such setting: %s", name);
    return -1;
}

/* `set DateStyle SQL, DMY`: for the cases below. */
static void change_setting(const char *name, char *value)
{
    static const char *const styles[] = {"ISO", "SQL", "Postgres", "German"}, *const orders[] = {
                                                                                  "MDY", "DMY",
                                                                                  "YMD"};
    static const char *const interval_styles[] = {"postgres", "postgres_verbose", "sql_standard",
                                                  "iso_8601"};
    struct settings *s = &bench.settings;
    if (strcmp(name, "DateStyle") == 0) {
        char *order = cut(value, ',');
        s->date_style = (enum date_style)index_of(styles, 4, value);
        s->date_order = (enum date_order)index_of(orders, 3, order + 1);
    } else if (strcmp(name, "IntervalStyle") == 0) {
        s->interval_style = (enum interval_style)index_of(interval_styles, 4, value);
    } else {
        ck_assert_str_eq(name, "TimeZone");
        s->timezone = timezone_from_setting(value);
        ck_assert_ptr_nonnull(s->timezone);
    }
}

/* ---- one case ---- */

struct run {
    struct arena *arena;
    struct err err;
    struct buf out; /* what we answer */
};

static char *unescape(struct arena *arena, const char *cell)
{
    struct buf out = BUF_IN(arena);
    for (; *cell; cell++) {
        if (*cell == '\\' && cell[1]) {
            cell++;
            buf_putc(&out, *cell == 't' ? '\t' : *cell == 'n' ? '\n' : *cell == 'r' ? '\r' : *cell);
        } else {
            buf_putc(&out, *cell);
        }
    }
    return buf_cstr(&out);
}

static struct type_io io_of(struct run *run, const struct type *type)
{
    return (struct type_io){.arena = run->arena,
                            .err = &run->err,
                            .type = type,
                            .typmod = -1,
                            .settings = &bench.settings,
                            .env = &bench.env};
}

static bool is_polymorphic(const struct type *type)
{
    return type->kind == 'p' && strncmp(type->name, "any", 3) == 0;
}

/* Reads a cell as a value; *type is the declared type and becomes the actual one. */
static bool read_value(struct run *run, const char *cell, const struct type **type,
                       struct datum *value)
{
    if (*cell == '@' && strchr(cell + 1, '@')) {
        char *name = arena_strdup(run->arena, cell + 1);
        cell = cut(name, '@');
        *type = type_named(name);
    } else if (is_polymorphic(*type)) {
        *type = type_named("text");
    }
    if (strcmp(cell, "\\N") == 0) {
        *value = datum_null();
        return true;
    }
    const char *text = unescape(run->arena, cell);
    struct type_io io = io_of(run, *type);
    return type_in(&io, text, strlen(text), value);
}

static bool show_value(struct run *run, const struct type *type, const struct datum *value)
{
    struct type_io io = io_of(run, type);
    if (value->null)
        buf_puts(&run->out, "<NULL>");
    else if (type->oid == TYPE_VOID)
        return true;
    else
        return type_out(&io, value, &run->out);
    return true;
}

/* Values survive store and load, and send and receive. */
static bool check_round_trips(struct run *run, const struct type *type, const struct datum *value)
{
    struct buf before = BUF_IN(run->arena), after = BUF_IN(run->arena), wire = BUF_IN(run->arena);
    struct type_io io = io_of(run, type);
    struct stored stored;
    struct datum again;
    if (!type_out(&io, value, &before) || !type_store(&io, value, &stored) ||
        !type_load(&io, &stored, &again) || !type_out(&io, &again, &after))
        return false;
    if (before.n != after.n || (after.n && memcmp(before.p, after.p, after.n) != 0))
        return err_set(&run->err, "XXXXX", "store and load changed %s", buf_cstr(&before));
    if (!type->ops->send || !type->ops->recv)
        return true;
    after.n = 0;
    if (!type->ops->send(&io, value, &wire) ||
        !type->ops->recv(&io, (uint8_t *)wire.p, wire.n, &again) || !type_out(&io, &again, &after))
        return false;
    if (before.n != after.n || (after.n && memcmp(before.p, after.p, after.n) != 0))
        return err_set(&run->err, "XXXXX", "send and receive changed %s to %s", buf_cstr(&before),
                       buf_cstr(&after));
    return true;
}

static bool run_in_out(struct run *run, const char *type_name, char **args)
{
    const struct type *type = type_named(type_name);
    struct datum value;
    if (!read_value(run, args[0], &type, &value) || !check_round_trips(run, type, &value))
        return false;
    return show_value(run, type, &value);
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static bool run_cmp(struct run *run, const char *type_name, char **args)
{
    const struct type *type = type_named(type_name);
    struct datum a, b;
    if (!read_value(run, args[0], &type, &a) || !read_value(run, args[1], &type, &b))
        return false;
    int order = sign(type->ops->cmp(type, &a, &b));
    struct buf key_a = BUF_IN(run->arena), key_b = BUF_IN(run->arena);
    type->ops->key(type, &a, &key_a);
    type->ops->key(type, &b, &key_b);
    int key_order = sign(cmp_bytes(key_a.p, key_a.n, key_b.p, key_b.n));
    if (key_order != order)
        return err_set(&run->err, "XXXXX", "cmp says %d and the keys say %d", order, key_order);
    buf_printf(&run->out, "%d", order);
    return true;
}

static bool run_send(struct run *run, const char *type_name, char **args)
{
    const struct type *type = type_named(type_name);
    struct datum value;
    struct buf wire = BUF_IN(run->arena);
    struct type_io io = io_of(run, type);
    if (!read_value(run, args[0], &type, &value) || !type->ops->send(&io, &value, &wire))
        return false;
    for (size_t k = 0; k < wire.n; k++)
        buf_printf(&run->out, "%02x", (uint8_t)wire.p[k]);
    return true;
}

struct call { /* a parsed key with its arguments */
    struct fcall c;
    const char *key;
    const struct proc *proc;
    const struct type *types[MAX_CELLS];
    struct datum args[MAX_CELLS];
    int n_declared;
    const struct type *declared[MAX_CELLS];
    const struct type *columns[MAX_CELLS];
    const char *column_names[MAX_CELLS];
    void *site;
    bool done;
};

static void parse_key(struct run *run, struct call *call, const char *key)
{
    call->key = key;
    call->proc = map_get(bench.procs, key, strlen(key));
    ck_assert_msg(call->proc != NULL, "no function %s", key);
    char *list = arena_strdup(run->arena, strchr(key, '(') + 1);
    cut(list, ')');
    for (char *next; list && *list; list = next) {
        next = cut(list, ',');
        call->declared[call->n_declared++] = type_named(list);
    }
}

static void take_columns(struct run *run, struct call *call, char *list)
{
    for (char *next; list && *list; list = next) {
        next = cut(list, ',');
        char *type_name = cut(list, ':');
        call->column_names[call->c.n_columns] = list;
        call->columns[call->c.n_columns++] = type_named(type_name);
    }
}

/* The OUT columns that pg_proc declares. */
static void take_out_columns(struct run *run, struct call *call)
{
    char *types = arena_strdup(run->arena, call->proc->all_types), *next;
    const char *mode = call->proc->modes;
    if (*types == '\\')
        return;
    for (mode++, types++; types && *types; types = next, mode += 2) { /* {25,23} and {i,o} */
        next = cut(types, ',');
        if (*mode == 'o' || *mode == 't' || *mode == 'b')
            call->columns[call->c.n_columns++] =
                type_by_oid(NULL, (uint32_t)strtoul(types, NULL, 10));
    }
}

/* anyrange, anymultirange and anyelement, from an argument of one of the first two. */
static const struct type *resolve_range(const struct type *result, const struct type *actual)
{
    const struct type *range = actual->kind == 'm' ? actual->elem : actual;
    if (result->oid == TYPE_ANYELEMENT)
        return range->elem;
    if (result->oid == TYPE_ANYRANGE)
        return range;
    for (const struct range_triple *triple = range_triples; triple->range_oid; triple++)
        if (triple->range_oid == range->oid)
            return type_by_oid(NULL, triple->multirange_oid);
    return result;
}

static void resolve_result(struct call *call)
{
    const struct type *result = type_by_oid(NULL, call->proc->result_oid);
    for (int k = 0; is_polymorphic(result) && k < call->n_declared; k++)
        if (call->types[k]->kind == 'r' || call->types[k]->kind == 'm')
            result = resolve_range(result, call->types[k]);
    for (int k = 0; is_polymorphic(result) && k < call->n_declared; k++) {
        const struct type *declared = call->declared[k], *actual = call->types[k];
        if (!is_polymorphic(declared))
            continue;
        bool is_array = actual->elem_oid && actual->category == 'A';
        bool want_array = strstr(result->name, "array") && !strstr(result->name, "nonarray");
        bool from_array = strstr(declared->name, "array") && !strstr(declared->name, "nonarray");
        result = want_array == from_array ? actual
                 : want_array             ? type_by_oid(NULL, actual->array_oid)
                 : is_array               ? actual->elem
                                          : actual;
    }
    call->c.result_type = result;
    if (result->kind == 'c' && call->c.n_columns == 0)
        for (uint32_t k = 0; k < result->n_attributes; k++) {
            call->columns[call->c.n_columns] = type_by_oid(NULL, result->attributes[k].type_oid);
            call->column_names[call->c.n_columns++] = result->attributes[k].name;
        }
}

static bool show_row(struct run *run, struct call *call)
{
    for (int k = 0; k < call->c.n_columns; k++) {
        if (k)
            buf_putc(&run->out, '|');
        if (!show_value(run, call->columns[k], &call->c.row[k]))
            return false;
    }
    return true;
}

/* A row value as its columns, as `SELECT t.*` shows it. */
static bool show_record(struct run *run, struct call *call)
{
    struct datum fields[MAX_CELLS];
    if (call->c.result.null) {
        for (int k = 0; k < call->c.n_columns; k++)
            fields[k] = datum_null();
    } else {
        for (int k = 0; k < call->c.n_columns; k++)
            fields[k] = record_field(&call->c.result, call->columns[k], (uint32_t)k);
    }
    call->c.row = fields;
    return show_row(run, call);
}

static bool invoke(struct run *run, struct call *call, func_impl impl)
{
    struct fcall *c = &call->c;
    if (!call->proc->set) {
        if (!impl(c))
            return false;
        if (c->result_type->kind == 'c' || c->result_type->oid == TYPE_RECORD)
            return show_record(run, call);
        return show_value(run, c->result_type, &c->result);
    }
    for (bool first = true;; first = false) {
        struct datum row[MAX_CELLS] = {0};
        c->result = datum_int(0);
        c->row = row;
        if (!impl(c))
            return false;
        if (call->done)
            return true;
        if (!first)
            buf_putc(&run->out, '\n');
        bool whole = c->n_columns > 1 && !c->result.null &&
                     c->result.p; /* a record instead of its columns */
        if (c->n_columns == 1)
            row[0] = c->result;
        if (whole          ? !show_record(run, call)
            : c->n_columns ? !show_row(run, call)
                           : !show_value(run, c->result_type, &c->result))
            return false;
    }
}

static bool has_null(const struct call *call)
{
    for (int k = 0; k < call->c.n_args; k++)
        if (call->args[k].null)
            return true;
    return false;
}

static bool run_call(struct run *run, const char *key, char **args, int n_args)
{
    struct call *call = ARENA_NEW(run->arena, struct call);
    parse_key(run, call, key);
    func_impl impl = func_find(key, call->proc->source);
    if (!impl)
        return err_set(&run->err, "XXXXX", "not implemented");
    if (n_args && strncmp(args[n_args - 1], "AS ", 3) == 0)
        take_columns(run, call, arena_strdup(run->arena, args[--n_args] + 3));
    else
        take_out_columns(run, call);
    for (int k = 0; k < n_args; k++) {
        call->types[k] = call->declared[MIN(k, call->n_declared - 1)];
        if (!read_value(run, args[k], &call->types[k], &call->args[k]))
            return false;
    }
    call->c.arena = call->c.site_arena = run->arena;
    call->c.err = &run->err;
    call->c.env = &bench.env;
    call->c.args = call->args;
    call->c.n_args = n_args;
    call->c.arg_types = call->types;
    call->c.site = &call->site;
    call->c.done = &call->done;
    call->c.column_types = call->columns;
    call->c.column_names = call->column_names;
    resolve_result(call);
    if (call->proc->strict && has_null(call)) {
        for (int k = 0; !call->proc->set && k < MAX(call->c.n_columns, 1); k++)
            buf_puts(&run->out, k ? "|<NULL>" : "<NULL>");
        return true;
    }
    return invoke(run, call, impl);
}

static bool run_agg(struct run *run, const char *key, char **args, int n_args)
{
    struct call *call = ARENA_NEW(run->arena, struct call);
    parse_key(run, call, key);
    const struct agg_entry *agg = agg_find(key);
    if (!agg)
        return err_set(&run->err, "XXXXX", "not implemented");
    void *state = arena_zalloc(run->arena, agg->state_size + 1);
    int width = call->n_declared;
    call->c.arena = call->c.site_arena = run->arena;
    call->c.err = &run->err;
    call->c.env = &bench.env;
    call->c.args = call->args;
    call->c.n_args = width;
    call->c.arg_types = call->types;
    call->c.site = &call->site;
    for (int at = 0; at < n_args; at += width) {
        for (int k = 0; k < width; k++) {
            call->types[k] = call->declared[k];
            if (!read_value(run, args[at + k], &call->types[k], &call->args[k]))
                return false;
        }
        if (!(agg->strict && has_null(call)) && !agg->step(&call->c, state))
            return false;
    }
    resolve_result(call);
    return agg->final(&call->c, state) && show_value(run, call->c.result_type, &call->c.result);
}

static void show_error(struct run *run)
{
    struct err *err = &run->err;
    run->out.n = 0;
    buf_printf(&run->out, "ERR %s: %s", err->sqlstate, err->message);
    if (err->detail)
        buf_printf(&run->out, " | DETAIL: %s", err->detail);
    if (err->hint)
        buf_printf(&run->out, " | HINT: %s", err->hint);
    if (err->where)
        buf_printf(&run->out, " | CONTEXT: %s", err->where);
}

static const char *run_case(struct arena *arena, char **cells, int n_args)
{
    struct run run = {.arena = arena, .err = ERR_IN(arena), .out = BUF_IN(arena)};
    const char *key = cells[0];
    char **args = cells + 1;
    bool ok = strncmp(key, "::", 2) == 0      ? run_in_out(&run, key + 2, args)
              : strncmp(key, "cmp:", 4) == 0  ? run_cmp(&run, key + 4, args)
              : strncmp(key, "send:", 5) == 0 ? run_send(&run, key + 5, args)
              : strncmp(key, "agg:", 4) == 0  ? run_agg(&run, key + 4, args, n_args)
                                              : run_call(&run, key, args, n_args);
    if (!ok)
        show_error(&run);
    return buf_cstr(&run.out);
}

/* Is this failure the fault of a type that is not there? */
static bool differs(const char *want, const char *got)
{
    return strcmp(want, got) != 0;
}

void cases_run(const char *path)
{
    bench_open();
    bench.settings = settings_default;
    char *cells[MAX_CELLS], *line = read_file(bench.arena, path);
    struct arena *arena = arena_new("case");
    int n_cases = 0, n_different = 0, line_number = 0;
    const char *only = getenv("CASE"), *all = getenv("CASES_ALL");
    for (char *next; line; line = next) {
        next = cut(line, '\n');
        line_number++;
        if (*line == '\0' || *line == '#' ||
            (only && !strstr(line, only) && strncmp(line, "type\t", 5) != 0 &&
             strncmp(line, "set\t", 4) != 0))
            continue;
        char *copy = arena_strdup(arena, line);
        int n = split(line, cells);
        if (strcmp(cells[0], "type") == 0) {
            define_type(cells[1], cells[2]);
            continue;
        }
        if (strcmp(cells[0], "set") == 0) {
            change_setting(cells[1], cells[2]);
            continue;
        }
        ck_assert_msg(n >= 3 && strcmp(cells[n - 2], "=>") == 0, "%s:%d: not recorded", path,
                      line_number);
        const char *want = unescape(arena, cells[n - 1]), *got = run_case(arena, cells, n - 3);
        n_cases++;
        if (differs(want, got) && (n_different++ < MAX_SHOWN || all))
            fprintf(stderr, "%s:%d: %s\n    want %s\n    got  %s\n", path, line_number, copy, want,
                    got);
        arena_reset(arena);
    }
    arena_free(arena);
    ck_assert_msg(n_different == 0, "%s: %d of %d cases differ", path, n_different, n_cases);
    ck_assert_int_gt(n_cases, 0);
}
