/*
 * The relay of last resort as a path: datagrams go to whoever signals, who has
 * the signal server pass them on, and come from there. Whether that can be done
 * now, the owner of the peer knows.
 */
#ifndef RTC_RELAY_PATH_H
#define RTC_RELAY_PATH_H

#include "rtc/path.h"

/* What an Ethernet path takes: what was cut for the one fits the other. */
enum { RELAY_PATH_DATAGRAM_MAX = 1472 };

struct relay_path {
    struct rtc_path path;
    void (*send)(struct span datagram, void *arg);
    void *arg;
};

/* Not open. room: as of rtc_path_init(). */
void relay_path_init(struct relay_path *relay, uint8_t *room,
                     void (*send)(struct span datagram, void *arg), void *arg);

#endif
