/*
 * One HEAD for the path of a URL: what the server answers, or what is wrong.
 */
#ifndef HTTP_HEAD_PROBE_H
#define HTTP_HEAD_PROBE_H

#include "http/client.h"
#include "http/url.h"
#include "net/loop.h"
#include "net/tls.h"

struct http_head_probe;

/* One of them comes, once, in a later turn. */
struct http_head_probe_handlers {
    void (*on_status)(int status, void *arg);
    void (*on_error)(enum http_call_error error, const char *text, void *arg);
};

/* tls, for https, and *handlers outlive it. NULL: of such a URL no request can
 * be made. */
struct http_head_probe *http_head_probe_new(struct loop *loop, const struct url *url,
                                            const struct tls_client *tls, uint64_t connect_us,
                                            const struct http_head_probe_handlers *handlers,
                                            void *arg);

/* Nothing comes any more. Not under a handler. NULL is allowed. */
void http_head_probe_free(struct http_head_probe *probe);

#endif
