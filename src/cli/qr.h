/*
 * A text as a QR code on a terminal, by libqrencode, where tunnel was built
 * with it.
 */
#ifndef CLI_QR_H
#define CLI_QR_H

#include <stdbool.h>

/* Prints it on stdout, two modules a character, dark on light. False when the
 * text is too long for one, or there is no libqrencode. */
bool qr_print(const char *text);

/* What draws it, by its name; NULL where this was built without. */
const char *qr_library(void);

#endif
