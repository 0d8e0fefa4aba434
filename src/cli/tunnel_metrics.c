#include "cli/tunnel_metrics.h"

#include <stdio.h>

#include "cli/path_news.h"
#include "cli/signal_server_metrics.h"

/* ---- exchanges ---- */

static void write_ends(struct metrics *m, const struct exchange_totals *totals)
{
    metrics_family(m, METRIC_COUNTER, "tunnel_exchanges", NULL,
                   "Exchanges that are over, by how they ended.");
    for (int i = 0; i < EXCHANGE_ENDS; i++) {
        const struct metric_label labels[] = {{"end", exchange_end_name((enum exchange_end)i)},
                                              {0}};
        metrics_count(m, labels, totals->ends[i]);
    }
    metrics_family(m, METRIC_COUNTER, "tunnel_responses", NULL,
                   "Exchanges that are over, by the class of their status.");
    for (int i = 0; i < HISTORY_STATUS_CLASSES; i++) {
        char code[8] = "none";
        if (i > 0)
            snprintf(code, sizeof code, "%dxx", i);
        const struct metric_label labels[] = {{"code", code}, {0}};
        metrics_count(m, labels, totals->statuses[i]);
    }
}

static void write_exchanges(struct metrics *m, const struct history *history)
{
    const struct exchange_totals *totals = &history->totals;
    write_ends(m, totals);
    metrics_gauge(m, "tunnel_exchanges_under_way", NULL, "Exchanges that are not over.",
                  history->under_way_count);
    metrics_counter(m, "tunnel_request_bytes", "bytes",
                    "Content of requests, of exchanges that are over.", totals->request_bytes);
    metrics_counter(m, "tunnel_response_bytes", "bytes",
                    "Content of responses, of exchanges that are over.", totals->response_bytes);
    metrics_family(m, METRIC_HISTOGRAM, "tunnel_first_byte_seconds", "seconds",
                   "From a request's head to the first byte of its response's content.");
    metrics_histogram(m, &totals->first_byte);
    metrics_family(m, METRIC_HISTOGRAM, "tunnel_exchange_duration_seconds", "seconds",
                   "From a request's head to the end of its response.");
    metrics_histogram(m, &totals->duration);
    metrics_counter(m, "tunnel_prompt_tokens", NULL, "Tokens of prompts, as LLMs say in usage.",
                    totals->prompt_tokens);
    metrics_counter(m, "tunnel_completion_tokens", NULL, "Tokens of answers, as LLMs say in usage.",
                    totals->completion_tokens);
    metrics_counter(m, "tunnel_stream_events", NULL,
                    "Events of text/event-stream, and lines of NDJSON, in responses.",
                    totals->stream_events);
}

/* ---- sessions ---- */

static void write_outcomes(struct metrics *m, const struct keeper_counts *counts)
{
    const struct {
        const char *outcome;
        uint64_t count;
    } rows[] = {
        {"direct", counts->direct},
        {"relayed", counts->relayed},
        {"no_path", counts->pathless},
        {"failed", counts->failed},
    };
    metrics_family(m, METRIC_COUNTER, "tunnel_negotiations", NULL,
                   "Negotiations of sessions, by what became of them.");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct metric_label labels[] = {{"outcome", rows[i].outcome}, {0}};
        metrics_count(m, labels, rows[i].count);
    }
    metrics_counter(m, "tunnel_sessions_broken", NULL, "Sessions that were up and broke off.",
                    counts->ended);
    metrics_counter(m, "tunnel_signal_losses", NULL,
                    "Times that the signal server was gone, or refused this end.",
                    counts->signal_losses);
}

static void write_traffic(struct metrics *m, const struct traffic *traffic)
{
    metrics_counter(m, "tunnel_sent_bytes", "bytes", "Messages sent, each counted once.",
                    traffic->sent_bytes);
    metrics_counter(m, "tunnel_received_bytes", "bytes", "Messages received.",
                    traffic->received_bytes);
    metrics_counter(m, "tunnel_sent_packets", NULL, "SCTP packets sent.", traffic->sent_packets);
    metrics_counter(m, "tunnel_received_packets", NULL, "SCTP packets received.",
                    traffic->received_packets);
    metrics_counter(m, "tunnel_lost_chunks", NULL, "SCTP chunks taken for lost.",
                    traffic->lost_chunks);
    metrics_counter(m, "tunnel_retransmitted_chunks", NULL, "SCTP chunks sent again.",
                    traffic->retransmitted_chunks);
    metrics_counter(m, "tunnel_retransmission_timeouts", NULL, "SCTP timeouts.", traffic->timeouts);
}

static void write_sessions(struct metrics *m, const struct tunnel_status *status)
{
    metrics_gauge(m, "tunnel_up", NULL, "1 while a session is up.", status->keeper.partners > 0);
    metrics_gauge(m, "tunnel_partners", NULL, "Partners with a session that is up.",
                  status->keeper.partners);
    metrics_gauge(m, "tunnel_relayed_partners", NULL, "Those whose path leads through a relay.",
                  status->relayed);
    metrics_gauge(m, "tunnel_sessions", NULL,
                  "Sessions, with those that come to be and those that drain.",
                  status->keeper.sessions);
    metrics_gauge(m, "tunnel_streams", NULL, "Streams open to partners.", status->streams);
    metrics_gauge(m, "tunnel_queued_bytes", "bytes", "Messages that are not sent yet.",
                  status->queued_bytes);
    metrics_gauge(m, "tunnel_waiting_requests", NULL,
                  "Requests that wait for a session, or in line for the upstream.",
                  status->waiting);
    metrics_family(m, METRIC_GAUGE, "tunnel_waiting_oldest_seconds", "seconds",
                   "For how long the first of them has waited.");
    metrics_seconds(m, NULL, status->waiting_us);
    write_outcomes(m, &status->keeper.counts);
    write_traffic(m, &status->keeper.counts.traffic);
    metrics_family(m, METRIC_HISTOGRAM, "tunnel_round_trip_seconds", "seconds",
                   "Round trips through the tunnel, by PING.");
    metrics_histogram(m, &status->keeper.counts.round_trips);
}

/* ---- partners, one family after the other ---- */

struct partner_family {
    struct metrics *metrics;
    void (*write)(struct metrics *metrics, const struct metric_label *labels,
                  const struct session_stats *session);
};

static void write_trip(struct metrics *m, const struct metric_label *labels,
                       const struct session_stats *session)
{
    metrics_seconds(m, labels, session->rtt_us);
}

static void write_rate(struct metrics *m, const struct metric_label *labels,
                       const struct session_stats *session)
{
    metrics_count(m, labels, session->peer.rate_bytes_per_s);
}

static void write_partner(size_t link, const struct partner_view *partner, void *arg)
{
    const struct partner_family *family = arg;
    char number[24];
    snprintf(number, sizeof number, "%zu", link + 1);
    const struct metric_label labels[] = {
        {"partner", partner->name},
        {"link", number},
        {"path", path_word(&partner->session.peer.path)},
        {0},
    };
    family->write(family->metrics, labels, &partner->session);
}

static void write_partners(struct metrics *m, const struct tunnel *tunnel)
{
    struct partner_family trip = {m, write_trip}, rate = {m, write_rate};
    metrics_family(m, METRIC_GAUGE, "tunnel_partner_round_trip_seconds", "seconds",
                   "The last round trip to a partner, by PING.");
    tunnel_each_partner(tunnel, write_partner, &trip);
    metrics_family(m, METRIC_GAUGE, "tunnel_partner_path_bytes_per_second", NULL,
                   "At which rate SCTP sends to a partner at most, by what it knows.");
    tunnel_each_partner(tunnel, write_partner, &rate);
}

/* ---- the whole ---- */

void tunnel_metrics_write(struct metrics *m, const struct tunnel *tunnel,
                          const struct config *config)
{
    const struct metric_label build[] = {
        {"version", TUNNEL_VERSION},
        {"role", config->command == COMMAND_PROXY ? "proxy" : "serve"},
        {0},
    };
    struct tunnel_status status;
    tunnel_status(tunnel, &status);
    metrics_family(m, METRIC_INFO, "tunnel_build", NULL, "What runs.");
    metrics_count(m, build, 1);
    metrics_family(m, METRIC_GAUGE, "tunnel_uptime_seconds", "seconds",
                   "For how long this end has run.");
    metrics_seconds(m, NULL, status.up_us);
    write_sessions(m, &status);
    write_partners(m, tunnel);
    write_exchanges(m, tunnel_history(tunnel));
    if (tunnel_signal_server(tunnel))
        signal_server_metrics_write_stats(m, tunnel_signal_server(tunnel));
}

const char *tunnel_metrics_unready(const struct tunnel *tunnel, const struct config *config)
{
    struct tunnel_status status;
    tunnel_status(tunnel, &status);
    bool can_be_found = config->command == COMMAND_SERVE &&
                        (status.state == KEEPER_WAITING || status.state == KEEPER_NEGOTIATING);
    if (status.state == KEEPER_UP || can_be_found)
        return NULL;
    return status.problem ? status.problem : "it is connecting";
}
