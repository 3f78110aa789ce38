/* reg.h - OID alias types (regclass, regtype, ...): the text forms need the catalog, which
 * installs them here. */
#ifndef SHARDLITE_TYPES_REG_H
#define SHARDLITE_TYPES_REG_H

#include "types/type.h"

enum reg_kind {
    REG_PROC,      /* regproc: a name that is unique */
    REG_PROCEDURE, /* regprocedure: name(argument types) */
    REG_OPER,      /* regoper */
    REG_OPERATOR,  /* regoperator: name(left,right) */
    REG_CLASS,
    REG_TYPE,
    REG_NAMESPACE,
    REG_ROLE,
    REG_COLLATION,
    REG_CONFIG,
    REG_DICTIONARY,
    REG_N_KINDS
};

struct reg_resolver {
    /* The OID that the text names, under the session's search path; errors are PostgreSQL's (42P01
     * relation "x" does not exist, 42704, 42883 ...).  `text` is neither a number nor "-". */
    bool (*find)(const struct type_io *io, enum reg_kind kind, const char *text, size_t n,
                 uint32_t *oid);
    /* Appends the name, qualified if the search path needs it; false if there is no such object. */
    bool (*name)(const struct type_io *io, enum reg_kind kind, uint32_t oid, struct buf *out);
};

/* Once, before any thread starts.  Without a resolver, or without env, only numbers are read and
 * written. */
void reg_set_resolver(const struct reg_resolver *resolver);
/* True if `oid` is a reg* type; *kind tells which. */
bool reg_kind_of(uint32_t type_oid, enum reg_kind *kind);

#endif
