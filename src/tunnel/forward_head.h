/*
 * What the upstream is sent of a request's fields: by the flags of serve, and
 * by what the stream's two ends have agreed on. A part of a forward.
 */
#ifndef TUNNEL_FORWARD_HEAD_H
#define TUNNEL_FORWARD_HEAD_H

#include "tunnel/forward.h"

/* Both fill *to, which borrows; head_deinit() is its end. */
void forward_rewrite_head(struct head *to, const struct forward_common *common,
                          const struct mux_stream *stream, const struct head *from);
void forward_rewrite_trailers(struct head *to, const struct forward_common *common,
                              struct http_fields trailers);

#endif
