/*
 * A service of this network, by multicast DNS (RFC 6762) and DNS-SD (RFC 6763),
 * on one interface. An engine: messages and the time in, messages out; no
 * socket, no clock.
 *
 *   _http-tunnel._tcp.local         PTR  HASH._http-tunnel._tcp.local
 *   HASH._http-tunnel._tcp.local    SRV  port, HASH.local
 *                                   TXT  "room=HASH"
 *   HASH.local                      A    the interface's addresses: the private
 *                                   AAAA one, the link-local one
 *
 * HASH stands for a room and says nothing of it (tunnel/seal_key.h). It is of
 * 128 bits and one provider's alone, so no other responder has those names, and
 * none is probed for them (RFC 6762 section 8.1 has that for names which are
 * not known to be unique).
 */
#ifndef SIGNAL_DNS_SD_H
#define SIGNAL_DNS_SD_H

#include "base/dns.h"

enum {
    DNS_SD_PORT = 5353,
    DNS_SD_HASH_LEN = 32, /* characters */
    DNS_SD_MESSAGE_MAX = 1024
};

#define DNS_SD_GROUPS             \
    {                             \
        "224.0.0.251", "ff02::fb" \
    }

#define DNS_SD_SERVICE "_http-tunnel._tcp.local"

/* ---- who has the service ---- */

/* The interface's addresses. */
struct dns_sd_host {
    bool has_v4, has_v6; /* one of the two, at least */
    uint8_t v4[4];
    uint8_t v6[16];
};

struct dns_sd_responder {
    char hash[DNS_SD_HASH_LEN + 1];
    uint16_t port;
    struct dns_sd_host host;
    unsigned announcements; /* that are left */
    uint64_t announce_us;   /* the next is due; TIME_NEVER: none */
    uint64_t reply_us;      /* a reply to all is due; TIME_NEVER: none */
    uint64_t sent_us;       /* the last message to all; 0: none yet */
    uint64_t dice;
};

/* Announces itself at once. host is copied. */
void dns_sd_responder_init(struct dns_sd_responder *r, const char *hash, uint16_t port,
                           const struct dns_sd_host *host, uint64_t now_us);

/* A message that came on the interface. is_one_shot: from another port than
 * DNS_SD_PORT, so that its sender hears nothing that is said to all. True: out,
 * empty before, is the answer to the sender alone. */
bool dns_sd_responder_feed(struct dns_sd_responder *r, struct span message, bool is_one_shot,
                           uint64_t now_us, struct buf *out);

/* True: out, empty before, is to go to all. */
bool dns_sd_responder_next(struct dns_sd_responder *r, uint64_t now_us, struct buf *out);
uint64_t dns_sd_responder_due_us(const struct dns_sd_responder *r);

/* To all, before it goes: others forget it at once. */
void dns_sd_responder_goodbye(const struct dns_sd_responder *r, struct buf *out);

/* ---- who looks for it ---- */

/* A one-shot question (RFC 6762 section 5.1) for the service of that hash. */
void dns_sd_query_write(const char *hash, uint16_t id, struct buf *out);

/* The port of it in an answer; 0: none. */
uint16_t dns_sd_answer_port(struct span message, const char *hash);

#endif
