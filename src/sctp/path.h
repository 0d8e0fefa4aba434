/*
 * The path below the association: is it there (HEARTBEAT, RFC 9260 section
 * 8.3), and how large a packet does it carry (RFC 8899). Says what to send and
 * when; the packets are the caller's.
 *
 *        MAX ─ lost ─► CURRENT ─ passed ─► STEPS ─ none left ─► DONE
 *         │ passed        │ lost: as small    ▲                  │
 *         ▼               ▼ as it gets        │    10 minutes    │
 *       STEPS           STEPS                 MAX ◄──────────────┘
 */
#ifndef SCTP_PATH_H
#define SCTP_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BASE_MTU = 1200, /* works on nearly every path (RFC 8261 section 5) */
    FLOOR_MTU = 504, /* where it does not: the least datagram that every host
                        takes (576) less IP, UDP, a TURN channel and DTLS */
    MIN_MTU = 256,   /* of an owner's config */
};

enum path_search {
    SEARCH_OFF,     /* the peer knows no PAD */
    SEARCH_MAX,     /* what the owner thinks possible */
    SEARCH_CURRENT, /* does what is in use pass? */
    SEARCH_STEPS,   /* and what is between that and what did not? */
    SEARCH_DONE,
};

struct path {
    size_t mtu;     /* of packets, as it is now */
    size_t mtu_own; /* that the owner begins with */
    size_t mtu_max;
    uint64_t since_us; /* that it is this one */
    uint64_t nonce;    /* of the heartbeat that is out; 0: none */
    uint64_t heartbeat_sent_us;
    uint64_t rtt_us; /* of the last HEARTBEAT on this path; 0: none */

    enum path_search search;
    uint64_t due_us;   /* when the search goes on, or TIME_NEVER */
    size_t probe_size; /* that is out; 0: none */
    uint64_t probe_nonce;
    unsigned probe_tries;
    uint64_t probe_sent_us;   /* first of this try */
    uint64_t small_nonce;     /* of the HEARTBEATs beside what may be too large */
    uint64_t small_passed_us; /* when the latest of them that passed was sent */
    size_t too_big;           /* the least size known not to pass */
};

void path_init(struct path *p, size_t mtu, size_t mtu_max);

/* It is another one: packets are as small as they were before any search. */
void path_change(struct path *p, size_t mtu_max, uint64_t now_us);

/* ---- is it there ---- */

/* A HEARTBEAT goes out. */
void path_asked(struct path *p, uint64_t nonce, uint64_t now_us);

enum path_answer {
    PATH_NOT_ASKED,    /* made up, or an old one */
    PATH_ALIVE,        /* rtt_us says how far away the peer is */
    PATH_SMALL_PASSED, /* beside a probe */
    PATH_PROBE_PASSED, /* mtu has grown, or is confirmed */
};

/* A HEARTBEAT came back: what it said of itself. */
enum path_answer path_on_answer(struct path *p, uint64_t nonce, uint64_t sent_us, uint64_t now_us);

/* ---- how large a packet does it carry ---- */

/* Begins the search, with a nonce for the small HEARTBEATs. */
void path_start_search(struct path *p, uint64_t small_nonce, bool takes_pad, uint64_t at_us);

/* due_us has come. Judges the probe that is out; it may be too large, and mtu
 * smaller now. True when a new probe is wanted. */
bool path_on_due(struct path *p, uint64_t now_us);
void path_choose_probe(struct path *p, uint64_t nonce, uint64_t now_us);

/* A probe of probe_size, if that is not 0, goes out with a small HEARTBEAT
 * beside it. */
void path_probed(struct path *p, uint64_t srtt_us, uint64_t now_us);

/* The retransmission timer ran out for the so manieth time in a row, on what
 * was sent then: full packets may vanish. True when a small HEARTBEAT is to
 * find out; else mtu may be smaller now. */
bool path_on_timeout(struct path *p, unsigned timeouts, uint64_t sent_us, uint64_t now_us);

#endif
