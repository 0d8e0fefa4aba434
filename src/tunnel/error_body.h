/*
 * The body of an answer that the tunnel itself gives, in the shape that the
 * client's library looks into for words to show. One table says which is meant,
 * by the request: see error_body.c.
 */
#ifndef TUNNEL_ERROR_BODY_H
#define TUNNEL_ERROR_BODY_H

#include "http/field.h"

enum error_body {
    ERROR_BODY_TEXT,      /* for a client that does not read JSON */
    ERROR_BODY_OPENAI,    /* {"error":{"message":…,"type":"tunnel_error","code":…}} */
    ERROR_BODY_ANTHROPIC, /* the same, and "type":"error" beside it */
    ERROR_BODY_OLLAMA     /* {"error":…} */
};

/* By a request's target, in origin form, and its fields. */
enum error_body error_body_choose(struct span target, struct http_fields request);

/* Of a Content-Type. */
const char *error_body_type(enum error_body body);

/* message must be UTF-8. NUL-terminated, to be freed by the caller. */
char *error_body_encode(enum error_body body, const char *code, const char *message);

#endif
