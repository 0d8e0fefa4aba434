/*
 * libnice. Its signals may come from inside of our own calls, so they are
 * noted here and told to the owner in the next turn; datagrams come from the
 * bridge's dispatch and are told at once.
 *
 * Host candidates are of the addresses that getifaddrs(3) shows now. The
 * loopback is used only where there is nothing else (RFC 8445 section
 * 5.1.1.1), which is how two peers in a namespace with only `lo` meet.
 *
 * libnice says "failed" when the pairs that it has are spent, although more
 * candidates may trickle in. That is believed only after both sides have
 * said that theirs is the last, or when a path existed before.
 */
#include "rtc/ice.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <agent.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "rtc/candidate.h"
#include "rtc/glib_bridge.h"

enum {
    COMPONENT = 1,
    /* Each makes pairs with each of theirs; a machine with hundreds of
     * container bridges must not spend its checks on them. */
    LOCAL_ADDRESSES_MAX = 16,
    /* Below 10 ms only bursts; RFC 8445 section 14.2 has 50 ms, browsers
     * do 48 ms and faster. */
    PACING_MS = 20,
    /* The first retransmission of a check. Doubled at each of the six after
     * it, so that a pair is given up after about 16 s. */
    CHECK_TIMEOUT_MS = 200,
    CHECK_TRIES = 7,
    SOCKET_BUFFER_BYTES = 2 << 20,
    RELEASE_RELAYS_US = 50 * 1000,
    CANDIDATE_TEXT_LEN = sizeof((struct peer_path *)0)->local
};

enum event_type { EVENT_CANDIDATE, EVENT_GATHERED, EVENT_CONNECTED, EVENT_FAILED };

struct event {
    struct list link;
    enum event_type type;
    char *candidate;
};

struct ice {
    struct loop *loop;
    struct ice_handlers handlers;
    void *arg;
    struct glib_bridge *bridge;
    NiceAgent *agent;
    guint stream;
    gchar *ufrag;
    gchar *pwd;
    struct list events;
    bool is_telling; /* a deferred call of tell() is on its way */
    bool is_gathered;
    bool is_remote_complete;
    bool is_connected;
    bool is_failed; /* as libnice sees it */
    bool has_told_failure;
    bool has_turn;
    bool is_closed;
};

/* ---- events to the owner ---- */

static void tell(void *arg);

static void add_event(struct ice *ice, enum event_type type, char *candidate)
{
    struct event *event = xcalloc(1, sizeof *event);
    event->type = type;
    event->candidate = candidate;
    list_append(&ice->events, &event->link);
    if (!ice->is_telling) {
        ice->is_telling = true;
        loop_defer(ice->loop, tell, ice);
    }
}

static void tell_failure(struct ice *ice)
{
    char tried[ICE_TRIED_LEN];
    char text[ICE_TRIED_LEN + 64];
    ice->has_told_failure = true;
    snprintf(text, sizeof text, "%s (%s)",
             ice->is_connected ? "the path to the other side is lost"
                               : "no path to the other side works",
             ice_describe_tried(ice, tried));
    ice->handlers.on_failed(text, ice->arg);
}

static void tell_event(struct ice *ice, const struct event *event)
{
    if (ice->is_closed || ice->has_told_failure)
        return;
    switch (event->type) {
    case EVENT_CANDIDATE:
    case EVENT_GATHERED:
        ice->handlers.on_candidate(event->candidate, ice->arg);
        break;
    case EVENT_CONNECTED:
        ice->is_connected = true;
        ice->handlers.on_connected(ice->arg);
        break;
    case EVENT_FAILED:
        if (ice->is_failed && (ice->is_connected || (ice->is_gathered && ice->is_remote_complete)))
            tell_failure(ice);
        break;
    }
}

static void tell(void *arg)
{
    struct ice *ice = arg;
    ice->is_telling = false; /* what is added meanwhile comes a turn later */
    LIST_EACH(link, tmp, &ice->events)
    {
        struct event *event = LIST_ENTRY(link, struct event, link);
        list_remove(link);
        tell_event(ice, event);
        free(event->candidate);
        free(event);
    }
}

/* ---- libnice's signals ---- */

static void on_new_candidate(NiceAgent *agent, NiceCandidate *candidate, gpointer arg)
{
    struct ice *ice = arg;
    gchar *line = nice_agent_generate_local_candidate_sdp(agent, candidate);
    struct span text = span_from_string(line);
    if (span_starts_with(text, "a="))
        text = span_skip(text, 2);
    add_event(ice, EVENT_CANDIDATE, xstrndup(text));
    g_free(line);
}

static void on_gathering_done(NiceAgent *agent, guint stream, gpointer arg)
{
    (void)agent;
    (void)stream;
    struct ice *ice = arg;
    ice->is_gathered = true;
    add_event(ice, EVENT_GATHERED, NULL);
    if (ice->is_failed)
        add_event(ice, EVENT_FAILED, NULL);
}

static void on_state_changed(NiceAgent *agent, guint stream, guint component, guint state,
                             gpointer arg)
{
    (void)agent;
    (void)stream;
    (void)component;
    struct ice *ice = arg;
    ice->is_failed = state == NICE_COMPONENT_STATE_FAILED;
    if (ice->is_failed)
        add_event(ice, EVENT_FAILED, NULL);
}

static void on_selected_pair(NiceAgent *agent, guint stream, guint component, NiceCandidate *local,
                             NiceCandidate *remote, gpointer arg)
{
    (void)agent;
    (void)stream;
    (void)component;
    (void)local;
    (void)remote;
    add_event(arg, EVENT_CONNECTED, NULL);
}

static void on_received(NiceAgent *agent, guint stream, guint component, guint len, gchar *data,
                        gpointer arg)
{
    (void)agent;
    (void)stream;
    (void)component;
    struct ice *ice = arg;
    if (!ice->is_closed && !ice->has_told_failure)
        ice->handlers.on_datagram(span_of(data, len), ice->arg);
}

/* GLib's own way is to print. */
static void on_glib_message(const gchar *domain, GLogLevelFlags level, const gchar *message,
                            gpointer arg)
{
    (void)level;
    (void)arg;
    log_debug("%s: %s", domain ? domain : "glib", message);
}

/* ---- local addresses ---- */

static bool is_wanted(const struct ifaddrs *interface, bool wants_loopback)
{
    const struct sockaddr *address = interface->ifa_addr;
    bool is_loopback = interface->ifa_flags & IFF_LOOPBACK;
    if (!address || !(interface->ifa_flags & IFF_UP) || is_loopback != wants_loopback)
        return false;
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;
        return !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr); /* means nothing to the other side */
    }
    return address->sa_family == AF_INET;
}

static int add_addresses(struct ice *ice, const struct ifaddrs *all, bool wants_loopback)
{
    int count = 0;
    for (const struct ifaddrs *i = all; i && count < LOCAL_ADDRESSES_MAX; i = i->ifa_next) {
        if (!is_wanted(i, wants_loopback))
            continue;
        NiceAddress address;
        nice_address_init(&address);
        nice_address_set_from_sockaddr(&address, i->ifa_addr);
        nice_address_set_port(&address, 0);
        if (nice_agent_add_local_address(ice->agent, &address))
            count++;
    }
    return count;
}

static void add_local_addresses(struct ice *ice)
{
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) < 0)
        return; /* libnice then looks by itself */
    if (add_addresses(ice, all, false) == 0)
        add_addresses(ice, all, true);
    freeifaddrs(all);
}

/* ---- servers ---- */

static void address_split(const struct address *address, gchar host[NICE_ADDRESS_STRING_LEN],
                          guint *port)
{
    NiceAddress a;
    nice_address_init(&a);
    nice_address_set_from_sockaddr(&a, (const struct sockaddr *)&address->storage);
    nice_address_to_string(&a, host);
    *port = address_port(address);
}

static void add_turn_server(struct ice *ice, const struct ice_server *server)
{
    static const NiceRelayType types[] = {
        [ICE_TRANSPORT_UDP] = NICE_RELAY_TYPE_TURN_UDP,
        [ICE_TRANSPORT_TCP] = NICE_RELAY_TYPE_TURN_TCP,
        [ICE_TRANSPORT_TLS] = NICE_RELAY_TYPE_TURN_TLS,
    };
    gchar host[NICE_ADDRESS_STRING_LEN];
    guint port;
    address_split(&server->address, host, &port);
    if (nice_agent_set_relay_info(ice->agent, ice->stream, COMPONENT, host, port, server->user,
                                  server->pass, types[server->transport]))
        ice->has_turn = true;
}

static void set_stun_server(struct ice *ice, const char *host, guint port)
{
    g_object_set(ice->agent, "stun-server", host, "stun-server-port", port, NULL);
}

/* libnice takes one STUN server. It looks names up by itself and gathers our
 * own addresses meanwhile, so an unresolved one costs no time. */
static void add_servers(struct ice *ice, const struct ice_servers *servers)
{
    struct ice_server all[ICE_SERVERS_MAX];
    int count = ice_servers_get(servers, all, ICE_SERVERS_MAX);
    bool has_stun = false;
    for (int i = 0; i < count; i++) {
        if (all[i].type == ICE_SERVER_TURN) {
            add_turn_server(ice, &all[i]);
        } else if (!has_stun) {
            gchar host[NICE_ADDRESS_STRING_LEN];
            guint port;
            address_split(&all[i].address, host, &port);
            set_stun_server(ice, host, port);
            has_stun = true;
        }
    }
    uint16_t port = 0;
    const char *name = has_stun ? NULL : ice_servers_unresolved_stun(servers, &port);
    if (name)
        set_stun_server(ice, name, port);
}

/* ---- life ---- */

/* Not every build of libnice has every property. */
static void set_flag(NiceAgent *agent, const char *name, gboolean value)
{
    if (g_object_class_find_property(G_OBJECT_GET_CLASS(agent), name))
        g_object_set(agent, name, value, NULL);
}

struct ice *ice_new(struct loop *loop, bool controlling, const struct ice_servers *servers,
                    const struct ice_handlers *handlers, void *arg)
{
    g_log_set_default_handler(on_glib_message, NULL);
    struct ice *ice = xcalloc(1, sizeof *ice);
    ice->loop = loop;
    ice->handlers = *handlers;
    ice->arg = arg;
    list_init(&ice->events);
    ice->bridge = glib_bridge_new(loop);
    /* Without libnice's consent freshness, which gives a path up after 10 s:
     * on a machine that is short of CPU its checks drown in data. The
     * tunnel's PING has 30 s, and SCTP its own count of timeouts. */
    ice->agent = nice_agent_new_full(glib_bridge_context(ice->bridge), NICE_COMPATIBILITY_RFC5245,
                                     NICE_AGENT_OPTION_ICE_TRICKLE);
    g_object_set(ice->agent, "controlling-mode", (gboolean)controlling, "stun-pacing-timer",
                 (guint)PACING_MS, "stun-initial-timeout", (guint)CHECK_TIMEOUT_MS,
                 "stun-max-retransmissions", (guint)CHECK_TRIES, NULL);
    set_flag(ice->agent, "ice-tcp", FALSE);
    set_flag(ice->agent, "upnp", FALSE);
    g_signal_connect(ice->agent, "new-candidate-full", G_CALLBACK(on_new_candidate), ice);
    g_signal_connect(ice->agent, "candidate-gathering-done", G_CALLBACK(on_gathering_done), ice);
    g_signal_connect(ice->agent, "component-state-changed", G_CALLBACK(on_state_changed), ice);
    g_signal_connect(ice->agent, "new-selected-pair-full", G_CALLBACK(on_selected_pair), ice);
    ice->stream = nice_agent_add_stream(ice->agent, 1);
    nice_agent_get_local_credentials(ice->agent, ice->stream, &ice->ufrag, &ice->pwd);
    nice_agent_attach_recv(ice->agent, ice->stream, COMPONENT, glib_bridge_context(ice->bridge),
                           on_received, ice);
    if (servers)
        add_servers(ice, servers);
    return ice;
}

/* Ends a sleep of GLib's. */
static gboolean on_wake(gpointer arg)
{
    (void)arg;
    return G_SOURCE_CONTINUE;
}

/* Gives allocations back to TURN servers, which count them per user. libnice
 * sends these requests 20 ms apart from a timer of its own; nobody waits for
 * the answers, but for this long the loop stands still. Only after a TURN
 * server was used. */
static void release_relays(struct ice *ice)
{
    uint64_t end_us = clock_now_us() + RELEASE_RELAYS_US;
    GMainContext *context = glib_bridge_context(ice->bridge);
    GSource *wake = g_timeout_source_new(RELEASE_RELAYS_US / 1000);
    g_source_set_callback(wake, G_SOURCE_FUNC(on_wake), NULL, NULL);
    g_source_attach(wake, context);
    nice_agent_close_async(ice->agent, NULL, NULL);
    while (clock_now_us() < end_us)
        g_main_context_iteration(context, TRUE);
    g_source_destroy(wake);
    g_source_unref(wake);
}

static void destroy(void *arg)
{
    struct ice *ice = arg;
    if (ice->has_turn)
        release_relays(ice);
    g_object_unref(ice->agent);
    glib_bridge_free(ice->bridge);
    tell(ice); /* only frees what is left */
    g_free(ice->ufrag);
    g_free(ice->pwd);
    free(ice);
}

void ice_close(struct ice *ice)
{
    if (!ice || ice->is_closed)
        return;
    ice->is_closed = true;
    g_signal_handlers_disconnect_by_data(ice->agent, ice);
    /* Not now: libnice may be on the stack. */
    loop_defer(ice->loop, destroy, ice);
}

const char *ice_local_ufrag(const struct ice *ice)
{
    return ice->ufrag;
}

const char *ice_local_pwd(const struct ice *ice)
{
    return ice->pwd;
}

/* A burst of SCTP that comes while we are elsewhere must find room: what is
 * lost here costs the sender half its rate. The kernel's rmem_max caps it. */
static void widen_sockets(struct ice *ice)
{
    GPtrArray *sockets = nice_agent_get_sockets(ice->agent, ice->stream, COMPONENT);
    for (guint i = 0; sockets && i < sockets->len; i++) {
        int bytes = SOCKET_BUFFER_BYTES;
        int fd = g_socket_get_fd(g_ptr_array_index(sockets, i));
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }
    if (sockets)
        g_ptr_array_unref(sockets);
}

void ice_gather(struct ice *ice)
{
    add_local_addresses(ice);
    if (!nice_agent_gather_candidates(ice->agent, ice->stream))
        on_gathering_done(ice->agent, ice->stream, ice); /* no socket could be opened */
    widen_sockets(ice);
}

/* ---- the other side ---- */

int ice_set_remote_credentials(struct ice *ice, const char *ufrag, const char *pwd)
{
    return nice_agent_set_remote_credentials(ice->agent, ice->stream, ufrag, pwd) ? 0 : -EINVAL;
}

int ice_add_remote_candidate(struct ice *ice, const char *candidate)
{
    struct candidate parsed;
    if (candidate_parse(span_from_string(candidate), &parsed) < 0 || !candidate_is_usable(&parsed))
        return -EINVAL;
    char *line = xasprintf("a=%s", candidate);
    NiceCandidate *c = nice_agent_parse_remote_candidate_sdp(ice->agent, ice->stream, line);
    free(line);
    if (!c)
        return -EINVAL;
    GSList *list = g_slist_append(NULL, c);
    int added = nice_agent_set_remote_candidates(ice->agent, ice->stream, COMPONENT, list);
    g_slist_free_full(list, (GDestroyNotify)nice_candidate_free);
    return added == 1 ? 0 : -EINVAL;
}

void ice_end_of_remote_candidates(struct ice *ice)
{
    if (ice->is_remote_complete)
        return;
    ice->is_remote_complete = true;
    nice_agent_peer_candidate_gathering_done(ice->agent, ice->stream);
    if (ice->is_failed)
        add_event(ice, EVENT_FAILED, NULL);
}

int ice_send(struct ice *ice, struct span datagram)
{
    if (!ice->is_connected || ice->is_closed)
        return -ENOTCONN;
    gint sent = nice_agent_send(ice->agent, ice->stream, COMPONENT, (guint)datagram.len,
                                (const gchar *)datagram.data);
    return sent == (gint)datagram.len ? 0 : -EAGAIN;
}

/* ---- for people ---- */

static void describe(const NiceCandidate *candidate, char out[CANDIDATE_TEXT_LEN])
{
    static const enum candidate_type types[] = {
        [NICE_CANDIDATE_TYPE_HOST] = CANDIDATE_HOST,
        [NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE] = CANDIDATE_SRFLX,
        [NICE_CANDIDATE_TYPE_PEER_REFLEXIVE] = CANDIDATE_PRFLX,
        [NICE_CANDIDATE_TYPE_RELAYED] = CANDIDATE_RELAY,
    };
    gchar host[NICE_ADDRESS_STRING_LEN];
    nice_address_to_string(&candidate->addr, host);
    bool is_v6 = nice_address_ip_version(&candidate->addr) == 6;
    const char *type = candidate_type_name(types[candidate->type]);
    snprintf(out, CANDIDATE_TEXT_LEN, is_v6 ? "%s [%s]:%u" : "%s %s:%u", type, host,
             nice_address_get_port(&candidate->addr));
}

bool ice_get_path(const struct ice *ice, struct peer_path *out)
{
    NiceCandidate *local;
    NiceCandidate *remote;
    if (!nice_agent_get_selected_pair(ice->agent, ice->stream, COMPONENT, &local, &remote))
        return false;
    describe(local, out->local);
    describe(remote, out->remote);
    out->is_relayed =
        local->type == NICE_CANDIDATE_TYPE_RELAYED || remote->type == NICE_CANDIDATE_TYPE_RELAYED;
    return true;
}

/* As many as fit below the limit: the first few say enough. */
static size_t append_all(GSList *candidates, char *out, size_t len, size_t limit)
{
    if (!candidates)
        len += (size_t)snprintf(out + len, limit - len, "none");
    const char *separator = "";
    for (GSList *i = candidates; i; i = i->next) {
        char text[CANDIDATE_TEXT_LEN];
        describe(i->data, text);
        if (len + strlen(separator) + strlen(text) >= limit)
            break;
        len += (size_t)snprintf(out + len, limit - len, "%s%s", separator, text);
        separator = ", ";
    }
    g_slist_free_full(candidates, (GDestroyNotify)nice_candidate_free);
    return len;
}

const char *ice_describe_tried(const struct ice *ice, char out[ICE_TRIED_LEN])
{
    size_t len = (size_t)snprintf(out, ICE_TRIED_LEN, "ours ");
    len = append_all(nice_agent_get_local_candidates(ice->agent, ice->stream, COMPONENT), out, len,
                     ICE_TRIED_LEN / 2);
    len += (size_t)snprintf(out + len, ICE_TRIED_LEN - len, "; theirs ");
    append_all(nice_agent_get_remote_candidates(ice->agent, ice->stream, COMPONENT), out, len,
               ICE_TRIED_LEN);
    return out;
}
