#include "net/tls.h"
struct tls_session *tls_session_new(const struct tls_client *client, const char *host)
{
    (void)client;
    (void)host;
    return NULL;
}
void tls_session_free(struct tls_session *session)
{
    (void)session;
}
void tls_session_feed(struct tls_session *session, struct span ciphertext)
{
    (void)session;
    (void)ciphertext;
}
enum tls_status tls_session_read(struct tls_session *session, struct buf *plain)
{
    (void)session;
    (void)plain;
    return TLS_FAILED;
}
int tls_session_write(struct tls_session *session, struct span plain)
{
    (void)session;
    (void)plain;
    return -1;
}
void tls_session_end(struct tls_session *session)
{
    (void)session;
}
void tls_session_take(struct tls_session *session, struct buf *wire)
{
    (void)session;
    (void)wire;
}
const char *tls_session_error(const struct tls_session *session)
{
    (void)session;
    return "";
}
