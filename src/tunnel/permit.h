/*
 * What `serve --header` asks of requests: it lends whoever comes a field that
 * they do not have, often a key.
 *
 *   403  a page of another origin would change something with it, or opens a
 *        pipe, unless --allow-origin names its origin
 *   405  a TRACE would bring it back
 */
#ifndef TUNNEL_PERMIT_H
#define TUNNEL_PERMIT_H

#include "tunnel/answer.h"
#include "tunnel/head.h"
#include "tunnel/origin.h"

struct permit {
    bool has_rules; /* --header */
    bool adds_fields;
    struct name_list allowed_origins; /* borrowed */
};

void permit_init(struct permit *permit, const struct http_field *rules, size_t rule_count,
                 const struct name_list *allowed_origins);

/* NULL for a request that may go upstream. Else its answer, and why. */
const struct answer *permit_refusal(const struct permit *permit, const struct head *request,
                                    const char **why);

#endif
