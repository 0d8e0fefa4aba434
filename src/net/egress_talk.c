/*
 * A head of HTTP is taken byte by byte, since nobody knows where it ends; a
 * message of SOCKS tells its length in the bytes that have come. Each step is
 * a function that is called when what it waits for is complete.
 *
 *   HTTP    CONNECT ──► status line and fields
 *
 *   SOCKS   methods ──► method [user, password ──► status] connect ──► reply
 */
#include "net/egress_talk.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/armor.h"
#include "base/buf.h"
#include "base/bytes.h"

enum {
    HEAD_MAX = 16 << 10, /* of an answer; one that is longer is none */
    OUT_MAX = 4 << 10,
    ERROR_MAX = 160,

    SOCKS_VERSION = 5,
    SOCKS_NO_LOGIN = 0,
    SOCKS_PASSWORD = 2,
    SOCKS_NO_METHOD = 0xff,
    SOCKS_LOGIN_VERSION = 1,
    SOCKS_CONNECT = 1,
    SOCKS_IPV4 = 1,
    SOCKS_NAME = 3,
    SOCKS_IPV6 = 4,
    SOCKS_REPLY_HEAD = 5 /* up to the first byte of the address */
};

struct egress_talk {
    const struct egress *egress;
    char *host;
    uint16_t port;
    struct buf out;
    struct buf in; /* of the message that is coming */
    size_t wants;  /* of SOCKS: bytes of `in` with which it is complete */
    enum egress_status (*step)(struct egress_talk *talk);
    char error[ERROR_MAX];
};

__attribute__((format(printf, 2, 3))) static enum egress_status refuse(struct egress_talk *talk,
                                                                       const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(talk->error, sizeof talk->error, format, args);
    va_end(args);
    return EGRESS_REFUSED;
}

/* ---- HTTP ---- */

static void put_credentials(struct egress_talk *talk)
{
    const struct egress *egress = talk->egress;
    char *plain = xasprintf("%s:%s", egress->user, egress->password);
    size_t len = strlen(plain);
    size_t text_len = ARMOR_LEN(ARMOR_BASE64, len);
    char *text = xcalloc(1, text_len + 1);
    armor_encode(ARMOR_BASE64, span_of(plain, len), text);
    buf_append_format(&talk->out, "Proxy-Authorization: Basic %s\r\n", text);
    free_secret(text, text_len);
    free_secret(plain, len);
}

static void put_connect(struct egress_talk *talk)
{
    bool is_v6 = strchr(talk->host, ':') != NULL;
    char *authority =
        xasprintf("%s%s%s:%u", is_v6 ? "[" : "", talk->host, is_v6 ? "]" : "", talk->port);
    buf_append_format(&talk->out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", authority, authority);
    if (talk->egress->user)
        put_credentials(talk);
    buf_append_string(&talk->out, "\r\n");
    free(authority);
}

static enum egress_status refuse_status(struct egress_talk *talk, int status)
{
    const char *user = talk->egress->user;
    if (status == 407)
        return refuse(talk, user ? "does not know this user or password (HTTP 407)"
                                 : "wants a user and a password (HTTP 407)");
    if (status == 403 || status == 405)
        return refuse(talk, "does not let us connect to %s:%u (HTTP %d)", talk->host, talk->port,
                      status);
    return refuse(talk, "could not connect us to %s:%u (HTTP %d)", talk->host, talk->port, status);
}

/* HTTP/1.x NNN; more of the line is for people, and a field that would say
 * more than that is not known. */
static int status_of(struct span head)
{
    int status = 0;
    if (head.len < 12 || !span_starts_with(head, "HTTP/1.") || head.data[8] != ' ')
        return -1;
    for (size_t i = 9; i < 12; i++) {
        if (head.data[i] < '0' || head.data[i] > '9')
            return -1;
        status = status * 10 + (head.data[i] - '0');
    }
    return status;
}

/* At an empty line. */
static bool is_head_complete(struct span head)
{
    const uint8_t *end = head.data + head.len;
    return (head.len >= 4 && memcmp(end - 4, "\r\n\r\n", 4) == 0) ||
           (head.len >= 2 && memcmp(end - 2, "\n\n", 2) == 0);
}

static enum egress_status on_head(struct egress_talk *talk)
{
    static const char begin[] = "HTTP/1.";
    struct span head = buf_bytes(&talk->in);
    size_t known = head.len < sizeof begin - 1 ? head.len : sizeof begin - 1;
    if (memcmp(head.data, begin, known) != 0 || head.len == HEAD_MAX)
        return refuse(talk, "does not speak HTTP");
    if (!is_head_complete(head))
        return EGRESS_ASKING;
    int status = status_of(head);
    if (status < 0)
        return refuse(talk, "does not speak HTTP");
    buf_clear(&talk->in);
    if (status < 200)
        return EGRESS_ASKING; /* interim */
    return status < 300 ? EGRESS_THROUGH : refuse_status(talk, status);
}

/* ---- SOCKS ---- */

static void put_byte(struct egress_talk *talk, unsigned byte)
{
    uint8_t value = (uint8_t)byte;
    buf_append(&talk->out, span_of(&value, 1));
}

static void put_counted(struct egress_talk *talk, const char *text)
{
    put_byte(talk, (unsigned)strlen(text));
    buf_append_string(&talk->out, text);
}

static void expect(struct egress_talk *talk, size_t len,
                   enum egress_status (*step)(struct egress_talk *talk))
{
    buf_clear(&talk->in);
    talk->wants = len;
    talk->step = step;
}

/* Section 6 of RFC 1928; in front of the host. */
static const char *reply_text(unsigned code)
{
    static const char *const texts[] = {
        [2] = "does not let us connect to",
        [3] = "finds no network that leads to",
        [4] = "does not reach the host of",
        [5] = "was refused by",
    };
    return code < sizeof texts / sizeof *texts && texts[code] ? texts[code]
                                                              : "could not connect us to";
}

static enum egress_status on_bound(struct egress_talk *talk)
{
    (void)talk; /* from where it has connected is nothing to us */
    return EGRESS_THROUGH;
}

static enum egress_status on_reply(struct egress_talk *talk)
{
    const uint8_t *reply = talk->in.data + talk->in.head;
    unsigned code = reply[1];
    if (reply[0] != SOCKS_VERSION)
        return refuse(talk, "does not speak SOCKS 5");
    if (code != 0)
        return refuse(talk, "%s %s:%u (SOCKS %u)", reply_text(code), talk->host, talk->port, code);
    if (reply[3] == SOCKS_IPV4)
        expect(talk, 3 + 2, on_bound);
    else if (reply[3] == SOCKS_IPV6)
        expect(talk, 15 + 2, on_bound);
    else if (reply[3] == SOCKS_NAME)
        expect(talk, (size_t)reply[4] + 2, on_bound);
    else
        return refuse(talk, "does not speak SOCKS 5");
    return EGRESS_ASKING;
}

static void ask_connect(struct egress_talk *talk)
{
    uint8_t bytes[16];
    uint8_t port[2];
    put_byte(talk, SOCKS_VERSION);
    put_byte(talk, SOCKS_CONNECT);
    put_byte(talk, 0);
    if (inet_pton(AF_INET, talk->host, bytes) == 1) {
        put_byte(talk, SOCKS_IPV4);
        buf_append(&talk->out, span_of(bytes, 4));
    } else if (inet_pton(AF_INET6, talk->host, bytes) == 1) {
        put_byte(talk, SOCKS_IPV6);
        buf_append(&talk->out, span_of(bytes, 16));
    } else {
        put_byte(talk, SOCKS_NAME);
        put_counted(talk, talk->host);
    }
    put_u16be(port, talk->port);
    buf_append(&talk->out, span_of(port, sizeof port));
    expect(talk, SOCKS_REPLY_HEAD, on_reply);
}

static enum egress_status on_login(struct egress_talk *talk)
{
    if (talk->in.data[talk->in.head + 1] != 0)
        return refuse(talk, "does not know this user or password");
    ask_connect(talk);
    return EGRESS_ASKING;
}

static enum egress_status on_method(struct egress_talk *talk)
{
    const struct egress *egress = talk->egress;
    const uint8_t *answer = talk->in.data + talk->in.head;
    if (answer[0] != SOCKS_VERSION)
        return refuse(talk, "does not speak SOCKS 5");
    if (answer[1] == SOCKS_NO_LOGIN) {
        ask_connect(talk);
        return EGRESS_ASKING;
    }
    if (answer[1] == SOCKS_PASSWORD && egress->user) {
        put_byte(talk, SOCKS_LOGIN_VERSION);
        put_counted(talk, egress->user);
        put_counted(talk, egress->password);
        expect(talk, 2, on_login);
        return EGRESS_ASKING;
    }
    return refuse(talk, egress->user ? "takes neither a user and password nor nobody"
                                     : "wants a user and a password, or lets nobody in");
}

static void put_methods(struct egress_talk *talk)
{
    bool has_user = talk->egress->user != NULL;
    put_byte(talk, SOCKS_VERSION);
    put_byte(talk, has_user ? 2 : 1);
    put_byte(talk, SOCKS_NO_LOGIN);
    if (has_user)
        put_byte(talk, SOCKS_PASSWORD);
    expect(talk, 2, on_method);
}

/* ---- the talk ---- */

struct egress_talk *egress_talk_new(const struct egress *egress, const char *host, uint16_t port)
{
    struct egress_talk *talk = xcalloc(1, sizeof *talk);
    talk->egress = egress;
    talk->host = xstrdup(host);
    talk->port = port;
    buf_init(&talk->out, OUT_MAX);
    buf_reserve(&talk->out, OUT_MAX); /* so that no copy of a password is left behind */
    buf_init(&talk->in, HEAD_MAX);
    if (egress->protocol == EGRESS_HTTP) {
        talk->step = on_head;
        put_connect(talk);
    } else {
        put_methods(talk);
    }
    return talk;
}

void egress_talk_free(struct egress_talk *talk)
{
    if (!talk)
        return;
    free_secret(talk->out.data, talk->out.cap);
    buf_deinit(&talk->in);
    free(talk->host);
    free(talk);
}

struct span egress_talk_take(struct egress_talk *talk)
{
    struct span bytes = buf_bytes(&talk->out);
    buf_clear(&talk->out); /* which keeps the bytes */
    return bytes;
}

size_t egress_talk_wants(const struct egress_talk *talk)
{
    return talk->egress->protocol == EGRESS_HTTP ? 1 : talk->wants - talk->in.len;
}

enum egress_status egress_talk_feed(struct egress_talk *talk, struct span bytes)
{
    buf_append(&talk->in, bytes); /* there is room for all that is wanted */
    if (talk->egress->protocol == EGRESS_SOCKS5 && talk->in.len < talk->wants)
        return EGRESS_ASKING;
    return talk->step(talk);
}

const char *egress_talk_error(const struct egress_talk *talk)
{
    return talk->error;
}
