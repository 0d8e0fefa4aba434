/*
 * One HTTP request and the head of its response, on a connection of its own:
 * unlike http/client.h by way of a network's proxy, where one leads there.
 */
#ifndef CLI_DOCTOR_HEAD_H
#define CLI_DOCTOR_HEAD_H

#include <stdbool.h>

#include "base/span.h"
#include "http/field.h"
#include "http/url.h"
#include "net/egress.h"
#include "net/loop.h"
#include "net/tls.h"

struct doctor_head;

/* One of the two comes, once, in a later turn. */
struct doctor_head_handlers {
    /* Valid during the call. */
    void (*on_head)(const struct http_response *response, void *arg);
    /* has_answered: somebody is there, but that is no HTTP. text is in words
     * for a person, valid during the call. */
    void (*on_fail)(bool has_answered, const char *text, void *arg);
};

/* url, egress (which the connection goes through; NULL: none), tls (NULL
 * without) and *handlers outlive it; the request is copied. */
struct doctor_head *doctor_head_new(struct loop *loop, const struct url *url,
                                    const struct egress *egress, const struct tls_client *tls,
                                    struct span request,
                                    const struct doctor_head_handlers *handlers, void *arg);
void doctor_head_free(struct doctor_head *head); /* NULL is allowed */

#endif
