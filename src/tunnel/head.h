/*
 * The head of a request or a response on its way through the tunnel: an owned
 * copy, free of the connection it came from.
 */
#ifndef TUNNEL_HEAD_H
#define TUNNEL_HEAD_H

#include "http/field.h"

struct head {
    char *method; /* of a request */
    char *path;   /* of a request: origin form, or "*" */
    int status;   /* of a response */
    struct http_field *at;
    size_t count;
    size_t cap;
};

void head_init(struct head *head);
void head_deinit(struct head *head);

/* Copies a field to the end. */
void head_add(struct head *head, struct span name, struct span value);

/* Copies the fields that may travel: all but the hop-by-hop ones, and but
 * `except` (NULL for none). */
void head_add_end_to_end(struct head *head, struct http_fields fields, const char *except);

static inline struct http_fields head_fields(const struct head *head)
{
    return (struct http_fields){head->at, head->count};
}

#endif
