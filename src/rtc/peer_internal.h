/*
 * The inside of a peer, shared by the files that make it up. Each calls those
 * below it:
 *
 *   peer.c            life, what the owner calls once it is open
 *   peer_signal.c     descriptions and candidates, in and out
 *   peer_match.c      whom a description is from
 *   peer_transport.c  DTLS on the path
 *   peer_path.c       which path that is
 *   peer_sctp.c       the association and its channels
 *   peer_snap.c       what descriptions say of it
 *   peer_state.c      state, the end
 */
#ifndef RTC_PEER_INTERNAL_H
#define RTC_PEER_INTERNAL_H

#include "base/buf.h"
#include "net/deadline.h"
#include "net/rush.h"
#include "rtc/channel.h"
#include "rtc/dtls.h"
#include "rtc/ice_io.h"
#include "rtc/path_choice.h"
#include "rtc/peer.h"
#include "rtc/relay_path.h"
#include "rtc/sdp.h"
#include "rtc/sped.h"
#include "sctp/sctp.h"

struct early_candidate {
    char *candidate; /* NULL: end of candidates */
    char *ufrag;     /* NULL where absent */
};

/* What the other side makes of ICE restarts. */
enum peer_restarts { RESTARTS_UNKNOWN, RESTARTS_WORK, RESTARTS_FAIL };

struct peer {
    struct loop *loop;
    struct peer_config config;
    struct peer_handlers handlers;
    void *arg;
    enum peer_state state;
    bool is_closed; /* by the owner: no handler is called any more */
    bool has_heard_goodbye;

    /* Signalling. */
    bool is_offerer;  /* made the first offer of the session */
    bool is_offering; /* an offer of ours is not answered yet */
    bool is_answered; /* the last offer of theirs is, by us */
    bool has_remote;
    bool is_fresh;      /* our ICE credentials wait for theirs: no need to restart for an offer */
    bool is_describing; /* send_description() is on its way */
    bool is_described;  /* our description went out: candidates now trickle */
    bool is_gathered;
    enum peer_restarts restarts;
    struct sdp local;
    struct sdp remote;
    size_t remote_candidates; /* given to ICE */
    size_t early_count;
    struct early_candidate *early; /* SDP_CANDIDATES_MAX, where there are any */

    /* Transport. */
    enum dtls_role role;
    struct ice_io *ice;
    struct rtc_path *direct; /* of ICE, unless another one was given */
    struct relay_path relay;
    struct rtc_path *path; /* of the two, the one that is used */
    struct path_choice choice;
    size_t direct_count; /* of datagrams that came so, and as of the last relayed one */
    size_t direct_known;
    const struct peer_path_user *path_user;
    bool can_relay;                 /* by the owner */
    bool has_path_news;             /* the choice is to be made anew */
    enum peer_path_state told_path; /* the owner */
    struct dtls *dtls;
    struct sped sped;
    bool has_ridden;       /* what DTLS said first went with ICE's checks */
    bool is_riding;        /* DTLS is fed from within ICE: nothing may end there */
    char riding_text[160]; /* why it is to end all the same */
    struct sctp_assoc *sctp;
    uint8_t sctp_seed[16];
    struct sctp_arena arena; /* where it writes packets */
    struct channel first;
    struct channel *further[PEER_CHANNELS_MAX]; /* NULL: not used yet */
    unsigned highest_channel;                   /* on which a message came or went */
    bool is_reading;                            /* what the owner wants */
    bool is_sctp_reading;                       /* what SCTP was told */
    bool has_work;                              /* peer_work_later() was called */
    bool is_turn_end_due;                       /* peer_end_turn_later() was called */
    bool is_stopping;
    struct buf early_datagrams; /* before the path is up: u16 length and bytes each */
    struct rush_place place;    /* in line, while there is much to send */
    struct deadline *deadline;  /* of DTLS and SCTP */
    struct timer *connect_timer;
    uint64_t give_up_us;      /* when it expires at the latest */
    uint64_t begun_us;        /* since when both descriptions are there, */
    uint64_t connected_us;    /* a path, */
    uint64_t secured_us;      /* and DTLS */
    struct timer *path_timer; /* runs while there is no path any more */
};

/* peer_state.c */
void peer_set_state(struct peer *peer, enum peer_state state);

/* The connection is over: says bye, lets go of the engines and tells the
 * owner. Does nothing the second time. */
void peer_end(struct peer *peer, const char *text);
/* The same by the other side's wish: text says how that came. */
void peer_end_by_goodbye(struct peer *peer, const char *text);
/* The same, but tells nobody. */
void peer_stop(struct peer *peer);

/* peer_snap.c */
/* All of a config that INIT says. */
void peer_init_sctp(const struct peer *peer, struct sctp_assoc_config *config);
/* Our description says what INIT would (rtc/snap.h): in an offer, and in the
 * answer to one that does. */
void peer_describe_sctp(struct peer *peer);
/* What their first answer says of it: without theirs, ours is forgotten. False
 * where it says what SCTP cannot use. */
bool peer_take_sctp_answer(struct peer *peer, const struct sdp *answer);
/* Whether it may be started, and sent by, before DTLS has heard the end of the
 * handshake: the other side is one of ours, and has no handshake of SCTP. */
bool peer_is_sctp_early(const struct peer *peer);
/* With a handshake or without, as the descriptions say. */
void peer_connect_sctp(struct peer *peer, uint64_t now_us);

/* peer_sctp.c */
void peer_start_sctp(struct peer *peer);
void peer_feed_sctp(struct peer *peer, struct span packet, uint64_t now_us);
void peer_change_sctp_path(struct peer *peer); /* another one is used now */
void peer_free_sctp(struct peer *peer);
/* Before SCTP does what is due: who has much to send beside others sends it
 * when it is first in line. */
void peer_limit_burst(struct peer *peer);
/* By its number: 0 is the first, others are there when they are asked for. */
struct channel *peer_channel(struct peer *peer, unsigned channel);
uint16_t peer_stream_of(const struct peer *peer, unsigned channel);

/* Before the loop sleeps: what was received is acknowledged, what was queued
 * is sent, each in one go. */
void peer_work_later(struct peer *peer);
/* The same at once, where there is any. */
void peer_work(struct peer *peer, uint64_t now_us);

/* SCTP keeps what it receives from now on. */
void peer_pause(struct peer *peer);

/* peer_path.c */
/* What a peer does with its paths: the one that is chosen for the first time is
 * there, or what came by either, before that or behind it. */
struct peer_path_user {
    void (*on_path)(struct peer *peer);
    void (*on_datagram)(struct span datagram, void *peer);
};
void peer_init_paths(struct peer *peer, const struct peer_path_user *user);
/* From now on datagrams go that way rather than by ICE, and only its news are
 * heard. It is not the peer's: it outlives peer_close(), or is replaced before
 * it ends. Here also for tests. */
void peer_use_path(struct peer *peer, struct rtc_path *path);
/* Both descriptions are there. */
void peer_seek_path(struct peer *peer);
/* In a turn of its own, and the owner is told what is news to it. */
static inline void peer_choose_path_later(struct peer *peer)
{
    peer->has_path_news = true;
    deadline_touch(peer->deadline);
}
/* Nothing was acknowledged for a while. */
void peer_doubt_path(struct peer *peer);
uint64_t peer_path_deadline_us(const struct peer *peer);
void peer_on_path_deadline(struct peer *peer);

/* peer_transport.c */
/* on_candidate: as of ice_io_new(). */
void peer_start_ice(struct peer *peer, void (*on_candidate)(const char *candidate, void *arg));
void peer_start_transport(struct peer *peer); /* both descriptions are there */
void peer_free_transport(struct peer *peer);

/* peer_match.c */

/* Other than the description before: of who restarts, or begins. */
bool peer_has_new_credentials(const struct peer *peer, const struct sdp *sdp);

/* peer_signal.c */
void peer_signal_deinit(struct peer *peer);

#endif
