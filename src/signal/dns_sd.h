/*
 * A service of this network, by multicast DNS (RFC 6762) and DNS-SD (RFC 6763),
 * on one interface. An engine: messages and the time in, messages out; no
 * socket, no clock.
 *
 *   _http-tunnel._tcp.local         PTR  HASH._http-tunnel._tcp.local
 *   HASH._http-tunnel._tcp.local    SRV  port, HASH.local
 *                                   TXT  "room=HASH"
 *   HASH.local                      A    the interface's address
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

/* 224.0.0.251, in host order. */
#define DNS_SD_GROUP 0xe00000fbU

#define DNS_SD_SERVICE "_http-tunnel._tcp.local"

/* ---- who has the service ---- */

struct dns_sd_responder {
    char hash[DNS_SD_HASH_LEN + 1];
    uint16_t port;
    uint8_t address[4];
    unsigned announcements; /* that are left */
    uint64_t announce_us;   /* the next is due; TIME_NEVER: none */
    uint64_t reply_us;      /* a reply to all is due; TIME_NEVER: none */
    uint64_t sent_us;       /* the last message to all; 0: none yet */
    uint64_t dice;
};

/* Announces itself at once. address: of the interface. */
void dns_sd_responder_init(struct dns_sd_responder *r, const char *hash, uint16_t port,
                           const uint8_t address[4], uint64_t now_us);

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
