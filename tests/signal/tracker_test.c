/*
 * A visit to trackers, from either job's side, and what it makes of what they
 * say.
 */
#include "signal/tracker.h"

#include <string.h>

#include "signal/fake_tracker.h"

#define MARK_LEN 4

struct fixture {
    struct loop *loop;
    struct fake_tracker trackers[2];
    struct url urls[2]; /* of them */
    size_t count;
    struct tracker *tracker;
    struct buf heard; /* "TYPE PEER SDP\n" each; of a joined the peers */
    bool has_heard;
    bool is_closed;
    char text[512];
};

static void on_message(const struct signal_message *m, void *arg)
{
    struct fixture *f = arg;
    const char *peer = m->peer_id ? m->peer_id : m->peer_count > 0 ? m->peers[0] : "-";
    buf_append_format(&f->heard, "%s %s %s\n", signal_type_name(m->type), peer,
                      m->sdp ? m->sdp : "-");
    f->has_heard = true;
}

static void on_slow(const char *text, void *arg)
{
    (void)arg;
    fail_msg("%s", text);
}

static void on_close(const char *text, void *arg)
{
    struct fixture *f = arg;
    snprintf(f->text, sizeof f->text, "%s", text);
    f->is_closed = true;
}

static void begin(struct fixture *f, enum signal_job job, size_t count)
{
    static const struct signal_client_handlers handlers = {
        .on_message = on_message,
        .on_slow = on_slow,
        .on_close = on_close,
    };
    *f = (struct fixture){.loop = loop_new(), .count = count};
    buf_init(&f->heard, 1 << 20);
    for (size_t i = 0; i < count; i++) {
        fake_tracker_start(&f->trackers[i], f->loop);
        f->urls[i] = f->trackers[i].url;
    }
    struct tracker_config config = {.urls = f->urls,
                                    .count = count,
                                    .job = job,
                                    .mark_len = MARK_LEN};
    memcpy(config.info_hash, FAKE_HASH, sizeof config.info_hash);
    f->tracker = tracker_new(f->loop, &config, &handlers, f);
    for (size_t i = 0; i < count; i++)
        run_until(f->loop, &f->trackers[i].has_heard);
}

static void end(struct fixture *f)
{
    tracker_close(f->tracker);
    for (size_t i = 0; i < f->count; i++)
        fake_tracker_stop(&f->trackers[i]);
    buf_deinit(&f->heard);
    loop_free(f->loop);
}

static void expect(struct fixture *f, const char *lines)
{
    run_until(f->loop, &f->has_heard);
    struct span heard = buf_bytes(&f->heard);
    if (!span_is_string(heard, lines))
        fail_msg("\"%.*s\" is not \"%s\"", SPAN_ARG(heard), lines);
    buf_clear(&f->heard);
    f->has_heard = false;
}

static void expect_nothing(struct fixture *f)
{
    run_for(f->loop, 20 * US_PER_MS);
    assert_false(f->has_heard);
}

#define ANNOUNCED "announce started left 1 offers 0 - -\n"
#define OFFERED   "offer - left 1 offers 10 c1.offer -\n"

static void test_consumer(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, SIGNAL_JOB_CONSUMER, 1);
    struct fake_tracker *t = &f.trackers[0];
    fake_tracker_expect(t, ANNOUNCED);
    fake_tracker_respond(t, 1);
    expect(&f, "joined swarm -\n");
    tracker_send_offer(f.tracker, "c1.offer");
    fake_tracker_expect(t, OFFERED);
    fake_tracker_respond(t, 1);
    fake_tracker_pass_on(t, "offer", 'b', "c2.of another consumer");
    fake_tracker_pass_on(t, "answer", 'p', "p1.answer");
    fake_tracker_pass_on(t, "answer", 'p', "p1.answer");
    expect(&f, "answer swarm p1.answer\n");
    fake_tracker_pass_on(t, "offer", 'p', "call"); /* the offer is answered */
    fake_tracker_pass_on(t, "offer", 'p', "call p2.restart");
    expect(&f, "offer swarm p2.restart\n");
    tracker_send_answer(f.tracker, "swarm", "c3.answer");
    fake_tracker_expect(t, "answer - left 1 offers 1 c3.answer pppppppppppppppppppp\n");
    expect_nothing(&f);
    end(&f);
}

/* It waits, is called, offers again to one that was late, and is told when
 * nobody is there any more. */
static void test_calls(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, SIGNAL_JOB_CONSUMER, 1);
    struct fake_tracker *t = &f.trackers[0];
    fake_tracker_expect(t, ANNOUNCED);
    fake_tracker_respond(t, 0);
    expect(&f, "joined - -\n");
    fake_tracker_pass_on(t, "offer", 'p', "call");
    expect(&f, "joined swarm -\n");
    tracker_send_offer(f.tracker, "c1.offer");
    fake_tracker_expect(t, OFFERED);
    fake_tracker_pass_on(t, "offer", 'q', "call");
    fake_tracker_expect(t, OFFERED);
    fake_tracker_respond(t, 0);
    expect(&f, "peer-left swarm -\n");
    end(&f);
}

/* Who is answered goes, and comes back with its next offer. */
static void test_linger(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, SIGNAL_JOB_CONSUMER, 1);
    struct fake_tracker *t = &f.trackers[0];
    tracker_set_linger(f.tracker, 1);
    fake_tracker_expect(t, ANNOUNCED);
    fake_tracker_respond(t, 1);
    expect(&f, "joined swarm -\n");
    tracker_send_offer(f.tracker, "c1.offer");
    fake_tracker_expect(t, OFFERED);
    fake_tracker_pass_on(t, "answer", 'p', "p1.answer");
    expect(&f, "answer swarm p1.answer\n");
    fake_tracker_expect(t, "announce stopped left 1 offers 0 - -\n");
    run_until(f.loop, &t->is_left);
    assert_false(f.is_closed);
    tracker_send_offer(f.tracker, "c2.offer");
    fake_tracker_expect(t, "offer started left 1 offers 10 c2.offer -\n");
    fake_tracker_respond(t, 1);
    expect_nothing(&f);
    end(&f);
}

#define CALLED "offer started left 0 offers 10 call -\n"

/* Each process is a member, whichever tracker it comes by; all of those by
 * which it came get the answer, once. */
static void test_provider(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, SIGNAL_JOB_PROVIDER, 2);
    struct fake_tracker *one = &f.trackers[0], *two = &f.trackers[1];
    fake_tracker_expect(one, CALLED);
    fake_tracker_expect(two, CALLED);
    fake_tracker_respond(one, 1);
    expect(&f, "joined - -\n");
    fake_tracker_respond(two, 1);
    fake_tracker_pass_on(one, "offer", 'b', "c1.offer");
    expect(&f, "offer c1.o c1.offer\n");
    fake_tracker_pass_on(two, "offer", 'd', "c1.offer");
    fake_tracker_pass_on(two, "offer", 'f', "c2.offer");
    expect(&f, "offer c2.o c2.offer\n");
    fake_tracker_pass_on(two, "offer", 'g', "c3"); /* too short to be from anybody */
    tracker_send_answer(f.tracker, "c1.o", "p1.answer");
    fake_tracker_expect(one, "answer - left 0 offers 1 p1.answer bbbbbbbbbbbbbbbbbbbb\n");
    fake_tracker_expect(two, "answer - left 0 offers 1 p1.answer dddddddddddddddddddd\n");
    tracker_send_answer(f.tracker, "c1.o", "p1.answer");
    tracker_send_answer(f.tracker, "c9.o", "p1.to nobody");
    tracker_send_offer(f.tracker, "p2.restart");
    fake_tracker_expect(one, "offer - left 0 offers 10 call p2.restart -\n");
    fake_tracker_expect(two, "offer - left 0 offers 10 call p2.restart -\n");
    fake_tracker_pass_on(two, "answer", 'd', "c1.answer");
    expect(&f, "answer c1.a c1.answer\n");
    end(&f);
}

/* One that is lost is no loss while there is another. */
static void test_lost(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, SIGNAL_JOB_PROVIDER, 2);
    struct fake_tracker *one = &f.trackers[0], *two = &f.trackers[1];
    fake_tracker_respond(one, 0);
    expect(&f, "joined - -\n");
    fake_tracker_say(two, "{\"failure reason\":\"no such swarm here\"}");
    run_until(f.loop, &two->is_left);
    assert_false(f.is_closed);
    fake_tracker_say(one, "{\"failure reason\":\"of no weight: we are taken\"}");
    websocket_close(one->ws, WEBSOCKET_GOING_AWAY, "");
    one->ws = NULL;
    run_until(f.loop, &f.is_closed);
    assert_non_null(
        strstr(f.text, "none of 2 trackers can be reached; of the last: the tracker at"));
    assert_non_null(strstr(f.text, "is going away"));
    end(&f);
}

static void test_refused(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, SIGNAL_JOB_CONSUMER, 1);
    fake_tracker_say(&f.trackers[0], "junk");
    fake_tracker_say(&f.trackers[0], "{\"failure reason\":\"not here\"}");
    run_until(f.loop, &f.is_closed);
    assert_non_null(strstr(f.text, "refuses: not here"));
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_consumer), cmocka_unit_test(test_calls),
        cmocka_unit_test(test_linger),   cmocka_unit_test(test_provider),
        cmocka_unit_test(test_lost),     cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
