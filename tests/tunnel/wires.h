/*
 * Sealed strings on their way through a signal server that keeps them all, and
 * says again what it likes. For simulations in which a process is a number.
 */
#ifndef TESTS_TUNNEL_WIRES_H
#define TESTS_TUNNEL_WIRES_H

#include "testing.h"

#include "rtc/cert.h"
#include "rtc/sdp.h"
#include "tunnel/mux.h"

enum { WIRES_MAX = 2048 };

struct wire {
    char *sealed;
    enum sdp_type type;
    unsigned process; /* that has sealed it; 0: what it is now, nobody has */
    enum mux_role role;
    int end;           /* of that process, by whatever number */
    int to;            /* for whom it was */
    unsigned taken_by; /* which process, last */
};

struct wires {
    struct wire at[WIRES_MAX];
    unsigned count;
};

/* Takes sealed over. */
struct wire *wires_add(struct wires *wires, char *sealed);
void wires_clear(struct wires *wires);

/* Something else than was said, from that: cut there, or another character. */
struct wire *wires_alter(struct wires *wires, const struct wire *from, size_t at, bool is_cut);

/* Of the process, as its certificate would have it. */
void wires_fingerprint(unsigned process, uint8_t out[CERT_FINGERPRINT_LEN]);

/* A description that a seal can read, with a text in it; to be freed. */
char *wires_describe(unsigned process, const char *text);

#endif
