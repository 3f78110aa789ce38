/* stream.h - the bytes of one connection, plain or inside TLS.  Non-blocking; one thread at a time. */
#ifndef SHARDLITE_PROXY_STREAM_H
#define SHARDLITE_PROXY_STREAM_H

#include <openssl/ssl.h>

#include "base/err.h"

struct stream {
    int fd;
    SSL *tls; /* NULL: plain */
};

enum stream_end {
    STREAM_OK,
    STREAM_WANT_READ,  /* nothing more until the socket is readable */
    STREAM_WANT_WRITE, /* ... writable */
    STREAM_EOF,
    STREAM_BROKEN,
};

/* Reads up to n bytes.  STREAM_OK: *got > 0. */
enum stream_end stream_read(struct stream *stream, void *bytes, size_t n, size_t *got);
/* Writes what goes; *put may be less than n with STREAM_OK. */
enum stream_end stream_write(struct stream *stream, const void *bytes, size_t n, size_t *put);
/* TLS may hold decrypted bytes that epoll does not know of. */
bool stream_has_pending(const struct stream *stream);
/* Takes the server side of the handshake a step on; call again when the socket is ready as told. */
enum stream_end stream_handshake(struct stream *stream, SSL_CTX *context, const char **failure);
void stream_close(struct stream *stream);

#endif
