/*
 * stdout: what a person asked for, or a script waits for. It must not be lost
 * without a word: the disk may be full, and the descriptor closed.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>

/* Everything that was printed is out. Else says so on stderr, in the name of
 * the program, and the program has failed. */
bool output_end(const char *program);

/* Who has read it has gone, and wants no more: what has not gone out is dropped
 * without a word, and so is what comes. */
void output_drop(void);

/* Prints a text of less than a page, unless that would have to wait. NULL, or
 * why it is not out. */
const char *output_try(const char *text);

#endif
