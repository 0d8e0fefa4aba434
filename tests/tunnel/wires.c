#include "wires.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

struct wire *wires_add(struct wires *wires, char *sealed)
{
    assert_true(wires->count < WIRES_MAX);
    struct wire *wire = &wires->at[wires->count++];
    *wire = (struct wire){.sealed = sealed};
    return wire;
}

void wires_clear(struct wires *wires)
{
    for (unsigned i = 0; i < wires->count; i++)
        free(wires->at[i].sealed);
    wires->count = 0;
}

struct wire *wires_alter(struct wires *wires, const struct wire *from, size_t at, bool is_cut)
{
    char *sealed = xstrdup(from->sealed);
    if (is_cut)
        sealed[at] = '\0';
    else
        sealed[at] = sealed[at] == 'A' ? 'B' : 'A';
    return wires_add(wires, sealed);
}

void wires_fingerprint(unsigned process, uint8_t out[CERT_FINGERPRINT_LEN])
{
    memset(out, 0x5a, CERT_FINGERPRINT_LEN);
    memcpy(out, &process, sizeof process);
}

char *wires_describe(unsigned process, const char *text)
{
    uint8_t fingerprint[CERT_FINGERPRINT_LEN];
    char hex[3 * CERT_FINGERPRINT_LEN + 1] = "";
    wires_fingerprint(process, fingerprint);
    for (int i = 0; i < CERT_FINGERPRINT_LEN; i++)
        snprintf(hex + 3 * i, 4, "%02X:", fingerprint[i]);
    hex[sizeof hex - 2] = '\0';
    return xasprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=%s\r\nt=0 0\r\n"
                     "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
                     "a=ice-ufrag:aB3x\r\na=ice-pwd:0123456789abcdefghijkl\r\n"
                     "a=fingerprint:sha-256 %s\r\na=setup:actpass\r\na=mid:0\r\n",
                     text, hex);
}
