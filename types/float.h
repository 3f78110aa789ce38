/* float.h - text of floating-point numbers, to the digit as PostgreSQL writes it. */
#ifndef SHARDLITE_TYPES_FLOAT_H
#define SHARDLITE_TYPES_FLOAT_H

#include "types/type.h"

#define FLOAT_TEXT_MAX 40 /* room for any float's text */

/* Shortest digits that read back as the same number when `extra_digits` (extra_float_digits) > 0,
 * otherwise %.{15,6}+extra_digits g.  Returns the length; no NUL. */
size_t float8_print(char *out, double value, int extra_digits);
size_t float4_print(char *out, float value, int extra_digits);
MUST_CHECK bool float8_parse(struct arena *arena, struct err *err, const char *text, size_t n,
                             double *out);
MUST_CHECK bool float4_parse(struct arena *arena, struct err *err, const char *text, size_t n,
                             float *out);

#endif
