#include "cli/signal_server_metrics.h"

#include <stddef.h>

static void write_limits(struct metrics *m, const struct signal_counts *counts)
{
    metrics_family(m, METRIC_COUNTER, "signal_limit_hits", NULL,
                   "Who was refused or dropped, by the limit.");
    for (int i = 0; i < SIGNAL_LIMITS; i++) {
        const struct metric_label labels[] = {{"limit", signal_limit_name((enum signal_limit)i)},
                                              {0}};
        metrics_count(m, labels, counts->limits[i]);
    }
}

static void write_cluster(struct metrics *m, const struct cluster_stats *cluster)
{
    metrics_gauge(m, "signal_cluster_up", NULL, "1 while its Redis is there.",
                  cluster->state == CLUSTER_UP);
    metrics_gauge(m, "signal_cluster_servers", NULL, "Other servers that it has to do with.",
                  cluster->servers);
    metrics_gauge(m, "signal_cluster_remote_members", NULL,
                  "Members of its rooms whose sockets are at other servers.", cluster->lodgers);
    metrics_counter(m, "signal_cluster_sent_messages", NULL, "Published to other servers.",
                    cluster->published);
    metrics_counter(m, "signal_cluster_received_messages", NULL, "Heard from other servers.",
                    cluster->received);
    metrics_counter(m, "signal_cluster_losses", NULL,
                    "Times that something of another server was lost.", cluster->losses);
    metrics_counter(m, "signal_cluster_moves", NULL, "Rooms that got another home.",
                    cluster->moves);
    metrics_counter(m, "signal_cluster_away_seconds", "seconds", "Time without its Redis.",
                    cluster->away_us / US_PER_S);
}

void signal_server_metrics_write_stats(struct metrics *m, const struct signal_server *server)
{
    struct signal_server_stats stats;
    const struct signal_counts *counts = &stats.counts;
    signal_server_stats(server, &stats);
    metrics_gauge(m, "signal_rooms", NULL, "Rooms with somebody in them.", stats.rooms);
    metrics_gauge(m, "signal_members", NULL, "Who is in a room.", stats.members);
    metrics_gauge(m, "signal_sockets", NULL, "WebSockets that are open.", stats.sockets);
    metrics_gauge(m, "signal_queued_bytes", "bytes", "Messages that wait for sockets to read.",
                  stats.queued_bytes);
    metrics_counter(m, "signal_sockets_opened", NULL, "WebSockets that came.", counts->sockets);
    metrics_counter(m, "signal_received_messages", NULL, "Messages received.",
                    counts->messages_received);
    metrics_counter(m, "signal_sent_messages", NULL, "Messages sent.", counts->messages_sent);
    metrics_counter(m, "signal_received_bytes", "bytes", "Messages received.",
                    counts->received_bytes);
    metrics_counter(m, "signal_sent_bytes", "bytes", "Messages sent.", counts->sent_bytes);
    write_limits(m, counts);
    if (stats.has_cluster)
        write_cluster(m, &stats.cluster);
}

void signal_server_metrics_write(struct metrics *m, void *arg)
{
    static const struct metric_label build[] = {{"version", TUNNEL_VERSION}, {0}};
    metrics_family(m, METRIC_INFO, "signal_build", NULL, "What runs.");
    metrics_count(m, build, 1);
    signal_server_metrics_write_stats(m, arg);
}

const char *signal_server_metrics_unready(void *arg)
{
    (void)arg;
    return NULL;
}
