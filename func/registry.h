/* registry.h - the tables of implementations that func_find() and agg_find() search: one name per line. */
#ifndef SHARDLITE_FUNC_REGISTRY_H
#define SHARDLITE_FUNC_REGISTRY_H

#include "func/func.h"

#define FUNC_TABLES(TABLE)                                                                         \
    TABLE(int_funcs)                                                                               \
    TABLE(series_funcs)                                                                            \
    TABLE(snapshot_funcs)                                                                          \
    TABLE(ts_rewrite_funcs)                                                                        \
    TABLE(numeric_funcs)                                                                           \
    TABLE(math_funcs)                                                                              \
    TABLE(float_funcs)                                                                             \
    TABLE(array_funcs)                                                                             \
    TABLE(range_funcs)                                                                             \
    TABLE(range_set_funcs)                                                                         \
    TABLE(geo_funcs)                                                                               \
    TABLE(geo_shape_funcs)                                                                         \
    TABLE(enum_funcs)                                                                              \
    TABLE(misc_funcs)                                                                              \
    TABLE(money_funcs)                                                                             \
    TABLE(inet_funcs)                                                                              \
    TABLE(bit_funcs)                                                                               \
    TABLE(io_funcs)                                                                                \
    TABLE(in_range_funcs)                                                                          \
    TABLE(column_size_funcs)                                                                       \
    TABLE(compare_funcs)                                                                           \
    TABLE(hash_funcs)                                                                              \
    TABLE(datetime_compare_funcs)                                                                  \
    TABLE(datetime_math_funcs)                                                                     \
    TABLE(datetime_extract_funcs)                                                                  \
    TABLE(datetime_zone_funcs)                                                                     \
    TABLE(datetime_clock_funcs)                                                                    \
    TABLE(formatting_date_funcs)                                                                   \
    TABLE(formatting_parse_funcs)                                                                  \
    TABLE(formatting_number_funcs)                                                                 \
    TABLE(text_basic_funcs)                                                                        \
    TABLE(text_case_funcs)                                                                         \
    TABLE(text_cast_funcs)                                                                         \
    TABLE(text_compare_funcs)                                                                      \
    TABLE(text_format_funcs)                                                                       \
    TABLE(bytea_funcs)                                                                             \
    TABLE(crypto_funcs)                                                                            \
    TABLE(encode_funcs)                                                                            \
    TABLE(like_funcs)                                                                              \
    TABLE(json_get_funcs)                                                                          \
    TABLE(json_build_funcs)                                                                        \
    TABLE(jsonb_edit_funcs)                                                                        \
    TABLE(jsonb_more_funcs)                                                                        \
    TABLE(json_populate_funcs)                                                                     \
    TABLE(regex_funcs)                                                                             \
    TABLE(jsonpath_funcs)                                                                          \
    TABLE(tsearch_vector_funcs)                                                                    \
    TABLE(tsearch_query_funcs)                                                                     \
    TABLE(tsearch_rank_funcs)                                                                      \
    TABLE(tsearch_headline_funcs)

#define AGG_TABLES(TABLE)                                                                          \
    TABLE(datetime_aggs)                                                                           \
    TABLE(range_aggs)                                                                              \
    TABLE(number_aggs)                                                                             \
    TABLE(regr_aggs)                                                                               \
    TABLE(ordered_aggs)                                                                            \
    TABLE(bit_aggs)                                                                                \
    TABLE(basic_aggs)                                                                              \
    TABLE(json_aggs)

#define DECLARE_FUNC_TABLE(name) extern FUNC_TABLE(name);
FUNC_TABLES(DECLARE_FUNC_TABLE)
#undef DECLARE_FUNC_TABLE
#define DECLARE_AGG_TABLE(name) extern AGG_TABLE(name);
AGG_TABLES(DECLARE_AGG_TABLE)
#undef DECLARE_AGG_TABLE

#endif
