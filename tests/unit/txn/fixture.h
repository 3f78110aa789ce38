/* fixture.h - a storage directory of its own with a table, for the tests of txn/.
 *
 * Table t (id int8 NOT NULL, v int8, name text), sharded by id % n_shards here; table tmp is the same but temporary.  Index 900 is
 * a global one, table "g" in the files. */
#ifndef TESTS_TXN_FIXTURE_H
#define TESTS_TXN_FIXTURE_H

#include "func/env.h"
#include "txn/txn.h"

#define GLOBAL_INDEX_OID 900u

struct fixture {
    char dir[64];
    struct arena *arena;
    struct storage *storage;
    struct database_files *files;
    struct txn_manager *manager;
    uint32_t n_shards;
    struct relation table, temp;
    struct index index;
    struct env env;
};

void fixture_open(struct fixture *f, uint32_t n_shards);
void fixture_reopen(struct fixture *f);     /* as after a clean shutdown */
void fixture_open_again(struct fixture *f); /* after the storage was closed, or its process died */
void fixture_close(struct fixture *f);

struct txn *fx_begin(struct fixture *f, enum isolation isolation, int32_t pid);
struct txn *fx_begin_temp(struct fixture *f, struct temp_store *store);
void fx_commit(struct txn *txn);
/* One statement each; NULL name: "n<id>". */
void fx_insert(struct fixture *f, struct txn *txn, int64_t id, int64_t v);
void fx_insert_into(struct fixture *f, struct txn *txn, const struct relation *relation, int64_t id,
                    int64_t v);
/* v = v + add where id = ?, run again on TXN_RESTART.  Rows changed, or -1 with `err` filled. */
int fx_add(struct fixture *f, struct txn *txn, int64_t id, int64_t add, struct err *err);
int fx_delete(struct fixture *f, struct txn *txn, int64_t id, struct err *err);
/* v of the row; INT64_MIN: no row. */
int64_t fx_get(struct fixture *f, struct txn *txn, int64_t id);
#define NO_ROW INT64_MIN

/* "id=v id=v ..." of a scan in the order it gives; in f's arena. */
const char *fx_rows(struct fixture *f, struct txn *txn, const struct relation *relation,
                    const struct scan_qual *quals, uint32_t n_quals, int16_t order, bool desc);
const char *fx_all(struct fixture *f, struct txn *txn); /* t, ordered by id within each shard */

const uint32_t *fx_shards(const struct fixture *f);

#endif
