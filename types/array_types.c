/* array_types.c - the built-in array types, each beside its element type. */
#include "types/array.h"
#include "types/registry.h"

#define ARRAYS(PAIR)                                                                               \
    PAIR(XML)                                                                                      \
    PAIR(JSON)                                                                                     \
    PAIR(XID8)                                                                                     \
    PAIR(LINE)                                                                                     \
    PAIR(CIDR) PAIR(CIRCLE) PAIR(MACADDR8) PAIR(MONEY) PAIR(BOOL) PAIR(BYTEA) PAIR(CHAR) PAIR(     \
        NAME) PAIR(INT2) PAIR(INT2VECTOR) PAIR(INT4) PAIR(REGPROC) PAIR(TEXT) PAIR(TID) PAIR(XID)  \
        PAIR(CID) PAIR(OIDVECTOR) PAIR(BPCHAR) PAIR(VARCHAR) PAIR(INT8) PAIR(POINT) PAIR(LSEG)     \
            PAIR(PATH) PAIR(BOX) PAIR(FLOAT4) PAIR(FLOAT8) PAIR(POLYGON) PAIR(OID) PAIR(ACLITEM)   \
                PAIR(MACADDR) PAIR(INET) PAIR(TIMESTAMP) PAIR(DATE) PAIR(TIME) PAIR(TIMESTAMPTZ)   \
                    PAIR(INTERVAL) PAIR(NUMERIC) PAIR(CSTRING) PAIR(TIMETZ) PAIR(BIT) PAIR(VARBIT) \
                        PAIR(REFCURSOR) PAIR(REGPROCEDURE) PAIR(REGOPER) PAIR(REGOPERATOR)         \
                            PAIR(REGCLASS) PAIR(REGTYPE) PAIR(RECORD) PAIR(TXID_SNAPSHOT)          \
                                PAIR(UUID) PAIR(TSVECTOR) PAIR(GTSVECTOR) PAIR(TSQUERY)            \
                                    PAIR(REGCONFIG) PAIR(REGDICTIONARY) PAIR(JSONB)                \
                                        PAIR(INT4RANGE) PAIR(NUMRANGE) PAIR(TSRANGE)               \
                                            PAIR(TSTZRANGE) PAIR(DATERANGE) PAIR(INT8RANGE)        \
                                                PAIR(JSONPATH) PAIR(REGNAMESPACE) PAIR(REGROLE)    \
                                                    PAIR(REGCOLLATION) PAIR(INT4MULTIRANGE)        \
                                                        PAIR(NUMMULTIRANGE) PAIR(TSMULTIRANGE)     \
                                                            PAIR(TSTZMULTIRANGE)                   \
                                                                PAIR(DATEMULTIRANGE)               \
                                                                    PAIR(INT8MULTIRANGE)

#define TAKE_PAIR(name) {TYPE_##name, TYPE_##name##_ARRAY},
const struct array_pair array_pairs[] = {
    ARRAYS(TAKE_PAIR){TYPE_INT2, TYPE_INT2VECTOR}, {TYPE_OID, TYPE_OIDVECTOR}, {0, 0}};
#undef TAKE_PAIR

#define TAKE_ARRAY(name) {TYPE_##name##_ARRAY, &array_ops},
const struct type_ops_entry array_type_ops[] = {
    ARRAYS(TAKE_ARRAY){TYPE_INT2VECTOR, &vector_ops}, {TYPE_OIDVECTOR, &vector_ops}, {0, NULL}};
#undef TAKE_ARRAY
