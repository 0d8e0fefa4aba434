/*
 * What there is to say of the tunnel, a line each. A line has a mark and a
 * text. On a terminal (and with the text log format) it looks as log lines do
 * there (base/log_mark.h); otherwise it is one log line, so that a service's
 * log holds the same story.
 */
#ifndef CLI_NEWS_H
#define CLI_NEWS_H

#include "base/log.h"
#include "signal/room_name.h"

/* LIVE: a step that the next one of its kind may take the line of. BAD is a
 * warning, all else information. */
enum mark { MARK_STEP, MARK_GOOD, MARK_BAD, MARK_LIVE };

enum { NEWS_FIELDS_MAX = 16 }; /* of one event, with the list's end */

struct news {
    enum log_format format;
    char room[ROOM_FINGERPRINT_LEN]; /* "" where there is none */
    const char *name;   /* of the tunnel, in front of a text; NULL: it is the only one */
    unsigned link;      /* of several, which it is about; 0: none, or the only one */
    unsigned live_line; /* the number of the line that may be written anew; 0: none */
};

/* fields: of this event alone, or NULL. */
void news_print(struct news *news, enum mark mark, const char *event,
                const struct log_field *fields, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Whether it goes to a terminal: what a person has read need not come again. */
bool news_is_for_person(const struct news *news);

#endif
