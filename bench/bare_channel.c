/*
 * A data channel with nothing on it but bytes, from our stack to a browser:
 * what web_bench.py compares the tunnel with. Signalling goes by lines of stdin
 * and stdout, each "offer SDP", "answer SDP" or "candidate JSON", with '|' for
 * the ends of lines within an SDP.
 *
 *   bench_bare_channel BYTES     sends them once the channel is open, and waits
 *                                until it is closed
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/loop.h"
#include "rtc/cert.h"
#include "rtc/ice_servers.h"
#include "rtc/peer.h"

enum { MESSAGE_LEN = (64 << 10) - 128, LINE_MAX_LEN = 64 << 10 };

static struct {
    struct loop *loop;
    struct peer *peer;
    size_t left;
    char line[LINE_MAX_LEN];
    size_t line_len;
} bare;

static void replace(char *text, char from, char to)
{
    for (; *text; text++) {
        if (*text == from)
            *text = to;
    }
}

static void on_description(enum sdp_type type, const char *sdp, void *arg)
{
    (void)type;
    (void)arg;
    char *line = strdup(sdp);
    if (!line)
        abort();
    replace(line, '\n', '|');
    replace(line, '\r', ' ');
    printf("offer %s\n", line);
    fflush(stdout);
    free(line);
}

static void on_candidate(const char *json, void *arg)
{
    (void)arg;
    printf("candidate %s\n", json);
    fflush(stdout);
}

static void send_more(void *arg)
{
    static const uint8_t message[MESSAGE_LEN];
    (void)arg;
    while (bare.left > 0 && peer_is_writable(bare.peer)) {
        size_t len = bare.left < MESSAGE_LEN ? bare.left : MESSAGE_LEN;
        if (peer_send(bare.peer, 0, (struct span){0}, span_of(message, len)) < 0)
            return;
        bare.left -= len;
    }
}

static void on_state(enum peer_state state, void *arg)
{
    (void)state;
    (void)arg;
}

static void on_message(unsigned channel, struct span message, void *arg)
{
    (void)channel;
    (void)message;
    (void)arg;
}

static void on_path(enum peer_path_state state, void *arg)
{
    (void)state;
    (void)arg;
}

static void on_close(const char *text, void *arg)
{
    (void)arg;
    if (bare.left > 0)
        fprintf(stderr, "bench_bare_channel: %s\n", text);
    loop_stop(bare.loop);
}

static void take_line(char *line)
{
    static const char answer[] = "answer ", candidate[] = "candidate ";
    const char *why = NULL;
    if (strncmp(line, answer, sizeof answer - 1) == 0) {
        replace(line, '|', '\n');
        if (peer_set_remote(bare.peer, SDP_ANSWER, line + sizeof answer - 1, &why) < 0) {
            fprintf(stderr, "bench_bare_channel: %s\n", why);
            exit(1);
        }
    } else if (strncmp(line, candidate, sizeof candidate - 1) == 0) {
        peer_add_candidate(bare.peer, line + sizeof candidate - 1);
    }
}

static void on_stdin(int events, void *arg)
{
    (void)events;
    (void)arg;
    ssize_t len = read(STDIN_FILENO, bare.line + bare.line_len, LINE_MAX_LEN - 1 - bare.line_len);
    if (len <= 0)
        exit(0);
    bare.line_len += (size_t)len;
    bare.line[bare.line_len] = '\0';
    for (char *end; (end = strchr(bare.line, '\n')) != NULL;) {
        *end = '\0';
        take_line(bare.line);
        bare.line_len -= (size_t)(end + 1 - bare.line);
        memmove(bare.line, end + 1, bare.line_len + 1);
    }
}

int main(int argc, char **argv)
{
    static const struct peer_handlers handlers = {.on_description = on_description,
                                                  .on_candidate = on_candidate,
                                                  .on_state = on_state,
                                                  .on_message = on_message,
                                                  .on_path = on_path,
                                                  .on_open = send_more,
                                                  .on_writable = send_more,
                                                  .on_close = on_close};
    if (argc != 2) {
        fprintf(stderr, "usage: bench_bare_channel BYTES\n");
        return 2;
    }
    bare.left = strtoull(argv[1], NULL, 10);
    bare.loop = loop_new();
    struct cert *cert = cert_new();
    struct ice_servers *servers = ice_servers_new(bare.loop);
    const struct peer_config config = {.cert = cert, .servers = servers};
    struct fd_watch *input = fd_watch_new(bare.loop, STDIN_FILENO, FD_READABLE, on_stdin, NULL);
    bare.peer = peer_new(bare.loop, &config, &handlers, NULL);
    peer_offer(bare.peer);
    loop_run(bare.loop);
    peer_close(bare.peer);
    fd_watch_free(input);
    ice_servers_free(servers);
    cert_free(cert);
    loop_free(bare.loop);
    return 0;
}
