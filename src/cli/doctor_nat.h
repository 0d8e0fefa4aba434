/*
 * Of which kind the way out of this network is, by what STUN servers have seen
 * (RFC 4787 section 4.1; the words are those in common use). Pure.
 */
#ifndef CLI_DOCTOR_NAT_H
#define CLI_DOCTOR_NAT_H

#include "rtc/nat_probe.h"

enum doctor_nat {
    DOCTOR_NAT_SILENT,    /* nobody has answered: UDP is blocked, or there is no such family */
    DOCTOR_NAT_OPEN,      /* no address is changed on the way */
    DOCTOR_NAT_CONE,      /* one mapping for all destinations */
    DOCTOR_NAT_SYMMETRIC, /* another one for each */
    DOCTOR_NAT_UNCERTAIN  /* there is one, but only one host has seen it */
};

struct doctor_nat_view {
    enum doctor_nat kind;
    size_t asked;
    size_t answered;
    const struct address *mapped; /* the first one in answers; NULL for SILENT */
};

/* family: AF_INET or AF_INET6; answers of the other one do not count. */
struct doctor_nat_view doctor_nat_judge(const struct nat_answer *answers, size_t count, int family);

#endif
