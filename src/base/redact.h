/*
 * What may be shown of a value that was given wrongly, and in which a secret
 * may stand: of a link that came where another value belongs, or of its end
 * alone.
 */
#ifndef BASE_REDACT_H
#define BASE_REDACT_H

#include <stdbool.h>

/* The text, to be freed; it ends with "…" where a secret may begin: behind '#',
 * with "t1.", with many letters and digits in a row, or behind the "://" of a
 * URL that has an '@'. */
char *redact(const char *text);

/* Whether that leaves something out. */
bool redact_hides(const char *text);

/* Whether it may be repeated as something to type: that leaves nothing out, and
 * a shell reads it as it stands. */
bool redact_can_be_typed(const char *text);

#endif
