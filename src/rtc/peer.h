/*
 * One WebRTC peer connection with its data channels: ICE, DTLS, SCTP and DCEP
 * put together. Signalling is the owner's: descriptions and candidates go out
 * by handlers and come in by calls.
 *
 *   offerer                                   answerer
 *   peer_offer() -> on_description(offer) --> peer_set_remote(offer)
 *   peer_set_remote(answer) <---------------- on_description(answer)
 *          on_candidate <-> peer_add_candidate, both ways, at any time
 *
 *   new -> connecting -> securing -> opening -> open -> closed
 *          (ICE)        (DTLS)      (SCTP, DCEP)
 *
 * What can begins before its state: DTLS in ICE's checks (rtc/sped.h), SCTP
 * without a handshake (rtc/snap.h).
 *
 * Candidates that come before the description are kept and used once it is
 * there. Messages that come before on_open are delivered behind it.
 */
#ifndef RTC_PEER_H
#define RTC_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "net/loop.h"
#include "rtc/path.h"
#include "rtc/sdp.h"

struct peer;
struct cert;
struct ice_servers;

enum peer_state { PEER_NEW, PEER_CONNECTING, PEER_SECURING, PEER_OPENING, PEER_OPEN, PEER_CLOSED };
const char *peer_state_name(enum peer_state state);

enum {
    PEER_MESSAGE_MAX = 64 << 10, /* one frame of the wire contract */
    /* Channel 0 is opened by DCEP and goes before the others. Channels 1 to
     * PEER_CHANNELS_MAX are SCTP streams 2 and up, negotiated out of band: they
     * are there when the first is, and whether the other side knows of them is
     * for the owner to find out. */
    PEER_CHANNELS_MAX = 32,
    PEER_FIRST_FURTHER_STREAM = 2
};

/* No member may be NULL. */
struct peer_handlers {
    /* It has the candidates of our own addresses in it; later ones come by
     * on_candidate. */
    void (*on_description)(enum sdp_type type, const char *sdp, void *arg);
    /* The JSON of an RTCIceCandidateInit. The last one is followed by one
     * with an empty candidate: end-of-candidates. */
    void (*on_candidate)(const char *candidate_json, void *arg);
    void (*on_state)(enum peer_state state, void *arg);
    /* The channel is open: messages may be sent. */
    void (*on_open)(void *arg);
    /* A whole binary (or text) message, valid during the call. */
    void (*on_message)(unsigned channel, struct span message, void *arg);
    /* The send queue has room again, after peer_is_writable() was false. */
    void (*on_writable)(void *arg);
    /* As peer_end_turn_later() asked: what is sent under this call leaves with
     * all else of the turn. */
    void (*on_turn_end)(void *arg);
    /* A datagram for the other side, by the relay of last resort: it is to be
     * passed on with peer_remote_relay_tag(). NULL: there is none. */
    void (*on_relay)(struct span datagram, void *arg);
    /* Another path is used, or the path's state has changed: unless it works,
     * it is time for peer_restart(). After on_open only. */
    void (*on_path)(enum peer_path_state state, void *arg);
    /* Gone, once, for whatever reason; text says it in words. peer_close()
     * is still the owner's duty. */
    void (*on_close)(const char *text, void *arg);
};

struct peer_config {
    const struct cert *cert;     /* of this process; outlives the peer */
    struct ice_servers *servers; /* STUN and TURN; outlives the peer */
    bool is_relay_only;          /* only relayed candidates: the other side, and who reads
                                    signalling, do not learn our addresses */
    const char *tool;    /* "a=tool:" of our descriptions (RFC 8866 section 6.4): says whether a
                         provider or a consumer speaks */
    const char *promise; /* "a=tunnel-agree:" of them, or NULL: what the owner would agree to;
                            outlives the peer */
    bool takes_relay;    /* the relay of last resort may be used, where the other side says the
                            same; handlers.on_relay is needed then */
};

struct peer *peer_new(struct loop *loop, const struct peer_config *config,
                      const struct peer_handlers *handlers, void *arg);

/* Makes the offer; on_description follows, in a later turn. */
void peer_offer(struct peer *peer);

/* Takes the other side's description: of an offer, on_description with the
 * answer follows in a later turn. 0, or -EINVAL with *why (static) when the
 * SDP cannot be used; the peer is then still usable.
 *
 * Later ones of the same session are renegotiations: with new ICE credentials
 * a restart, which the answer takes part in. When both sides offer at once,
 * the one who made the first offer of the session wins: it ignores the other's
 * (0, its own offer follows once more), which in turn answers instead. */
int peer_set_remote(struct peer *peer, enum sdp_type type, const char *sdp, const char **why);

/* Begins an ICE restart (RFC 8445 section 9): gathers anew, on_description
 * with the offer follows in a later turn, the channel goes on as long as there
 * is a path. 0; -ENOTCONN when not open; -EALREADY while an offer of ours is
 * not answered yet; -ENOTSUP where peer_can_restart() says no. */
int peer_restart(struct peer *peer);

/* Whether an offer of ours is not answered yet. */
bool peer_is_offering(const struct peer *peer);

/* No answer to a restart of ours will come, and our last answer may be lost:
 * the other side, or signalling, has failed. Another may be begun. */
void peer_abandon_restart(struct peer *peer);

/* The machine's addresses have changed. True when peer_restart() is worth
 * while. */
bool peer_update_addresses(struct peer *peer);

/* ---- the relay of last resort ---- */

enum { PEER_RELAY_TAG_LEN = SDP_RELAY_TAG_LEN };

/* Whether the owner can pass datagrams on to the other side now. Another path
 * is used as soon as there is one (rtc/path_choice.h). */
void peer_set_relay(struct peer *peer, bool can_relay);

/* One that was passed on to us, with our tag. */
void peer_feed_relay(struct peer *peer, struct span datagram);

/* What our and their description name the session by; NULL where they do
 * not. */
const uint8_t *peer_relay_tag(const struct peer *peer);
const uint8_t *peer_remote_relay_tag(const struct peer *peer);

/* Whom a description is from, and what it is about. */
enum peer_match {
    PEER_MATCH_NONE,       /* nobody we know */
    PEER_MATCH_PROCESS,    /* the process at the other end: another session */
    PEER_MATCH_SESSION,    /* this very session: for peer_set_remote() */
    PEER_MATCH_LATE,       /* the same, an answer that has come before: changes nothing */
    PEER_MATCH_NO_RESTART, /* an answer to our restart by who takes no part in it: it kept its
                              ICE credentials, or made another session of the offer. There
                              will be no other path, so a new session is needed.
                              peer_set_remote() refuses it and remembers */
};
enum peer_match peer_match_sdp(const struct peer *peer, enum sdp_type type, const struct sdp *sdp);
/* For tests: of its text. */
enum peer_match peer_match(const struct peer *peer, enum sdp_type type, const char *sdp);

/* False where the other side is known to fail at a restart, be it from its
 * first description or from an answer to one: it gives no further answer, or
 * none that is of use. For tests. */
bool peer_can_restart(const struct peer *peer);

/* Takes a candidate (JSON of an RTCIceCandidateInit, or "null"). 0, also for
 * one that is of no use to us, such as ICE-TCP; -EINVAL for what is none, or of
 * another peer connection. Never fatal. */
int peer_add_candidate(struct peer *peer, const char *candidate_json);

/* Sends a binary message made of head and body. 0; -ENOTCONN before open or
 * after close; -EMSGSIZE over PEER_MESSAGE_MAX or over what the other side
 * takes; -EAGAIN when the queue is full (never while peer_is_writable(), nor on
 * a channel that is idle); -EINVAL when the other side has no such stream. */
int peer_send(struct peer *peer, unsigned channel, struct span head, struct span body);

/* on_turn_end follows, when all that has come in this turn was handed out. */
void peer_end_turn_later(struct peer *peer);

/* The send queue holds a few milliseconds of the path's rate, so that what is
 * urgent is never stuck behind megabytes. on_writable follows a false. */
bool peer_is_writable(struct peer *peer);

/* Bytes of messages until it is not. */
size_t peer_room(const struct peer *peer);

/* Nothing waits in that channel: what is small may be sent beside a full
 * queue, and goes before what is in it. */
bool peer_is_channel_idle(const struct peer *peer, unsigned channel);

/* Of a peer that is closed: how many of the last messages on a channel have not
 * left at all. Else 0. */
size_t peer_unsent(const struct peer *peer, unsigned channel);

/* While false, no on_message comes and the receive window closes to the
 * other side. */
void peer_set_reading(struct peer *peer, bool reading);

/* For tests. */
enum peer_state peer_get_state(const struct peer *peer);

/* False before a path was found. */
bool peer_get_path(const struct peer *peer, struct peer_path *out);

/* Figures of a connection. What is counted is counted from its beginning. */
struct peer_stats {
    enum peer_state state;
    bool has_path;
    struct peer_path path;     /* as it is now */
    uint64_t rtt_us;           /* smoothed, as SCTP's acknowledgements have it; 0: not yet known */
    uint64_t min_rtt_us;       /* 0: likewise */
    uint64_t rate_bytes_per_s; /* at which it sends at most, by what it knows; 0: nothing yet */
    uint64_t sent_bytes;       /* of messages, each counted once */
    uint64_t received_bytes;
    uint64_t sent_packets; /* of SCTP, also with what was sent before */
    uint64_t received_packets;
    uint64_t lost_chunks; /* taken for lost */
    uint64_t retransmitted_chunks;
    uint64_t timeouts;
    size_t queued_bytes;    /* of messages, not sent yet */
    size_t in_flight_bytes; /* sent, and not acknowledged yet */
    size_t window_bytes;    /* that may be in flight */
    size_t packet_bytes;    /* the largest of SCTP that the path is known to take */
    size_t memory_bytes;    /* of SCTP, with its queues */
};

/* At any time before peer_close(). */
void peer_stats(const struct peer *peer, struct peer_stats *out);

/* Which servers and pairs were tried for a path and how it went, for a person
 * to read; "" before that, and after the end. Returns out. */
const char *peer_describe_tried(struct peer *peer, char out[PEER_TRIED_MAX]);

/* SHA-256 of the other side's certificate, 32 bytes, once a description
 * came; else NULL. Two peers with the same one were made by the same
 * process. For tests. */
const uint8_t *peer_remote_fingerprint(const struct peer *peer);

/* The other side's "a=tool:", or NULL. For tests. */
const char *peer_remote_tool(const struct peer *peer);

/* Of one that is closed: whether the other side has done so in good order. */
bool peer_has_heard_goodbye(const struct peer *peer);

/* The other side's "a=tunnel-agree:", empty where it has none. */
struct span peer_remote_promise(const struct peer *peer);

/* Tells the other side (SCTP abort or shutdown, DTLS close_notify) and frees;
 * no handler is called any more. Allowed under a handler. */
void peer_close(struct peer *peer);

#endif
