/*
 * A listener that speaks TLS, its certificate on disk, and clients of ours.
 */
#include "net/pair.h"
#include "net/tls_fixture.h"
#include "sleeping.h"

#include <errno.h>

#include "net/tls_server.h"

struct files {
    char cert[64];
    char key[64];
};

static void write_key(const struct test_cert *c, const EVP_CIPHER *cipher, char path[64])
{
    snprintf(path, 64, "/tmp/tunnel-test-key-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    unsigned char password[] = "secret";
    assert_int_equal(PEM_write_PrivateKey(file, c->key, cipher, cipher ? password : NULL,
                                          cipher ? sizeof password - 1 : 0, NULL, NULL),
                     1);
    fclose(file);
}

static struct files files_new(const struct test_cert *c)
{
    struct files files;
    test_cert_write(c, files.cert);
    write_key(c, NULL, files.key);
    return files;
}

static void files_remove(const struct files *files)
{
    unlink(files->cert);
    unlink(files->key);
}

static struct tls_server *server_new(const struct files *files)
{
    struct tls_server *server = NULL;
    char *why = NULL;
    assert_int_equal(tls_server_new(files->cert, files->key, &server, &why), 0);
    assert_null(why);
    return server;
}

static void connect_pair(struct pair *p, const struct tls_client *client)
{
    p->has_server = false;
    p->client.conn = conn_connect(p->loop, "localhost", listener_port(p->listener), client,
                                  TEST_PATIENCE_US, &end_handlers, &p->client);
    run_until(p->loop, &p->has_server);
}

static void pair_open(struct pair *p, const struct tls_server *server,
                      const struct tls_client *client)
{
    pair_listen(p);
    listener_set_tls(p->listener, server);
    connect_pair(p, client);
}

/* Of ours, one after the other, at one listener. */
static void connect_anew(struct pair *p, const struct tls_client *client)
{
    end_deinit(&p->client);
    end_deinit(&p->server);
    end_init(&p->client, p->loop);
    end_init(&p->server, p->loop);
    connect_pair(p, client);
}

static void send_from(struct pair *p, struct end *from, struct end *to)
{
    static uint8_t body[1 << 20];
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i * 31 + (i >> 8));
    to->wanted = 4 * sizeof body;
    for (int i = 0; i < 4; i++)
        conn_write3(from->conn, span_of(body, 10), span_skip(span_of(body, sizeof body), 10),
                    (struct span){0});
    run_until(p->loop, &to->has_data);
    assert_int_equal(to->received, to->wanted);
    for (size_t i = 0; i < 4; i++)
        assert_memory_equal(to->in.data + to->in.head + i * sizeof body, body, sizeof body);
}

/* Both directions, each with an end of its own. */
static void test_both_ways(void **state)
{
    const struct tls_fixture *f = *state;
    struct files files = files_new(&f->good);
    struct tls_server *server = server_new(&files);
    struct pair p;
    pair_open(&p, server, f->client);
    run_until(p.loop, &p.client.is_open);
    run_until(p.loop, &p.server.is_open);
    send_from(&p, &p.client, &p.server);
    send_from(&p, &p.server, &p.client);
    conn_end(p.client.conn);
    run_until(p.loop, &p.server.has_ended);
    conn_end(p.server.conn);
    run_until(p.loop, &p.client.has_ended);
    run_until(p.loop, &p.server.is_closed);
    assert_int_equal(p.server.error, 0);
    pair_free(&p);
    tls_server_free(server);
    files_remove(&files);
}

/* It goes on with what it has, and new ones get what is there now. */
static void test_reload(void **state)
{
    const struct tls_fixture *f = *state;
    struct files files = files_new(&f->expired), good = files_new(&f->good);
    struct tls_server *server = server_new(&files);
    struct tm until;
    assert_true(tls_server_expiry(server, &until) < time(NULL));
    struct pair p;
    pair_open(&p, server, f->client);
    run_until(p.loop, &p.client.is_closed);
    assert_string_equal(p.client.text, "the server's certificate is refused: certificate has "
                                       "expired, by the clock of this machine");
    run_until(p.loop, &p.server.is_closed);
    assert_int_equal(p.server.error, -EPROTO);
    assert_false(p.server.is_open);

    rename(good.cert, files.cert);
    char *why = NULL;
    assert_int_equal(tls_server_reload(server, &why), -EINVAL);
    assert_non_null(strstr(why, files.key));
    assert_non_null(strstr(why, "is not the key of"));
    free(why);
    assert_true(tls_server_expiry(server, &until) < time(NULL));

    rename(good.key, files.key);
    assert_int_equal(tls_server_reload(server, &why), 0);
    assert_true(tls_server_expiry(server, &until) > time(NULL));
    connect_anew(&p, f->client);
    run_until(p.loop, &p.client.is_open);
    tls_server_free(server);
    listener_set_tls(p.listener, NULL);
    send_from(&p, &p.client, &p.server); /* a session outlives it */
    pair_free(&p);
    files_remove(&files);
}

/* Who speaks no TLS, or nothing at all. */
static void test_no_tls(void **state)
{
    const struct tls_fixture *f = *state;
    struct files files = files_new(&f->good);
    struct tls_server *server = server_new(&files);
    struct pair p;
    pair_open(&p, server, NULL);
    conn_write(p.client.conn, SPAN_LITERAL("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    run_until(p.loop, &p.server.is_closed);
    assert_int_equal(p.server.error, -EPROTO);
    run_until(p.loop, &p.client.has_ended);
    struct span answer = buf_bytes(&p.client.in);
    assert_true(span_starts_with(answer, "HTTP/1.1 400 "));
    static const char words[] = "this port speaks TLS: https://, or wss://\n";
    const uint8_t *body = memmem(answer.data, answer.len, "\r\n\r\n", 4);
    assert_true(span_is_string(span_skip(answer, (size_t)(body + 4 - answer.data)), words));
    assert_non_null(memmem(answer.data, answer.len, "Content-Length: 42\r\n", 20));
    assert_int_equal(strlen(words), 42);

    connect_anew(&p, NULL);
    conn_write(p.server.conn, SPAN_LITERAL("ignored"));
    machine_sleeps(LISTENER_TLS_US / US_PER_S + 1);
    run_until(p.loop, &p.server.is_closed);
    assert_int_equal(p.server.error, -ETIMEDOUT);
    assert_int_equal(p.client.received, 0);
    pair_free(&p);
    machine_forgets_sleep();
    tls_server_free(server);
    files_remove(&files);
}

static void check_bad(const char *cert, const char *key, int error, const char *words)
{
    struct tls_server *server = NULL;
    char *why = NULL;
    assert_int_equal(tls_server_new(cert, key, &server, &why), error);
    assert_null(server);
    if (!strstr(why, words))
        fail_msg("\"%s\" does not say \"%s\"", why, words);
    free(why);
}

static void test_bad_files(void **state)
{
    const struct tls_fixture *f = *state;
    struct files files = files_new(&f->good), other = files_new(&f->ca);
    char encrypted[64];
    write_key(&f->good, EVP_aes_128_cbc(), encrypted);
    check_bad("/nonexistent.pem", files.key, -ENOENT,
              "the certificate /nonexistent.pem: No such file");
    check_bad(files.cert, "/nonexistent.key", -ENOENT, "the key /nonexistent.key: No such file");
    check_bad("/dev/null", files.key, -EINVAL,
              "the certificate /dev/null: holds no certificate in PEM");
    check_bad(files.key, files.key, -EINVAL, "holds no certificate in PEM");
    check_bad(files.cert, files.cert, -EINVAL, "holds no key in PEM");
    check_bad(files.cert, "/tmp", -EINVAL, "the key /tmp: ");
    check_bad(files.cert, other.key, -EINVAL, "is not the key of");
    check_bad(files.cert, encrypted, -EINVAL, "is encrypted; `openssl pkey");
    unlink(encrypted);
    files_remove(&files);
    files_remove(&other);
}

/* Without wildcards and addresses. */
static void test_names(void **state)
{
    const struct tls_fixture *f = *state;
    struct files files = files_new(&f->good);
    struct tls_server *server = server_new(&files);
    char *names[4];
    assert_int_equal(tls_server_names(server, names, 4), 1);
    assert_string_equal(names[0], "localhost");
    free(names[0]);
    assert_int_equal(tls_server_names(server, names, 0), 0);
    tls_server_free(server);
    files_remove(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways), cmocka_unit_test(test_reload),
        cmocka_unit_test(test_no_tls),    cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, tls_fixture_new, tls_fixture_free);
}
