/* settings.c - what a session starts with. */
#include "types/settings.h"

#define DEFAULTS                                                                                   \
    {                                                                                              \
        .date_style = DATE_STYLE_ISO, .date_order = DATE_ORDER_MDY,                                \
        .interval_style = INTERVAL_POSTGRES, .extra_float_digits = 1,                              \
        .standard_conforming_strings = true, .array_nulls = true,                                  \
    }

const struct settings settings_default = DEFAULTS;
const struct settings settings_storage = DEFAULTS;
