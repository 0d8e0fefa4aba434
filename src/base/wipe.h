/*
 * Zeros over a secret that is not needed any more.
 */
#ifndef BASE_WIPE_H
#define BASE_WIPE_H

#include <stddef.h>

/* Unlike memset(3) nothing that the compiler may leave out because nobody
 * reads it. */
void wipe(void *secret, size_t len);

#endif
