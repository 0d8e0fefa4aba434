/*
 * The sending half of a message: its head, then its body in the framing that
 * the head announced. What belongs together leaves as one write: a head with
 * the content that comes in the same turn, a chunk's size with its content
 * and line end. Embedded in its owner.
 */
#ifndef HTTP_SENDER_H
#define HTTP_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/body.h"
#include "net/conn.h"

struct http_sender {
    struct conn *conn; /* NULL: not open yet, everything is held */
    struct buf held;   /* goes out before anything else */
    enum http1_framing framing;
    uint64_t left;  /* of a Content-Length */
    bool is_over;   /* more content than the Content-Length was written */
    bool has_flown; /* something has gone out */
};

/* Holds nothing, and sends no body, until http_sender_begin(). */
void http_sender_init(struct http_sender *sender, struct conn *conn);
void http_sender_deinit(struct http_sender *sender);

/* The head is in sender->held; the body will follow. length is that of the
 * Content-Length. */
void http_sender_begin(struct http_sender *sender, enum http1_framing framing, uint64_t length);

/* Content. Afterwards the owner must see to it that http_sender_flush() is
 * called before the loop sleeps when sender->held is not empty. A piece that
 * passes the Content-Length is dropped; http_sender_end() tells. 0, or -ENOBUFS
 * when too much is held for a connection that does not open. */
int http_sender_write(struct http_sender *sender, struct span content);

/* The end; everything goes out. Trailers are written behind chunks and dropped
 * behind any other body; those that may not stand there are left out. 0, or
 * -EPROTO when the content was not as long as announced. */
int http_sender_end(struct http_sender *sender, struct http_fields trailers);

/* Sends a head that is whole, and held nowhere; nothing is held, and the
 * connection is open. */
void http_sender_send(struct http_sender *sender, struct span head);

/* Sends what is held. */
void http_sender_flush(struct http_sender *sender);

/* Bytes that the kernel has not taken. */
size_t http_sender_queued(const struct http_sender *sender);

#endif
