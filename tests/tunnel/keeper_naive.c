/*
 * Peers and signalling without a keeper, by the shortest way.
 */
#include "keeper_scene.h"

static void naive_on_description(struct session *session, enum sdp_type type, const char *sdp,
                                 void *arg)
{
    struct naive *naive = arg;
    (void)session;
    if (type == SDP_OFFER)
        signal_client_send_offer(naive->client, NULL, sdp);
    else
        signal_client_send_answer(naive->client, NULL, sdp);
}

static void naive_on_candidate(struct session *session, const char *json, void *arg)
{
    struct naive *naive = arg;
    (void)session;
    signal_client_send_candidate(naive->client, NULL, json);
}

static void naive_on_ready(struct session *session, void *arg)
{
    (void)session;
    ((struct naive *)arg)->ready_count++;
}

static void naive_on_event(struct session *session, void *arg)
{
    (void)session;
    (void)arg;
}

static void naive_on_request(struct mux_stream *stream, const struct head *head, void *arg)
{
    side_on_request(1, stream, head, &((struct naive *)arg)->side);
}

static void naive_on_rtt(struct session *session, bool is_first, void *arg)
{
    (void)session;
    (void)is_first;
    (void)arg;
}

static void naive_on_path(struct session *session, enum peer_path_state state, void *arg)
{
    (void)session;
    (void)state;
    (void)arg;
}

static void naive_on_closed(struct session *session, const char *text, enum mux_likeness likeness,
                            void *arg)
{
    (void)session;
    (void)text;
    (void)likeness;
    (void)arg;
}

static struct session *naive_new_session(struct naive *naive)
{
    static const struct session_handlers handlers = {
        .on_description = naive_on_description,
        .on_candidate = naive_on_candidate,
        .on_ready = naive_on_ready,
        .on_rtt = naive_on_rtt,
        .on_wake = naive_on_event,
        .on_alive = naive_on_event,
        .on_request = naive_on_request,
        .on_path = naive_on_path,
        .on_idle = naive_on_event,
        .on_closed = naive_on_closed,
    };
    struct peer_config config = {.cert = naive->side.cert, .servers = naive->scene->servers};
    assert_true(naive->session_count < SESSIONS_MAX);
    struct session *session =
        session_new(naive->scene->loop, MUX_PROVIDER, FEATURES_ALL, &config, &handlers, naive);
    naive->sessions[naive->session_count++] = session;
    return session;
}

static void naive_take_offer(struct naive *naive, const char *sdp)
{
    const char *why;
    struct session *session = naive->can_restart ? naive->sessions[0] : NULL;
    if (session && peer_match(session_peer(session), SDP_OFFER, sdp) == PEER_MATCH_SESSION)
        naive->restart_count++;
    else
        session = naive_new_session(naive);
    assert_int_equal(peer_set_remote(session_peer(session), SDP_OFFER, sdp, &why), 0);
}

static void naive_on_message(const struct signal_message *message, void *arg)
{
    struct naive *naive = arg;
    struct session *last =
        naive->session_count > 0 ? naive->sessions[naive->session_count - 1] : NULL;
    const char *why;
    switch (message->type) {
    case SIGNAL_JOINED:
        naive->is_joined = true;
        break;
    case SIGNAL_PEER_JOINED:
        peer_offer(session_peer(naive_new_session(naive)));
        break;
    case SIGNAL_OFFER:
        naive_take_offer(naive, message->sdp);
        break;
    case SIGNAL_ANSWER:
        assert_int_equal(peer_set_remote(session_peer(last), SDP_ANSWER, message->sdp, &why), 0);
        break;
    case SIGNAL_CANDIDATE:
        for (int i = naive->session_count - 1; i >= 0; i--) {
            if (peer_add_candidate(session_peer(naive->sessions[i]), message->candidate) == 0)
                break;
        }
        break;
    default:
        break;
    }
}

static void naive_on_close(const char *text, void *arg)
{
    struct naive *naive = arg;
    (void)text;
    signal_client_close(naive->client);
    naive->client = NULL;
    naive->is_joined = false;
}

void start_naive(struct scene *scene)
{
    static const struct signal_client_handlers handlers = {
        .on_message = naive_on_message,
        .on_close = naive_on_close,
    };
    const struct signal_way way = {.url = &scene->url};
    scene->naive.client = signal_client_new(scene->loop, &way, "room", &handlers, &scene->naive);
}
