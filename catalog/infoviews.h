/* infoviews.h - the texts of system views (sysviews.c) and of information_schema (infoviews.c). */
#ifndef SHARDLITE_CATALOG_INFOVIEWS_H
#define SHARDLITE_CATALOG_INFOVIEWS_H

struct sysview {
    const char *name, *sql;
};
extern const struct sysview infoviews[]; /* ended by a NULL name */

#endif
