/* settings.h - the session settings that text input and output depend on.  Filled by the session from its parameters. */
#ifndef SHARDLITE_TYPES_SETTINGS_H
#define SHARDLITE_TYPES_SETTINGS_H

#include "base/util.h"

struct timezone; /* types/timezone.h */

enum date_order { DATE_ORDER_MDY, DATE_ORDER_DMY, DATE_ORDER_YMD };
enum date_style { DATE_STYLE_ISO, DATE_STYLE_SQL, DATE_STYLE_POSTGRES, DATE_STYLE_GERMAN };
enum interval_style {
    INTERVAL_POSTGRES,
    INTERVAL_POSTGRES_VERBOSE,
    INTERVAL_SQL_STANDARD,
    INTERVAL_ISO_8601
};

struct settings {
    enum date_style date_style;
    enum date_order date_order;
    enum interval_style interval_style;
    const struct timezone *timezone; /* NULL: UTC */
    int extra_float_digits;          /* default 1: shortest exact form */
    bool bytea_escape;               /* bytea_output = escape */
    bool standard_conforming_strings;
    bool array_nulls;
    const char *text_search_config; /* default_text_search_config; NULL: pg_catalog.english */
};
extern const struct settings settings_default; /* ISO, MDY, postgres, UTC, 1, hex */

/* The same, to be told from the others by its address: text for storage, in which reg* types stay numbers. */
extern const struct settings settings_storage;

#endif
