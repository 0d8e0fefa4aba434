#include "signal/visit.h"

static void visit_on_open(void *arg)
{
    ((struct visit *)arg)->is_open = true;
}

static void visit_on_message(const struct signal_message *m, void *arg)
{
    struct visit *v = arg;
    const char *content = m->sdp ? m->sdp : m->candidate ? m->candidate : m->text;
    buf_append_format(&v->messages, "%s %s %s\n", signal_type_name(m->type),
                      m->peer_id ? "id" : "-", content ? content : "-");
    v->has_message = true;
    if (v->closes_in_callback) {
        signal_client_close(v->client);
        v->client = NULL;
    }
}

static void visit_on_slow(const char *text, void *arg)
{
    struct visit *v = arg;
    assert_string_equal(v->slow, "");
    assert_false(v->is_open || v->is_closed);
    snprintf(v->slow, sizeof v->slow, "%s", text);
}

static void visit_on_close(const char *text, void *arg)
{
    struct visit *v = arg;
    assert_false(v->is_closed);
    v->is_closed = true;
    snprintf(v->text, sizeof v->text, "%s", text);
    if (v->closes_in_callback) {
        signal_client_close(v->client);
        v->client = NULL;
    }
}

void visit_begin(struct visit *v, struct loop *loop, const char *url_text,
                 const struct tls_client *tls, const char *room)
{
    static const struct signal_client_handlers handlers = {
        .on_open = visit_on_open,
        .on_message = visit_on_message,
        .on_slow = visit_on_slow,
        .on_close = visit_on_close,
    };
    *v = (struct visit){.loop = loop};
    buf_init(&v->messages, 1 << 20);
    struct url url;
    const char *why;
    assert_int_equal(url_parse(url_text, &url, &why), 0);
    const struct signal_way way = {.url = &url, .tls = tls};
    v->client = signal_client_new(loop, &way, room, &handlers, v);
    url_deinit(&url); /* was copied */
}

void visit_end(struct visit *v)
{
    if (v->client)
        signal_client_close(v->client);
    buf_deinit(&v->messages);
}

void visit_expect(struct visit *v, const char *lines)
{
    run_until(v->loop, &v->has_message);
    struct span got = buf_bytes(&v->messages);
    if (!span_is_string(got, lines))
        fail_msg("\"%.*s\" is not \"%s\"", SPAN_ARG(got), lines);
    buf_clear(&v->messages);
    v->has_message = false;
}

void visit_expect_close(struct visit *v, const char *words)
{
    run_until(v->loop, &v->is_closed);
    if (!strstr(v->text, words))
        fail_msg("\"%s\" is not in \"%s\"", words, v->text);
}
