/* tsearch_stop.h - stop words, each with a blank before and after it. */
#ifndef SHARDLITE_FUNC_TSEARCH_STOP_H
#define SHARDLITE_FUNC_TSEARCH_STOP_H

extern const char ts_stop_danish[], ts_stop_dutch[], ts_stop_english[], ts_stop_finnish[],
    ts_stop_french[], ts_stop_german[], ts_stop_hungarian[], ts_stop_italian[];
extern const char ts_stop_nepali[], ts_stop_norwegian[], ts_stop_portuguese[], ts_stop_russian[],
    ts_stop_spanish[], ts_stop_swedish[], ts_stop_turkish[];

#endif
