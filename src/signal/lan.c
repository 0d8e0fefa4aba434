/*
 * One responder for each interface and family, since each says the addresses
 * that the interface has. When addresses change, all begin anew.
 */
#include "signal/lan.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/random.h"
#include "net/address_watch.h"
#include "net/deadline.h"
#include "net/multicast.h"
#include "net/private_address.h"

/* ---- who has it ---- */

struct lan_advert {
    struct loop *loop;
    char hash[DNS_SD_HASH_LEN + 1];
    uint16_t port;
    const char *interface;
    struct multicast *multicast;
    struct dns_sd_responder responders[MULTICAST_SOCKETS_MAX];
    struct deadline *deadline;
    struct address_watch *addresses;
};

static void on_query(size_t at, struct span bytes, const struct address *from, void *arg)
{
    struct lan_advert *advert = arg;
    struct buf out;
    bool is_one_shot = address_port(from) != DNS_SD_PORT;
    buf_init(&out, DNS_SD_MESSAGE_MAX);
    if (dns_sd_responder_feed(&advert->responders[at], bytes, is_one_shot, clock_now_us(), &out))
        multicast_send(advert->multicast, at, buf_bytes(&out), from);
    buf_deinit(&out);
}

static uint64_t next_us(void *arg)
{
    const struct lan_advert *advert = arg;
    uint64_t first_us = TIME_NEVER;
    for (size_t i = 0; i < multicast_count(advert->multicast); i++) {
        uint64_t due_us = dns_sd_responder_due_us(&advert->responders[i]);
        first_us = due_us < first_us ? due_us : first_us;
    }
    return first_us;
}

static void on_due(void *arg)
{
    struct lan_advert *advert = arg;
    for (size_t i = 0; i < multicast_count(advert->multicast); i++) {
        struct buf out;
        buf_init(&out, DNS_SD_MESSAGE_MAX);
        if (dns_sd_responder_next(&advert->responders[i], clock_now_us(), &out))
            multicast_send(advert->multicast, i, buf_bytes(&out), NULL);
        buf_deinit(&out);
    }
}

/* By both families, whichever is asked by. */
static void find_host(const struct multicast *multicast, size_t at, struct dns_sd_host *out)
{
    *out = (struct dns_sd_host){0};
    for (size_t i = 0; i < multicast_count(multicast); i++) {
        const struct sockaddr_storage *own = &multicast_address(multicast, i)->storage;
        if (multicast_interface(multicast, i) != multicast_interface(multicast, at))
            continue;
        if (own->ss_family == AF_INET6) {
            out->has_v6 = true;
            memcpy(out->v6, &((const struct sockaddr_in6 *)(const void *)own)->sin6_addr,
                   sizeof out->v6);
        } else {
            out->has_v4 = true;
            memcpy(out->v4, &((const struct sockaddr_in *)(const void *)own)->sin_addr,
                   sizeof out->v4);
        }
    }
}

static void begin(void *arg)
{
    struct lan_advert *advert = arg;
    const struct multicast_config config = {.groups = DNS_SD_GROUPS,
                                            .port = DNS_SD_PORT,
                                            .is_member = true,
                                            .interface = advert->interface};
    multicast_free(advert->multicast);
    advert->multicast = multicast_new(advert->loop, &config, on_query, advert);
    for (size_t i = 0; i < multicast_count(advert->multicast); i++) {
        struct dns_sd_host host;
        find_host(advert->multicast, i, &host);
        dns_sd_responder_init(&advert->responders[i], advert->hash, advert->port, &host,
                              clock_now_us());
    }
}

struct lan_advert *lan_advert_new(struct loop *loop, const char *hash, uint16_t port,
                                  const char *interface)
{
    struct lan_advert *advert = xcalloc(1, sizeof *advert);
    advert->loop = loop;
    snprintf(advert->hash, sizeof advert->hash, "%s", hash);
    advert->port = port;
    advert->interface = interface;
    begin(advert);
    advert->deadline = deadline_new(loop, next_us, on_due, advert);
    advert->addresses = address_watch_new(loop, begin, advert);
    return advert;
}

void lan_advert_free(struct lan_advert *advert)
{
    if (!advert)
        return;
    for (size_t i = 0; i < multicast_count(advert->multicast); i++) {
        struct buf out;
        buf_init(&out, DNS_SD_MESSAGE_MAX);
        dns_sd_responder_goodbye(&advert->responders[i], &out);
        multicast_send(advert->multicast, i, buf_bytes(&out), NULL);
        buf_deinit(&out);
    }
    deadline_free(advert->deadline);
    address_watch_free(advert->addresses);
    multicast_free(advert->multicast);
    free(advert);
}

/* ---- who looks for it ---- */

struct lan_search {
    struct loop *loop;
    char hash[DNS_SD_HASH_LEN + 1];
    struct multicast *multicast;
    struct timer *timer;
    unsigned asked;
    bool is_done;
    void (*on_found)(const struct address *server, void *arg);
    void *arg;
};

static void on_answer(size_t at, struct span bytes, const struct address *from, void *arg)
{
    struct lan_search *search = arg;
    uint16_t port = dns_sd_answer_port(bytes, search->hash);
    (void)at;
    /* The server listens where its responder answers from. */
    if (search->is_done || port == 0 || !address_is_private(from))
        return;
    struct address server = *from;
    address_set_port(&server, port);
    search->is_done = true;
    timer_stop(search->timer);
    search->on_found(&server, search->arg);
}

static void ask(void *arg)
{
    static const uint64_t pauses_us[] = {LAN_ASK_US, LAN_ASK_MORE_US, LAN_ASK_LAST_US};
    struct lan_search *search = arg;
    struct buf out;
    buf_init(&out, DNS_SD_MESSAGE_MAX);
    dns_sd_query_write(search->hash, (uint16_t)random_u32(), &out);
    for (size_t i = 0; i < multicast_count(search->multicast); i++)
        multicast_send(search->multicast, i, buf_bytes(&out), NULL);
    buf_deinit(&out);
    if (search->asked < sizeof pauses_us / sizeof *pauses_us)
        timer_start_in(search->timer, pauses_us[search->asked++]);
}

struct lan_search *lan_search_new(struct loop *loop, const char *hash, const char *interface,
                                  void (*on_found)(const struct address *server, void *arg),
                                  void *arg)
{
    const struct multicast_config config = {.groups = DNS_SD_GROUPS,
                                            .port = DNS_SD_PORT,
                                            .interface = interface};
    struct lan_search *search = xcalloc(1, sizeof *search);
    search->loop = loop;
    snprintf(search->hash, sizeof search->hash, "%s", hash);
    search->on_found = on_found;
    search->arg = arg;
    search->timer = timer_new(loop, ask, search);
    search->multicast = multicast_new(loop, &config, on_answer, search);
    ask(search);
    return search;
}

void lan_search_free(struct lan_search *search)
{
    if (!search)
        return;
    timer_free(search->timer);
    multicast_free(search->multicast);
    free(search);
}
