/*
 * Files that are served as they are, from memory: those of web/, compiled in
 * (web_files.h), or those of a folder (web_folder.h).
 */
#ifndef SIGNAL_STATIC_FILE_H
#define SIGNAL_STATIC_FILE_H

#include "http/server.h"

struct static_file {
    const char *path; /* of the URL: "/tunnel/mux.js" */
    const char *type; /* Content-Type */
    const char *etag; /* weak, as both forms have it */
    struct span content;
    struct span gzip; /* the same; empty where there is no such form */
};

struct static_files {
    const struct static_file *at;
    size_t count;
};

/* The Content-Type that goes with a file's name. */
const char *static_file_type(const char *name);

/* Answers a request, under on_request, if there is a file of that path: by the
 * file, 304 (If-None-Match), or 405 for what is neither GET nor HEAD. A path
 * that ends with a slash is that of its index.html. False: there is none, and
 * nothing was answered. */
bool static_files_answer(const struct static_files *files, struct http_exchange *x,
                         const struct http_request *request);

#endif
