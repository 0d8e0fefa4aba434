/*
 * The head of a request or a response on its way through the tunnel.
 *
 * It borrows: its spans point into what HTTP parsed or what a frame holds, so
 * that a head which only passes through is not copied field by field. One that
 * must outlive that is made by head_copy().
 */
#ifndef TUNNEL_HEAD_H
#define TUNNEL_HEAD_H

#include "http/body.h"
#include "http/field.h"

enum {
    HEAD_ADDED_MAX = 41, /* by tunnel/rewrite.c, and an empty body's Content-Length */
    HEAD_FIELDS_MAX = HTTP_FIELDS_MAX + HEAD_ADDED_MAX /* what HTTP lets in, and those */
};

struct head {
    struct span method; /* of a request */
    struct span target; /* of a request: origin form, or "*" */
    int status;         /* of a response */
    struct span reason; /* of a response; may be empty */
    /* How the body is delimited, as the other side's HTTP had it. */
    enum http_framing framing;
    /* Version 1 does not say of a request without a Content-Length whether a
     * body follows: framing is then HTTP_BODY_NONE, and this is false. */
    bool is_framing_known;
    size_t count;
    uint8_t *storage; /* what the head's own bytes lie in, or NULL */
    size_t storage_len;
    struct http_field at[HEAD_FIELDS_MAX];
};

/* Empty; the field array is not touched. */
void head_init(struct head *head);

/* Frees what the head owns; its bytes may be secrets, and are zeroed. */
void head_deinit(struct head *head);

/* Adds a field that is borrowed. There must be room. */
void head_add(struct head *head, struct span name, struct span value);

/* Takes all fields of that name out. */
void head_remove(struct head *head, const char *name);

/* A copy on the heap that borrows nothing, with room for one field more;
 * head_free() is its end. */
struct head *head_copy(const struct head *head);
size_t head_copy_size(const struct head *copy); /* in bytes */
void head_free(struct head *head);              /* NULL is allowed */

static inline struct http_fields head_fields(const struct head *head)
{
    return (struct http_fields){head->at, head->count};
}

/* A pipe to the upstream, whose address the consumer does not know: for a
 * client that speaks something else than HTTP/1.1 (http/server.h). */
static inline bool head_is_to_upstream(const struct head *head)
{
    return span_is_string(head->target, "*") && span_is_string(head->method, "CONNECT");
}

#endif
