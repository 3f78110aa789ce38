/* check.c - see check.h. */
#include "proxy/check.h"

#include <stdio.h>

#include "config/config.h"
#include "shard/check.h"

static void on_problem(void *arg, const char *path, const char *what)
{
    (void)arg;
    printf("PROBLEM  %s: %s\n", path, what);
}

static void on_remark(void *arg, const char *path, const char *what)
{
    (void)arg;
    printf("note     %s: %s\n", path, what);
}

static int could_not(const struct err *err)
{
    fprintf(stderr, "shardlite: %s\n", err->message ? err->message : "unknown error");
    if (err->hint)
        fprintf(stderr, "  %s\n", err->hint);
    return 2;
}

int check_main(int argc, char *const *argv)
{
    struct arena *arena = arena_new("check");
    struct err err = ERR_IN(arena);
    struct config *config = config_load(argc, argv, &err);
    if (!config)
        return could_not(&err);
    struct storage_options options = {.data_dir = config->data_dir, .n_shards = (uint32_t)config->shards,
                                      .max_open_readers = (uint32_t)config->max_open_readers,
                                      .log_segment_bytes = (uint64_t)config->log_segment_bytes};
    struct check_report report = {.problem = on_problem, .remark = on_remark};
    if (!storage_check(&options, &report, &err))
        return could_not(&err);
    printf("%u files checked, %u problem(s)\n", report.n_files, report.n_problems);
    int status = report.n_problems ? 1 : 0;
    config_free(config);
    arena_free(arena);
    return status;
}
