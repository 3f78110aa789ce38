/* param_check.h - canonical forms of the string parameters that have a syntax of their own. */
#ifndef SHARDLITE_PROXY_PARAM_CHECK_H
#define SHARDLITE_PROXY_PARAM_CHECK_H

#include "proxy/param.h"
#include "types/settings.h"

/* All follow param_check(): the canonical text, or PostgreSQL's error. */
MUST_CHECK bool check_date_style(const char *text, const char **value, struct err *err);
MUST_CHECK bool check_timezone(const char *text, const char **value, struct err *err);
MUST_CHECK bool check_client_encoding(const char *text, const char **value, struct err *err);
MUST_CHECK bool check_application_name(const char *text, const char **value, struct err *err);
MUST_CHECK bool check_name_list(const char *param, const char *text, const char **value,
                                struct err *err);

/* Of canonical values. */
void date_style_parse(const char *value, enum date_style *style, enum date_order *order);
enum interval_style interval_style_parse(const char *value);
/* Splits a list of identifiers as search_path has it: folded unless quoted.  False: bad syntax. */
MUST_CHECK bool split_identifiers(struct arena *arena, const char *text, const char ***names,
                                  size_t *n);

#endif
