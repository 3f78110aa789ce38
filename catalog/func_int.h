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

extern FUNC_TABLE(catalog_define_funcs);
extern FUNC_TABLE(catalog_privilege_funcs);
extern FUNC_TABLE(catalog_name_funcs);
extern FUNC_TABLE(catalog_info_funcs);
extern FUNC_TABLE(catalog_rows_funcs);
extern FUNC_TABLE(catalog_infoschema_funcs);

#endif
