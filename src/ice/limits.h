/*
 * Every cap and every timer of the agent in one place. A cap's comment says
 * what attack or stall it stops; a timer's, which clause it follows.
 *
 * No cap is filled by order of arrival: a machine with a hundred bridges, or a
 * peer on one, would lose the one address that leads anywhere. What comes over
 * a cap drives out the least of what is there, or of the kind that has the
 * most of it; or the cap is as large as those before it allow.
 */
#ifndef ICE_LIMITS_H
#define ICE_LIMITS_H

#include "base/clock.h"

enum {
    /* Interfaces in use; a machine with hundreds of container bridges would
     * otherwise make as many sockets and candidates. The owner has ranked
     * them. */
    ICE_INTERFACES_MAX = 16,
    ICE_AGENT_SERVERS_MAX = 16, /* addresses, that is; the owner's configuration */
    /* UDP sockets, and a stream to each server. */
    ICE_BASES_MAX = ICE_INTERFACES_MAX + ICE_AGENT_SERVERS_MAX,
    /* Interfaces a TURN server is tried from, one after the other. */
    ICE_TURN_BASES_MAX = 3,
    /* TURN clients: servers times the interfaces they are tried from. */
    ICE_TURN_CLIENTS_MAX = ICE_AGENT_SERVERS_MAX * ICE_TURN_BASES_MAX,
    /* Binding requests to STUN servers; the best interfaces ask all. */
    ICE_SRFLX_PROBES_MAX = 32,
    /* Local candidates: host and relayed ones always find room. */
    ICE_LOCAL_MAX = ICE_INTERFACES_MAX + ICE_TURN_CLIENTS_MAX,
    /* Remote candidates of one generation. Stops a peer that trickles without
     * end from filling memory. */
    ICE_REMOTE_MAX = 48,
    /* Of those, peer-reflexive ones: anyone with our credentials, who may be
     * a peer behind a NAT gone mad, can make them. */
    ICE_PRFLX_MAX = 16,
    /* Pairs of one check list (RFC 8445 section 6.1.2.5 recommends 100).
     * Bounds the traffic that a list of victims' addresses sent as candidates
     * could make us aim at them: the voice hammer of its section 19.5.1. */
    ICE_PAIRS_MAX = 100,
    /* Checks that came before the other side's credentials: kept to be
     * answered by triggered checks later. */
    ICE_EARLY_CHECKS_MAX = 16,
    /* .local names being asked for at the same time; others wait. */
    ICE_RESOLVING_MAX = 8,

    /* Peers of one allocation: each is a channel to be kept alive. */
    TURN_CHANNELS_MAX = 48,
    /* Bytes of an incomplete frame from a TURN server over TCP or TLS; the
     * largest frame has a 16-bit length. */
    TURN_STREAM_MAX = 4 + 65535 + 3 + 20,
    TURN_REDIRECTS_MAX = 3,  /* 300 Try Alternate: two servers in a loop */
    TURN_AUTH_TRIES_MAX = 4, /* 401 and 438 in a row for one request */

    /* A STUN message that we write: no attribute of ours is longer than the
     * server's realm and nonce, each below 764 bytes (RFC 8489 section 14). */
    STUN_MESSAGE_MAX = 2048,
    STUN_STRING_MAX = 763,
    STUN_ATTRIBUTES_MAX = 64, /* in a message that we read */

    ICE_UFRAG_LEN = 8, /* of ours: 48 bits; RFC 8839 asks for 24 */
    ICE_PWD_LEN = 24,  /* 144 bits; it asks for 128 */
    ICE_UFRAG_MAX = 256,
    ICE_PWD_MAX = 256,
    ICE_CANDIDATE_LINE_MAX = 512, /* browsers write about 200 */
    ICE_FOUNDATION_MAX = 32,
    ICE_HOSTNAME_MAX = 255,

    /* Outstanding consent requests of one pair: 30 s of them, at least 4 s
     * apart. */
    ICE_CONSENT_IDS = 8,
    /* Valid pairs beside the selected one that are kept warm. */
    ICE_BACKUPS_MAX = 3,

    /* The text of a failure: with what the owner puts around it, a line that
     * a log takes and a person reads. */
    ICE_REPORT_MAX = 768,
};

/* RFC 8445 section 14.2: no two transactions closer than this. */
#define ICE_TA_US (5 * US_PER_MS)
/* What a side wants that proposes nothing (RFC 8839 section 5.5); and more
 * than this nobody gets, or the checks would never end. */
#define ICE_TA_DEFAULT_US (50 * US_PER_MS)
#define ICE_TA_MOST_US    (500 * US_PER_MS)
/* Checks to addresses that never answered, of all agents of a process: see
 * budget.h. The first is RFC 8445's own Ta. */
enum { ICE_UNHEARD_BURST = 16 };
#define ICE_UNHEARD_US      (50 * US_PER_MS)
#define ICE_UNHEARD_MOST_US (500 * US_PER_MS)
/* RFC 8445 section 14.3: never less than this. */
#define ICE_RTO_US (500 * US_PER_MS)
/* RFC 8489 section 6.2.1: Rc requests, doubling; then Rm times RTO. Six
 * instead of seven: sent at 0, 0.5, 1.5, 3.5, 7.5 and 15.5 s, given up at
 * 23.5 s. */
enum { STUN_RC = 6, STUN_RM = 16 };
/* RFC 8863: no failure before a transaction begun at the start would have
 * ended. Its 39.5 s are for Rc 7; with ours it is 23.5 s. */
#define ICE_PATIENCE_US (23500 * US_PER_MS)
/* Over TCP and TLS there are no retransmissions (RFC 8489 section 6.2.2). */
#define STUN_TI_US (39500 * US_PER_MS)
/* A server that has not answered by then does not hold up the end of
 * candidates any longer; should it answer yet, its candidate still counts. */
#define ICE_GATHER_PATIENCE_US (9500 * US_PER_MS)
/* The next interface is tried for a TURN server after this long. */
#define ICE_TURN_STAGGER_US (600 * US_PER_MS)

/* RFC 7675 section 5.1. */
#define ICE_CONSENT_US      (5 * US_PER_S)
#define ICE_CONSENT_LOST_US (30 * US_PER_S)
/* A path whose consent request has gone unanswered this long is doubted, and
 * asked again by an ordinary check with its retransmissions; after the second
 * time it is suspect: another valid pair that answers takes over before
 * consent is lost. */
#define ICE_DOUBT_US   (500 * US_PER_MS)
#define ICE_SUSPECT_US (2500 * US_PER_MS)
/* RFC 8445 section 11: Tr. */
#define ICE_KEEPALIVE_US (15 * US_PER_S)
/* How long the controlling side waits, once a pair works, for a better one
 * before it nominates. Our own peer uses the pair meanwhile; others send
 * nothing before they are told, so this is time that they lose behind every
 * NAT. A relay is worth waiting longer to avoid. */
#define ICE_NOMINATE_US       (100 * US_PER_MS)
#define ICE_NOMINATE_RELAY_US (500 * US_PER_MS)
/* Pairs that failed are tried once more when data flows through a relay:
 * the NAT on the way may have opened since. */
#define ICE_RETRY_DIRECT_US (20 * US_PER_S)
/* The path before a restart is given up this long after the new one works:
 * the other side may still be sending there. */
#define ICE_OLD_PATH_US (10 * US_PER_S)

/* RFC 8656 section 3.2, 9 and 12: an allocation lives 10 min, a permission
 * 5 min, a channel 10 min. A channel's refresh renews its permission too. */
#define TURN_LIFETIME_S         600
#define TURN_CHANNEL_REFRESH_US (240 * US_PER_S)
#define TURN_REFRESH_MARGIN_US  (60 * US_PER_S)

#endif
