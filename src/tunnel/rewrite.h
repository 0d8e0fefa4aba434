/*
 * Which fields of a message travel, and what becomes of them on the way: the
 * part of an intermediary that RFC 9110 section 7.6 describes, and what the
 * command line says beside it. Pure functions from fields to fields; the order
 * and letter case of what is not named here stay as they are.
 */
#ifndef TUNNEL_REWRITE_H
#define TUNNEL_REWRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "http/field.h"
#include "net/resolve.h"
#include "tunnel/head.h"

enum { REWRITE_RULES_MAX = 32 }; /* of --header; see HEAD_ADDED_MAX */

/* --forwarded: Via (RFC 9110 section 7.6.3), Forwarded (RFC 7239) and the
 * X-Forwarded- fields that came before it. */
struct rewrite_forwarded {
    const struct address *client; /* NULL: not known here; zeroed: the client is gone */
    struct span host;             /* as the client named it; may be empty */
    int minor_version;            /* of HTTP, that the message came in */
    bool is_tls;                  /* the client speaks it */
};

struct rewrite {
    struct span host;   /* to stand in Host; empty: the message's own stays */
    bool keeps_expect;  /* the other side answers 100 (Continue) */
    bool keeps_upgrade; /* the request asks for a pipe */
    bool is_tls; /* the client speaks it: X-Forwarded-Proto says so, where nothing else does, or
                    links and redirects would lead to http */
    const struct rewrite_forwarded *forwarded; /* NULL: none is added */
    bool owns_device;               /* X-Tunnel-Device is ours to say: a client's is left out */
    const char *device;             /* which is then this one's; NULL: none is added */
    const struct http_field *rules; /* --header, as rewrite_rule_parse() gives them */
    size_t rule_count;              /* at most REWRITE_RULES_MAX */
};

/* Adds the fields of a request, at most HTTP_FIELDS_MAX, to an empty head as
 * they go on: without hop-by-hop ones but "TE: trailers" and the Upgrade of a
 * pipe, which are for the far end too (http/client.h puts Connection beside
 * them). Host stays in its place; how->host is the first field where there was
 * none. Rules come last, one after the other. The head borrows from fields and
 * rules; values that are put together here are its own, and head_deinit() is
 * due. */
void rewrite_request(struct head *out, struct http_fields fields, const struct rewrite *how);

/* The same of a response: without hop-by-hop fields but the Upgrade of 101,
 * and without Content-Length where none may be (RFC 9110 sections 8.6 and
 * 9.3.6). response->framing is looked at. Everything is borrowed. */
void rewrite_response(struct head *out, const struct http_response *response);

/* And of trailers: without hop-by-hop fields, and of a request, without what is
 * not the client's to say: some servers put trailers into the head. Of how,
 * that is owns_device and the rules; NULL for a response. */
void rewrite_trailers(struct head *out, struct http_fields trailers, const struct rewrite *how);

/* A rule of --header: "Name: value" sets a field in the place of any of that
 * name, "Name:" takes it out (its value is then empty). The spans point into
 * text. NULL, or what is wrong, as in "must be 'Name: value' to set …". */
const char *rewrite_rule_parse(const char *text, struct http_field *out);

#endif
