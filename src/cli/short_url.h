/*
 * What a person means who writes no scheme: "11434", "localhost:8787",
 * "signal.example.org".
 */
#ifndef CLI_SHORT_URL_H
#define CLI_SHORT_URL_H

/* The URL that stands for the text, or the text where it is none of these. To
 * be freed by the caller.
 *
 * --upstream: a port of this machine, or HOST:PORT: http. */
char *short_url_upstream(const char *text);

/* --signal: the same, or a HOST with a dot in it or in brackets, and a path
 * behind any of them. On this machine and in networks that are no part of the
 * internet, plain ws and the port of signal-server; elsewhere wss, for which a
 * web server stands in front of it: what would be read and changed on the way
 * must be asked for. */
char *short_url_signal(const char *text);

#endif
