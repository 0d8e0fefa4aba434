/*
 * OpenSSL asks a datagram BIO a few things besides bytes. It has no socket
 * that knows a path MTU (the SSL's is set by hand), so all but the flush is
 * answered with 0.
 *
 * Some stacks (werift) send a flight again byte by byte, record numbers and
 * all. OpenSSL drops a number that it has seen, also where it dropped that
 * record as well: a ChangeCipherSpec ahead of the message before it, which
 * was lost. So what is in the clear, where anybody could make up a number,
 * gets a new one here. What is sealed keeps its own, and is not let in twice.
 */
#include "rtc/dtls_bio.h"

#include "base/bytes.h"
#include "rtc/dtls.h"
#include "rtc/dtls_record.h"

enum { NUMBER_AT = 3 }; /* epoch (16 bits) and number (48), in a record's header */

static void renumber(struct dtls_bio *bio, uint8_t *datagram, size_t len)
{
    struct span rest = span_of(datagram, len);
    struct dtls_record record;
    while (dtls_record_take(&rest, &record) == 0) {
        if (record.epoch == 0)
            put_u64be(datagram + (record.whole.data - datagram) + NUMBER_AT, bio->next_number++);
    }
}

static int on_read(BIO *b, char *out, int room)
{
    struct dtls_bio *bio = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (!bio->has_incoming) {
        BIO_set_retry_read(b);
        return -1;
    }
    /* OpenSSL's buffer holds the greatest record; what is longer is none. */
    size_t len = bio->incoming.len < (size_t)room ? bio->incoming.len : (size_t)room;
    memcpy(out, bio->incoming.data, len);
    renumber(bio, (uint8_t *)out, len);
    bio->has_incoming = false;
    return (int)len;
}

static int on_write(BIO *b, const char *data, int len)
{
    struct dtls_bio *bio = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    bio->on_datagram(span_of(data, (size_t)len), bio->arg);
    return len;
}

static long on_ctrl(BIO *b, int command, long number, void *pointer)
{
    (void)b;
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return DTLS_MTU;
    default:
        return 0;
    }
}

static int on_create(BIO *b)
{
    BIO_set_init(b, 1);
    return 1;
}

BIO *dtls_bio_new(struct dtls_bio *bio)
{
    bio->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "datagrams");
    if (!bio->method)
        return NULL;
    BIO_meth_set_read(bio->method, on_read);
    BIO_meth_set_write(bio->method, on_write);
    BIO_meth_set_ctrl(bio->method, on_ctrl);
    BIO_meth_set_create(bio->method, on_create);
    BIO *b = BIO_new(bio->method);
    if (b)
        BIO_set_data(b, bio);
    return b;
}

void dtls_bio_deinit(struct dtls_bio *bio)
{
    BIO_meth_free(bio->method);
    bio->method = NULL;
}
