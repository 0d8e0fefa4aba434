/*
 * SNAP (draft-hancke-tsvwg-snap): each description holds the INIT chunk that
 * its sender would begin SCTP with, as "a=sctp-init:" and base64. Where both
 * do, SCTP is up as soon as DTLS is. This is the attribute's value.
 */
#ifndef RTC_SNAP_H
#define RTC_SNAP_H

#include "base/span.h"
#include "sctp/sctp.h"

enum { SNAP_TEXT_MAX = (SCTP_INIT_MAX + 2) / 3 * 4 };

/* Writes the text, padded (RFC 4566), and a NUL. At most SCTP_INIT_MAX
 * bytes. */
void snap_encode(struct span init, char out[SNAP_TEXT_MAX + 1]);

/* The length of the INIT that the text stands for, padded or not; -EINVAL where
 * it stands for none that SCTP can use. */
long snap_decode(const char *text, uint8_t out[SCTP_INIT_MAX]);

#endif
