/*
 * One exchange in one line, for a person:
 *
 *   phone: POST /v1/chat/completions 200, 3.2 s, first byte 0.4 s, 12 kB
 *   GET /v1/models 503, 10 s; the tunnel is not connected: …
 */
#ifndef CLI_EXCHANGE_LINE_H
#define CLI_EXCHANGE_LINE_H

#include "base/log.h"
#include "tunnel/tunnel.h"

enum { EXCHANGE_LINE_MAX = 1024 };

/* Returns out. What a peer wrote is in it as it is. */
const char *exchange_line_format(const struct exchange_record *record, char out[EXCHANGE_LINE_MAX]);

/* The same as fields of a log line: those that came to something, and an empty
 * one behind them. */
enum { EXCHANGE_FIELDS_MAX = 15 };
void exchange_line_fields(const struct exchange_record *record,
                          struct log_field out[EXCHANGE_FIELDS_MAX]);

#endif
