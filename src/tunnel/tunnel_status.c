/*
 * How one end is, for whoever asks: of several links all is counted together.
 */
#include <string.h>

#include "tunnel/tunnel_internal.h"

static bool is_up(const struct tunnel *tunnel)
{
    for (size_t i = 0; i < tunnel->meeting_count; i++) {
        if (tunnel->meetings[i].state == KEEPER_UP)
            return true;
    }
    return false;
}

static void fill_keeper_stats(const struct tunnel *tunnel, struct keeper_stats *out)
{
    keeper_stats(tunnel->meetings[0].keeper, out);
    for (size_t i = 1; i < tunnel->meeting_count; i++) {
        struct keeper_stats more;
        keeper_stats(tunnel->meetings[i].keeper, &more);
        if (out->partners == 0)
            out->session = more.session;
        out->partners += more.partners;
        out->sessions += more.sessions;
        keeper_counts_add(&out->counts, &more.counts);
    }
}

static void add_partner(size_t link, const struct partner_view *partner, void *arg)
{
    struct tunnel_status *out = arg;
    (void)link;
    out->relayed += partner->session.peer.path.is_relayed;
    out->streams += partner->session.streams;
    out->queued_bytes += partner->session.peer.queued_bytes;
}

static void fill_waiting(const struct tunnel *tunnel, struct tunnel_status *out)
{
    uint64_t now_us = clock_now_us();
    if (tunnel->proxy) {
        out->waiting = proxy_waiting(tunnel->proxy);
        out->waiting_us = proxy_waiting_us(tunnel->proxy, now_us);
    } else {
        out->waiting = serve_waiting(tunnel->serve);
        out->waiting_us = serve_waiting_us(tunnel->serve, now_us);
    }
}

void tunnel_status(const struct tunnel *tunnel, struct tunnel_status *out)
{
    *out = (struct tunnel_status){
        .state = is_up(tunnel) ? KEEPER_UP : tunnel->meetings[0].state,
        .problem = !is_up(tunnel) && tunnel->problem[0] ? tunnel->problem : NULL,
        .up_us = clock_now_us() - tunnel->begun_us,
    };
    fill_waiting(tunnel, out);
    fill_keeper_stats(tunnel, &out->keeper);
    tunnel_each_partner(tunnel, add_partner, out);
    memcpy(out->errors, tunnel->errors, sizeof out->errors);
}

struct of_link {
    size_t link;
    void (*each)(size_t link, const struct partner_view *partner, void *arg);
    void *arg;
};

static void each_of_link(const struct partner_view *partner, void *arg)
{
    const struct of_link *of = arg;
    of->each(of->link, partner, of->arg);
}

void tunnel_each_partner(const struct tunnel *tunnel,
                         void (*each)(size_t link, const struct partner_view *partner, void *arg),
                         void *arg)
{
    for (size_t i = 0; i < tunnel->meeting_count; i++) {
        struct of_link of = {i, each, arg};
        keeper_each_partner(tunnel->meetings[i].keeper, each_of_link, &of);
    }
}

const char *tunnel_room(const struct tunnel *tunnel, size_t link, char out[ROOM_FINGERPRINT_LEN])
{
    return room_name_fingerprint(tunnel->meetings[link].room, out);
}

const struct history *tunnel_history(const struct tunnel *tunnel)
{
    return &tunnel->history;
}

const struct signal_server *tunnel_signal_server(const struct tunnel *tunnel)
{
    return tunnel->signal_server;
}
