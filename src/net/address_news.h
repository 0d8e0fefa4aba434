/*
 * The kernel's messages about addresses, interfaces and routes, for
 * address_watch.c. They are not believed: what counts is that one came.
 *
 * Routes are many on some machines, and change all day: of them only those
 * count that lead to half the internet or more (some VPNs add two halves).
 */
#ifndef NET_ADDRESS_NEWS_H
#define NET_ADDRESS_NEWS_H

enum address_news {
    ADDRESS_NEWS_NONE,
    ADDRESS_NEWS_ROUTES, /* of routes that count, alone */
    ADDRESS_NEWS_ALL
};

/* A descriptor that is readable when there are some and never waits; or a
 * negative errno, as in a strict sandbox. */
int address_news_open(void);

/* Takes all that there are. */
enum address_news address_news_read(int fd);

#endif
