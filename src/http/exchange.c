/*
 * One request's answer. The head is held back until the turn ends or content
 * comes, whichever is first, so that a small response is one packet.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "http/server_internal.h"
#include "http/write.h"

enum { RESPONSE_HEAD_MAX = 2 * HTTP_HEAD_MAX }; /* what another parser took, and our own fields */

void exchange_check_continue(struct http_exchange *x)
{
    struct http_connection *c = x->connection;
    if (!x->wants_continue || x->leaves_continue || x->is_paused || x->response != HALF_HEAD ||
        !x->handlers || c->state != CONNECTION_BODY)
        return;
    x->wants_continue = false;
    conn_write(c->conn, SPAN_LITERAL("HTTP/1.1 100 Continue\r\n\r\n"));
}

void http_exchange_accept(struct http_exchange *x, const struct http_exchange_handlers *handlers,
                          void *arg)
{
    assert(handlers->on_abort);
    x->handlers = handlers;
    x->arg = arg;
}

void http_exchange_leave_continue(struct http_exchange *x, bool is_left)
{
    x->leaves_continue = is_left;
}

void http_exchange_set_reading(struct http_exchange *x, bool reading)
{
    x->is_paused = !reading;
    exchange_check_continue(x);
    connection_update_reading(x->connection);
}

/* From here on the client has a part of the response, which the end of our
 * process, however that comes, must not make look like the whole. One that the
 * kernel takes in one piece, as most are, has no such time. */
static void announce_part(struct http_exchange *x)
{
    conn_set_abortive(x->connection->conn, true);
}

static void flush_later(void *arg)
{
    struct http_connection *c = arg;
    struct http_exchange *x = c->exchange;
    c->is_flush_scheduled = false;
    if (!x)
        return;
    if (x->response == HALF_BODY)
        announce_part(x);
    http_sender_flush(&x->sender);
}

/* What is held must be out before the loop sleeps. */
static void schedule_flush(struct http_exchange *x)
{
    struct http_connection *c = x->connection;
    if (x->sender.held.len == 0 || c->is_flush_scheduled)
        return;
    c->is_flush_scheduled = true;
    loop_defer(c->server->loop, flush_later, c);
}

/* Whether that status hands the connection over. */
static bool is_switch(const struct http_exchange *x, int status)
{
    return x->asked == HTTP_BODY_PIPE && (x->is_connect ? status / 100 == 2 : status == 101);
}

/* How the body will be framed. -EINVAL for lengths that contradict, and for an
 * interim status. */
static int choose_framing(const struct http_exchange *x, const struct http_response *response,
                          enum http1_framing *framing, uint64_t *length)
{
    *length = 0;
    if (is_switch(x, response->status)) {
        *framing = HTTP1_BODY_PIPE;
        return 0;
    }
    int has_length = http_content_length(response->fields, length);
    if (has_length < 0)
        return has_length;
    if (response->status < 200)
        return -EINVAL;
    if (x->is_head || !http_status_has_body(response->status))
        *framing = HTTP1_BODY_NONE;
    else if (has_length)
        *framing = HTTP1_BODY_LENGTH;
    else if (x->is_http10)
        *framing = HTTP1_BODY_UNTIL_CLOSE;
    else
        *framing = HTTP1_BODY_CHUNKED;
    return 0;
}

static int write_string_field(struct buf *out, const char *name, const char *value)
{
    return http_write_field(out, span_from_string(name), span_from_string(value));
}

static bool is_left_out(struct span name, int status, enum http1_framing framing,
                        struct http_fields connection)
{
    if (status == 101 && span_is_string_nocase(name, "Upgrade"))
        return false;
    /* RFC 9110 sections 8.6 and 9.3.6: none in 1xx nor 2xx to CONNECT. A 204
     * should have none either; one that has it from elsewhere keeps it, as it
     * does no harm. */
    bool has_no_length = status < 200 || framing == HTTP1_BODY_PIPE;
    if (has_no_length && span_is_string_nocase(name, "Content-Length"))
        return true;
    return http_field_is_hop_by_hop(name, connection);
}

/* The fields that are ours to say. */
static int write_own_fields(struct http_exchange *x, struct buf *out,
                            const struct http_response *response, enum http1_framing framing)
{
    int error = 0;
    if (response->status == 101)
        return write_string_field(out, "Connection", "Upgrade");
    if (response->status < 200)
        return 0;
    if (!http_fields_find(response->fields, "Date"))
        error = write_string_field(out, "Date", server_date(x->connection->server));
    if (error == 0 && framing == HTTP1_BODY_CHUNKED)
        error = write_string_field(out, "Transfer-Encoding", "chunked");
    if (framing == HTTP1_BODY_PIPE)
        return error; /* there is no next request to speak of */
    if (error == 0 && !x->keeps_alive)
        error = write_string_field(out, "Connection", "close");
    else if (error == 0 && x->is_http10)
        error = write_string_field(out, "Connection", "keep-alive");
    return error;
}

static int write_head(struct http_exchange *x, struct buf *out,
                      const struct http_response *response, enum http1_framing framing)
{
    int error = http_write_status_line(out, response->status, response->reason);
    struct http_fields connection = http_fields_connection(response->fields);
    for (size_t i = 0; error == 0 && i < response->fields.count; i++) {
        const struct http_field *field = &response->fields.at[i];
        if (!is_left_out(field->name, response->status, framing, connection))
            error = http_write_field(out, field->name, field->value);
    }
    if (error == 0)
        error = write_own_fields(x, out, response, framing);
    if (error == 0)
        error = http_write_end_of_head(out);
    return error;
}

/* One that may not be sent leaves no trace. */
static int hold_head(struct http_exchange *x, const struct http_response *response,
                     enum http1_framing framing)
{
    struct buf *held = &x->sender.held;
    size_t old_len = held->len;
    if (write_head(x, held, response, framing) < 0 || held->len - old_len > RESPONSE_HEAD_MAX) {
        held->len = old_len; /* it stands at the back */
        return -EINVAL;
    }
    schedule_flush(x);
    return 0;
}

int http_exchange_respond_interim(struct http_exchange *x, const struct http_response *response)
{
    assert(x->response == HALF_HEAD);
    int status = response->status;
    if (status < 100 || status > 199 || status == 101)
        return -EINVAL;
    bool is_continue = status == 100;
    if (x->is_http10 || x->is_bare || (is_continue && !x->wants_continue))
        return 0;
    int error = hold_head(x, response, HTTP1_BODY_NONE);
    if (error == 0 && is_continue)
        x->wants_continue = false;
    return error;
}

/* A request that has failed with more of its body to come than is read in vain:
 * the connection will be closed behind the response, so that it says so. A
 * client that took it for a kept one would ask once more, and get no answer. */
static bool will_close(const struct http_exchange *x, int status)
{
    const struct http_body *body = &x->connection->body;
    return status >= 400 && body->framing == HTTP1_BODY_LENGTH && body->left > HTTP_DROP_MAX;
}

int http_exchange_respond(struct http_exchange *x, const struct http_response *response)
{
    assert(x->response == HALF_HEAD);
    struct http_connection *c = x->connection;
    enum http1_framing framing;
    uint64_t length;
    if (choose_framing(x, response, &framing, &length) < 0)
        return -EINVAL;
    bool kept_alive = x->keeps_alive;
    /* A client that waits for 100 (Continue) and gets this may send its body
     * or not; the next request could not be told from it. */
    if (framing == HTTP1_BODY_UNTIL_CLOSE || x->wants_continue || !c->server->listener ||
        will_close(x, response->status))
        x->keeps_alive = false;
    /* RFC 9931 section 3: what comes behind a CONNECT may be the tunnel's
     * bytes, sent in the hope of a yes by somebody else than who sent the
     * request. */
    if (x->is_connect && framing != HTTP1_BODY_PIPE)
        x->keeps_alive = false;
    if (x->is_bare && framing != HTTP1_BODY_PIPE)
        framing = HTTP1_BODY_NONE; /* nobody would understand it */
    if (!x->is_bare && hold_head(x, response, framing) < 0) {
        x->keeps_alive = kept_alive;
        return -EINVAL;
    }
    x->response = HALF_BODY;
    http_sender_begin(&x->sender, framing, length);
    if (framing == HTTP1_BODY_PIPE) {
        announce_part(x);
        connection_switch(c);
    }
    return 0;
}

bool http_exchange_has_responded(const struct http_exchange *x)
{
    return x->response != HALF_HEAD;
}

void http_exchange_write(struct http_exchange *x, struct span bytes)
{
    assert(x->response != HALF_HEAD);
    const struct http_sender *sender = &x->sender;
    bool is_last = sender->framing == HTTP1_BODY_LENGTH && bytes.len == sender->left;
    if (!is_last && bytes.len > 0)
        announce_part(x);
    /* Too much is cut off by the conn, which is open here: no error to see. */
    int error = http_sender_write(&x->sender, bytes);
    assert(error == 0);
    (void)error;
    if (conn_queued(x->connection->conn) > 0)
        announce_part(x);
    schedule_flush(x);
}

/* Our direction of a pipe. */
static void end_pipe(struct http_exchange *x)
{
    assert(x->response == HALF_BODY);
    struct http_connection *c = x->connection;
    x->response = HALF_ENDED;
    http_sender_flush(&x->sender);
    if (x->request != HALF_ENDED) {
        conn_end(c->conn);
        return;
    }
    exchange_free_later(x);
    connection_next(c, false);
}

void http_exchange_end(struct http_exchange *x, struct http_fields trailers)
{
    assert(x->response != HALF_HEAD);
    struct http_connection *c = x->connection;
    bool is_kept = x->keeps_alive;
    if (x->sender.framing == HTTP1_BODY_PIPE) {
        end_pipe(x);
        return;
    }
    if (x->is_bare) {
        connection_reset(c);
        return;
    }
    int error = http_sender_end(&x->sender, trailers);
    conn_set_abortive(c->conn, false);
    exchange_free_later(x);
    if (error < 0)
        connection_break(c);
    else
        connection_next(c, is_kept);
}

void http_exchange_break(struct http_exchange *x)
{
    http_sender_flush(&x->sender);
    connection_break(x->connection);
}

size_t http_exchange_queued(const struct http_exchange *x)
{
    return http_sender_queued(&x->sender);
}

void http_exchange_reply(struct http_exchange *x, int status, const char *content_type,
                         struct http_fields extra, struct span body)
{
    struct http_field *fields = xcalloc(extra.count + 2, sizeof *fields);
    x->asked = HTTP_BODY_NONE;
    char length[32];
    snprintf(length, sizeof length, "%zu", body.len);
    size_t count = 0;
    if (http_status_has_body(status)) {
        fields[count++] =
            (struct http_field){SPAN_LITERAL("Content-Type"), span_from_string(content_type)};
        fields[count++] =
            (struct http_field){SPAN_LITERAL("Content-Length"), span_from_string(length)};
    }
    for (size_t i = 0; i < extra.count; i++)
        fields[count++] = extra.at[i];
    struct http_response response = {.status = status,
                                     .reason = span_from_string(http_reason(status)),
                                     .minor_version = 1,
                                     .fields = {fields, count}};
    int error = http_exchange_respond(x, &response);
    free(fields);
    assert(error == 0); /* the caller's own fields */
    (void)error;
    http_exchange_write(x, body);
    http_exchange_end(x, (struct http_fields){0});
}

struct conn *http_exchange_upgrade(struct http_exchange *x, struct span *early)
{
    assert(x->response != HALF_HEAD);
    struct http_connection *c = x->connection;
    http_sender_flush(&x->sender);
    *early = c->early;
    return connection_release(c);
}

unsigned *http_exchange_memo(struct http_exchange *x)
{
    return &x->connection->memo;
}

void http_exchange_peer_address(const struct http_exchange *x, struct address *out)
{
    conn_peer_address(x->connection->conn, out);
}
