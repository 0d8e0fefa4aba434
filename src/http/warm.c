/*
 * A connection that is made before a call asks for one. It goes to the pool
 * when it is open, or to the call that comes first.
 */
#include "http/client_internal.h"

/* Not for long: who serves one connection at a time keeps others waiting. With
 * what the pool takes off, it is there for 4 s. */
#define WARM_KEEP_US (5 * US_PER_S)

static void on_open(void *arg)
{
    struct http_client *client = arg;
    http_pool_put(client->pool, client_take_warm(client), WARM_KEEP_US);
}

/* A call that comes will find out the same, and has somebody to tell. */
static void on_close(int error, const char *text, void *arg)
{
    (void)error;
    (void)text;
    conn_close(client_take_warm(arg));
}

void http_client_warm(struct http_client *client)
{
    static const struct conn_handlers handlers = {.on_open = on_open, .on_close = on_close};
    const struct http_client_config *config = &client->config;
    if (client->warm || !http_pool_is_empty(client->pool) || !list_is_empty(&client->calls))
        return;
    client->warm = conn_connect(client->loop, config->host, config->port, config->tls,
                                config->connect_timeout_us, &handlers, client);
}

struct conn *client_take_warm(struct http_client *client)
{
    struct conn *conn = client->warm;
    client->warm = NULL;
    return conn;
}
