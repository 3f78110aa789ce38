/* func_int.h - shared by the func_*.c of the catalog: arguments that name objects. */
#ifndef SHARDLITE_CATALOG_FUNC_INT_H
#define SHARDLITE_CATALOG_FUNC_INT_H

#include <stdlib.h>
#include <string.h>

#include "catalog/objects.h"
#include "catalog/reg_names.h"
#include "func/func.h"

/* A relation named by a text argument, along the search path: 42P01. */
MUST_CHECK bool relation_argument(struct fcall *c, int arg, const struct relation **relation);
/* The argument as a NUL-terminated string. */
const char *text_argument(struct fcall *c, int arg);
static inline bool return_text(struct fcall *c, const char *text) /* NULL: SQL NULL */
{
    return text ? return_bytes(c, text, strlen(text)) : return_null(c);
}

/* ---- func_define.c: objects as SQL, for system relations ---- */
const char *define_expr(const struct env *env, struct arena *arena, const char *sql,
                        const struct relation *relation);
const char *define_constraint(const struct env *env, struct arena *arena,
                              const struct constraint *constraint);
const char *define_view(const struct env *env, struct arena *arena,
                        const struct relation *view); /* NULL: it cannot be read */

/* ---- func_infoschema.c: numbers that information_schema shows of a type; false: NULL ---- */
enum type_number {
    CHAR_MAX_LENGTH,
    CHAR_OCTET_LENGTH,
    NUMERIC_PRECISION,
    NUMERIC_RADIX,
    NUMERIC_SCALE,
    DATETIME_PRECISION
};
bool type_number(enum type_number which, uint32_t type, int32_t typmod, int64_t *value);
const char *interval_words(uint32_t type,
                           int32_t typmod); /* "DAY TO SECOND"; NULL: no fields given */

extern FUNC_TABLE(catalog_define_funcs);
extern FUNC_TABLE(catalog_privilege_funcs);
extern FUNC_TABLE(catalog_name_funcs);
extern FUNC_TABLE(catalog_info_funcs);
extern FUNC_TABLE(catalog_rows_funcs);
extern FUNC_TABLE(catalog_sysrel_funcs);
extern FUNC_TABLE(catalog_infoschema_funcs);
extern FUNC_TABLE(catalog_extension_funcs);

#endif
