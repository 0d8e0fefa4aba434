/*
 * A page of another origin may read the tunnel's own answers (the Fetch
 * standard, "CORS protocol"): else all it learns is "Failed to fetch". What the
 * upstream answers says for itself who may read it.
 */
#ifndef TUNNEL_CORS_H
#define TUNNEL_CORS_H

#include <stdbool.h>

#include "http/field.h"

/* What a request says of it; all NULL where it has no Origin. */
struct cors {
    char *origin;
    char *method;  /* of a preflight: what the page wants to send; else NULL */
    char *headers; /* likewise; NULL for none */
};

void cors_init(struct cors *cors, struct span method, struct http_fields request);
void cors_deinit(struct cors *cors);

bool cors_is_preflight(const struct cors *cors);

enum { CORS_FIELDS_MAX = 6 };

/* The fields of an answer that lets that origin read it, or send what it asks
 * for, this once. How many there are; their values are borrowed from cors. */
size_t cors_fields(const struct cors *cors, struct http_field out[CORS_FIELDS_MAX]);

#endif
