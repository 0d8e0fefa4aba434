/*
 * Offers, answers and candidates are most of what a signal server hears, and it
 * needs next to nothing of them: what they are, whom they are for, and the
 * string that they carry. So that is found in the text, and passed on as it
 * came, where a decoder would make a tree, copies and a text of it again.
 *
 * Only the plain form is taken, as programs write it: one object of strings,
 * each member once, no escapes but in the string that is passed on. What is
 * not of that form may still be right, and is for signal_message_decode().
 */
#ifndef SIGNAL_MESSAGE_SCAN_H
#define SIGNAL_MESSAGE_SCAN_H

#include "signal/message.h"

/* True for the plain form: what signal_message_decode() would have told, but
 * for `raw`, which is of json, in place of sdp or candidate. To be freed by
 * signal_message_deinit(). False: *out is not touched. */
bool message_scan(struct span json, struct signal_message *out);

#endif
