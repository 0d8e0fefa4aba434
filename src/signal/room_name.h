/*
 * A room's name, which is the secret that lets the other side in.
 */
#ifndef SIGNAL_ROOM_NAME_H
#define SIGNAL_ROOM_NAME_H

/* Below it a name is worth a warning: it could be guessed, or found from what
 * a log tells of it. */
enum { ROOM_NAME_STRONG_BITS = 80 };

/* How strong a name is at best, by a simple count: its characters that do not
 * repeat the one before, times what one of such an alphabet is worth. Words of
 * a language are worth less. */
unsigned room_name_bits(const char *name);

enum { ROOM_FINGERPRINT_LEN = 5 };

/* Four hex digits, for two people to compare: of 65,536 other names one has
 * the same, and 16 bits of the secret are all that they tell. Returns out. */
const char *room_name_fingerprint(const char *name, char out[ROOM_FINGERPRINT_LEN]);

#endif
