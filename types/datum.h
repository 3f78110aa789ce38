/* datum.h - one SQL value in memory.
 *
 * A datum does not know its type; whoever holds it does.  By-value types keep their value in `i` or `f`;
 * by-reference types point at `n` flat bytes (no pointers inside, so memcpy copies any datum).  Forms:
 *
 *   bool, "char", int2, int4, int8, oid, reg*, xid, cid, money      i
 *   date                    i: days since 2000-01-01; DATE_INFINITY / DATE_NEG_INFINITY = INT32_MAX / INT32_MIN
 *   time, timestamp, timestamptz   i: microseconds since midnight / 2000-01-01 00:00 (UTC); +-infinity = INT64_MAX / INT64_MIN
 *   float4, float8          f
 *   text, varchar, bpchar, name, unknown, cstring, json, xml, bytea, enum (its label)   p, n: the bytes
 *   uuid                    p: 16 bytes
 *   numeric                 p: struct numeric      (types/numeric.h)
 *   interval, timetz        p: struct interval, struct timetz (types/datetime.h)
 *   arrays, int2vector, oidvector   p: struct array (types/array.h)
 *   record and row types    p: struct record       (types/record.h)
 *   ranges, multiranges     p: struct range, struct multirange (types/range.h)
 *   point, line, lseg, box, path, polygon, circle   p: struct geo (types/geo.h)
 *   jsonb                   p, n: canonical text, exactly what jsonb_out prints
 *   inet, cidr, macaddr, macaddr8, bit, varbit   p: struct of their header in types/
 *   tsvector, tsquery       p, n: canonical text, as their output functions print
 * By-reference structs are 8-byte aligned wherever they live; text-like ones need no alignment. */
#ifndef SHARDLITE_TYPES_DATUM_H
#define SHARDLITE_TYPES_DATUM_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct datum {
    union {
        int64_t i;
        double f;
        const void *p;
    };
    uint32_t n; /* bytes at p; 0 for by-value types */
    bool null;
};

static inline struct datum datum_null(void)
{
    return (struct datum){.null = true};
}
static inline struct datum datum_int(int64_t i)
{
    return (struct datum){.i = i};
}
static inline struct datum datum_bool(bool b)
{
    return (struct datum){.i = b};
}
static inline struct datum datum_float(double f)
{
    return (struct datum){.f = f};
}
static inline struct datum datum_bytes(const void *p, size_t n)
{
    return (struct datum){.p = p, .n = (uint32_t)n};
}
struct datum datum_cstring(struct arena *arena, const char *text); /* copies */

#endif
