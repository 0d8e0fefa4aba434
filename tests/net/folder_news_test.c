/*
 * What becomes of a file is told, at once; what becomes of others in its folder
 * is not.
 */
#include "net/folder_news.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "testing.h"

static char folder[32];
static char file[64], other[64], beside[64];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/tunnel-folder-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/file", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    snprintf(beside, sizeof beside, "%s/new", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(file);
    unlink(other);
    unlink(beside);
    return rmdir(folder);
}

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static void replace(const char *path)
{
    write_file(beside, "new");
    assert_int_equal(rename(beside, path), 0);
}

/* It may take a look that finds nothing before the one that does. */
static bool is_told(struct folder_news *news)
{
    for (int i = 0; i < 4; i++) {
        if (folder_news_read(news))
            return true;
    }
    return false;
}

static void test_file(void **state)
{
    struct folder_news *news = folder_news_new(folder, "file");
    (void)state;
    assert_non_null(news);
    assert_false(is_told(news));
    for (int i = 0; i < 3; i++) {
        replace(file); /* the first time there was none */
        assert_true(is_told(news));
        assert_false(is_told(news));
    }
    write_file(file, "in its place");
    assert_true(is_told(news));
    assert_int_equal(rename(file, other), 0);
    assert_true(is_told(news));
    assert_int_equal(rename(other, file), 0);
    assert_true(is_told(news));
    assert_int_equal(unlink(file), 0);
    assert_true(is_told(news));
    assert_false(is_told(news));
    folder_news_free(news);
}

static void test_others(void **state)
{
    (void)state;
    replace(file);
    struct folder_news *news = folder_news_new(folder, "file");
    assert_non_null(news);
    replace(other);
    assert_false(is_told(news));
    write_file(other, "in its place");
    assert_false(is_told(news));
    assert_int_equal(unlink(other), 0);
    assert_false(is_told(news));
    replace(file); /* and it still tells of its own */
    assert_true(is_told(news));
    folder_news_free(news);
}

static void test_no_folder(void **state)
{
    (void)state;
    assert_null(folder_news_new("/proc/nonexistent", "file"));
    folder_news_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_file, setup, teardown),
        cmocka_unit_test(test_no_folder),
        cmocka_unit_test_setup_teardown(test_others, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
