/*
 * What happens to the rendezvous (tunnel/rendezvous.h). What must be known at
 * once the owner looks up before: whom a description is from, whether a
 * session's offer is still out.
 *
 * All that an event points to is borrowed, until the actions that it leads to
 * have been pulled.
 */
#ifndef TUNNEL_EVENT_H
#define TUNNEL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtc/peer.h"
#include "signal/message.h"
#include "tunnel/mux.h"

enum event_type {
    /* Of the visit to the signal server. */
    EVENT_JOINED,       /* peers, is_resumed, is_shared: we have a place in the room */
    EVENT_PEER_JOINED,  /* peer, was_first */
    EVENT_PEER_LEFT,    /* peer: its WebSocket is gone; it may live */
    EVENT_OFFER,        /* peer, description */
    EVENT_ANSWER,       /* peer, description */
    EVENT_CANDIDATE,    /* peer, text */
    EVENT_REFUSED,      /* peer: it has our offer, and our invite has expired */
    EVENT_SIGNAL_ERROR, /* code, text: the server's words */
    EVENT_SIGNAL_SLOW,  /* text: a sentence that names the server */
    EVENT_SIGNAL_LOST,  /* text: the same */

    /* Of a session. */
    EVENT_DESCRIBED,  /* sdp_type, text: its description, for the other side */
    EVENT_GATHERED,   /* text: a candidate of ours, for the other side */
    EVENT_NO_RESTART, /* to ACTION_RESTART: the other side is known to fail at it */
    EVENT_FED,        /* sdp_type, text, is_offering: what became of ACTION_FEED */
    EVENT_READY,      /* HELLO and AGREE are through */
    EVENT_MEASURED,   /* the first round trip is known */
    EVENT_WOKEN,      /* this machine has slept; whether it lives was asked */
    EVENT_ALIVE,      /* to ACTION_PROBE, or that: it lives */
    EVENT_IDLE,       /* no stream is open any more */
    EVENT_PATH,       /* path: what has become of it */
    EVENT_CLOSED,     /* text, likeness, is_goodbye, is_shut_out: it has ended by itself */

    /* Of this machine. */
    EVENT_ADDRESSES, /* outdated, is_cut_off: they have changed */
    EVENT_DEADLINE   /* rendezvous_deadline_us() has come */
};

/* What an offer or an answer says of its sender. */
struct description {
    const char *sdp;
    /* CERT_FINGERPRINT_LEN bytes: each process has its own certificate. NULL
     * when nothing can be read in it. */
    const uint8_t *process;
    unsigned session; /* that it goes on with, as its peer says; or 0: it asks for a new one */
    enum mux_likeness likeness; /* as its "a=tool" has it; without one MUX_PERHAPS_ALIKE */
};

struct event {
    enum event_type type;
    const char *peer; /* its id at the signal server; NULL when that does not say */
    unsigned session;
    struct description description;
    enum sdp_type sdp_type;
    const char *text; /* of EVENT_FED: why it is of no use, or NULL */
    enum signal_code code;
    char *const *peers; /* who was in the room before us */
    size_t peer_count;
    bool is_resumed;  /* it is the place that we had before; nobody has noticed */
    bool is_shared;   /* there are places for several others, and those there have another job */
    bool was_first;   /* it was in the room before us */
    bool is_offering; /* an offer of that session of ours is still not answered */
    enum mux_likeness likeness; /* HELLO shows it, or that there is none */
    bool is_goodbye;            /* the other side wanted it so */
    bool is_shut_out;           /* it says that our invite is not good any more */
    enum peer_path_state path;
    const unsigned *outdated; /* sessions for which there may be a better path now */
    size_t outdated_count;
    bool is_cut_off; /* the signal server's answers cannot reach us any more */
};

#endif
