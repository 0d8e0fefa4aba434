/*
 * Our agent against libnice, over real sockets on the loopback interface: in
 * both roles, with libnice nominating regularly and aggressively, with
 * candidates trickled or held back, through a restart by either side, with
 * data all along.
 */
#include "testing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <nice/agent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/random.h"
#include "ice/agent.h"

struct rig {
    struct ice_agent *ours;
    int socket;
    int base;
    NiceAgent *nice;
    guint stream;
    GMainContext *context;
    bool is_gathered; /* libnice has all its candidates */
    bool is_ready;    /* libnice has selected a pair */
    bool hold;        /* our candidates are not told */
    char held[8][ICE_CANDIDATE_LINE_MAX];
    int held_count;
    int nice_received;
    int our_received;
};

static void to_sockaddr(const struct ice_address *a, struct sockaddr_in *out)
{
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(a->port)};
    memcpy(&out->sin_addr, a->ip, 4);
}

static int on_datagram(void *arg, int base, const struct ice_address *remote, struct span bytes)
{
    struct rig *r = arg;
    struct sockaddr_in to;
    assert_int_equal(base, r->base);
    to_sockaddr(remote, &to);
    if (sendto(r->socket, bytes.data, bytes.len, 0, (struct sockaddr *)&to, sizeof to) < 0)
        return -errno;
    return 0;
}

static void tell_nice(struct rig *r, const char *line)
{
    char sdp[ICE_CANDIDATE_LINE_MAX + 2];
    snprintf(sdp, sizeof sdp, "a=%s", line);
    NiceCandidate *c = nice_agent_parse_remote_candidate_sdp(r->nice, r->stream, sdp);
    assert_non_null(c);
    GSList *list = g_slist_append(NULL, c);
    assert_int_equal(nice_agent_set_remote_candidates(r->nice, r->stream, 1, list), 1);
    g_slist_free_full(list, (GDestroyNotify)nice_candidate_free);
}

/* Kept until libnice has our credentials. */
static void on_candidate(void *arg, const char *line)
{
    struct rig *r = arg;
    if (line && r->held_count < 8)
        snprintf(r->held[r->held_count++], ICE_CANDIDATE_LINE_MAX, "%s", line);
}

static void on_state(void *arg, enum ice_state state, const char *text)
{
    (void)arg;
    (void)state;
    (void)text;
}

static void on_route(void *arg)
{
    (void)arg;
}

static void on_open_base(void *arg, int base, const struct ice_agent_server *server)
{
    (void)arg;
    (void)base;
    (void)server;
}

static void on_close_base(void *arg, int base)
{
    (void)arg;
    (void)base;
}

static void on_resolve(void *arg, int id, const char *name)
{
    (void)arg;
    (void)id;
    (void)name;
}

static const struct ice_agent_handlers handlers = {on_datagram, on_candidate, on_state,
                                                   on_route,    on_open_base, on_close_base,
                                                   on_resolve,  NULL,         NULL,
                                                   NULL};

static void on_gathered(NiceAgent *agent, guint stream, gpointer arg)
{
    (void)agent;
    (void)stream;
    ((struct rig *)arg)->is_gathered = true;
}

static void on_nice_state(NiceAgent *agent, guint stream, guint component, guint state,
                          gpointer arg)
{
    (void)agent;
    (void)stream;
    (void)component;
    ((struct rig *)arg)->is_ready = state == NICE_COMPONENT_STATE_READY;
}

static void on_nice_data(NiceAgent *agent, guint stream, guint component, guint len, gchar *bytes,
                         gpointer arg)
{
    (void)agent;
    (void)stream;
    (void)component;
    ((struct rig *)arg)->nice_received += len == 9 && memcmp(bytes, "\x17to nice", 9) == 0;
}

static void open_socket(struct rig *r, struct ice_address *address)
{
    struct sockaddr_in local;
    socklen_t len = sizeof local;
    *address = ice_address_v4(127, 0, 0, 1, 0);
    to_sockaddr(address, &local);
    r->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(r->socket >= 0);
    assert_int_equal(bind(r->socket, (struct sockaddr *)&local, len), 0);
    assert_int_equal(getsockname(r->socket, (struct sockaddr *)&local, &len), 0);
    address->port = ntohs(local.sin_port);
}

static void read_socket(struct rig *r)
{
    uint8_t bytes[2048];
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    ssize_t got;
    while ((got = recvfrom(r->socket, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &len)) >
           0) {
        struct ice_address remote = {.family = ICE_FAMILY_4, .port = ntohs(from.sin_port)};
        struct span data;
        memcpy(remote.ip, &from.sin_addr, 4);
        if (ice_agent_receive(r->ours, r->base, &remote, span_of(bytes, (size_t)got),
                              clock_now_us(), &data))
            r->our_received += data.len == 8 && memcmp(data.data, "\x17to ours", 8) == 0;
    }
}

static void turn(struct rig *r)
{
    struct pollfd p = {.fd = r->socket, .events = POLLIN};
    poll(&p, 1, 1);
    read_socket(r);
    while (g_main_context_iteration(r->context, FALSE))
        ;
    if (clock_now_us() >= ice_agent_deadline(r->ours))
        ice_agent_on_deadline(r->ours, clock_now_us());
}

/* Turns until the condition holds; false after 30 s. */
#define TURN_UNTIL(r, condition)                             \
    do {                                                     \
        uint64_t until_us_ = clock_now_us() + 30 * US_PER_S; \
        while (!(condition) && clock_now_us() < until_us_)   \
            turn(r);                                         \
        assert_true(condition);                              \
    } while (0)

/* Everything that signalling would carry, both ways. */
static void exchange(struct rig *r, int restarted)
{
    gchar *ufrag;
    gchar *pwd;
    char line[ICE_CANDIDATE_LINE_MAX];
    assert_true(nice_agent_get_local_credentials(r->nice, r->stream, &ufrag, &pwd));
    assert_int_equal(ice_agent_set_remote(r->ours, ufrag, pwd, clock_now_us()), restarted);
    g_free(ufrag);
    g_free(pwd);
    assert_true(nice_agent_set_remote_credentials(r->nice, r->stream,
                                                  ice_agent_local_ufrag(r->ours),
                                                  ice_agent_local_pwd(r->ours)));
    for (int i = 0; i < r->held_count && !r->hold; i++)
        tell_nice(r, r->held[i]);
    r->held_count = 0;
    GSList *list = nice_agent_get_local_candidates(r->nice, r->stream, 1);
    assert_non_null(list);
    for (GSList *i = list; i; i = i->next) {
        gchar *sdp = nice_agent_generate_local_candidate_sdp(r->nice, i->data);
        snprintf(line, sizeof line, "%s", sdp);
        assert_int_equal(ice_agent_add_remote(r->ours, span_from_string(line), clock_now_us()), 0);
        g_free(sdp);
    }
    g_slist_free_full(list, (GDestroyNotify)nice_candidate_free);
}

static void rig_init(struct rig *r, bool we_control, NiceNominationMode mode)
{
    struct ice_agent_config config = {.is_controlling = we_control};
    struct ice_address address;
    NiceAddress nice_address;
    *r = (struct rig){.context = g_main_context_new()};
    open_socket(r, &address);
    random_bytes(config.seed, sizeof config.seed);
    r->ours = ice_agent_new(&config, &handlers, r);
    r->base = ice_agent_add_interface(r->ours, &address, "lo", false, clock_now_us());
    assert_true(r->base >= 0);
    r->nice = g_object_new(NICE_TYPE_AGENT, "main-context", r->context, "compatibility",
                           NICE_COMPATIBILITY_RFC5245, "ice-tcp", FALSE, "upnp", FALSE,
                           "nomination-mode", mode, "controlling-mode", !we_control, NULL);
    nice_address_init(&nice_address);
    nice_address_set_from_string(&nice_address, "127.0.0.1");
    nice_agent_add_local_address(r->nice, &nice_address);
    r->stream = nice_agent_add_stream(r->nice, 1);
    nice_agent_attach_recv(r->nice, r->stream, 1, r->context, on_nice_data, r);
    g_signal_connect(r->nice, "candidate-gathering-done", G_CALLBACK(on_gathered), r);
    g_signal_connect(r->nice, "component-state-changed", G_CALLBACK(on_nice_state), r);
    assert_true(nice_agent_gather_candidates(r->nice, r->stream));
    ice_agent_gather(r->ours, false, clock_now_us());
    TURN_UNTIL(r, r->is_gathered);
}

static void rig_deinit(struct rig *r)
{
    nice_agent_remove_stream(r->nice, r->stream);
    g_object_unref(r->nice);
    while (g_main_context_iteration(r->context, FALSE))
        ;
    g_main_context_unref(r->context);
    ice_agent_free(r->ours, clock_now_us());
    close(r->socket);
}

static void data_flows(struct rig *r)
{
    const struct ice_route *route = ice_agent_route(r->ours);
    int ours = r->our_received;
    int nice = r->nice_received;
    assert_non_null(route);
    for (int i = 0; i < 5; i++) {
        on_datagram(r, route->base, &route->remote,
                    SPAN_LITERAL("\x17to nice"
                                 "\0"));
        assert_int_equal(nice_agent_send(r->nice, r->stream, 1, 8, "\x17to ours"), 8);
    }
    TURN_UNTIL(r, r->our_received == ours + 5 && r->nice_received == nice + 5);
}

static void run(bool we_control, NiceNominationMode mode, bool hold)
{
    struct rig r;
    rig_init(&r, we_control, mode);
    r.hold = hold;
    exchange(&r, 0);
    TURN_UNTIL(&r, r.is_ready && ice_agent_state(r.ours) == ICE_CONNECTED);
    data_flows(&r);
    assert_int_equal(ice_agent_is_controlling(r.ours), we_control);
    /* By us, then by libnice. */
    ice_agent_restart(r.ours, clock_now_us());
    nice_agent_restart(r.nice);
    r.is_ready = false;
    exchange(&r, 0);
    data_flows(&r); /* on the path of before, or already on the new one */
    TURN_UNTIL(&r, r.is_ready);
    data_flows(&r);
    nice_agent_restart(r.nice);
    r.is_ready = false;
    exchange(&r, 1);
    TURN_UNTIL(&r, r.is_ready);
    data_flows(&r);
    rig_deinit(&r);
}

static void test_we_control(void **state)
{
    (void)state;
    run(true, NICE_NOMINATION_MODE_REGULAR, false);
}

static void test_nice_nominates_regularly(void **state)
{
    (void)state;
    run(false, NICE_NOMINATION_MODE_REGULAR, false);
}

static void test_nice_nominates_aggressively(void **state)
{
    (void)state;
    run(false, NICE_NOMINATION_MODE_AGGRESSIVE, false);
}

/* libnice learns of us by our checks alone. */
static void test_peer_reflexive(void **state)
{
    (void)state;
    run(true, NICE_NOMINATION_MODE_REGULAR, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_we_control),
        cmocka_unit_test(test_nice_nominates_regularly),
        cmocka_unit_test(test_nice_nominates_aggressively),
        cmocka_unit_test(test_peer_reflexive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
