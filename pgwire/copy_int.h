/* copy_int.h - shared by the readers of COPY's formats. */
#ifndef SHARDLITE_PGWIRE_COPY_INT_H
#define SHARDLITE_PGWIRE_COPY_INT_H

#include "pgwire/copy.h"

enum copy_next copy_binary_next(struct copy_reader *reader, struct err *err);

#endif
