/* acl.c - see acl.h. */
#include "catalog/acl.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "catalog/cluster.h"

static const char letters[] = "arwdDxtXUCTcsA"; /* by bit of enum privilege */
static const char *const names[] = {"INSERT",     "SELECT",  "UPDATE",  "DELETE",      "TRUNCATE",
                                    "REFERENCES", "TRIGGER", "EXECUTE", "USAGE",       "CREATE",
                                    "TEMPORARY",  "CONNECT", "SET",     "ALTER SYSTEM"};

const char *privilege_name(uint16_t bit)
{
    for (size_t k = 0; k < ARRAY_COUNT(names); k++)
        if (bit == 1u << k)
            return names[k];
    return NULL;
}

uint16_t privilege_by_name(const char *name, size_t n)
{
    for (size_t k = 0; k < ARRAY_COUNT(names); k++)
        if (strlen(names[k]) == n && strncasecmp(names[k], name, n) == 0)
            return (uint16_t)(1u << k);
    if (n == 4 && strncasecmp(name, "TEMP", 4) == 0)
        return PRIV_TEMPORARY;
    return 0;
}

uint16_t acl_all_privileges(enum acl_object kind)
{
    switch (kind) {
    case ACL_COLUMN:
        return PRIV_INSERT | PRIV_SELECT | PRIV_UPDATE | PRIV_REFERENCES;
    case ACL_RELATION:
        return PRIV_INSERT | PRIV_SELECT | PRIV_UPDATE | PRIV_DELETE | PRIV_TRUNCATE |
               PRIV_REFERENCES | PRIV_TRIGGER;
    case ACL_SEQUENCE:
        return PRIV_USAGE | PRIV_SELECT | PRIV_UPDATE;
    case ACL_DATABASE:
        return PRIV_CREATE | PRIV_TEMPORARY | PRIV_CONNECT;
    case ACL_FUNCTION:
        return PRIV_EXECUTE;
    case ACL_LANGUAGE:
    case ACL_FOREIGN_DATA_WRAPPER:
    case ACL_FOREIGN_SERVER:
    case ACL_TYPE:
        return PRIV_USAGE;
    case ACL_LARGE_OBJECT:
        return PRIV_SELECT | PRIV_UPDATE;
    case ACL_NAMESPACE:
        return PRIV_USAGE | PRIV_CREATE;
    case ACL_PARAMETER:
        return PRIV_SET | PRIV_ALTER_SYSTEM;
    case ACL_TABLESPACE:
        return PRIV_CREATE;
    }
    return 0;
}

static uint16_t public_default(enum acl_object kind)
{
    switch (kind) {
    case ACL_DATABASE:
        return PRIV_TEMPORARY | PRIV_CONNECT;
    case ACL_FUNCTION:
        return PRIV_EXECUTE;
    case ACL_LANGUAGE:
    case ACL_TYPE:
        return PRIV_USAGE;
    case ACL_COLUMN:
    case ACL_RELATION:
    case ACL_SEQUENCE:
    case ACL_LARGE_OBJECT:
    case ACL_NAMESPACE:
    case ACL_PARAMETER:
    case ACL_TABLESPACE:
    case ACL_FOREIGN_DATA_WRAPPER:
    case ACL_FOREIGN_SERVER:
        return 0;
    }
    return 0;
}

static struct acl *acl_new(struct arena *arena, uint16_t n)
{
    return arena_zalloc(arena, sizeof(struct acl) + n * sizeof(struct acl_item));
}

const struct acl *acl_default(struct arena *arena, enum acl_object kind, uint32_t owner_oid)
{
    struct acl *acl = acl_new(arena, 2);
    uint16_t to_public = public_default(kind);
    if (to_public)
        acl->items[acl->n++] = (struct acl_item){0, owner_oid, to_public, 0};
    if (kind != ACL_COLUMN)
        acl->items[acl->n++] = (struct acl_item){owner_oid, owner_oid, acl_all_privileges(kind), 0};
    return acl;
}

/* ---- text ---- */

static void put_role(const struct catalog *catalog, uint32_t oid, struct buf *out)
{
    const struct role *role = catalog_role(catalog, oid);
    if (!role) {
        buf_printf(out, "%u", oid);
        return;
    }
    bool safe = true;
    for (const char *p = role->name; *p; p++)
        safe = safe && (isalnum((uint8_t)*p) || *p == '_');
    if (safe) {
        buf_puts(out, role->name);
        return;
    }
    buf_putc(out, '"');
    for (const char *p = role->name; *p; p++) {
        if (*p == '"')
            buf_putc(out, '"');
        buf_putc(out, *p);
    }
    buf_putc(out, '"');
}

void acl_item_print(const struct catalog *catalog, const struct acl_item *item, struct buf *out)
{
    if (item->grantee)
        put_role(catalog, item->grantee, out);
    buf_putc(out, '=');
    for (unsigned bit = 0; bit < sizeof(letters) - 1; bit++) {
        if (item->privileges & 1u << bit)
            buf_putc(out, letters[bit]);
        if (item->grantable & 1u << bit)
            buf_putc(out, '*');
    }
    buf_putc(out, '/');
    put_role(catalog, item->grantor, out);
}

/* ---- changes ---- */

const struct acl *acl_change(struct arena *arena, const struct acl *acl, enum acl_object kind,
                             uint32_t owner_oid, bool grant, uint32_t grantee, uint32_t grantor,
                             uint16_t privileges, bool grant_option)
{
    const struct acl *before = acl ? acl : acl_default(arena, kind, owner_oid);
    struct acl *after = acl_new(arena, before->n + 1);
    bool found = false;
    for (uint16_t k = 0; k < before->n; k++) {
        struct acl_item item = before->items[k];
        if (item.grantee == grantee && (grant ? item.grantor == grantor : true)) {
            found = true;
            if (grant) {
                item.privileges |= privileges;
                if (grant_option)
                    item.grantable |= privileges;
            } else {
                if (!grant_option)
                    item.privileges &= (uint16_t)~privileges;
                item.grantable &= (uint16_t)~privileges;
            }
        }
        if (item.privileges)
            after->items[after->n++] = item;
    }
    if (grant && !found)
        after->items[after->n++] =
            (struct acl_item){grantee, grantor, privileges, grant_option ? privileges : 0};
    return after;
}

const struct acl *acl_change_owner(struct arena *arena, const struct acl *acl, uint32_t before,
                                   uint32_t after)
{
    if (!acl)
        return NULL;
    struct acl *changed = acl_new(arena, acl->n);
    for (uint16_t k = 0; k < acl->n; k++) {
        struct acl_item item = acl->items[k];
        if (item.grantee == before)
            item.grantee = after;
        if (item.grantor == before)
            item.grantor = after;
        struct acl_item *same = NULL;
        for (uint16_t j = 0; j < changed->n; j++)
            if (changed->items[j].grantee == item.grantee &&
                changed->items[j].grantor == item.grantor)
                same = &changed->items[j];
        if (same) {
            same->privileges |= item.privileges;
            same->grantable |= item.grantable;
        } else {
            changed->items[changed->n++] = item;
        }
    }
    return changed;
}

uint16_t acl_held(const struct catalog *catalog, const struct acl *acl, enum acl_object kind,
                  uint32_t owner_oid, uint32_t role, uint16_t wanted, bool with_grant_option)
{
    uint16_t held = 0;
    if (role &&
        (role_is_superuser(catalog, role) || role_is_member(catalog, role, owner_oid, true)))
        return kind == ACL_COLUMN && !acl ? 0 : wanted;
    if (!acl) {
        uint16_t to_public = public_default(kind);
        return with_grant_option ? 0 : wanted & to_public;
    }
    for (uint16_t k = 0; k < acl->n; k++) {
        const struct acl_item *item = &acl->items[k];
        if (item->grantee == 0 || (role && role_is_member(catalog, role, item->grantee, true)))
            held |= with_grant_option ? item->grantable : item->privileges;
    }
    return held & wanted;
}
