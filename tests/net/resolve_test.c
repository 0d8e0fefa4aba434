/*
 * Names, by a getaddrinfo(3) of the test's own: some are answered at once, and
 * what begins with "slow" not before the test says so.
 */
#include "net_testing.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "net/resolve.h"

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_open; /* the slow ones are answered */
    int slow;     /* of them being looked up */
    int most;     /* at the same time */
    int asked;    /* of them, in all */
} server = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0, 0, 0};

static struct addrinfo *make_answer(int family, int number)
{
    struct addrinfo *ai = xcalloc(1, sizeof *ai);
    char text[32];
    struct address address;
    snprintf(text, sizeof text, family == AF_INET6 ? "2001:db8::%d" : "192.0.2.%d", number);
    assert_int_equal(address_parse(text, 0, &address), 0);
    ai->ai_family = family;
    ai->ai_addrlen = address.len;
    ai->ai_addr = xcalloc(1, sizeof address.storage);
    memcpy(ai->ai_addr, &address.storage, address.len);
    return ai;
}

static void wait_until_open(void)
{
    pthread_mutex_lock(&server.mutex);
    server.asked++;
    server.slow++;
    if (server.slow > server.most)
        server.most = server.slow;
    pthread_cond_broadcast(&server.changed);
    while (!server.is_open)
        pthread_cond_wait(&server.changed, &server.mutex);
    server.slow--;
    pthread_mutex_unlock(&server.mutex);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    (void)service;
    (void)hints;
    if (strncmp(node, "slow", 4) == 0)
        wait_until_open();
    if (strcasestr(node, "localhost"))
        return EAI_NONAME;
    /* "many": a dozen of IPv6 before one of IPv4. */
    int v6 = strcmp(node, "many") == 0 ? 12 : 0;
    for (int i = 0; i <= v6; i++) {
        *out = make_answer(i < v6 ? AF_INET6 : AF_INET, 1 + i);
        out = &(*out)->ai_next;
    }
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list) {
        struct addrinfo *next = list->ai_next;
        free(list->ai_addr);
        free(list);
        list = next;
    }
}

/* ---- what comes of it ---- */

struct answer {
    bool is_done;
    int count;
    int v4;
};

static void on_done(const struct address *addresses, int count, int error, void *arg)
{
    struct answer *answer = arg;
    assert_int_equal(error, 0);
    answer->is_done = true;
    answer->count = count;
    for (int i = 0; i < count; i++)
        answer->v4 += addresses[i].storage.ss_family == AF_INET;
}

static void open_server(bool is_open)
{
    pthread_mutex_lock(&server.mutex);
    server.is_open = is_open;
    server.most = server.asked = 0;
    pthread_cond_broadcast(&server.changed);
    pthread_mutex_unlock(&server.mutex);
}

static void wait_until_asked(int count)
{
    pthread_mutex_lock(&server.mutex);
    while (server.asked < count)
        pthread_cond_wait(&server.changed, &server.mutex);
    pthread_mutex_unlock(&server.mutex);
}

/* A name server that is dead: the look-ups of those who can wait, and that of
 * the signal server, hold up nobody whose name is in /etc/hosts. */
static void test_dead_name_server(void **state)
{
    (void)state;
    enum { PATIENT = 16 };
    struct loop *loop = loop_new();
    struct answer patient[PATIENT] = {0};
    struct answer signal = {0};
    struct answer upstream = {0};
    struct resolution *cancelled = NULL;
    open_server(false);
    for (int i = 0; i < PATIENT; i++) {
        struct resolution *r = resolve_patiently(loop, "slow.stun", 3478, on_done, &patient[i]);
        if (i == PATIENT - 1)
            cancelled = r;
    }
    resolve(loop, "slow.signal", 443, on_done, &signal);
    wait_until_asked(RESOLVE_PATIENT_MAX + 1);
    resolve(loop, "upstream", 80, on_done, &upstream);
    run_until(loop, &upstream.is_done);
    assert_int_equal(upstream.count, 1);
    assert_false(signal.is_done);
    assert_int_equal(server.most, RESOLVE_PATIENT_MAX + 1);

    resolution_cancel(cancelled); /* it has not begun */
    open_server(true);
    run_until(loop, &signal.is_done);
    for (int i = 0; i < PATIENT - 1; i++) /* two at a time, in whatever order they end */
        run_until(loop, &patient[i].is_done);
    assert_false(patient[PATIENT - 1].is_done);
    assert_true(server.most <= RESOLVE_PATIENT_MAX + 1);
    loop_free(loop);
}

/* One that is under way is cancelled: its place is another's then. */
static void test_cancel(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct resolution *asked[RESOLVE_PATIENT_MAX];
    struct answer never = {0};
    struct answer waiting = {0};
    open_server(false);
    for (int i = 0; i < RESOLVE_PATIENT_MAX; i++)
        asked[i] = resolve_patiently(loop, "slow.stun", 3478, on_done, &never);
    wait_until_asked(RESOLVE_PATIENT_MAX);
    resolve_patiently(loop, "fast.stun", 3478, on_done, &waiting);
    for (int i = 0; i < RESOLVE_PATIENT_MAX; i++)
        resolution_cancel(asked[i]);
    open_server(true);
    run_until(loop, &waiting.is_done);
    loop_free(loop);
    assert_false(never.is_done);
}

static void test_literal(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct answer answer = {0};
    resolve_patiently(loop, "192.0.2.7", 80, on_done, &answer);
    assert_false(answer.is_done);
    run_until(loop, &answer.is_done);
    assert_int_equal(answer.v4, 1);
    struct answer never = {0};
    resolution_cancel(resolve_patiently(loop, "192.0.2.7", 80, on_done, &never));
    loop_free(loop);
    assert_false(never.is_done);
}

/* The end of a program waits for no name server. */
static void test_end(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct answer never = {0};
    open_server(false);
    struct resolution *r = resolve(loop, "slow.signal", 443, on_done, &never);
    wait_until_asked(1);
    resolution_cancel(r);
    assert_false(loop_free(loop));
    open_server(true);
    while (!loop_free(loop))
        continue;
    assert_false(never.is_done);
}

static void test_localhost(void **state)
{
    static const char *const names[] = {"localhost", "LOCALHOST.", "llm.localhost"};
    (void)state;
    struct loop *loop = loop_new();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct answer answer = {0};
        resolve(loop, names[i], 80, on_done, &answer);
        run_until(loop, &answer.is_done);
        assert_int_equal(answer.count, 2);
        assert_int_equal(answer.v4, 1);
    }
    loop_free(loop);
}

static void on_failure(const struct address *addresses, int count, int error, void *arg)
{
    (void)addresses;
    assert_int_equal(count, 0);
    assert_int_equal(error, -ENOENT);
    *(bool *)arg = true;
}

static void test_no_localhost(void **state)
{
    static const char *const names[] = {"mylocalhost", "localhost.example"};
    (void)state;
    struct loop *loop = loop_new();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool has_failed = false;
        resolve(loop, names[i], 80, on_failure, &has_failed);
        run_until(loop, &has_failed);
    }
    loop_free(loop);
}

/* Of a name with more addresses than are taken neither family is left out. */
static void test_many_addresses(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct answer answer = {0};
    resolve(loop, "many", 80, on_done, &answer);
    run_until(loop, &answer.is_done);
    assert_int_equal(answer.count, RESOLVE_ADDRESSES_MAX);
    assert_int_equal(answer.v4, 1);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dead_name_server),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_localhost),
        cmocka_unit_test(test_no_localhost),
        cmocka_unit_test(test_literal),
        cmocka_unit_test(test_many_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
