/*
 * Edits are letters that are missing, too many or others, and two next to each
 * other that changed places. The table of the optimal alignment is filled row
 * by row, one for each letter of the word; three rows are enough.
 */
#include "cli/nearest.h"

#include <string.h>

#include "base/alloc.h"

enum {
    LEN_MAX = 32,      /* of a word that is looked at; names are shorter */
    LETTERS_A_EDIT = 3 /* at least: with more edits it may be any word */
};

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static struct span without_dashes(struct span word)
{
    while (span_starts_with(word, "-"))
        word = span_skip(word, 1);
    return word;
}

/* Row i of the table is rows[0], the one before it rows[1], and so on. */
static void fill_row(unsigned rows[3][LEN_MAX + 1], size_t i, struct span a, struct span b)
{
    rows[0][0] = (unsigned)i;
    for (size_t j = 1; j <= b.len; j++) {
        bool is_other = a.data[i - 1] != b.data[j - 1];
        bool is_swapped =
            i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1];
        unsigned edits = least(rows[0][j - 1], rows[1][j]) + 1;
        edits = least(edits, rows[1][j - 1] + is_other);
        rows[0][j] = is_swapped ? least(edits, rows[2][j - 2] + 1) : edits;
    }
}

static unsigned count_edits(struct span a, struct span b)
{
    unsigned rows[3][LEN_MAX + 1] = {0};
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        memmove(rows[1], rows[0], 2 * sizeof rows[0]);
        fill_row(rows, i, a, b);
    }
    return rows[0][b.len];
}

static bool begins_with(struct span letters, struct span word)
{
    return letters.len >= word.len && span_is_equal(span_of(letters.data, word.len), word);
}

void nearest_init(struct nearest *nearest, struct span word)
{
    word = without_dashes(word);
    if (word.len > LEN_MAX)
        word.len = 0;
    *nearest = (struct nearest){.word = word, .edits = (unsigned)word.len / LETTERS_A_EDIT + 1};
}

void nearest_try(struct nearest *nearest, const char *name)
{
    struct span letters = without_dashes(span_from_string(name));
    if (nearest->word.len == 0 || letters.len > LEN_MAX)
        return;
    if (begins_with(letters, nearest->word)) {
        nearest->longer = name;
        nearest->longer_count++;
    }
    unsigned edits = count_edits(nearest->word, letters);
    if (edits >= nearest->edits)
        return;
    nearest->edits = edits;
    nearest->name = name;
}

const char *nearest_name(const struct nearest *nearest)
{
    const char *longer = nearest->longer_count == 1 ? nearest->longer : NULL;
    return nearest->name ? nearest->name : longer;
}

char *nearest_explain(const struct nearest *nearest)
{
    const char *name = nearest_name(nearest);
    return name ? xasprintf("is not known; did you mean %s? See --help", name)
                : xstrdup("is not known; see --help");
}
