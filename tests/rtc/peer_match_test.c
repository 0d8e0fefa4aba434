/*
 * Whom a description is from, and what it is about: against a peer of which
 * only what signalling has told is filled in.
 */
#include "testing.h"

#include <stdio.h>

#include "rtc/peer_internal.h"

enum { SDP_LEN = 1024 };

#define FINGERPRINT "B2:92:7E:21:34:2F:75:F6:86:B6:8D:74:46:A5:0D:40:"
#define THEIRS      FINGERPRINT "25:F8:29:72:07:E8:5C:C3:C9:89:11:22:33:44:55:66"
#define OTHERS      FINGERPRINT "25:F8:29:72:07:E8:5C:C3:C9:89:11:22:33:44:55:67"

struct words {
    unsigned id;
    const char *ufrag;
    const char *setup;
    const char *address; /* of its host candidate */
    const char *fingerprint;
};

static const struct words first = {7, "841c", "actpass", "192.0.2.2 41681", THEIRS};

static const char *describe(const struct words *words, char out[SDP_LEN])
{
    snprintf(out, SDP_LEN,
             "v=0\r\no=- %u 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
             "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
             "a=candidate:a 1 udp 2116026367 %s typ host\r\n"
             "a=candidate:b 1 udp 1000000000 198.51.100.1 3478 typ relay raddr 0.0.0.0 rport 0\r\n"
             "a=ice-ufrag:%s\r\na=ice-pwd:0123456789012345678901\r\n"
             "a=fingerprint:sha-256 %s\r\na=setup:%s\r\na=mid:0\r\na=sctp-port:5000\r\n",
             words->id, words->address, words->ufrag, words->fingerprint, words->setup);
    return out;
}

/* Whose first description was the first one, and which is the DTLS client. */
static void init(struct peer *peer)
{
    char text[SDP_LEN];
    const char *why = NULL;
    *peer = (struct peer){.has_remote = true, .role = DTLS_CLIENT};
    assert_int_equal(sdp_parse(describe(&first, text), &peer->remote, &why), 0);
}

static void expect(const struct peer *peer, enum sdp_type type, struct words words,
                   enum peer_match match)
{
    char text[SDP_LEN];
    assert_int_equal(peer_match(peer, type, describe(&words, text)), match);
}

static void test_offers(void **state)
{
    (void)state;
    struct peer peer;
    struct words offer = first;
    init(&peer);
    expect(&peer, SDP_OFFER, first, PEER_MATCH_SESSION);
    offer.ufrag = "af45";
    expect(&peer, SDP_OFFER, offer, PEER_MATCH_SESSION);
    offer.id = 8;
    expect(&peer, SDP_OFFER, offer, PEER_MATCH_PROCESS);
    offer.fingerprint = OTHERS;
    expect(&peer, SDP_OFFER, offer, PEER_MATCH_NONE);
    sdp_deinit(&peer.remote);
}

/* werift's restart has another id, but the socket and the role that it had.
 * Each of them alone a session beside this one may have. */
static void test_offers_of_werift(void **state)
{
    (void)state;
    struct peer peer;
    struct words offer = {8, "af45", "passive", "192.0.2.2 41681", THEIRS};
    init(&peer);
    expect(&peer, SDP_OFFER, offer, PEER_MATCH_SESSION);
    offer.setup = "active";
    expect(&peer, SDP_OFFER, offer, PEER_MATCH_PROCESS);
    offer.setup = "actpass";
    expect(&peer, SDP_OFFER, offer, PEER_MATCH_PROCESS);
    offer.setup = "passive";
    offer.address = "192.0.2.2 41682";
    expect(&peer, SDP_OFFER, offer, PEER_MATCH_PROCESS);
    offer.address = first.address;
    offer.fingerprint = OTHERS;
    expect(&peer, SDP_OFFER, offer, PEER_MATCH_NONE);
    peer.role = DTLS_SERVER;
    offer.fingerprint = THEIRS;
    offer.setup = "active";
    expect(&peer, SDP_OFFER, offer, PEER_MATCH_SESSION);
    sdp_deinit(&peer.remote);
}

/* libdatachannel's restart keeps its credentials, and no two ICE agents have
 * the same ones. */
static void test_offer_of_libdatachannel(void **state)
{
    (void)state;
    struct peer peer;
    struct words offer = first;
    init(&peer);
    offer.id = 8;
    expect(&peer, SDP_OFFER, offer, PEER_MATCH_SESSION);
    offer.fingerprint = OTHERS;
    expect(&peer, SDP_OFFER, offer, PEER_MATCH_NONE);
    offer.fingerprint = THEIRS;
    peer.remote.pwd[0] = 'x';
    expect(&peer, SDP_OFFER, offer, PEER_MATCH_PROCESS);
    sdp_deinit(&peer.remote);
}

/* A relay's address is its server's, and others may have it. */
static void test_relays_are_no_sockets(void **state)
{
    (void)state;
    struct peer peer;
    init(&peer);
    expect(&peer, SDP_OFFER, (struct words){8, "af45", "passive", "192.0.2.2 50000", THEIRS},
           PEER_MATCH_PROCESS);
    sdp_deinit(&peer.remote);
}

static void test_answers(void **state)
{
    (void)state;
    struct peer peer;
    struct words answer = {8, "f7ad", "passive", "192.0.2.2 41681", THEIRS};
    init(&peer);
    peer.is_offering = true;
    expect(&peer, SDP_ANSWER, answer, PEER_MATCH_SESSION);
    answer.address = "192.0.2.2 41682"; /* it made another session of the offer */
    expect(&peer, SDP_ANSWER, answer, PEER_MATCH_NO_RESTART);
    answer.id = first.id;
    expect(&peer, SDP_ANSWER, answer, PEER_MATCH_SESSION);
    answer.ufrag = first.ufrag;
    expect(&peer, SDP_ANSWER, answer, PEER_MATCH_NO_RESTART);
    peer.restarts = RESTARTS_WORK;
    expect(&peer, SDP_ANSWER, answer, PEER_MATCH_LATE);
    sdp_deinit(&peer.remote);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offers),
        cmocka_unit_test(test_offers_of_werift),
        cmocka_unit_test(test_offer_of_libdatachannel),
        cmocka_unit_test(test_relays_are_no_sockets),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
