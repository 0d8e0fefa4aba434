/*
 * The files of web/, compiled in: web/app/ at the root, web/tunnel/ below
 * /tunnel/. scripts/embed_web.py writes the other half when the project is
 * built.
 */
#ifndef SIGNAL_WEB_FILES_H
#define SIGNAL_WEB_FILES_H

#include "signal/static_file.h"

extern const struct static_files web_files;

#endif
