/*
 * What a provider tells who has a link to it about its network, when asked
 * (docs/PROTOCOL.md, "report"): of which kind, not which addresses; nothing of
 * other devices, and no names.
 */
#ifndef TUNNEL_REPORT_H
#define TUNNEL_REPORT_H

#include "rtc/nat_kind.h"

/* As which STUN servers see it, by IPv4. */
enum report_mapped {
    REPORT_MAPPED_UNKNOWN,
    REPORT_MAPPED_PUBLIC,
    REPORT_MAPPED_PRIVATE /* no part of the internet: there is another NAT */
};

enum report_session { REPORT_SESSION_NONE, REPORT_SESSION_DIRECT, REPORT_SESSION_RELAYED };

struct report {
    bool is_refusal; /* the invite has expired: that, and nothing else */
    bool knows_nat;  /* STUN servers were asked */
    enum nat_kind v4;
    enum nat_kind v6;
    enum report_mapped mapped;
    bool has_turn;               /* servers that it could use, by its flags or the signal server */
    bool takes_relay;            /* the signal server's */
    bool is_relay_only;          /* it goes through its TURN server alone */
    bool asks_router;            /* for ports, or has fixed how it is seen */
    enum report_session session; /* of the device that asks, as it is now */
    int upstream_status;         /* of HEAD; 0: no answer */
    uint64_t upstream_ms;        /* until that */
};

/* The JSON, to be freed. */
char *report_encode(const struct report *report);

/* 0, or -EINVAL. What is not known to us counts as not known. */
int report_decode(const char *json, struct report *out);

#endif
