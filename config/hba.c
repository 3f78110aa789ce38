/* hba.c - host-based rules: parsing one, and finding the first that fits.  All addresses are kept in IPv6 form, IPv4 mapped. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

bool address_parse(const char *text, uint8_t address[16], bool *is_v4)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    *is_v4 = inet_pton(AF_INET, text, address + 12) == 1;
    if (*is_v4) {
        memcpy(address, mapped, sizeof(mapped));
        return true;
    }
    return inet_pton(AF_INET6, text, address) == 1;
}

bool address_is_loopback(const uint8_t address[16])
{
    static const uint8_t v6[16] = {[15] = 1};
    static const uint8_t v4_prefix[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
    return memcmp(address, v6, 16) == 0 || memcmp(address, v4_prefix, 13) == 0;
}

static bool parse_address(char *text, struct hba_rule *rule)
{
    bool v4;
    if (strcmp(text, "all") == 0) {
        rule->any_address = true;
        return true;
    }
    char *slash = strchr(text, '/');
    if (slash)
        *slash = 0;
    if (!address_parse(text, rule->address, &v4))
        return false;
    int bits = v4 ? 32 : 128;
    if (slash) {
        char *end;
        long given = strtol(slash + 1, &end, 10);
        if (end == slash + 1 || *end || given < 0 || given > bits)
            return false;
        bits = (int)given;
    }
    rule->any_address = bits == 0;
    rule->prefix_bits = v4 ? bits + 96 : bits;
    return true;
}

static bool parse_method(const char *text, enum hba_method *method, struct err *err)
{
    static const struct {
        const char *name;
        enum hba_method method;
    } methods[] = {{"trust", HBA_TRUST}, {"reject", HBA_REJECT},     {"scram-sha-256", HBA_SCRAM},
                   {"cert", HBA_CERT},   {"password", HBA_PASSWORD}, {"md5", HBA_MD5}};
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++)
        if (strcmp(methods[i].name, text) == 0) {
            *method = methods[i].method;
            return true;
        }
    return err_set(
        err, ERR_CONFIG_FILE_ERROR,
        "unknown authentication method \"%s\": trust, reject, scram-sha-256, password, md5 or cert",
        text);
}

bool hba_parse(struct arena *arena, const char *line, struct hba_rule *rule, struct err *err)
{
    static const char *const kinds[] = {"local", "host", "hostssl", "hostnossl"};
    char *copy = arena_strdup(arena, line), *rest = NULL, *word[6];
    size_t n = 0;
    for (char *p = strtok_r(copy, " \t", &rest); p && n < ARRAY_COUNT(word);
         p = strtok_r(NULL, " \t", &rest))
        word[n++] = p;
    *rule = (struct hba_rule){0};
    size_t kind = 0;
    while (n && kind < ARRAY_COUNT(kinds) && strcmp(kinds[kind], word[0]) != 0)
        kind++;
    size_t wanted = kind == HBA_LOCAL ? 4 : 5;
    if (n < wanted || n > wanted + 1 || kind == ARRAY_COUNT(kinds))
        return err_set(err, ERR_CONFIG_FILE_ERROR,
                       "\"%s\" is not a rule: write host|hostssl|hostnossl DATABASE USER ADDRESS "
                       "METHOD, or local DATABASE USER METHOD",
                       line);
    rule->kind = (int)kind;
    rule->databases = word[1];
    rule->users = word[2];
    if (kind == HBA_LOCAL)
        rule->any_address = true;
    else if (!parse_address(word[3], rule))
        return err_set(err, ERR_CONFIG_FILE_ERROR,
                       "\"%s\" is not an address such as 10.0.0.0/8, ::1/128 or all", word[3]);
    if (n == wanted + 1) {
        if (strcmp(word[wanted], "clientcert=verify-full") != 0)
            return err_set(err, ERR_CONFIG_FILE_ERROR,
                           "unknown option \"%s\" (there is clientcert=verify-full)", word[wanted]);
        rule->verify_client_cert = true;
    }
    if (!parse_method(word[wanted - 1], &rule->method, err))
        return false;
    if (rule->method == HBA_CERT && kind != HBA_HOSTSSL)
        return err_set(err, ERR_CONFIG_FILE_ERROR, "method cert needs hostssl");
    return true;
}

static bool in_list(const char *list, const char *name, const char *user)
{
    for (const char *p = list;;) {
        size_t n = strcspn(p, ",");
        if (n == 3 && strncmp(p, "all", 3) == 0)
            return true;
        if (user && n == 8 && strncmp(p, "sameuser", 8) == 0 && strcmp(name, user) == 0)
            return true;
        if (strlen(name) == n && strncmp(p, name, n) == 0)
            return true;
        if (!p[n])
            return false;
        p += n + 1;
    }
}

static bool same_prefix(const uint8_t *a, const uint8_t *b, int bits)
{
    int whole = bits / 8;
    if (memcmp(a, b, (size_t)whole) != 0)
        return false;
    int left = bits % 8;
    return left == 0 || (a[whole] ^ b[whole]) >> (8 - left) == 0;
}

const struct hba_rule *config_hba(const struct config *config, const char *database,
                                  const char *user, const uint8_t *address, bool tls)
{
    for (size_t i = 0; i < config->hba.n; i++) {
        const struct hba_rule *rule = &config->hba.items[i];
        if ((rule->kind == HBA_LOCAL) != (address == NULL))
            continue;
        if ((rule->kind == HBA_HOSTSSL && !tls) || (rule->kind == HBA_HOSTNOSSL && tls))
            continue;
        if (address && !rule->any_address &&
            !same_prefix(rule->address, address, rule->prefix_bits))
            continue;
        if (in_list(rule->databases, database, user) && in_list(rule->users, user, NULL))
            return rule;
    }
    return NULL;
}
