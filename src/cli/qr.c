/*
 * Half blocks: each line of characters is two lines of modules. The colours are
 * set rather than left to the terminal's, since phones want dark on light.
 */
#include "cli/qr.h"

#include <stddef.h>
#include <stdio.h>

#ifdef TUNNEL_QRENCODE
#include <qrencode.h>

enum { MARGIN = 4 }; /* modules, which the standard asks for */

static bool is_dark(const QRcode *code, int x, int y)
{
    bool is_inside = x >= 0 && y >= 0 && x < code->width && y < code->width;
    return is_inside && (code->data[y * code->width + x] & 1);
}

bool qr_print(const char *text)
{
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    if (!code)
        return false;
    for (int y = -MARGIN; y < code->width + MARGIN; y += 2) {
        fputs("\033[30;107m", stdout);
        for (int x = -MARGIN; x < code->width + MARGIN; x++) {
            static const char *const blocks[] = {" ", "▀", "▄", "█"};
            fputs(blocks[is_dark(code, x, y) + 2 * is_dark(code, x, y + 1)], stdout);
        }
        fputs("\033[0m\n", stdout);
    }
    QRcode_free(code);
    return true;
}

const char *qr_library(void)
{
    return "libqrencode";
}

#else

bool qr_print(const char *text)
{
    (void)text;
    return false;
}

const char *qr_library(void)
{
    return NULL;
}

#endif
