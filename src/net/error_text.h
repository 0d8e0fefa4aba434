/*
 * What the errors of connections are called in words fit for a person.
 */
#ifndef NET_ERROR_TEXT_H
#define NET_ERROR_TEXT_H

/* For a negative errno of net/conn.h: "connection refused". */
const char *net_error_text(int error);

#endif
