/*
 * Nobody owns an errand: what it needs it has with it, and its end frees that.
 */
#include "net/errand.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "net/loop_internal.h"
#include "net/loop_uv.h"

struct errand {
    uv_work_t uv;
    struct loop *loop;
    void (*work)(void *arg);
    void (*done)(void *arg);
    void *arg;
};

static void on_work(uv_work_t *uv)
{
    struct errand *errand = uv->data;
    errand->work(errand->arg);
}

static void on_done(uv_work_t *uv, int status)
{
    struct errand *errand = uv->data;
    (void)status; /* nobody cancels it */
    loop_drop_background(errand->loop);
    errand->done(errand->arg);
    free(errand);
}

void errand_run(struct loop *loop, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
    struct errand *errand = xcalloc(1, sizeof *errand);
    *errand = (struct errand){.loop = loop, .work = work, .done = done, .arg = arg};
    errand->uv.data = errand;
    loop_add_background(loop);
    int error = uv_queue_work(loop_uv(loop), &errand->uv, on_work, on_done);
    assert(error == 0); /* only without a function */
    (void)error;
}
