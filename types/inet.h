/* inet.h - inet, cidr, macaddr, macaddr8 in memory.
 *
 * inet and cidr share one struct; only the type tells them apart (a cidr has no bits set beyond
 * its mask).  macaddr and macaddr8 are just their 6 and 8 bytes. */
#ifndef SHARDLITE_TYPES_INET_H
#define SHARDLITE_TYPES_INET_H

#include "types/type.h"

struct inet {
    uint8_t family;      /* 4 or 6 */
    uint8_t bits;        /* of the mask */
    uint8_t address[16]; /* 4 or 16 bytes are used, the rest is zero */
};

#define MACADDR_BYTES 6
#define MACADDR8_BYTES 8

static inline const struct inet *inet_of(const struct datum *d)
{
    return (const struct inet *)d->p;
}
static inline int inet_max_bits(const struct inet *v)
{
    return v->family == 4 ? 32 : 128;
}
static inline int inet_bytes(const struct inet *v)
{
    return v->family == 4 ? 4 : 16;
}
struct datum inet_datum(struct arena *arena, const struct inet *v); /* copies */
/* Are the first `bits` bits of both addresses equal? */
bool inet_same_prefix(const struct inet *a, const struct inet *b, int bits);
/* Clears the bits behind the mask. */
void inet_clear_host(struct inet *v);
int inet_cmp(const struct inet *a, const struct inet *b);
/* The address without mask. */
void inet_print_address(const struct inet *v, struct buf *out);
/* abbrev() of a cidr: only what the mask covers. */
void inet_print_abbreviated(const struct inet *v, struct buf *out);

#endif
