/*
 * Letters between processes, here of one process to itself: in order, with and
 * without descriptors, also more than the kernel holds. And what else it takes
 * to hand a connection over: its descriptor, a WebSocket's rest, a pump.
 */
#include "net/websocket_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <unistd.h>

#include "net/mailbox.h"
#include "net/pump.h"

enum { MANY = 3000, LETTER_LEN = 400 };

struct box {
    struct loop *loop;
    struct mailbox ends;
    struct mailbox_reader *reader;
    struct mailbox_writer *writer;
    uint32_t next; /* that is to come */
    uint32_t wanted;
    bool has_all;
    int fd; /* the last that came */
};

static void on_letter(struct span letter, int fd, void *arg)
{
    struct box *box = arg;
    assert_int_equal(letter.len, LETTER_LEN);
    assert_int_equal(get_u32be(letter.data), box->next);
    box->next++;
    if (fd >= 0) {
        if (box->fd >= 0)
            close(box->fd);
        box->fd = fd;
    }
    box->has_all = box->next == box->wanted;
}

static void box_init(struct box *box)
{
    *box = (struct box){.loop = loop_new(), .fd = -1};
    assert_int_equal(mailbox_open(&box->ends), 0);
    box->writer = mailbox_writer_new(box->loop, &box->ends);
    box->reader = mailbox_reader_new(box->loop, &box->ends, on_letter, box);
}

static void box_deinit(struct box *box)
{
    mailbox_reader_free(box->reader);
    mailbox_writer_free(box->writer);
    close(box->ends.taking);
    close(box->ends.putting);
    if (box->fd >= 0)
        close(box->fd);
    loop_free(box->loop);
}

static void put(struct box *box, uint32_t number, int fd)
{
    uint8_t letter[LETTER_LEN] = {0};
    put_u32be(letter, number);
    mailbox_put(box->writer, span_of(letter, sizeof letter), fd);
}

static void test_order(void **state)
{
    (void)state;
    struct box box;
    box_init(&box);
    box.wanted = MANY;
    for (uint32_t i = 0; i < MANY; i++)
        put(&box, i, -1);
    assert_true(mailbox_is_full(box.writer));
    assert_false(mailbox_put_now(&box.ends, SPAN_LITERAL("!")));
    run_until(box.loop, &box.has_all);
    assert_false(mailbox_is_full(box.writer));
    box_deinit(&box);
}

/* A pipe goes through it: its writing end still works on the other side, and is
 * the only one left. */
static void test_descriptor(void **state)
{
    (void)state;
    struct box box;
    int ends[2];
    char byte = 0;
    box_init(&box);
    assert_int_equal(pipe(ends), 0);
    box.wanted = 2;
    put(&box, 0, ends[1]);
    put(&box, 1, -1);
    run_until(box.loop, &box.has_all);
    assert_int_equal(fcntl(box.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(write(box.fd, "x", 1), 1);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(box.fd);
    box.fd = -1;
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    box_deinit(&box);
}

/* What waits outlives who was to take it, and who put it in is gone, too. */
static void test_outlives(void **state)
{
    (void)state;
    struct box box;
    box_init(&box);
    put(&box, 0, -1);
    mailbox_reader_free(box.reader);
    mailbox_writer_free(box.writer);
    box.writer = NULL;
    box.reader = mailbox_reader_new(box.loop, &box.ends, on_letter, &box);
    box.wanted = 1;
    run_until(box.loop, &box.has_all);
    box_deinit(&box);
}

/* Without room for the descriptor the letter comes, and says so. */
static void test_no_descriptor(void **state)
{
    (void)state;
    struct box box;
    struct rlimit before;
    box_init(&box);
    box.wanted = 1;
    put(&box, 0, dup(STDERR_FILENO));
    getrlimit(RLIMIT_NOFILE, &before);
    test_allow_one_descriptor();
    int last = dup(STDERR_FILENO);
    run_until(box.loop, &box.has_all);
    assert_int_equal(box.fd, -1);
    close(last);
    setrlimit(RLIMIT_NOFILE, &before);
    box_deinit(&box);
}

/* ---- a WebSocket that changes hands ---- */

static struct conn *surrendered;
static struct buf rest;

static void surrender(struct span text, void *arg)
{
    struct socket *s = arg;
    struct span behind;
    assert_true(span_is_string(text, "join"));
    surrendered = websocket_surrender(s->ws, &behind);
    buf_init(&rest, 1 << 20);
    buf_append(&rest, behind);
    s->ws = NULL;
    s->has_messages = true;
}

/* What came behind the message in the same read is told by whoever goes on. */
static void check_surrender(size_t behind_len)
{
    static const struct websocket_handlers handlers = {.on_message = surrender};
    struct rig rig;
    struct buf bytes;
    char *behind = calloc(1, behind_len + 1);
    memset(behind, 'x', behind_len);
    rig_connect(&rig);
    rig.socket.ws = websocket_new(rig.loop, rig.accepted, WEBSOCKET_SERVER, MESSAGE_MAX,
                                  (struct span){0}, &handlers, &rig.socket);
    buf_init(&bytes, 1 << 20);
    put_frame(&bytes, TEXT, true, SPAN_LITERAL("jo"));
    put_frame(&bytes, FIN | PING, true, SPAN_LITERAL("a"));
    put_frame(&bytes, FIN, true, SPAN_LITERAL("in"));
    put_frame(&bytes, FIN | TEXT, true, span_of(behind, behind_len));
    conn_write(rig.peer.conn, buf_bytes(&bytes));
    run_until(rig.loop, &rig.socket.has_messages);
    int fd = conn_surrender(surrendered);
    assert_true(fd >= 0);
    rig.socket.has_messages = false;
    rig.socket.ws = websocket_new(rig.loop, conn_adopt(rig.loop, fd), WEBSOCKET_SERVER, MESSAGE_MAX,
                                  buf_bytes(&rest), &socket_handlers, &rig.socket);
    run_until(rig.loop, &rig.socket.has_messages);
    assert_int_equal(rig.socket.messages.len, behind_len + 1);
    assert_memory_equal(buf_bytes(&rig.socket.messages).data, behind, behind_len);
    expect_bytes(&rig,
                 "\x8a\x01"
                 "a",
                 3);
    buf_deinit(&rest);
    buf_deinit(&bytes);
    free(behind);
    rig_deinit(&rig);
}

static void test_surrender(void **state)
{
    (void)state;
    check_surrender(0);
    check_surrender(5);
    check_surrender(300);
    check_surrender(60000);
}

/* ---- a pump ---- */

struct pumped {
    struct rig rig;
    struct list pumps;
    struct end other; /* what the other process would have */
};

static void pumped_init(struct pumped *p, struct span early)
{
    rig_connect(&p->rig);
    list_init(&p->pumps);
    end_init(&p->other, p->rig.loop);
    int fd = pump_new(p->rig.loop, p->rig.accepted, early, &p->pumps);
    assert_true(fd >= 0);
    p->other.conn = conn_adopt(p->rig.loop, fd);
    conn_set_handlers(p->other.conn, &end_handlers, &p->other);
}

static void pumped_deinit(struct pumped *p)
{
    pumps_close(&p->pumps);
    end_deinit(&p->other);
    rig_deinit(&p->rig);
}

static void wait_for(struct pumped *p, struct end *end, size_t bytes)
{
    end->wanted = bytes;
    end->has_data = end->received >= bytes;
    run_until(p->rig.loop, &end->has_data);
    assert_int_equal(end->received, bytes);
}

static void test_pump(void **state)
{
    (void)state;
    struct pumped p;
    enum { LOTS = 8 << 20 };
    uint8_t *lots = calloc(1, LOTS);
    pumped_init(&p, SPAN_LITERAL("early "));
    conn_write(p.rig.peer.conn, SPAN_LITERAL("hello"));
    wait_for(&p, &p.other, 11);
    assert_true(span_is_string(buf_bytes(&p.other.in), "early hello"));
    conn_write(p.other.conn, span_of(lots, LOTS));
    wait_for(&p, &p.rig.peer, LOTS);
    conn_close(p.other.conn);
    p.other.conn = NULL;
    run_until(p.rig.loop, &p.rig.peer.has_ended);
    assert_true(list_is_empty(&p.pumps));
    free(lots);
    pumped_deinit(&p);
}

/* Who does not read holds up who writes. */
static void test_pump_bounds(void **state)
{
    (void)state;
    struct pumped p;
    enum { LOTS = 32 << 20 };
    uint8_t *lots = calloc(1, LOTS);
    pumped_init(&p, (struct span){0});
    conn_set_reading(p.rig.peer.conn, false);
    conn_write(p.other.conn, span_of(lots, LOTS));
    run_for(p.rig.loop, 50 * US_PER_MS);
    assert_true(conn_queued(p.other.conn) > LOTS / 4);
    conn_set_reading(p.rig.peer.conn, true);
    wait_for(&p, &p.rig.peer, LOTS);
    free(lots);
    pumped_deinit(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),       cmocka_unit_test(test_descriptor),
        cmocka_unit_test(test_outlives),    cmocka_unit_test(test_no_descriptor),
        cmocka_unit_test(test_surrender),   cmocka_unit_test(test_pump),
        cmocka_unit_test(test_pump_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
