/* version.h - who we are, and which PostgreSQL we speak for. */
#ifndef SHARDLITE_PROXY_VERSION_H
#define SHARDLITE_PROXY_VERSION_H

#define SHARDLITE_VERSION "0.1.0"
#define SHARDLITE_SERVER_VERSION "15.20 (Shardlite " SHARDLITE_VERSION ")"
#define SHARDLITE_SERVER_VERSION_NUM "150020"

#endif
