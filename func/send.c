/* send.c - the binary output functions as SQL functions: int4send(5) and so on give what goes over
 * the wire. */
#include "func/registry.h"

static bool send_value(struct fcall *c)
{
    struct type_io io = fcall_io(c, c->arg_types[0]);
    struct buf out = BUF_IN(c->arena);
    if (!io.type->ops->send(&io, &c->args[0], &out))
        return false;
    return return_bytes(c, out.p ? out.p : "", out.n);
}

FUNC_TABLE(send_funcs) = {
    {"boolsend", send_value},       {"charsend", send_value},         {"int2send", send_value},
    {"int4send", send_value},       {"int8send", send_value},         {"oidsend", send_value},
    {"xidsend", send_value},        {"cidsend", send_value},          {"xid8send", send_value},
    {"tidsend", send_value},        {"pg_lsn_send", send_value},      {"float4send", send_value},
    {"float8send", send_value},     {"numeric_send", send_value},     {"cash_send", send_value},
    {"textsend", send_value},       {"varcharsend", send_value},      {"bpcharsend", send_value},
    {"namesend", send_value},       {"byteasend", send_value},        {"uuid_send", send_value},
    {"bit_send", send_value},       {"varbit_send", send_value},      {"inet_send", send_value},
    {"cidr_send", send_value},      {"macaddr_send", send_value},     {"macaddr8_send", send_value},
    {"date_send", send_value},      {"time_send", send_value},        {"timetz_send", send_value},
    {"timestamp_send", send_value}, {"timestamptz_send", send_value}, {"interval_send", send_value},
    {"array_send", send_value},     {"record_send", send_value},      {"enum_send", send_value},
    {"int2vectorsend", send_value}, {"oidvectorsend", send_value},    {NULL, NULL},
};
