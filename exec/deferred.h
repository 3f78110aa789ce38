/* deferred.h - constraints that are checked when the transaction commits. */
#ifndef SHARDLITE_EXEC_DEFERRED_H
#define SHARDLITE_EXEC_DEFERRED_H

#include "exec/exec.h"

/* SET CONSTRAINTS: all deferrable ones (constraint_oid 0) or one become deferred or immediate for the rest of the transaction; making them
 * immediate checks what is waiting. */
MUST_CHECK bool deferred_set(const struct env *env, uint32_t constraint_oid, bool deferred,
                             struct err *err);

#endif
