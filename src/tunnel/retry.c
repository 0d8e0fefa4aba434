/*
 * Whether an upstream may have heard of a request is told by the error that has
 * ended its stream (docs/PROTOCOL.md, "fields"). A peer without codes, or a
 * session that is lost, tells nothing.
 */
#include "tunnel/retry.h"

#include <assert.h>
#include <time.h>

#include "base/date.h"
#include "http/framing.h"
#include "net/conn.h"
#include "tunnel/expectation.h"

_Static_assert((int)RETRY_BODY_MAX >= (int)CONN_READ_MORE, "what waits must fit");

void retry_init(struct retry *retry, struct retry_total *total)
{
    *retry = (struct retry){.total = total};
    buf_init(&retry->body, RETRY_BODY_MAX);
}

static size_t head_size(const struct head *head)
{
    return head ? head_copy_size(head) : 0;
}

/* In the total is what it takes now. */
static void count(struct retry *retry)
{
    retry->total->bytes -= retry->counted;
    retry->counted = head_size(retry->head) + head_size(retry->trailers) + retry->body.cap;
    retry->total->bytes += retry->counted;
}

void retry_drop(struct retry *retry)
{
    head_free(retry->head);
    head_free(retry->trailers);
    buf_deinit(&retry->body);
    retry->head = NULL;
    retry->trailers = NULL;
    count(retry);
}

void retry_deinit(struct retry *retry)
{
    retry_drop(retry);
}

/* A body of any length is no matter while its client waits to be told to send
 * it. */
static bool is_of_use(const struct head *head)
{
    uint64_t length = 0;
    if (http_content_length(head_fields(head), &length) < 0)
        return false;
    return length <= RETRY_BODY_MAX || expectation_is_in(head);
}

static bool is_full(const struct retry *retry)
{
    return retry->total->bytes > RETRY_TOTAL_MAX;
}

static void keep(struct retry *retry, const struct head *head)
{
    assert(!retry->head);
    retry->head = head_copy(head);
    retry->is_repeatable = http_method_is_idempotent(head->method) ||
                           http_fields_find(head_fields(head), "Idempotency-Key");
    count(retry);
}

void retry_keep(struct retry *retry, const struct head *head)
{
    if (is_of_use(head) && !is_full(retry))
        keep(retry, head);
}

void retry_wait(struct retry *retry, const struct head *head)
{
    keep(retry, head);
    retry->is_waiting = true;
}

void retry_sent(struct retry *retry)
{
    retry->is_waiting = false;
    if (!is_of_use(retry->head) || is_full(retry))
        retry_drop(retry);
}

bool retry_wait_again(struct retry *retry)
{
    retry->is_waiting = retry->head && retry->body.len + CONN_READ_MORE <= RETRY_BODY_MAX;
    return retry->is_waiting;
}

void retry_add(struct retry *retry, struct span bytes)
{
    if (!retry->head)
        return;
    int error = buf_append(&retry->body, bytes);
    count(retry);
    if (retry->is_waiting)
        assert(error == 0); /* reading is off: one read at most was under way */
    else if (error < 0 || is_full(retry))
        retry_drop(retry);
}

void retry_end(struct retry *retry, const struct head *trailers)
{
    if (!retry->head)
        return;
    retry->trailers = head_copy(trailers);
    count(retry);
}

/* An upstream has heard of it. */
static bool allows_repeat(struct retry *retry)
{
    return retry->is_repeatable && ++retry->failures < RETRY_SENDS_MAX;
}

bool retry_allows_instead(struct retry *retry, const struct head *response)
{
    return retry->head && retry_after_us(response) > 0 && allows_repeat(retry);
}

bool retry_allows(struct retry *retry, enum stream_error error)
{
    if (!retry->head)
        return false;
    switch (error) {
    case STREAM_UNSENT:
    case STREAM_REFUSED:
    case STREAM_TOO_MANY:
    case STREAM_DNS:
    case STREAM_TLS:
    case STREAM_UNREACHABLE:
        return true;
    case STREAM_SESSION:
    case STREAM_UNSPECIFIED:
    case STREAM_TIMEOUT:
    case STREAM_BROKEN:
    case STREAM_INVALID:
        return allows_repeat(retry);
    default: /* would end so anywhere, or is an answer */
        return false;
    }
}

uint64_t retry_outage_us(enum stream_error error)
{
    switch (error) {
    case STREAM_REFUSED:
    case STREAM_TIMEOUT:
    case STREAM_DNS:
    case STREAM_TLS:
    case STREAM_UNREACHABLE:
        return RETRY_OUTAGE_US;
    default:
        return 0;
    }
}

/* A date as RFC 9110 section 5.6.7 wants it; other forms are obsolete. */
static uint64_t until_date_us(struct span value)
{
    char text[32];
    struct tm tm = {0};
    if (value.len >= sizeof text)
        return 0;
    memcpy(text, value.data, value.len);
    text[value.len] = '\0';
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    int64_t left = end && !*end ? date_seconds(&tm) - time(NULL) : 0;
    return left > 0 ? (uint64_t)left * US_PER_S : 0;
}

uint64_t retry_after_us(const struct head *response)
{
    const struct http_field *field = http_fields_find(head_fields(response), "Retry-After");
    uint64_t seconds = 0;
    if (response->status != 503 || !field || field->value.len == 0)
        return 0;
    for (size_t i = 0; i < field->value.len; i++) {
        uint8_t c = field->value.data[i];
        if (c < '0' || c > '9')
            return until_date_us(field->value);
        if (seconds < UINT32_MAX) /* more is no matter */
            seconds = seconds * 10 + c - '0';
    }
    return seconds * US_PER_S;
}
