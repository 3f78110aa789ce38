/* config_test.c - where values come from, what is refused and how it is told, which rule fits whom. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"

Suite *config_config_suite(void);

static char path[] = "/tmp/shardlite-config-XXXXXX";

static void write_file(const char *text)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void setup(void)
{
    snprintf(path, sizeof(path), "/tmp/shardlite-config-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void teardown(void)
{
    unlink(path);
    unsetenv("SHARDLITE_PORT");
}

static struct config *load(const char *text, const char *flag, struct err *err)
{
    write_file(text);
    char *argv[] = {"-c", path, (char *)flag};
    return config_load(flag ? 3 : 2, argv, err);
}

START_TEST(flags_beat_the_environment_which_beats_the_file)
{
    struct err err = ERR_IN(arena_new("test"));
    struct config *config = load(
        "[server]\nport = 1111\nshards = 3\n[table.orders]\nshard_key = tenant_id\n", NULL, &err);
    ck_assert_ptr_nonnull(config);
    ck_assert_int_eq(config->port, 1111);
    ck_assert_int_eq(config->shards, 3);
    ck_assert_str_eq(config->tables.items[0].shard_key, "tenant_id");
    config_free(config);
    setenv("SHARDLITE_PORT", "2222", 1);
    config = load("[server]\nport = 1111\n", NULL, &err);
    ck_assert_int_eq(config->port, 2222);
    config_free(config);
    config = load("[server]\nport = 1111\n", "--port=3333", &err);
    ck_assert_int_eq(config->port, 3333);
    config_free(config);
    arena_free(err.arena);
}
END_TEST

static const struct {
    const char *text, *flag, *message; /* %s: the file */
} bad[] = {
    {"[server]\nport = 1\nprot = 5\n", NULL, "%s line 3: unknown key \"prot\" in section [server]"},
    {"[servr]\nport = 1\n", NULL, "%s line 2: unknown section [servr]"},
    {"[server]\nport = many\n", NULL, "%s line 2: \"many\" is not a number for port"},
    {"[server]\nshards = 0\n", NULL, "%s line 2: shards must be between 1 and 4096"},
    {"[tls]\ntls_min_version = 1.0\n", NULL, "%s line 2: tls_min_version must be one of |1.2|1.3|"},
    {"[hba]\nrule = host all all nowhere trust\n", NULL,
     "%s line 2: \"nowhere\" is not an address such as 10.0.0.0/8, ::1/128 or all"},
    {"[table.t]\nshard_kee = a\n", NULL,
     "%s line 2: unknown key \"shard_kee\" in section [table.t]"},
    {"", "--prot=5", "unknown flag \"--prot\""},
    {"", "--port", "--port wants a value"},
    {"", "rubbish", "unknown argument \"rubbish\""},
};

START_TEST(mistakes_are_told_with_their_place)
{
    struct err err = ERR_IN(arena_new("test"));
    char expected[512];
    ck_assert_ptr_null(load(bad[_i].text, bad[_i].flag, &err));
    const char *mark = strstr(bad[_i].message, "%s");
    if (mark)
        snprintf(expected, sizeof(expected), "%s%s", path, mark + 2);
    else
        snprintf(expected, sizeof(expected), "%s", bad[_i].message);
    ck_assert_str_eq(err.message, expected);
    arena_free(err.arena);
}
END_TEST

START_TEST(open_doors_are_refused)
{
    struct err err = ERR_IN(arena_new("test"));
    ck_assert_ptr_null(load("[server]\nlisten = 0.0.0.0\n", NULL, &err));
    ck_assert_ptr_nonnull(strstr(err.message, "without authentication is refused"));
    ck_assert_ptr_null(
        load("[server]\nlisten = 0.0.0.0\n[hba]\nrule = host all all all trust\n", NULL, &err));
    struct config *config =
        load("[server]\nlisten = *\n[hba]\nrule = host all all all scram-sha-256\n", NULL, &err);
    ck_assert_ptr_nonnull(config);
    config_free(config);
    arena_free(err.arena);
}
END_TEST

START_TEST(the_first_rule_that_fits_decides)
{
    struct err err = ERR_IN(arena_new("test"));
    struct config *config = load("[hba]\n"
                                 "rule = host shop alice,bob 10.1.0.0/16 scram-sha-256\n"
                                 "rule = hostssl all carol ::/0 cert\n"
                                 "rule = host sameuser all 10.0.0.0/8 reject\n"
                                 "rule = local all all trust\n",
                                 NULL, &err);
    ck_assert_ptr_nonnull(config);
    static const struct {
        const char *database, *user, *address;
        bool tls;
        int rule; /* -1: none */
    } examples[] = {
        {"shop", "alice", "10.1.2.3", false, 0},
        {"shop", "alice", "10.2.2.3", false, -1},
        {"other", "alice", "10.1.2.3", false, -1},
        {"other", "carol", "2001:db8::1", true, 1},
        {"other", "carol", "2001:db8::1", false, -1},
        {"dave", "dave", "10.9.9.9", true, 2},
        {"x", "y", NULL, false, 3},
        {"dave", "dave", "11.0.0.1", false, -1},
    };
    for (size_t i = 0; i < ARRAY_COUNT(examples); i++) {
        uint8_t address[16];
        bool v4;
        if (examples[i].address)
            ck_assert(address_parse(examples[i].address, address, &v4));
        const struct hba_rule *rule =
            config_hba(config, examples[i].database, examples[i].user,
                       examples[i].address ? address : NULL, examples[i].tls);
        ck_assert_int_eq(rule ? (int)(rule - config->hba.items) : -1, examples[i].rule);
    }
    config_free(config);
    arena_free(err.arena);
}
END_TEST

Suite *config_config_suite(void)
{
    Suite *suite = suite_create("config/config");
    TCase *tests = tcase_create("config");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, flags_beat_the_environment_which_beats_the_file);
    tcase_add_loop_test(tests, mistakes_are_told_with_their_place, 0, ARRAY_COUNT(bad));
    tcase_add_test(tests, open_doors_are_refused);
    tcase_add_test(tests, the_first_rule_that_fits_decides);
    suite_add_tcase(suite, tests);
    return suite;
}
