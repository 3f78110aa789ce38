/* listener.h - the sockets that new connections come in by.  They live on loop 0, which hands each connection to the least loaded loop. */
#ifndef SHARDLITE_PROXY_LISTENER_H
#define SHARDLITE_PROXY_LISTENER_H

#include "config/config.h"

/* Opens all addresses of the configuration.  Before the loops start. */
MUST_CHECK bool listeners_open(const struct config *config, struct err *err);
/* Puts them on loop 0: from its thread. */
void listeners_start(void *unused);
void listeners_close(void *unused); /* from loop 0's thread: no new connections */
int listeners_port(void);           /* the TCP port in use (port 0 asks for any) */
void listeners_remove_socket_file(void);

#endif
