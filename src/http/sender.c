/*
 * A chunk is three spans (size, content, line end), and its line end must not
 * be left for later: clients wait for it before they hand the content on. A
 * small chunk is put together on the stack; a large one is written from where
 * it lies.
 */
#include "http/sender.h"

#include <errno.h>

#include "http/write.h"

enum { JOIN_MAX = 16 << 10 }; /* copying up to this is cheaper than another packet */

void http_sender_init(struct http_sender *sender, struct conn *conn)
{
    *sender = (struct http_sender){.conn = conn, .framing = HTTP1_BODY_NONE};
    buf_init(&sender->held, CONN_QUEUE_MAX);
}

void http_sender_deinit(struct http_sender *sender)
{
    buf_deinit(&sender->held);
}

void http_sender_begin(struct http_sender *sender, enum http1_framing framing, uint64_t length)
{
    sender->framing = framing;
    sender->left = length;
}

void http_sender_send(struct http_sender *sender, struct span head)
{
    sender->has_flown = true;
    conn_write(sender->conn, head);
}

void http_sender_flush(struct http_sender *sender)
{
    if (!sender->conn || sender->held.len == 0)
        return;
    http_sender_send(sender, buf_bytes(&sender->held));
    buf_clear(&sender->held);
}

/* Everything of one write, held or out. */
static int hold(struct http_sender *sender, struct span head, struct span content, struct span tail)
{
    if (head.len + content.len + tail.len > buf_room(&sender->held))
        return -ENOBUFS;
    int error = buf_append(&sender->held, head);
    if (error == 0)
        error = buf_append(&sender->held, content);
    if (error == 0)
        error = buf_append(&sender->held, tail);
    return error;
}

static int send_parts(struct http_sender *sender, struct span head, struct span content,
                      struct span tail)
{
    if (!sender->conn)
        return hold(sender, head, content, tail);
    sender->has_flown = true;
    struct span held = buf_bytes(&sender->held);
    if (held.len + head.len + content.len + tail.len <= JOIN_MAX) {
        uint8_t joined[JOIN_MAX];
        size_t len = 0;
        const struct span parts[] = {held, head, content, tail};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            if (parts[i].len > 0)
                memcpy(joined + len, parts[i].data, parts[i].len);
            len += parts[i].len;
        }
        buf_clear(&sender->held);
        conn_write(sender->conn, span_of(joined, len));
        return 0;
    }
    int error = buf_append(&sender->held, head);
    if (error < 0)
        return error;
    conn_write3(sender->conn, buf_bytes(&sender->held), content, tail);
    buf_clear(&sender->held);
    return 0;
}

int http_sender_write(struct http_sender *sender, struct span content)
{
    const struct span none = {0};
    if (content.len == 0)
        return 0;
    switch (sender->framing) {
    case HTTP1_BODY_NONE:
        return 0;
    case HTTP1_BODY_UNTIL_CLOSE:
    case HTTP1_BODY_PIPE:
        return send_parts(sender, none, content, none);
    case HTTP1_BODY_LENGTH:
        /* None of what is too much goes out, so that the message is seen to
         * be broken rather than taken as whole. */
        if (content.len > sender->left)
            sender->is_over = true;
        if (sender->is_over)
            return 0;
        sender->left -= content.len;
        return send_parts(sender, none, content, none);
    case HTTP1_BODY_CHUNKED:
        break;
    }
    char line[HTTP_CHUNK_HEAD_MAX + 1];
    size_t line_len = http_write_chunk_head(line, content.len);
    return send_parts(sender, span_of(line, line_len), content, SPAN_LITERAL("\r\n"));
}

static int hold_last_chunk(struct http_sender *sender, struct http_fields trailers)
{
    int error = buf_append_string(&sender->held, HTTP_LAST_CHUNK);
    for (size_t i = 0; error == 0 && i < trailers.count; i++) {
        const struct http_field *field = &trailers.at[i];
        if (http_field_is_barred_from_trailers(field->name))
            continue;
        error = http_write_field(&sender->held, field->name, field->value);
        if (error == -EINVAL)
            error = 0; /* left out: the content is whole without it */
    }
    return error == 0 ? http_write_end_of_head(&sender->held) : error;
}

int http_sender_end(struct http_sender *sender, struct http_fields trailers)
{
    int error = 0;
    if (sender->framing == HTTP1_BODY_CHUNKED)
        error = hold_last_chunk(sender, trailers);
    else if (sender->framing == HTTP1_BODY_LENGTH && (sender->left > 0 || sender->is_over))
        error = -EPROTO;
    http_sender_flush(sender);
    return error;
}

size_t http_sender_queued(const struct http_sender *sender)
{
    return sender->held.len + (sender->conn ? conn_queued(sender->conn) : 0);
}
