/* infoviews.c - information_schema as queries over pg_catalog. */
#include "catalog/infoviews.h"

#include <stddef.h>

const struct sysview infoviews[] = {
    {NULL, NULL},
};
