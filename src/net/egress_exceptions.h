/*
 * Whom a network's proxy is not asked for: the list that NO_PROXY holds.
 */
#ifndef NET_EGRESS_EXCEPTIONS_H
#define NET_EGRESS_EXCEPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the list names that name or literal. Between commas or blanks stand
 * names, which stand for what is below them as well, with or without a dot in
 * front; addresses; networks, as in 10.0.0.0/8; each with a port or without;
 * and "*" for all. What is none of these names nobody. */
bool egress_exceptions_have(const char *list, const char *host, uint16_t port);

#endif
