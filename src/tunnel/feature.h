/*
 * The extensions of the protocol (docs/PROTOCOL.md), by name and as a set of
 * bits. A session has those that both ends have.
 */
#ifndef TUNNEL_FEATURE_H
#define TUNNEL_FEATURE_H

#include "base/span.h"

enum feature {
    FEATURE_SSE = 1 << 0,       /* nothing but a name: responses are sent as they arrive */
    FEATURE_FIELDS = 1 << 1,    /* heads and trailers in bytes, errors with a code */
    FEATURE_FLOW = 1 << 2,      /* credit for each stream */
    FEATURE_CHANNELS = 1 << 3,  /* streams spread over several data channels */
    FEATURE_INTERIM = 1 << 4,   /* 1xx responses; needs FIELDS */
    FEATURE_UPGRADE = 1 << 5,   /* byte pipes; needs FIELDS */
    FEATURE_FORWARDED = 1 << 6, /* the consumer says where requests come from: --forwarded */
    FEATURE_TCP = 1 << 7,       /* byte pipes to the upstream, wherever that is; needs UPGRADE */
    FEATURE_BUNDLE = 1 << 8     /* several frames in one message */
};

enum { FEATURE_COUNT = 9, FEATURES_ALL = (1 << FEATURE_COUNT) - 1 };

/* The name of 1 << bit, for bit below FEATURE_COUNT. */
const char *feature_name(unsigned bit);

/* 0 for a name that we do not know. */
unsigned feature_from_name(struct span name);

/* What is left of a set when those are gone that need one which is not
 * there. */
unsigned features_usable(unsigned features);

#endif
