/*
 * How far one direction of an exchange has come. The exchange is over when
 * both its halves have ended.
 */
#ifndef HTTP_HALF_H
#define HTTP_HALF_H

enum half {
    HALF_HEAD, /* of which nothing, or not all, is there yet */
    HALF_BODY, /* the content, until its end */
    HALF_ENDED
};

#endif
