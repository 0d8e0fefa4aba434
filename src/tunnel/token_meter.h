/*
 * How many tokens an LLM's answer has, as its bytes go by: the events of a
 * stream are counted, and the figures of its `usage` are read where there are
 * some. Nothing of the text is kept. All zero is one that is off.
 *
 * It knows the names of OpenAI's and Anthropic's usage and of Ollama's last
 * line. The same words in a model's text have a backslash in front of their
 * quotation mark, and so do not count.
 */
#ifndef TUNNEL_TOKEN_METER_H
#define TUNNEL_TOKEN_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/field.h"

enum {
    TOKEN_METER_TAIL = 40,      /* a name, a colon and a number, at most */
    TOKEN_METER_MAX = 16 << 20, /* what is longer is no text of a model: no cost for bulk */
};

enum token_source { TOKENS_NONE, TOKENS_EVENTS, TOKENS_LINES, TOKENS_JSON };

struct token_meter {
    enum token_source source;
    bool is_in_line;                /* the last chunk did not end with a line's end */
    uint8_t tail_len;               /* of the last chunk, for what is cut in two */
    uint8_t tail[TOKEN_METER_TAIL]; /* zeroed at the end */
    uint32_t scanned;
    uint32_t events;     /* of a stream: data lines of SSE, lines of NDJSON */
    uint64_t prompt;     /* tokens of the prompt, by `usage`; 0: not said */
    uint64_t completion; /* tokens of the answer, by `usage`; 0: not said */
};

/* Of a response's head: on for text/event-stream, application/x-ndjson and
 * application/json that are not compressed. */
void token_meter_init(struct token_meter *meter, struct http_fields fields);

/* The next bytes of its content. */
void token_meter_scan(struct token_meter *meter, struct span bytes);

/* No more come. */
void token_meter_end(struct token_meter *meter);

/* The answer's tokens as far as known: what `usage` says, else the events;
 * 0 for what is no such answer. */
uint64_t token_meter_count(const struct token_meter *meter);

#endif
