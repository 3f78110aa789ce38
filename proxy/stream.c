/* stream.c - see stream.h. */
#include "proxy/stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

static enum stream_end tls_end(struct stream *stream, int rc)
{
    switch (SSL_get_error(stream->tls, rc)) {
    case SSL_ERROR_WANT_READ:
        return STREAM_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return STREAM_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return STREAM_EOF;
    default:
        ERR_clear_error();
        return STREAM_BROKEN;
    }
}

enum stream_end stream_read(struct stream *stream, void *bytes, size_t n, size_t *got)
{
    *got = 0;
    if (stream->tls) {
        ERR_clear_error();
        int rc = SSL_read_ex(stream->tls, bytes, n, got);
        return rc > 0 ? STREAM_OK : tls_end(stream, rc);
    }
    ssize_t rc;
    do
        rc = recv(stream->fd, bytes, n, 0);
    while (rc < 0 && errno == EINTR);
    if (rc > 0) {
        *got = (size_t)rc;
        return STREAM_OK;
    }
    if (rc == 0)
        return STREAM_EOF;
    return errno == EAGAIN || errno == EWOULDBLOCK ? STREAM_WANT_READ : STREAM_BROKEN;
}

enum stream_end stream_write(struct stream *stream, const void *bytes, size_t n, size_t *put)
{
    *put = 0;
    if (stream->tls) {
        ERR_clear_error();
        int rc = SSL_write_ex(stream->tls, bytes, n, put);
        return rc > 0 ? STREAM_OK : tls_end(stream, rc);
    }
    ssize_t rc;
    do
        rc = send(stream->fd, bytes, n, MSG_NOSIGNAL);
    while (rc < 0 && errno == EINTR);
    if (rc >= 0) {
        *put = (size_t)rc;
        return STREAM_OK;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK ? STREAM_WANT_WRITE : STREAM_BROKEN;
}

bool stream_has_pending(const struct stream *stream)
{
    return stream->tls && SSL_has_pending(stream->tls);
}

enum stream_end stream_handshake(struct stream *stream, SSL_CTX *context, const char **failure)
{
    *failure = NULL;
    if (!stream->tls) {
        stream->tls = SSL_new(context);
        if (!stream->tls || !SSL_set_fd(stream->tls, stream->fd)) {
            *failure = "could not make a TLS connection";
            return STREAM_BROKEN;
        }
        SSL_set_accept_state(stream->tls);
    }
    ERR_clear_error();
    int rc = SSL_do_handshake(stream->tls);
    if (rc == 1)
        return STREAM_OK;
    int why = SSL_get_error(stream->tls, rc);
    if (why == SSL_ERROR_WANT_READ)
        return STREAM_WANT_READ;
    if (why == SSL_ERROR_WANT_WRITE)
        return STREAM_WANT_WRITE;
    unsigned long code = ERR_peek_error();
    *failure = code ? ERR_reason_error_string(code) : "connection closed";
    ERR_clear_error();
    return STREAM_BROKEN;
}

void stream_close(struct stream *stream)
{
    if (stream->tls) {
        SSL_shutdown(stream->tls);
        ERR_clear_error();
        SSL_free(stream->tls);
        stream->tls = NULL;
    }
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}
