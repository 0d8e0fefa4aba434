/*
 * Signalling messages (docs/PROTOCOL.md): JSON text, one object each.
 * Encoding and decoding by jansson, which stays inside message.c.
 */
#ifndef SIGNAL_MESSAGE_H
#define SIGNAL_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum {
    SIGNAL_MESSAGE_MAX = 64 << 10, /* bytes of one message; bounds a peer's memory at the server */
    SIGNAL_ROOM_MAX = 128,         /* bytes of a room name */
    SIGNAL_PEER_ID_MAX = 64,       /* bytes of a peer id; ours are UUIDs */
    SIGNAL_ICE_SERVERS_MAX = 4,    /* URLs that a joined names; more are not read */
    SIGNAL_ICE_STRING_MAX = 512,   /* bytes of each string of theirs */
    SIGNAL_KEY_MAX = 64            /* bytes of a join's key; ours are UUIDs */
};

enum signal_type {
    SIGNAL_JOIN,        /* room (key, job, takes_relay)  client -> server */
    SIGNAL_JOINED,      /* peer_id, peers, is_resumed, is_shared, relay_rate  server -> client */
    SIGNAL_PEER_JOINED, /* peer_id, was_first   server -> client */
    SIGNAL_OFFER,       /* sdp (to, peer_id)    both */
    SIGNAL_ANSWER,      /* sdp (to, peer_id)    both */
    SIGNAL_CANDIDATE,   /* candidate (to, peer_id)  both */
    SIGNAL_MISFIT,      /* to                   client -> server */
    SIGNAL_ICE_SERVERS, /* ice_servers, ice_lifetime_s  server -> client; asked for without */
    SIGNAL_BYE,         /*                      client -> server */
    SIGNAL_PEER_LEFT,   /* peer_id              server -> client */
    SIGNAL_ERROR        /* text (code)          server -> client */
};

/* What the sender of a join is for the others. */
enum signal_job {
    SIGNAL_JOB_NONE, /* it does not say, as in version 1 */
    SIGNAL_JOB_PROVIDER,
    SIGNAL_JOB_CONSUMER,
    SIGNAL_JOBS
};

/* What an error is about, for a program. */
enum signal_code {
    SIGNAL_CODE_NONE, /* the server has not said, or something newer than this */
    SIGNAL_CODE_ROOM_FULL,
    SIGNAL_CODE_ALREADY_JOINED,
    SIGNAL_CODE_NOT_JOINED,
    SIGNAL_CODE_MALFORMED,
    SIGNAL_CODE_UNKNOWN_TYPE,
    SIGNAL_CODE_TOO_MANY_JOINS /* of one address: later, perhaps */
};

/* One URL of an RTCIceServer. */
struct signal_ice_server {
    char *url;
    char *user; /* NULL for none, as is */
    char *password;
};

/* Strings are NUL-terminated UTF-8; those that a type does not have are
 * NULL. */
struct signal_message {
    enum signal_type type;
    char *room;
    char *peer_id;
    char *sdp;
    char *candidate; /* the JSON of an RTCIceCandidateInit, as a string */
    struct span raw; /* to encode: in place of sdp or candidate, that as JSON; else empty */
    char *text;
    enum signal_code code; /* of an error */
    char *key;             /* of a join: whose place it may take over; NULL for none */
    enum signal_job job;   /* of a join */
    char *to;              /* of a client: whom it is for; NULL for whoever is there */
    char **peers;          /* of a joined: the ids of the others in the room; "" for one that
                              is of no use */
    size_t peer_count;
    struct signal_ice_server ice_servers[SIGNAL_ICE_SERVERS_MAX]; /* of a joined, of ice-servers */
    size_t ice_server_count;
    uint64_t ice_lifetime_s; /* the same: of their credentials, where it may be asked for others;
                                0: not */
    uint64_t relay_rate; /* of a joined: bits a second of datagrams that the server passes on for
                            us (signal/relay_frame.h); 0: none */
    bool takes_relay;    /* of a join: it would use that */
    bool is_resumed;     /* of a joined: it is the place that we had before */
    bool is_shared;      /* of a joined: there may be several others, and `to` says who is meant */
    bool was_first;      /* of a peer-joined: it was in the room before us, and will offer */
};

/* As on the wire: "peer-joined". */
const char *signal_type_name(enum signal_type type);

/* Decodes one message into *out, to be freed by signal_message_deinit().
 * 0; -EBADMSG for invalid JSON or no object; -EPROTO for an unknown type;
 * -EINVAL for a missing or ill-typed member of a known type. Unknown members
 * are ignored. A join without a usable room name (1 to SIGNAL_ROOM_MAX bytes)
 * is -EINVAL too; a key that is no string of 1 to SIGNAL_KEY_MAX bytes is none,
 * as is a job that is none of the two.
 * Strings with U+0000 are -EINVAL. An error of a server that sends no code has
 * that of its words. With -EINVAL, out->type
 * says which type it was; nothing needs to be freed after an error. */
int signal_message_decode(struct span json, struct signal_message *out);
void signal_message_deinit(struct signal_message *message);

/* The JSON of a message, NUL-terminated, to be freed by the caller. Takes
 * the members that the type has; peer_id may be NULL in a client's message. */
char *signal_message_encode(const struct signal_message *message);

/* The same of one with `raw`, from one member to another, as parts that lie in
 * the message. */
enum { SIGNAL_PASSED_ON_PARTS = 5 };
void signal_message_pass_on(const struct signal_message *message,
                            struct span parts[SIGNAL_PASSED_ON_PARTS]);

#endif
