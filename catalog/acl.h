/* acl.h - access control lists: their text form, defaults, grants, checks. */
#ifndef SHARDLITE_CATALOG_ACL_H
#define SHARDLITE_CATALOG_ACL_H

#include "catalog/catalog.h"

/* What the privileges belong to; the letters are acldefault()'s. */
enum acl_object {
    ACL_COLUMN = 'c',
    ACL_RELATION = 'r',
    ACL_SEQUENCE = 's',
    ACL_DATABASE = 'd',
    ACL_FUNCTION = 'f',
    ACL_LANGUAGE = 'l',
    ACL_LARGE_OBJECT = 'L',
    ACL_NAMESPACE = 'n',
    ACL_PARAMETER = 'p',
    ACL_TABLESPACE = 't',
    ACL_FOREIGN_DATA_WRAPPER = 'F',
    ACL_FOREIGN_SERVER = 'S',
    ACL_TYPE = 'T',
};
/* All privileges that such an object can have; 0 for an unknown letter. */
uint16_t acl_all_privileges(enum acl_object kind);
/* What holds where no ACL is set: the owner's all, and PUBLIC's. */
const struct acl *acl_default(struct arena *arena, enum acl_object kind, uint32_t owner_oid);
/* "grantee=arwd*x/grantor", names quoted where needed; unknown roles as numbers. */
void acl_item_print(const struct catalog *catalog, const struct acl_item *item, struct buf *out);
/* SQL name of one privilege bit ("SELECT"), and back: 0 when there is none. */
const char *privilege_name(uint16_t bit);
uint16_t privilege_by_name(const char *name, size_t n);

/* Grants or revokes; `acl` may be NULL (then `kind` and `owner_oid` give the default to start from).  `grant_option`: GRANT ... WITH
 * GRANT OPTION, or REVOKE GRANT OPTION FOR. */
const struct acl *acl_change(struct arena *arena, const struct acl *acl, enum acl_object kind,
                             uint32_t owner_oid, bool grant, uint32_t grantee, uint32_t grantor,
                             uint16_t privileges, bool grant_option);
/* A new owner: entries of the old one become the new one's. */
const struct acl *acl_change_owner(struct arena *arena, const struct acl *acl, uint32_t before,
                                   uint32_t after);
/* The privileges among `wanted` that `role` holds, by itself, through roles or PUBLIC; superusers and owners hold all. */
uint16_t acl_held(const struct catalog *catalog, const struct acl *acl, enum acl_object kind,
                  uint32_t owner_oid, uint32_t role, uint16_t wanted, bool with_grant_option);

#endif
