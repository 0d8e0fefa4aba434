/*
 * Each field's name and value share one allocation, which the name's span
 * begins.
 */
#include "tunnel/head.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void head_init(struct head *head)
{
    *head = (struct head){0};
}

void head_deinit(struct head *head)
{
    for (size_t i = 0; i < head->count; i++) {
        /* A field may be Authorization or Cookie. */
        size_t len = head->at[i].name.len + head->at[i].value.len;
        free_secret((void *)(uintptr_t)head->at[i].name.data, len);
    }
    free(head->at);
    free(head->method);
    free(head->path);
    head_init(head);
}

void head_add(struct head *head, struct span name, struct span value)
{
    if (head->count == head->cap) {
        head->cap = head->cap ? head->cap * 2 : 16;
        head->at = xreallocarray(head->at, head->cap, sizeof *head->at);
    }
    uint8_t *text = xcalloc(name.len + value.len, 1);
    memcpy(text, name.data, name.len);
    if (value.len > 0)
        memcpy(text + name.len, value.data, value.len);
    head->at[head->count++] =
        (struct http_field){span_of(text, name.len), span_of(text + name.len, value.len)};
}

void head_add_end_to_end(struct head *head, struct http_fields fields, const char *except)
{
    for (size_t i = 0; i < fields.count; i++) {
        struct span name = fields.at[i].name;
        if (http_field_is_hop_by_hop(name, fields))
            continue;
        if (except && span_is_string_nocase(name, except))
            continue;
        head_add(head, name, fields.at[i].value);
    }
}
