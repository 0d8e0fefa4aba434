/*
 * Every entry hands OpenSSL at most one datagram, then lets it run until it
 * wants another: the handshake first, records after. All waiting is the
 * owner's, by dtls_deadline_us().
 *
 * OpenSSL has its own clock for retransmission, so the deadline is computed
 * from the time that it says is left. Its timer runs on the wall clock; a
 * jump of that during a handshake costs one retransmission or the peer's
 * connect timeout.
 *
 * Once the handshake is done, data and alerts pass OpenSSL by: this file has
 * its keys. What OpenSSL still sends, its last flight again if the other side
 * has missed that, is given a number of ours, since two records of one number
 * would be taken for a replay, and a nonce of ours, since two of one nonce
 * would break AES-GCM. When nobody can miss it any more, OpenSSL's part is let
 * go of: it is four fifths of what a connection at rest would hold.
 *
 * A client may send as soon as its Finished is out (False Start, RFC 7918): the
 * server has signed its key share with the key of the certificate that we
 * expect, and every suite of ours is one that the RFC allows. Who has tampered
 * with the handshake is found out by the server's Finished, and nothing that
 * comes is believed before that.
 */
#include "rtc/dtls.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "rtc/dtls_keys.h"
#include "rtc/dtls_ssl.h"

enum {
    /* Sent again so often for nothing, a flight is sent in small datagrams:
     * they may not have been lost by chance (RFC 6347 section 4.1.1.1). */
    TIMEOUTS_OF_SIZE = 2,
    DTLS_TEXT_MAX = 160,
    EARLY_PREFIX_LEN = 2 /* the length in front of each record that is kept */
};

/* OpenSSL's nonces under our key start anywhere and count up; ours start as
 * far from them as can be. */
#define NONCE_DISTANCE (UINT64_C(1) << 63)

enum { ALERT_LEN = 2, ALERT_WARNING = 1, ALERT_FATAL = 2, ALERT_CLOSE_NOTIFY = 0 };

enum dtls_state { STATE_NEW, STATE_HANDSHAKE, STATE_CONNECTED, STATE_CLOSED };

struct dtls {
    enum dtls_state state;
    struct dtls_handlers handlers;
    void *arg;
    struct dtls_bio bio;
    struct dtls_ssl ssl; /* until let_go() */
    uint64_t deadline_us;
    uint64_t let_go_us; /* once connected */
    unsigned timeouts;
    struct dtls_records *records; /* NULL until data can be sent */
    struct dtls_resume resume;    /* behind what OpenSSL has sent so far */
    struct buf early;             /* records of data that came before that */
};

/* ---- what OpenSSL sends ---- */

/* Of records under the handshake's keys, where ours have to go on. */
static void note_sent(struct dtls *dtls, struct span datagram)
{
    struct dtls_record record;
    while (dtls_record_take(&datagram, &record) == 0) {
        if (record.epoch == 0 || record.fragment.len < DTLS_RECORD_NONCE_LEN)
            continue;
        dtls->resume.number = record.number + 1;
        dtls->resume.nonce = get_u64be(record.fragment.data) + NONCE_DISTANCE;
    }
}

static void send_resealed(struct dtls *dtls, struct span datagram)
{
    uint8_t out[DTLS_MTU];
    size_t len = 0;
    struct dtls_record record;
    while (dtls_record_take(&datagram, &record) == 0 && len + record.whole.len <= sizeof out) {
        if (record.epoch == 0)
            memcpy(out + len, record.whole.data, record.whole.len);
        else if (dtls_records_reseal(dtls->records, &record, out + len) < 0)
            continue;
        len += record.whole.len;
    }
    if (len > 0)
        dtls->handlers.on_datagram(span_of(out, len), dtls->arg);
}

static void on_bio_datagram(struct span datagram, void *arg)
{
    struct dtls *dtls = arg;
    if (dtls->records) {
        send_resealed(dtls, datagram);
        return;
    }
    note_sent(dtls, datagram);
    dtls->handlers.on_datagram(datagram, dtls->arg);
}

struct dtls *dtls_new(const struct cert *cert, enum dtls_role role,
                      const uint8_t remote_fingerprint[CERT_FINGERPRINT_LEN],
                      const struct dtls_handlers *handlers, void *arg)
{
    struct dtls *dtls = xcalloc(1, sizeof *dtls);
    dtls->handlers = *handlers;
    dtls->arg = arg;
    dtls->bio.on_datagram = on_bio_datagram;
    dtls->bio.arg = dtls;
    dtls->deadline_us = TIME_NEVER;
    buf_init(&dtls->early, DTLS_EARLY_MAX);
    dtls_ssl_init(&dtls->ssl, cert, role, remote_fingerprint, &dtls->bio);
    return dtls;
}

static void let_go(struct dtls *dtls)
{
    dtls_ssl_deinit(&dtls->ssl);
    dtls_bio_deinit(&dtls->bio);
}

void dtls_free(struct dtls *dtls)
{
    if (!dtls)
        return;
    let_go(dtls);
    dtls_records_free(dtls->records);
    buf_deinit(&dtls->early);
    free_secret(dtls, sizeof *dtls);
}

void dtls_limit_datagrams(struct dtls *dtls, size_t datagram_max)
{
    size_t most = datagram_max < DTLS_MTU ? datagram_max : DTLS_MTU;
    SSL_set_mtu(dtls->ssl.ssl, (long)(most > DTLS_MTU_LEAST ? most : DTLS_MTU_LEAST));
}

/* ---- running OpenSSL ---- */

static void close_with(struct dtls *dtls, int error, const char *text)
{
    dtls->state = STATE_CLOSED;
    dtls->deadline_us = TIME_NEVER;
    dtls->handlers.on_closed(error, text, dtls->arg);
}

/* With OpenSSL's reason. */
static void fail(struct dtls *dtls)
{
    const char *stage =
        dtls->state == STATE_CONNECTED ? "DTLS failed" : "the DTLS handshake failed";
    if (dtls->ssl.has_mismatch) {
        close_with(dtls, -EACCES,
                   "the other side's certificate does not have the fingerprint of its SDP: "
                   "somebody may be in between");
        return;
    }
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    char text[DTLS_TEXT_MAX];
    snprintf(text, sizeof text, "%s: %s", stage, reason ? reason : "no reason given");
    close_with(dtls, -EPROTO, text);
}

static void update_deadline(struct dtls *dtls, uint64_t now_us)
{
    struct timeval left;
    dtls->deadline_us = TIME_NEVER;
    if (dtls->state == STATE_HANDSHAKE && DTLSv1_get_timeout(dtls->ssl.ssl, &left) == 1)
        dtls->deadline_us = now_us + (uint64_t)left.tv_sec * US_PER_S + (uint64_t)left.tv_usec;
    else if (dtls->state == STATE_CONNECTED)
        dtls->deadline_us = dtls->let_go_us;
}

static void take_over(struct dtls *dtls)
{
    struct dtls_session_keys keys;
    dtls_keys_derive(dtls->ssl.ssl, &keys);
    dtls->records = dtls_records_new(keys.cipher, &keys.write, &keys.read, &dtls->resume);
    OPENSSL_cleanse(&keys, sizeof keys);
}

static void start_early(struct dtls *dtls)
{
    if (!dtls->handlers.on_early || dtls->records ||
        SSL_get_state(dtls->ssl.ssl) != TLS_ST_CW_FINISHED)
        return;
    take_over(dtls);
    dtls->handlers.on_early(dtls->arg);
}

static void run_handshake(struct dtls *dtls, uint64_t now_us)
{
    ERR_clear_error();
    int result = SSL_do_handshake(dtls->ssl.ssl);
    if (result == 1) {
        if (!dtls->records)
            take_over(dtls);
        dtls->state = STATE_CONNECTED;
        dtls->let_go_us = now_us + DTLS_REPEAT_US;
        dtls->handlers.on_connected(dtls->arg);
    } else if (SSL_get_error(dtls->ssl.ssl, result) != SSL_ERROR_WANT_READ) {
        fail(dtls);
    } else {
        start_early(dtls);
    }
}

/* What the other side repeats of its handshake; nothing else comes this way. */
static void run_connected(struct dtls *dtls)
{
    uint8_t nothing[1];
    ERR_clear_error();
    int result = SSL_read(dtls->ssl.ssl, nothing, sizeof nothing);
    int error = SSL_get_error(dtls->ssl.ssl, result);
    if (result <= 0 && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        fail(dtls);
}

static void run(struct dtls *dtls, uint64_t now_us)
{
    if (dtls->state == STATE_HANDSHAKE)
        run_handshake(dtls, now_us);
    else if (dtls->state == STATE_CONNECTED && dtls->ssl.ssl)
        run_connected(dtls);
    update_deadline(dtls, now_us);
}

/* ---- data and alerts ---- */

static void on_alert(struct dtls *dtls, const uint8_t alert[ALERT_LEN])
{
    char text[DTLS_TEXT_MAX];
    if (alert[1] == ALERT_CLOSE_NOTIFY) {
        close_with(dtls, 0, "the other side closed the connection");
    } else if (alert[0] == ALERT_FATAL) {
        snprintf(text, sizeof text, "DTLS failed: the other side says '%s'",
                 SSL_alert_desc_string_long(alert[1]));
        close_with(dtls, -EPROTO, text);
    }
}

/* What was forged, or comes again, is dropped without a word (RFC 6347
 * section 4.1.2.7). */
static void open_record(struct dtls *dtls, const struct dtls_record *record, uint64_t now_us)
{
    uint8_t plaintext[DTLS_PLAINTEXT_MAX];
    int len = dtls_records_open(dtls->records, record, plaintext);
    if (record->type == DTLS_ALERT && len == ALERT_LEN)
        on_alert(dtls, plaintext);
    else if (record->type == DTLS_APPLICATION_DATA && len > 0)
        dtls->handlers.on_data(span_of(plaintext, (size_t)len), now_us, dtls->arg);
}

static void keep_early(struct dtls *dtls, const struct dtls_record *record)
{
    uint8_t prefix[EARLY_PREFIX_LEN];
    if (record->whole.len > UINT16_MAX ||
        buf_room(&dtls->early) < sizeof prefix + record->whole.len)
        return;
    put_u16be(prefix, (uint16_t)record->whole.len);
    buf_append(&dtls->early, span_of(prefix, sizeof prefix));
    buf_append(&dtls->early, record->whole);
}

static void open_early(struct dtls *dtls, uint64_t now_us)
{
    while (dtls->state == STATE_CONNECTED && dtls->early.len > 0) {
        struct span kept = buf_bytes(&dtls->early);
        assert(kept.data);
        size_t len = get_u16be(kept.data);
        struct span bytes = span_of(kept.data + EARLY_PREFIX_LEN, len);
        struct dtls_record record;
        if (dtls_record_take(&bytes, &record) == 0)
            open_record(dtls, &record, now_us);
        buf_consume(&dtls->early, EARLY_PREFIX_LEN + len);
    }
    if (dtls->state == STATE_CONNECTED)
        buf_deinit(&dtls->early);
}

/* Whether it is none of the handshake. Of one that is not done, an alert is
 * OpenSSL's. */
static bool is_ours(const struct dtls *dtls, const struct dtls_record *record)
{
    return record->epoch == 1 && (record->type == DTLS_APPLICATION_DATA ||
                                  (record->type == DTLS_ALERT && dtls->state == STATE_CONNECTED));
}

/* Takes our records off the front of a datagram. */
static struct span take_ours(struct dtls *dtls, struct span datagram, uint64_t now_us)
{
    struct dtls_record record;
    struct span rest = datagram;
    while (dtls->state != STATE_CLOSED && dtls_record_take(&rest, &record) == 0 &&
           is_ours(dtls, &record)) {
        if (dtls->state == STATE_CONNECTED)
            open_record(dtls, &record, now_us);
        else
            keep_early(dtls, &record);
        datagram = rest;
    }
    return datagram;
}

void dtls_start(struct dtls *dtls, uint64_t now_us)
{
    if (dtls->state != STATE_NEW)
        return;
    dtls->state = STATE_HANDSHAKE;
    run(dtls, now_us);
}

void dtls_feed(struct dtls *dtls, struct span datagram, uint64_t now_us)
{
    if (dtls->state == STATE_CLOSED)
        return;
    datagram = take_ours(dtls, datagram, now_us);
    if (datagram.len == 0 || dtls->state == STATE_CLOSED || !dtls->ssl.ssl)
        return;
    if (dtls->state == STATE_NEW)
        dtls->state = STATE_HANDSHAKE;
    dtls->bio.incoming = datagram;
    dtls->bio.has_incoming = true;
    run(dtls, now_us);
    /* The bytes are the caller's and gone after this. */
    dtls->bio.has_incoming = false;
    open_early(dtls, now_us);
}

bool dtls_can_send(const struct dtls *dtls)
{
    return dtls->records && dtls->state != STATE_CLOSED;
}

bool dtls_is_connected(const struct dtls *dtls)
{
    return dtls->state == STATE_CONNECTED;
}

size_t dtls_sealed_len(const struct dtls *dtls, size_t plaintext_len)
{
    return dtls_records_sealed_len(dtls->records, plaintext_len);
}

void dtls_seal(struct dtls *dtls, struct span head, struct span body, uint8_t *out)
{
    dtls_records_seal(dtls->records, DTLS_APPLICATION_DATA, head, body, out);
}

static void send_record(struct dtls *dtls, uint8_t type, struct span plaintext)
{
    uint8_t datagram[DTLS_PLAINTEXT_MAX + DTLS_OVERHEAD];
    dtls_records_seal(dtls->records, type, plaintext, (struct span){0}, datagram);
    dtls->handlers.on_datagram(span_of(datagram, dtls_sealed_len(dtls, plaintext.len)), dtls->arg);
}

int dtls_send(struct dtls *dtls, struct span plaintext)
{
    if (!dtls_can_send(dtls))
        return -ENOTCONN;
    if (plaintext.len > DTLS_PLAINTEXT_MAX)
        return -EMSGSIZE;
    send_record(dtls, DTLS_APPLICATION_DATA, plaintext);
    return 0;
}

void dtls_send_close(struct dtls *dtls)
{
    static const uint8_t close_notify[ALERT_LEN] = {ALERT_WARNING, ALERT_CLOSE_NOTIFY};
    if (dtls->state == STATE_CLOSED)
        return;
    if (dtls->state == STATE_CONNECTED)
        send_record(dtls, DTLS_ALERT, span_of(close_notify, sizeof close_notify));
    dtls->state = STATE_CLOSED;
    dtls->deadline_us = TIME_NEVER;
}

bool dtls_end_repeats(struct dtls *dtls)
{
    if (dtls->state != STATE_CONNECTED || !dtls->ssl.ssl)
        return false;
    dtls->deadline_us = TIME_NEVER;
    let_go(dtls);
    return true;
}

uint64_t dtls_deadline_us(const struct dtls *dtls)
{
    return dtls->deadline_us;
}

void dtls_on_deadline(struct dtls *dtls, uint64_t now_us)
{
    if (now_us < dtls->deadline_us)
        return;
    dtls_end_repeats(dtls);
    if (dtls->state != STATE_HANDSHAKE)
        return;
    ERR_clear_error();
    if (++dtls->timeouts == TIMEOUTS_OF_SIZE)
        dtls_limit_datagrams(dtls, DTLS_MTU_LEAST);
    if (DTLSv1_handle_timeout(dtls->ssl.ssl) < 0)
        fail(dtls);
    else
        update_deadline(dtls, now_us);
}
