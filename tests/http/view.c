/*
 * How our parser sees messages: for each one on standard input, a line of JSON
 * on standard output, to be held against another parser's view
 * (against_llhttp.cjs).
 *
 *   input   kind:u8 | len:u32 | bytes
 *           ('q' request, 's' response, 'h' response to HEAD)
 *   output  {"verdict":"error"|"more"}, or {"verdict":"whole","used":N,…}
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "http/body.h"
#include "http/parse.h"

static struct http_field fields[HTTP_FIELDS_MAX];
static struct http_field as_sent[HTTP_FIELDS_MAX]; /* before what a client mends */
static struct http_field trailers[HTTP_FIELDS_MAX];

/* Each byte as the character of that number, as Node has it. */
static void print_string(struct span text)
{
    putchar('"');
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void print_fields(const char *name, struct http_fields list)
{
    printf(",\"%s\":[", name);
    for (size_t i = 0; i < list.count; i++) {
        printf("%s", i ? "," : "");
        print_string(list.at[i].name);
        putchar(',');
        print_string(list.at[i].value);
    }
    putchar(']');
}

static void print_verdict(const char *verdict)
{
    printf("{\"verdict\":\"%s\"", verdict);
}

/* Reads the body behind a head. Returns the bytes used, 0 when there is not
 * all of it, -1 when it is malformed. */
static ssize_t read_body(struct http_body *body, struct span in, struct buf *content)
{
    size_t used = 0;
    while (used < in.len && !body->is_done) {
        struct span piece;
        ssize_t took = http_body_feed(body, span_skip(in, used), &piece);
        if (took < 0 || buf_append(content, piece) < 0)
            return -1;
        used += (size_t)took;
    }
    return http_body_feed_end(body) == 0 ? (ssize_t)used : 0;
}

/* One head, and what becomes of it. */
struct view {
    bool is_request;
    struct http_request request;
    struct http_response response;
    struct http_fields sent;
    enum http1_framing framing;
    uint64_t length;
};

/* As http_parse_request(); what is whole may still be -EINVAL. */
static ssize_t view_head(struct view *v, char kind, struct span in)
{
    v->is_request = kind == 'q';
    ssize_t len = v->is_request ? http_parse_request(in, &v->request, fields)
                                : http_parse_response(in, &v->response, fields);
    if (len <= 0)
        return len;
    v->sent = v->is_request ? v->request.fields : v->response.fields;
    memcpy(as_sent, fields, v->sent.count * sizeof *fields);
    v->sent.at = as_sent;
    if (!v->is_request)
        http_response_mend_length(&v->response, fields);
    struct span method = kind == 'h' ? SPAN_LITERAL("HEAD") : SPAN_LITERAL("GET");
    int error = v->is_request
                    ? http_request_framing(&v->request, &v->framing, &v->length)
                    : http_response_framing(&v->response, method, &v->framing, &v->length);
    return error < 0 ? error : len;
}

static void print_whole(const struct view *v, ssize_t used, const struct http_body *body,
                        struct span content)
{
    printf(",\"used\":%zd,\"framing\":%d,\"minor\":%d,\"status\":%d,\"method\":", used,
           (int)v->framing, v->is_request ? v->request.minor_version : v->response.minor_version,
           v->response.status);
    print_string(v->request.method);
    printf(",\"target\":");
    print_string(v->is_request ? v->request.target : v->response.reason);
    print_fields("fields", v->sent);
    size_t count = 0;
    if (body->trailers.len > 0)
        http_parse_fields(buf_bytes(&body->trailers), trailers, &count);
    print_fields("trailers", (struct http_fields){trailers, count});
    printf(",\"body\":");
    print_string(content);
}

static void print_message(char kind, struct span in)
{
    struct view view = {0};
    ssize_t head_len = view_head(&view, kind, in);
    if (head_len <= 0) {
        print_verdict(head_len < 0 ? "error" : "more");
        return;
    }
    struct http_body body;
    struct buf content;
    buf_init(&content, 1 << 20);
    if (view.is_request)
        http_body_init(&body, view.framing, view.length);
    else
        http_body_init_response(&body, view.framing, view.length);
    ssize_t used = read_body(&body, span_skip(in, (size_t)head_len), &content);
    bool is_done = used >= 0 && body.is_done;
    print_verdict(used < 0 ? "error" : is_done ? "whole" : "more");
    if (is_done)
        print_whole(&view, head_len + used, &body, buf_bytes(&content));
    http_body_deinit(&body);
    buf_deinit(&content);
}

int main(void)
{
    uint8_t head[5];
    while (fread(head, sizeof head, 1, stdin) == 1) {
        size_t len = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
        uint8_t *bytes = malloc(len + 1);
        if (!bytes || fread(bytes, 1, len, stdin) != len)
            return 1;
        print_message((char)head[0], span_of(bytes, len));
        puts("}");
        free(bytes);
    }
    return 0;
}
