/*
 * A link, the one string that a consumer needs (docs/PROTOCOL.md, "Sealed
 * signalling"): where to meet, whom, and the secret of an invite.
 *
 *   https://signal.example.org:8443/path#t1.mfrggzdf…
 *   └──────────── where ───────────────┘    └─ base32 of provider id,
 *                                              secret and checksum
 */
#ifndef TUNNEL_LINK_H
#define TUNNEL_LINK_H

#include "http/url.h"
#include "tunnel/seal_key.h"

enum { LINK_CHECK_LEN = 2, LINK_BYTES = PROVIDER_ID_LEN + INVITE_SECRET_LEN + LINK_CHECK_LEN };

struct link {
    struct url signal; /* its scheme is ws, wss or tracker, whatever the link had */
    char *signal_text; /* the same as text */
    uint8_t provider_id[PROVIDER_ID_LEN];
    uint8_t secret[INVITE_SECRET_LEN];
};

/* 0 with *out, or -EINVAL with *why (static), to stand behind "the link": what
 * is wrong, and what would be right. Blanks around it do not count. */
int link_parse(const char *text, struct link *out, const char **why);
void link_deinit(struct link *link);

/* To be freed by free_secret_string(). signal_text: a URL of the scheme ws,
 * wss, http or https, or trackers (signal/tracker_place.h). */
char *link_format(const char *signal_text, const uint8_t provider_id[PROVIDER_ID_LEN],
                  const uint8_t secret[INVITE_SECRET_LEN]);

#endif
