/* tsearch_match.h - evaluating a text search query over any kind of document. */
#ifndef SHARDLITE_FUNC_TSEARCH_MATCH_H
#define SHARDLITE_FUNC_TSEARCH_MATCH_H

#include "func/tsearch.h"

enum ts_truth { TS_NO, TS_YES, TS_MAYBE };

struct ts_matcher {
    struct arena *arena;
    /* Is the word in the document?  With `places` also where (ascending); TS_MAYBE when that is
     * not known. */
    enum ts_truth (*word)(const struct ts_matcher *m, const struct tsquery_node *word,
                          uint32_t **places, uint32_t *n);
    const void *document;
};
enum ts_truth ts_execute(const struct ts_matcher *m, const struct tsquery_node *query);

#endif
