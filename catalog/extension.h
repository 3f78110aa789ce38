/* extension.h - the extensions that there are: their functions are part of the server and get their names with CREATE EXTENSION. */
#ifndef SHARDLITE_CATALOG_EXTENSION_H
#define SHARDLITE_CATALOG_EXTENSION_H

#include <stdbool.h>
#include <stddef.h>

#include "types/oids.h"

struct extension_function {
    const char *name, *prosrc;
    unsigned result_type;
    unsigned arg_types[4];    /* ended by 0 */
    const char *arg_names[4]; /* or NULLs */
    char volatility;
    bool strict;
};
struct extension_facts {
    const char *name, *version, *comment;
    const struct extension_function *functions;
    size_t n_functions;
};

extern const struct extension_facts known_extensions[];
extern const size_t n_known_extensions;
const struct extension_facts *extension_find(const char *name); /* NULL: not available */

#endif
