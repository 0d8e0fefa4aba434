/*
 * A copy puts all bytes of a head into one allocation, in the order in which
 * they stand in the struct. The struct is cut short behind the fields that it
 * has: there is one for each request under way.
 */
#include "tunnel/head.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { COPY_ROOM = 1 }; /* for what head_copy() allows to be added */

void head_init(struct head *head)
{
    memset(head, 0, offsetof(struct head, at));
}

void head_deinit(struct head *head)
{
    /* A field may be Authorization or Cookie. */
    free_secret(head->storage, head->storage_len);
    head_init(head);
}

void head_add(struct head *head, struct span name, struct span value)
{
    assert(head->count < HEAD_FIELDS_MAX);
    head->at[head->count++] = (struct http_field){name, value};
}

void head_remove(struct head *head, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < head->count; i++) {
        if (!span_is_string_nocase(head->at[i].name, name))
            head->at[kept++] = head->at[i];
    }
    head->count = kept;
}

static size_t bytes_of(const struct head *head)
{
    size_t len = head->method.len + head->target.len + head->reason.len;
    for (size_t i = 0; i < head->count; i++)
        len += head->at[i].name.len + head->at[i].value.len;
    return len;
}

static void move_in(struct span *span, uint8_t **to)
{
    if (span->len > 0)
        memcpy(*to, span->data, span->len);
    *span = span_of(*to, span->len);
    *to += span->len;
}

size_t head_copy_size(const struct head *copy)
{
    return offsetof(struct head, at) + (copy->count + COPY_ROOM) * sizeof *copy->at +
           copy->storage_len;
}

struct head *head_copy(const struct head *head)
{
    size_t len = offsetof(struct head, at) + head->count * sizeof *head->at;
    struct head *copy = xcalloc(1, len + COPY_ROOM * sizeof *head->at);
    memcpy(copy, head, len);
    copy->storage_len = bytes_of(head);
    copy->storage = xcalloc(copy->storage_len + 1, 1);
    uint8_t *to = copy->storage;
    move_in(&copy->method, &to);
    move_in(&copy->target, &to);
    move_in(&copy->reason, &to);
    for (size_t i = 0; i < copy->count; i++) {
        move_in(&copy->at[i].name, &to);
        move_in(&copy->at[i].value, &to);
    }
    return copy;
}

void head_free(struct head *head)
{
    if (!head)
        return;
    head_deinit(head);
    free(head);
}
