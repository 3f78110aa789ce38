/* inet.c - functions and operators of inet, cidr, macaddr and macaddr8. */
#include "types/inet.h"

#include <string.h>

#include "func/registry.h"

#define ARG_INET(c, k) inet_of(&(c)->args[k])

static bool return_inet(struct fcall *c, const struct inet *v)
{
    c->result = inet_datum(c->arena, v);
    return true;
}

static bool return_buf(struct fcall *c, const struct buf *text)
{
    return return_bytes(c, text->p ? text->p : "", text->n);
}

static bool invalid(struct fcall *c, const char *message)
{
    return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "%s", message);
}

static bool out_of_range(struct fcall *c)
{
    return err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE, "result is out of range");
}

/* ---- text ---- */

static bool host(struct fcall *c)
{
    struct buf out = BUF_IN(c->arena);
    inet_print_address(ARG_INET(c, 0), &out);
    return return_buf(c, &out);
}

static bool show(struct fcall *c)
{
    struct buf out = BUF_IN(c->arena);
    inet_print_address(ARG_INET(c, 0), &out);
    buf_printf(&out, "/%d", ARG_INET(c, 0)->bits);
    return return_buf(c, &out);
}

static bool abbrev_inet(struct fcall *c)
{
    const struct inet *v = ARG_INET(c, 0);
    return v->bits == inet_max_bits(v) ? host(c) : show(c);
}

static bool abbrev_cidr(struct fcall *c)
{
    struct buf out = BUF_IN(c->arena);
    inet_print_abbreviated(ARG_INET(c, 0), &out);
    return return_buf(c, &out);
}

/* ---- masks ---- */

static bool family(struct fcall *c)
{
    return return_int(c, ARG_INET(c, 0)->family);
}

static bool masklen(struct fcall *c)
{
    return return_int(c, ARG_INET(c, 0)->bits);
}

/* Sets, or clears, the bits behind the mask. */
static void fill_host(struct inet *v)
{
    for (int k = v->bits; k < inet_max_bits(v); k++)
        v->address[k / 8] |= (uint8_t)(0x80 >> k % 8);
}

static bool network(struct fcall *c)
{
    struct inet v = *ARG_INET(c, 0);
    inet_clear_host(&v);
    return return_inet(c, &v);
}

static bool broadcast(struct fcall *c)
{
    struct inet v = *ARG_INET(c, 0);
    fill_host(&v);
    return return_inet(c, &v);
}

static bool netmask(struct fcall *c)
{
    struct inet v = *ARG_INET(c, 0);
    memset(v.address, 0xff, (size_t)inet_bytes(&v));
    inet_clear_host(&v);
    v.bits = (uint8_t)inet_max_bits(&v);
    return return_inet(c, &v);
}

static bool hostmask(struct fcall *c)
{
    struct inet v = *ARG_INET(c, 0);
    memset(v.address, 0, sizeof(v.address));
    fill_host(&v);
    v.bits = (uint8_t)inet_max_bits(&v);
    return return_inet(c, &v);
}

static bool set_mask(struct fcall *c, bool is_cidr)
{
    struct inet v = *ARG_INET(c, 0);
    int64_t bits = ARG_I(c, 1) == -1 ? inet_max_bits(&v) : ARG_I(c, 1);
    if (bits < 0 || bits > inet_max_bits(&v))
        return err_set(c->err, ERR_INVALID_PARAMETER_VALUE, "invalid mask length: %d", (int)bits);
    v.bits = (uint8_t)bits;
    if (is_cidr)
        inet_clear_host(&v);
    return return_inet(c, &v);
}

static bool set_masklen_inet(struct fcall *c)
{
    return set_mask(c, false);
}
static bool set_masklen_cidr(struct fcall *c)
{
    return set_mask(c, true);
}

/* ---- containment ---- */

/* Is `a` in the network of `b`, its mask longer by at least `longer`? */
static bool within(const struct inet *a, const struct inet *b, int longer)
{
    return a->family == b->family && a->bits >= b->bits + longer && inet_same_prefix(a, b, b->bits);
}

static bool sub(struct fcall *c)
{
    return return_bool(c, within(ARG_INET(c, 0), ARG_INET(c, 1), 1));
}
static bool sub_equal(struct fcall *c)
{
    return return_bool(c, within(ARG_INET(c, 0), ARG_INET(c, 1), 0));
}
static bool sup(struct fcall *c)
{
    return return_bool(c, within(ARG_INET(c, 1), ARG_INET(c, 0), 1));
}
static bool sup_equal(struct fcall *c)
{
    return return_bool(c, within(ARG_INET(c, 1), ARG_INET(c, 0), 0));
}
static bool overlap(struct fcall *c)
{
    const struct inet *a = ARG_INET(c, 0), *b = ARG_INET(c, 1);
    return return_bool(c, a->family == b->family && inet_same_prefix(a, b, MIN(a->bits, b->bits)));
}
static bool same_family(struct fcall *c)
{
    return return_bool(c, ARG_INET(c, 0)->family == ARG_INET(c, 1)->family);
}

/* The smallest network with both in it. */
static bool merge(struct fcall *c)
{
    const struct inet *a = ARG_INET(c, 0), *b = ARG_INET(c, 1);
    struct inet v = *a;
    if (a->family != b->family)
        return invalid(c, "cannot merge addresses from different families");
    v.bits = MIN(a->bits, b->bits);
    while (!inet_same_prefix(a, b, v.bits))
        v.bits--;
    inet_clear_host(&v);
    return return_inet(c, &v);
}

/* ---- arithmetic ---- */

static bool not(struct fcall * c)
{
    struct inet v = *ARG_INET(c, 0);
    for (int k = 0; k < inet_bytes(&v); k++)
        v.address[k] = (uint8_t)~v.address[k];
    return return_inet(c, &v);
}

static bool combine(struct fcall *c, bool and_them)
{
    const struct inet *a = ARG_INET(c, 0), *b = ARG_INET(c, 1);
    struct inet v = *a;
    if (a->family != b->family)
        return invalid(c, and_them ? "cannot AND inet values of different sizes"
                                   : "cannot OR inet values of different sizes");
    for (int k = 0; k < inet_bytes(a); k++)
        v.address[k] = and_them ? a->address[k] & b->address[k] : a->address[k] | b->address[k];
    v.bits = MAX(a->bits, b->bits);
    return return_inet(c, &v);
}

static bool and (struct fcall * c)
{
    return combine(c, true);
}
static bool or (struct fcall * c)
{
    return combine(c, false);
}

/* v + addend, as big-endian integers; false if the result leaves the address space. */
static bool shift_address(struct inet *v, __int128 addend)
{
    for (int k = inet_bytes(v) - 1; k >= 0; k--) {
        addend += v->address[k];
        v->address[k] = (uint8_t)addend;
        addend >>= 8; /* arithmetic: borrows stay negative */
    }
    return addend == 0;
}

static bool plus(struct fcall *c)
{
    struct inet v = *ARG_INET(c, 0);
    return shift_address(&v, ARG_I(c, 1)) ? return_inet(c, &v) : out_of_range(c);
}
static bool int_plus(struct fcall *c)
{
    struct inet v = *ARG_INET(c, 1);
    return shift_address(&v, ARG_I(c, 0)) ? return_inet(c, &v) : out_of_range(c);
}
static bool minus_int(struct fcall *c)
{
    struct inet v = *ARG_INET(c, 0);
    int64_t addend =
        (int64_t)(0 -
                  (uint64_t)ARG_I(c, 1)); /* the least number stays negative, as in PostgreSQL */
    return shift_address(&v, addend) ? return_inet(c, &v) : out_of_range(c);
}

static unsigned __int128 address_number(const struct inet *v)
{
    unsigned __int128 n = 0;
    for (int k = 0; k < inet_bytes(v); k++)
        n = n << 8 | v->address[k];
    return n;
}

static bool minus(struct fcall *c)
{
    const struct inet *a = ARG_INET(c, 0), *b = ARG_INET(c, 1);
    if (a->family != b->family)
        return invalid(c, "cannot subtract inet values of different sizes");
    unsigned __int128 x = address_number(a), y = address_number(b),
                      distance = x > y ? x - y : y - x;
    if (distance > (unsigned __int128)INT64_MAX + (x < y))
        return out_of_range(c);
    return return_int(c, x < y ? (int64_t)(0 - (uint64_t)distance) : (int64_t)distance);
}

/* ---- macaddr, macaddr8 ---- */

static uint8_t *copy_mac(struct fcall *c, int k)
{
    return arena_memdup(c->arena, c->args[k].p, ARG_N(c, k));
}

static bool mac_not(struct fcall *c)
{
    uint8_t *v = copy_mac(c, 0);
    for (uint32_t k = 0; k < ARG_N(c, 0); k++)
        v[k] = (uint8_t)~v[k];
    return return_bytes(c, v, ARG_N(c, 0));
}

static bool mac_and(struct fcall *c)
{
    uint8_t *v = copy_mac(c, 0);
    for (uint32_t k = 0; k < ARG_N(c, 0); k++)
        v[k] &= (uint8_t)ARG_P(c, 1)[k];
    return return_bytes(c, v, ARG_N(c, 0));
}

static bool mac_or(struct fcall *c)
{
    uint8_t *v = copy_mac(c, 0);
    for (uint32_t k = 0; k < ARG_N(c, 0); k++)
        v[k] |= (uint8_t)ARG_P(c, 1)[k];
    return return_bytes(c, v, ARG_N(c, 0));
}

/* Only the manufacturer's part stays. */
static bool mac_trunc(struct fcall *c)
{
    uint8_t *v = copy_mac(c, 0);
    memset(v + 3, 0, ARG_N(c, 0) - 3);
    return return_bytes(c, v, ARG_N(c, 0));
}

static bool mac_to_mac8(struct fcall *c)
{
    uint8_t *v = arena_alloc(c->arena, MACADDR8_BYTES);
    memcpy(v, ARG_P(c, 0), 3);
    v[3] = 0xff;
    v[4] = 0xfe;
    memcpy(v + 5, ARG_P(c, 0) + 3, 3);
    return return_bytes(c, v, MACADDR8_BYTES);
}

static bool mac8_to_mac(struct fcall *c)
{
    const uint8_t *from = c->args[0].p;
    if (from[3] != 0xff || from[4] != 0xfe) {
        err_set(c->err, ERR_NUMERIC_VALUE_OUT_OF_RANGE,
                "macaddr8 data out of range to convert to macaddr");
        return err_hint(c->err, "Only addresses that have FF and FE as values in the 4th and 5th "
                                "bytes from the left, for "
                                "example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted "
                                "from macaddr8 to macaddr.");
    }
    uint8_t *v = arena_alloc(c->arena, MACADDR_BYTES);
    memcpy(v, from, 3);
    memcpy(v + 3, from + 5, 3);
    return return_bytes(c, v, MACADDR_BYTES);
}

static bool mac8_set7bit(struct fcall *c)
{
    uint8_t *v = copy_mac(c, 0);
    v[0] |= 0x02;
    return return_bytes(c, v, MACADDR8_BYTES);
}

FUNC_TABLE(inet_funcs) = {
    {"network_host", host},
    {"network_show", show},
    {"inet_abbrev", abbrev_inet},
    {"cidr_abbrev", abbrev_cidr},
    {"network_family", family},
    {"network_masklen", masklen},
    {"network_network", network},
    {"network_broadcast", broadcast},
    {"network_netmask", netmask},
    {"network_hostmask", hostmask},
    {"inet_set_masklen", set_masklen_inet},
    {"cidr_set_masklen", set_masklen_cidr},
    {"inet_to_cidr", network},
    {"network_sub", sub},
    {"network_subeq", sub_equal},
    {"network_sup", sup},
    {"network_supeq", sup_equal},
    {"network_overlap", overlap},
    {"inet_same_family", same_family},
    {"inet_merge", merge},
    {"inetnot", not },
    {"inetand", and},
    {"inetor", or },
    {"inetpl", plus},
    {"int8pl_inet(int8,inet)", int_plus},
    {"inetmi_int8", minus_int},
    {"inetmi", minus},
    {"macaddr_not", mac_not},
    {"macaddr_and", mac_and},
    {"macaddr_or", mac_or},
    {"macaddr_trunc", mac_trunc},
    {"macaddr8_not", mac_not},
    {"macaddr8_and", mac_and},
    {"macaddr8_or", mac_or},
    {"macaddr8_trunc", mac_trunc},
    {"macaddrtomacaddr8", mac_to_mac8},
    {"macaddr8tomacaddr", mac8_to_mac},
    {"macaddr8_set7bit", mac8_set7bit},
    {NULL, NULL},
};
