/*
 * A description as Chromium writes it, and what tests of reading one share.
 */
#ifndef TESTS_RTC_SDP_TEXT_H
#define TESTS_RTC_SDP_TEXT_H

#include "testing.h"

#include "rtc/sdp.h"

#define FINGERPRINT                                                                     \
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:" \
    "BB:CC:DD:EE:FF"

/* The values are made up. */
static const char chromium[] = "v=0\r\n"
                               "o=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n"
                               "s=-\r\n"
                               "t=0 0\r\n"
                               "a=group:BUNDLE 0\r\n"
                               "a=extmap-allow-mixed\r\n"
                               "a=msid-semantic: WMS\r\n"
                               "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
                               "c=IN IP4 0.0.0.0\r\n"
                               "a=candidate:1 1 udp 2113937151 192.168.1.5 40112 typ host\r\n"
                               "a=ice-ufrag:EEtu\r\n"
                               "a=ice-pwd:aJc2mEXAMPLEEXAMPLEEXAMP\r\n"
                               "a=ice-options:trickle\r\n"
                               "a=fingerprint:sha-256 " FINGERPRINT "\r\n"
                               "a=setup:actpass\r\n"
                               "a=mid:0\r\n"
                               "a=sctp-port:5000\r\n"
                               "a=max-message-size:262144\r\n";

/* It must be one, and reading it stops at its end. */
static inline struct sdp parse(const char *text)
{
    struct sdp sdp;
    const char *why = NULL;
    struct guard g = guard_new(text, strlen(text) + 1);
    if (sdp_parse((const char *)g.bytes.data, &sdp, &why) < 0)
        fail_msg("refused: %s\n%s", why, text);
    guard_free(&g);
    return sdp;
}

static inline void assert_fingerprint(const struct sdp *sdp)
{
    for (size_t i = 0; i < CERT_FINGERPRINT_LEN; i++)
        assert_int_equal(sdp->fingerprint[i], (i % 16) * 0x11);
}

#endif
