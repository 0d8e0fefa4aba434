/*
 * Of which kind the way out of this network is, by what STUN servers have seen
 * (RFC 4787 section 4.1; the words are those in common use). Pure.
 */
#ifndef RTC_NAT_KIND_H
#define RTC_NAT_KIND_H

#include "rtc/nat_probe.h"

enum nat_kind {
    NAT_SILENT,    /* nobody has answered: UDP is blocked, or there is no such family */
    NAT_OPEN,      /* no address is changed on the way */
    NAT_CONE,      /* one mapping for all destinations */
    NAT_SYMMETRIC, /* another one for each */
    NAT_UNCERTAIN  /* there is one, but only one host has seen it */
};

struct nat_view {
    enum nat_kind kind;
    size_t asked;
    size_t answered;
    const struct address *mapped; /* the first one in answers; NULL for SILENT */
};

/* family: AF_INET or AF_INET6; answers of the other one do not count. */
struct nat_view nat_judge(const struct nat_answer *answers, size_t count, int family);

#endif
