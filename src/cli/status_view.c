/*
 * All that is shown is looked up by its name, and what an older or a newer
 * tunnel does not tell is left out.
 */
#include "cli/status_view.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "cli/amount.h"
#include "cli/sparkline.h"

enum { LINE_BYTES_MAX = 2048, SHOWN_MAX = 8 /* partners, exchanges */ };

/* ---- what is in it ---- */

static double number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static uint64_t count(const json_t *object, const char *name)
{
    double value = number(object, name);
    return value > 0 ? (uint64_t)value : 0;
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static bool has(const json_t *object, const char *name)
{
    return json_object_get(object, name) != NULL;
}

/* ---- a line ---- */

/* How many bytes of a row, of UTF-8, are so many columns, a character each. */
static size_t fit(const char *row, size_t columns)
{
    size_t bytes = 0;
    for (; row[bytes]; bytes++) {
        if (!utf8_is_inside((uint8_t)row[bytes]) && columns-- == 0)
            break;
    }
    return bytes;
}

struct page {
    struct buf *out;
    size_t columns;
};

/* Cut to the columns of the page, a character each; what controls a terminal is
 * not let through. */
__attribute__((format(printf, 2, 3))) static void line(const struct page *page, const char *format,
                                                       ...)
{
    char bytes[LINE_BYTES_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(bytes, sizeof bytes, format, args);
    va_end(args);
    size_t at = fit(bytes, page->columns);
    for (size_t i = 0; i < at; i++) {
        if ((unsigned char)bytes[i] < ' ' || bytes[i] == 0x7f)
            bytes[i] = '?';
    }
    while (at > 0 && bytes[at - 1] == ' ')
        at--;
    buf_append(page->out, (struct span){(const uint8_t *)bytes, at});
    buf_append_string(page->out, "\n");
}

/* How much of a name, so that what stands behind it keeps its column; where
 * nothing is cut, all. */
static int cell(const struct page *page, int width)
{
    return page->columns == STATUS_VIEW_UNCUT ? LINE_BYTES_MAX : width;
}

static const char *rate_format(double bytes_per_s, char out[AMOUNT_MAX])
{
    char size[AMOUNT_MAX];
    snprintf(out, AMOUNT_MAX, "%.28s/s",
             amount_format_size(bytes_per_s > 0 ? (uint64_t)bytes_per_s : 0, size));
    return out;
}

static const char *age_format(double seconds, char out[AMOUNT_MAX])
{
    unsigned long s = seconds > 0 ? (unsigned long)seconds : 0;
    if (s < 3600)
        return amount_format_time((uint64_t)(seconds * (double)US_PER_S), out);
    if (s < 48 * 3600)
        snprintf(out, AMOUNT_MAX, "%lu h %02lu min", s / 3600, s / 60 % 60);
    else
        snprintf(out, AMOUNT_MAX, "%lu days %lu h", s / 86400, s / 3600 % 24);
    return out;
}

/* ---- rates ---- */

static const json_t *partner_before(const struct status_view *view, const json_t *partner)
{
    size_t i;
    json_t *other;
    json_array_foreach(json_object_get(view->before, "partners"), i, other)
    {
        if (strcmp(text(other, "name"), text(partner, "name")) == 0 &&
            number(other, "link") == number(partner, "link"))
            return other;
    }
    return NULL;
}

/* Bytes a second; less than none where there is nothing to compare with, as
 * with another session. */
static double rate_of(const struct status_view *view, const json_t *partner, const char *name)
{
    const json_t *before = partner_before(view, partner);
    double us = (double)(view->now_us - view->before_us);
    if (!before || us <= 0 || number(partner, name) < number(before, name))
        return -1;
    return (number(partner, name) - number(before, name)) / us * (double)US_PER_S;
}

static void remember_rate(struct status_view *view)
{
    double sum = 0;
    size_t i;
    json_t *partner;
    if (!view->before)
        return;
    json_array_foreach(json_object_get(view->now, "partners"), i, partner)
    {
        double sent = rate_of(view, partner, "sent_bytes");
        double received = rate_of(view, partner, "received_bytes");
        sum += (sent > 0 ? sent : 0) + (received > 0 ? received : 0);
    }
    if (view->rate_count == STATUS_VIEW_RATES)
        memmove(view->rates, view->rates + 1, --view->rate_count * sizeof *view->rates);
    view->rates[view->rate_count++] = sum;
}

/* ---- its parts ---- */

static bool is_set(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static void print_head(const json_t *now, const struct page *out)
{
    char age[AMOUNT_MAX];
    bool is_proxy = strcmp(text(now, "role"), "proxy") == 0;
    line(out, "tunnel %s %s%s%s, process %.0f, runs for %s", text(now, "role"),
         text(now, "version"), has(now, "name") ? ", " : "", text(now, "name"), number(now, "pid"),
         age_format(number(now, "up_s"), age));
    line(out, "%-9s %s", "state", text(now, "state"));
    if (has(now, "problem"))
        line(out, "%-9s %s", "", text(now, "problem"));
    line(out, "%-9s %s%s", is_proxy ? "listens" : "upstream",
         !is_proxy                ? ""
         : is_set(now, "is_tcp")  ? "tcp://"
         : is_set(now, "has_tls") ? "https://"
                                  : "http://",
         text(now, is_proxy ? "listen" : "upstream"));
}

static bool is_connected(const json_t *now, size_t link)
{
    size_t i;
    json_t *partner;
    json_array_foreach(json_object_get(now, "partners"), i, partner)
    {
        if (count(partner, "link") == link)
            return true;
    }
    return false;
}

/* Of several links each is called as its partner is; the table of those has
 * none of a link that is not connected, so that is said here. */
static void print_rooms(const json_t *now, const struct page *out)
{
    const json_t *rooms = json_object_get(now, "rooms");
    bool has_links = json_array_size(rooms) > 1;
    size_t i;
    json_t *room;
    json_array_foreach(rooms, i, room)
    {
        char link[AMOUNT_MAX];
        snprintf(link, sizeof link, "link %zu", i + 1);
        line(out, "%-9s %s%s, room %s", has_links ? link : "signal",
             has_links && !is_connected(now, i + 1) ? "not connected; " : "", text(room, "signal"),
             text(room, "fingerprint"));
    }
}

/* Of what was sent. */
static double loss_percent(const json_t *partner)
{
    double sent = number(partner, "sent_packets");
    return sent > 0 ? 100 * number(partner, "lost_chunks") / sent : 0;
}

static void print_partner(const struct status_view *view, const json_t *partner,
                          const struct page *out)
{
    char trip[AMOUNT_MAX], sent[AMOUNT_MAX], received[AMOUNT_MAX], link[AMOUNT_MAX];
    bool has_links = json_array_size(json_object_get(view->now, "rooms")) > 1;
    snprintf(link, sizeof link, "link %.0f", number(partner, "link"));
    double out_rate = rate_of(view, partner, "sent_bytes");
    double in_rate = rate_of(view, partner, "received_bytes");
    line(out, "%-18.*s %-8s %10s %6.1f %% %11s %11s %8.0f", cell(out, 18),
         has_links ? link : text(partner, "name"), text(partner, "path"),
         amount_format_time((uint64_t)(number(partner, "round_trip_ms") * (double)US_PER_MS), trip),
         loss_percent(partner), out_rate < 0 ? "-" : rate_format(out_rate, sent),
         in_rate < 0 ? "-" : rate_format(in_rate, received), number(partner, "streams"));
    line(out, "  %s <-> %s", text(partner, "local"), text(partner, "remote"));
}

static void print_more(size_t all, const struct page *out)
{
    if (all > SHOWN_MAX)
        line(out, "  and %zu more", all - SHOWN_MAX);
}

static void print_partners(const struct status_view *view, const struct page *out)
{
    const json_t *partners = json_object_get(view->now, "partners");
    size_t i, all = json_array_size(partners);
    json_t *partner;
    if (all == 0)
        return;
    line(out, "%s", "");
    line(out, "%-18s %-8s %10s %8s %11s %11s %8s", "PARTNER", "PATH", "ROUND TRIP", "LOST", "OUT",
         "IN", "STREAMS");
    json_array_foreach(partners, i, partner)
    {
        if (i < SHOWN_MAX)
            print_partner(view, partner, out);
    }
    print_more(all, out);
}

static void print_graph(const struct status_view *view, const struct page *out)
{
    char most[AMOUNT_MAX];
    double highest = 0;
    struct buf bars;
    if (view->rate_count == 0)
        return;
    for (size_t i = 0; i < view->rate_count; i++)
        highest = view->rates[i] > highest ? view->rates[i] : highest;
    buf_init(&bars, STATUS_VIEW_RATES * 4);
    sparkline_print(view->rates, view->rate_count, view->has_utf8, &bars);
    line(out, "%s", "");
    line(out, "%-9s %.*s", "rate", SPAN_ARG(buf_bytes(&bars)));
    line(out, "%-9s %s at most, in %zu s", "", rate_format(highest, most), view->rate_count);
    buf_deinit(&bars);
}

static void print_exchange(const json_t *exchange, const struct page *out)
{
    char age[AMOUNT_MAX], sent[AMOUNT_MAX], received[AMOUNT_MAX], what[1024], status[16] = "-";
    char tokens[32] = "";
    const char *who = text(exchange, has(exchange, "device") ? "device" : "provider_name");
    snprintf(what, sizeof what, "%s%s%s %s", who, *who ? ": " : "", text(exchange, "method"),
             text(exchange, "target"));
    if (has(exchange, "status"))
        snprintf(status, sizeof status, "%.0f", number(exchange, "status"));
    if (has(exchange, "tokens_per_s"))
        snprintf(tokens, sizeof tokens, "%.0f tok/s", number(exchange, "tokens_per_s"));
    line(out, "%-33.*s %6s %8s %8s %8s %10s", cell(out, 33), what, status,
         amount_format_time((uint64_t)(number(exchange, "duration_ms") * (double)US_PER_MS), age),
         amount_format_size(count(exchange, "request_bytes"), sent),
         amount_format_size(count(exchange, "response_bytes"), received), tokens);
}

static void print_exchanges(const json_t *now, const struct page *out)
{
    size_t i, all = (size_t)count(now, "under_way_count");
    json_t *exchange;
    if (all == 0)
        return;
    line(out, "%s", "");
    line(out, "%-33s %6s %8s %8s %8s", "UNDER WAY", "STATUS", "AGE", "REQUEST", "RESPONSE");
    json_array_foreach(json_object_get(now, "under_way"), i, exchange)
    {
        if (i < SHOWN_MAX)
            print_exchange(exchange, out);
    }
    print_more(all, out);
}

static void print_totals(const json_t *now, const struct page *out)
{
    const json_t *totals = json_object_get(now, "totals");
    const json_t *ends = json_object_get(totals, "ends");
    const json_t *sessions = json_object_get(now, "sessions");
    char sent[AMOUNT_MAX], received[AMOUNT_MAX];
    line(out, "%s", "");
    line(out, "%-9s %.0f: %.0f complete, %.0f cancelled, %.0f refused, %.0f failed or lost",
         "exchanges", number(totals, "exchanges"), number(ends, "complete"),
         number(ends, "cancelled"), number(ends, "refused") + number(ends, "malformed"),
         number(ends, "failed") + number(ends, "lost") + number(ends, "down"));
    line(out, "%-9s %s in requests, %s in responses", "",
         amount_format_size(count(totals, "request_bytes"), sent),
         amount_format_size(count(totals, "response_bytes"), received));
    if (count(totals, "completion_tokens") > 0)
        line(out, "%-9s %.0f tokens of prompts, %.0f of answers", "",
             number(totals, "prompt_tokens"), number(totals, "completion_tokens"));
    line(out, "%-9s %.0f direct, %.0f relayed; %.0f found no path, %.0f failed", "sessions",
         number(sessions, "direct"), number(sessions, "relayed"), number(sessions, "without_path"),
         number(sessions, "failed"));
    if (count(now, "waiting") > 0)
        line(out, "%-9s %.0f request%s, for %.0f s", "waiting", number(now, "waiting"),
             count(now, "waiting") == 1 ? "" : "s", number(now, "waiting_s"));
}

static void print_errors(const json_t *now, const struct page *out)
{
    size_t i;
    json_t *error;
    json_array_foreach(json_object_get(now, "errors"), i, error)
    {
        char age[AMOUNT_MAX], often[32] = "";
        if (count(error, "count") > 1)
            snprintf(often, sizeof often, " (%.0f times)", number(error, "count"));
        if (i == 0)
            line(out, "%s", "");
        line(out, "%s ago%s: %s", age_format(number(error, "age_s"), age), often,
             text(error, "text"));
    }
}

/* ---- the whole ---- */

void status_view_init(struct status_view *view, bool has_utf8)
{
    *view = (struct status_view){.has_utf8 = has_utf8};
}

void status_view_deinit(struct status_view *view)
{
    json_decref(view->now);
    json_decref(view->before);
}

bool status_view_take(struct status_view *view, const char *json, uint64_t now_us)
{
    json_t *now = json_loads(json, 0, NULL);
    if (!has(now, "role") || !has(now, "state")) {
        json_decref(now);
        return false;
    }
    json_decref(view->before);
    view->before = view->now;
    view->before_us = view->now_us;
    view->now = now;
    view->now_us = now_us;
    remember_rate(view);
    return true;
}

char *status_view_what(const struct status_view *view)
{
    bool is_proxy = strcmp(text(view->now, "role"), "proxy") == 0;
    const char *name = text(view->now, "name");
    return xasprintf("%s%s%s, %s", text(view->now, "role"), *name ? " " : "", name,
                     text(view->now, is_proxy ? "listen" : "upstream"));
}

bool status_view_has_partners(const struct status_view *view)
{
    return json_array_size(json_object_get(view->now, "partners")) > 0;
}

void status_view_print(const struct status_view *view, size_t columns, bool has_graph,
                       struct buf *out)
{
    const struct page page = {out, columns};
    print_head(view->now, &page);
    print_rooms(view->now, &page);
    print_partners(view, &page);
    if (has_graph)
        print_graph(view, &page);
    print_exchanges(view->now, &page);
    print_totals(view->now, &page);
    print_errors(view->now, &page);
}
