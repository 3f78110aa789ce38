/* copy_options.c - see copy_options.h. */
#include "proxy/copy_options.h"

#include <string.h>
#include <strings.h>

#include "proxy/param.h"
#include "sql/parse.h"
#include "sql/pgnodes.h"

struct seen {
    const char *delimiter, *null, *quote, *escape;
    bool format, freeze, header, encoding;
};

static bool twice(struct err *err)
{
    return err_set(err, ERR_SYNTAX_ERROR, "conflicting or redundant options");
}

static const char *text_of(struct arena *arena, const DefElem *option)
{
    if (!option->arg)
        return NULL;
    switch ((int)TAG_OF(option->arg)) {
    case T_String:
        return STR_OF(option->arg);
    case T_Integer:
        return arena_printf(arena, "%d", ((const Integer *)option->arg)->ival);
    case T_Float:
        return ((const Float *)option->arg)->fval;
    case T_Boolean:
        return ((const Boolean *)option->arg)->boolval ? "true" : "false";
    case T_A_Star:
        return "*";
    default:
        return NULL;
    }
}

static bool flag_of(struct arena *arena, const DefElem *option, bool *value, struct err *err)
{
    const char *text = text_of(arena, option);
    *value = true;
    if (!text || param_parse_bool(text, value))
        return true;
    return err_set(err, ERR_SYNTAX_ERROR, "%s requires a Boolean value", option->defname);
}

static bool need_text(struct arena *arena, const DefElem *option, const char **value,
                      struct err *err)
{
    if (*value)
        return twice(err);
    *value = text_of(arena, option);
    return *value || err_set(err, ERR_SYNTAX_ERROR, "%s requires a parameter", option->defname);
}

static bool read_force(struct arena *arena, const DefElem *option, struct copy_force *force,
                       struct err *err)
{
    if (force->all || force->names)
        return twice(err);
    if (option->arg && IS_NODE(option->arg, A_Star)) {
        force->all = true;
        return true;
    }
    if (!option->arg || !IS_NODE(option->arg, List))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "argument to option \"%s\" must be a list of column names", option->defname);
    const List *list = (const List *)option->arg;
    const char **names = ARENA_ARRAY(arena, const char *, (size_t)list_n(list) + 1);
    for (int i = 0; i < list_n(list); i++)
        names[i] = list_str(list, i);
    force->names = names;
    force->n = (size_t)list_n(list);
    return true;
}

static bool read_header(struct arena *arena, const DefElem *option, bool is_from,
                        struct copy_options *options, struct err *err)
{
    const char *text = text_of(arena, option);
    bool on = true;
    if (text && strcasecmp(text, "match") == 0) {
        if (!is_from)
            return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                           "cannot use \"match\" with HEADER in COPY TO");
        options->header = COPY_HEADER_MATCH;
        return true;
    }
    if (text && !param_parse_bool(text, &on))
        return err_set(err, ERR_SYNTAX_ERROR, "header requires a Boolean value or \"match\"");
    options->header = on ? COPY_HEADER_ON : COPY_HEADER_OFF;
    return true;
}

static bool read_format(struct arena *arena, const List *list, enum copy_format *format,
                        int *location, struct err *err)
{
    bool seen = false;
    *format = COPY_FORMAT_TEXT;
    for (int i = 0; i < list_n(list); i++) {
        const DefElem *option = list_at(list, i);
        if (strcmp(option->defname, "format") != 0)
            continue;
        *location = option->location;
        if (seen)
            return twice(err);
        seen = true;
        const char *text = text_of(arena, option);
        if (text && strcmp(text, "text") == 0)
            *format = COPY_FORMAT_TEXT;
        else if (text && strcmp(text, "csv") == 0)
            *format = COPY_FORMAT_CSV;
        else if (text && strcmp(text, "binary") == 0)
            *format = COPY_FORMAT_BINARY;
        else
            return err_set(err, ERR_INVALID_PARAMETER_VALUE, "COPY format \"%s\" not recognized",
                           text ? text : "");
    }
    return true;
}

static bool read_option(struct arena *arena, const DefElem *option, bool is_from,
                        struct copy_spec *spec, struct seen *seen, struct err *err)
{
    const char *name = option->defname;
    bool ignored;
    if (strcmp(name, "format") == 0)
        return true;
    if (strcmp(name, "freeze") == 0) {
        if (seen->freeze)
            return twice(err);
        seen->freeze = true;
        return flag_of(arena, option, &ignored, err);
    }
    if (strcmp(name, "delimiter") == 0)
        return need_text(arena, option, &seen->delimiter, err);
    if (strcmp(name, "null") == 0)
        return need_text(arena, option, &seen->null, err);
    if (strcmp(name, "quote") == 0)
        return need_text(arena, option, &seen->quote, err);
    if (strcmp(name, "escape") == 0)
        return need_text(arena, option, &seen->escape, err);
    if (strcmp(name, "header") == 0) {
        if (seen->header)
            return twice(err);
        seen->header = true;
        return read_header(arena, option, is_from, &spec->options, err);
    }
    if (strcmp(name, "force_quote") == 0)
        return read_force(arena, option, &spec->quote, err);
    if (strcmp(name, "force_not_null") == 0)
        return read_force(arena, option, &spec->not_null, err);
    if (strcmp(name, "force_null") == 0)
        return read_force(arena, option, &spec->null, err);
    if (strcmp(name, "encoding") == 0) {
        const char *text = text_of(arena, option);
        if (seen->encoding)
            return twice(err);
        seen->encoding = true;
        if (text && (strcasecmp(text, "utf8") == 0 || strcasecmp(text, "utf-8") == 0 ||
                     strcasecmp(text, "unicode") == 0 || strcasecmp(text, "sql_ascii") == 0))
            return true;
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "argument to option \"%s\" must be a valid encoding name", name);
    }
    return err_set(err, ERR_SYNTAX_ERROR, "option \"%s\" not recognized", name);
}

static bool one_byte(const char *text, const char *what, char *value, struct err *err)
{
    if (strlen(text) != 1)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "COPY %s must be a single one-byte character", what);
    *value = *text;
    return true;
}

static bool check_force(const struct copy_force *force, bool csv, bool fits, const char *what,
                        const char *direction, struct err *err)
{
    if (!force->all && !force->names)
        return true;
    if (!csv)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "COPY %s available only in CSV mode", what);
    return fits || err_set(err, ERR_FEATURE_NOT_SUPPORTED, "COPY %s only available using COPY %s",
                           what, direction);
}

static bool apply(struct copy_spec *spec, const struct seen *seen, bool is_from, struct err *err)
{
    struct copy_options *o = &spec->options;
    bool csv = o->format == COPY_FORMAT_CSV, binary = o->format == COPY_FORMAT_BINARY;
    if (binary && seen->delimiter)
        return err_set(err, ERR_SYNTAX_ERROR, "cannot specify DELIMITER in BINARY mode");
    if (binary && seen->null)
        return err_set(err, ERR_SYNTAX_ERROR, "cannot specify NULL in BINARY mode");
    if (seen->null) {
        o->null_text = seen->null;
        o->null_bytes = strlen(seen->null);
    }
    if (seen->delimiter && !one_byte(seen->delimiter, "delimiter", &o->delimiter, err))
        return false;
    if (o->delimiter == '\r' || o->delimiter == '\n')
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "COPY delimiter cannot be newline or carriage return");
    if (strpbrk(o->null_text, "\r\n"))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "COPY null representation cannot use newline or carriage return");
    if (!csv && !binary && strchr("\\.abcdefghijklmnopqrstuvwxyz0123456789", o->delimiter))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "COPY delimiter cannot be \"%c\"",
                       o->delimiter);
    if (binary && o->header != COPY_HEADER_OFF)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "cannot specify HEADER in BINARY mode");
    if (!csv && seen->quote)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "COPY quote available only in CSV mode");
    if (seen->quote && !one_byte(seen->quote, "quote", &o->quote, err))
        return false;
    if (csv && o->delimiter == o->quote)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "COPY delimiter and quote must be different");
    if (!csv && seen->escape)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "COPY escape available only in CSV mode");
    o->escape = o->quote;
    if (seen->escape && !one_byte(seen->escape, "escape", &o->escape, err))
        return false;
    if (!check_force(&spec->quote, csv, !is_from, "force quote", "TO", err) ||
        !check_force(&spec->not_null, csv, is_from, "force not null", "FROM", err) ||
        !check_force(&spec->null, csv, is_from, "force null", "FROM", err))
        return false;
    if (!binary && strchr(o->null_text, o->delimiter))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "COPY delimiter must not appear in the NULL specification");
    if (csv && strchr(o->null_text, o->quote))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "CSV quote character must not appear in the NULL specification");
    return true;
}

/* Which of the errors PostgreSQL puts at the option. */
static bool is_placed(const struct err *err)
{
    static const char *const starts[] = {"conflicting", "COPY format", "option ",
                                         "argument to option"};
    for (size_t i = 0; i < ARRAY_COUNT(starts); i++)
        if (strncmp(err->message, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

bool copy_spec_read(struct arena *arena, const void *list, const char *text, bool is_from,
                    struct copy_spec *spec, struct err *err)
{
    enum copy_format format;
    struct seen seen = {0};
    int location = -1;
    *spec = (struct copy_spec){0};
    bool ok = read_format(arena, list, &format, &location, err);
    if (ok)
        spec->options = copy_defaults(format);
    for (int i = 0; ok && i < list_n(list); i++) {
        const DefElem *option = list_at(list, i);
        location = option->location;
        ok = read_option(arena, option, is_from, spec, &seen, err);
    }
    if (!ok)
        return is_placed(err) ? err_position(err, sql_position(text, location)) : false;
    return apply(spec, &seen, is_from, err);
}

static bool settle(struct arena *arena, const struct copy_force *force, const char *what,
                   const char *const *names, uint16_t n, const bool **flags, struct err *err)
{
    if (!force->all && !force->names)
        return true;
    bool *list = ARENA_ARRAY(arena, bool, n + 1u);
    for (uint16_t i = 0; i < n; i++)
        list[i] = force->all;
    for (size_t k = 0; k < force->n; k++) {
        bool found = false;
        for (uint16_t i = 0; i < n; i++)
            if (strcmp(names[i], force->names[k]) == 0)
                list[i] = found = true;
        if (!found)
            return err_set(err, ERR_INVALID_COLUMN_REFERENCE,
                           "%s column \"%s\" not referenced by COPY", what, force->names[k]);
    }
    *flags = list;
    return true;
}

bool copy_spec_settle(struct arena *arena, struct copy_spec *spec, const char *const *names,
                      uint16_t n, struct err *err)
{
    spec->options.column_names = names;
    spec->options.n_columns = n;
    return settle(arena, &spec->quote, "FORCE_QUOTE", names, n, &spec->options.force_quote, err) &&
           settle(arena, &spec->not_null, "FORCE_NOT_NULL", names, n, &spec->options.force_not_null,
                  err) &&
           settle(arena, &spec->null, "FORCE_NULL", names, n, &spec->options.force_null, err);
}
