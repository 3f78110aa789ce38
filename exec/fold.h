/* fold.h - errors in a statement's constants come before anything of it runs. */
#ifndef SHARDLITE_EXEC_FOLD_H
#define SHARDLITE_EXEC_FOLD_H

#include "exec/exec_int.h"

MUST_CHECK bool exec_fold(struct exec *exec);

#endif
