/*
 * Numbers as a row of bars, each as high as its part of the highest.
 */
#ifndef CLI_SPARKLINE_H
#define CLI_SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Appends a bar for each; without UTF-8, of ASCII. What is not zero has a bar
 * that is seen. */
void sparkline_print(const double *values, size_t count, bool has_utf8, struct buf *out);

#endif
