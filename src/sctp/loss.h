/*
 * What follows from recovery's verdicts: chunks go to be sent again or are
 * given up, and congestion control hears of it.
 */
#ifndef SCTP_LOSS_H
#define SCTP_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sctp_assoc;

/* Loses what is lost by now; returns its bytes. */
size_t loss_detect(struct sctp_assoc *a, uint64_t now_us);

/* A SACK was taken in; `progress`: it acknowledged something. */
void loss_after_sack(struct sctp_assoc *a, bool progress, uint64_t now_us);

/* The peer takes data again. */
void loss_on_window_opened(struct sctp_assoc *a, uint64_t now_us);

/* Sets probe and timeout for what is in flight now. */
void loss_rearm(struct sctp_assoc *a, uint64_t now_us);

void loss_on_reorder_timer(struct sctp_assoc *a, uint64_t now_us);
void loss_on_timeout(struct sctp_assoc *a, uint64_t now_us);

#endif
