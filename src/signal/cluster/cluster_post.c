#include "signal/cluster/cluster_post.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/list.h"

/* More is not published at once: Redis copies it as a whole. */
enum { TOGETHER_MAX = 256 << 10, LENGTH_LEN = 4, BUF_MAX = 2 * TOGETHER_MAX };

/* To one server; there are few. */
struct bag {
    struct list link;
    uint8_t to[CLUSTER_ID_LEN];
    struct buf bytes;
};

struct cluster_post {
    struct loop *loop;
    void (*publish)(const uint8_t *to, struct span bytes, void *arg);
    void *arg;
    struct list bags;
    bool is_due; /* a deferred call comes */
    bool is_freed;
};

static struct bag *bag_at(struct list *link)
{
    return LIST_ENTRY(link, struct bag, link);
}

struct cluster_post *
cluster_post_new(struct loop *loop,
                 void (*publish)(const uint8_t *to, struct span bytes, void *arg), void *arg)
{
    struct cluster_post *post = xcalloc(1, sizeof *post);
    post->loop = loop;
    post->publish = publish;
    post->arg = arg;
    list_init(&post->bags);
    return post;
}

static void bag_free(struct bag *bag)
{
    list_remove(&bag->link);
    buf_deinit(&bag->bytes);
    free(bag);
}

void cluster_post_clear(struct cluster_post *post)
{
    LIST_EACH(link, next, &post->bags)
        bag_free(bag_at(link));
}

void cluster_post_free(struct cluster_post *post)
{
    if (!post)
        return;
    cluster_post_clear(post);
    post->is_freed = true;
    if (!post->is_due)
        free(post);
}

static void empty(struct cluster_post *post, struct bag *bag)
{
    post->publish(bag->to, buf_bytes(&bag->bytes), post->arg);
    buf_clear(&bag->bytes);
}

/* A bag in which nothing was put this turn is not kept: its server may be gone
 * for good. */
void cluster_post_flush(struct cluster_post *post)
{
    LIST_EACH(link, next, &post->bags) {
        if (bag_at(link)->bytes.len > 0)
            empty(post, bag_at(link));
        else
            bag_free(bag_at(link));
    }
}

static void on_due(void *arg)
{
    struct cluster_post *post = arg;
    post->is_due = false;
    if (post->is_freed)
        free(post);
    else
        cluster_post_flush(post);
}

static struct bag *bag_get(struct cluster_post *post, const uint8_t *to)
{
    LIST_EACH(link, next, &post->bags) {
        if (memcmp(bag_at(link)->to, to, CLUSTER_ID_LEN) == 0)
            return bag_at(link);
    }
    struct bag *bag = xcalloc(1, sizeof *bag);
    memcpy(bag->to, to, CLUSTER_ID_LEN);
    buf_init(&bag->bytes, BUF_MAX);
    list_append(&post->bags, &bag->link);
    return bag;
}

void cluster_post_put(struct cluster_post *post, const uint8_t *to, struct span head,
                      struct span text)
{
    struct bag *bag = bag_get(post, to);
    uint8_t len[LENGTH_LEN];
    put_u32be(len, (uint32_t)(head.len + text.len));
    buf_append(&bag->bytes, span_of(len, sizeof len));
    buf_append(&bag->bytes, head);
    buf_append(&bag->bytes, text);
    if (bag->bytes.len >= TOGETHER_MAX)
        empty(post, bag);
    if (post->is_due)
        return;
    post->is_due = true;
    loop_defer(post->loop, on_due, post);
}

bool cluster_post_next(struct span *bytes, struct span *envelope)
{
    if (bytes->len < LENGTH_LEN)
        return false;
    size_t len = get_u32be(bytes->data);
    struct span rest = span_skip(*bytes, LENGTH_LEN);
    if (len > rest.len)
        return false;
    *envelope = span_of(rest.data, len);
    *bytes = span_skip(rest, len);
    return true;
}
