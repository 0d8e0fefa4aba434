/*
 * What somebody meant who mistyped a word: of the names that there are the one
 * that takes the fewest edits, if these are few for a word of that length; else
 * the only one that begins with the word.
 */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include "base/span.h"

struct nearest {
    struct span word;   /* borrowed */
    const char *name;   /* so far, or NULL */
    unsigned edits;     /* of it; else one more than are few */
    const char *longer; /* that begins with the word, or NULL */
    unsigned longer_count;
};

/* Dashes in front do not count, neither here nor in names. */
void nearest_init(struct nearest *nearest, struct span word);

/* One of the names; borrowed. Of those that are as near the first one wins. */
void nearest_try(struct nearest *nearest, const char *name);

/* NULL for none. */
const char *nearest_name(const struct nearest *nearest);

/* "is not known; see --help", with the name in it if there is one. To be
 * freed. */
char *nearest_explain(const struct nearest *nearest);

#endif
