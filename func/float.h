/* float.h - errors that float functions share; all return false. */
#ifndef SHARDLITE_FUNC_FLOAT_H
#define SHARDLITE_FUNC_FLOAT_H

#include "func/func.h"

bool float_overflow(struct fcall *c);  /* 22003 value out of range: overflow */
bool float_underflow(struct fcall *c); /* 22003 value out of range: underflow */

#endif
