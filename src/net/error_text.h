/*
 * What the errors of connections are called in words fit for a person.
 */
#ifndef NET_ERROR_TEXT_H
#define NET_ERROR_TEXT_H

/* The negative errno of net/conn.h for one that a call on a socket had: a reset
 * behind the peer's end is EPIPE to Linux, but no news to a person. */
int net_error(int number);

/* For a negative errno of net/conn.h: "connection refused". */
const char *net_error_text(int error);

#endif
