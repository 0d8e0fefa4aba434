/*
 * The ends of a pair are connected to each other, so the kernel bounds what
 * waits by the sender's buffer (SO_SNDBUF), not by the ten datagrams of
 * net.unix.max_dgram_qlen.
 */
#include "net/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/list.h"
#include "base/log.h"
#include "base/nonblock.h"
#include "net/loop_internal.h"

enum {
    LETTERS_PER_TURN = 64, /* those who are there have their turn, too */
    BUFFER_LEN = 1 << 20   /* as far as net.core.wmem_max allows */
};

int mailbox_open(struct mailbox *out)
{
    int fds[2], len = BUFFER_LEN;
    int error = nonblock_pair(SOCK_DGRAM, fds);
    if (error < 0)
        return error;
    setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &len, sizeof len);
    *out = (struct mailbox){.taking = fds[0], .putting = fds[1]};
    return 0;
}

/* Room for one descriptor beside a letter. */
union rights {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

/* ---- taking ---- */

struct mailbox_reader {
    struct loop *loop;
    struct fd_watch *watch;
    void (*on_letter)(struct span letter, int fd, void *arg);
    void *arg;
    int fd;
    bool is_freed;
};

static int descriptor_of(struct msghdr *header)
{
    int fd = -1;
    const struct cmsghdr *c = CMSG_FIRSTHDR(header);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    if (fd >= 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

/* False: there is none. */
static bool take_one(struct mailbox_reader *reader)
{
    uint8_t *letter = loop_room(reader->loop, LOOP_ROOM_PACKETS);
    union rights rights;
    struct iovec part = {letter, MAILBOX_LETTER_MAX};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &rights,
                            .msg_controllen = sizeof rights};
    ssize_t len = recvmsg(reader->fd, &header, 0);
    if (len < 0)
        return false;
    reader->on_letter(span_of(letter, (size_t)len), descriptor_of(&header), reader->arg);
    return true;
}

static void on_readable(int events, void *arg)
{
    (void)events;
    struct mailbox_reader *reader = arg;
    for (int i = 0; i < LETTERS_PER_TURN && !reader->is_freed; i++) {
        if (!take_one(reader))
            return;
    }
}

struct mailbox_reader *mailbox_reader_new(struct loop *loop, const struct mailbox *mailbox,
                                          void (*on_letter)(struct span letter, int fd, void *arg),
                                          void *arg)
{
    struct mailbox_reader *reader = xcalloc(1, sizeof *reader);
    reader->loop = loop;
    reader->fd = mailbox->taking;
    reader->on_letter = on_letter;
    reader->arg = arg;
    reader->watch = fd_watch_new(loop, reader->fd, FD_READABLE, on_readable, reader);
    return reader;
}

static void reader_destroy(void *arg)
{
    free(arg);
}

void mailbox_reader_free(struct mailbox_reader *reader)
{
    if (!reader)
        return;
    fd_watch_free(reader->watch);
    reader->is_freed = true;
    loop_defer(reader->loop, reader_destroy, reader);
}

/* ---- putting ---- */

struct letter {
    struct list link;
    int fd;
    size_t len;
    uint8_t bytes[];
};

struct mailbox_writer {
    struct fd_watch *watch;
    struct list letters; /* that wait */
    size_t count;
    int fd;
};

/* 0, or a negative errno. */
static int put(int box, struct span letter, int fd)
{
    union rights rights;
    struct iovec part = {(void *)(uintptr_t)letter.data, letter.len};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        header.msg_control = &rights;
        header.msg_controllen = sizeof rights;
        memset(&rights, 0, sizeof rights);
        struct cmsghdr *c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    return sendmsg(box, &header, 0) < 0 ? -errno : 0;
}

bool mailbox_put_now(const struct mailbox *mailbox, struct span letter)
{
    return put(mailbox->putting, letter, -1) == 0;
}

static bool waits_for_room(int error)
{
    return error == -EAGAIN || error == -ENOBUFS || error == -ETOOMANYREFS;
}

/* False: it has to wait. */
static bool put_or_lose(struct mailbox_writer *writer, struct span letter, int fd)
{
    int error = put(writer->fd, letter, fd);
    if (waits_for_room(error))
        return false;
    if (error < 0 && error != -ECONNREFUSED) /* all that took from it have ended */
        log_error("mailbox: a letter of %zu bytes is lost: %s", letter.len, strerror(-error));
    if (fd >= 0)
        close(fd);
    return true;
}

static void letter_free(struct mailbox_writer *writer, struct letter *letter)
{
    list_remove(&letter->link);
    writer->count--;
    free(letter);
}

static void on_writable(int events, void *arg)
{
    (void)events;
    struct mailbox_writer *writer = arg;
    struct list *first;
    while ((first = list_first(&writer->letters)) != NULL) {
        struct letter *letter = LIST_ENTRY(first, struct letter, link);
        if (!put_or_lose(writer, span_of(letter->bytes, letter->len), letter->fd))
            return;
        letter_free(writer, letter);
    }
    fd_watch_set_events(writer->watch, 0);
}

struct mailbox_writer *mailbox_writer_new(struct loop *loop, const struct mailbox *mailbox)
{
    struct mailbox_writer *writer = xcalloc(1, sizeof *writer);
    list_init(&writer->letters);
    writer->fd = mailbox->putting;
    writer->watch = fd_watch_new(loop, writer->fd, 0, on_writable, writer);
    return writer;
}

void mailbox_put(struct mailbox_writer *writer, struct span bytes, int fd)
{
    assert(bytes.len > 0 && bytes.len <= MAILBOX_LETTER_MAX);
    if (list_is_empty(&writer->letters) && put_or_lose(writer, bytes, fd))
        return;
    struct letter *letter = xcalloc(1, sizeof *letter + bytes.len);
    letter->fd = fd;
    letter->len = bytes.len;
    memcpy(letter->bytes, bytes.data, bytes.len);
    list_append(&writer->letters, &letter->link);
    writer->count++;
    fd_watch_set_events(writer->watch, FD_WRITABLE);
}

bool mailbox_is_full(const struct mailbox_writer *writer)
{
    return writer->count >= MAILBOX_QUEUE_MAX;
}

void mailbox_writer_free(struct mailbox_writer *writer)
{
    if (!writer)
        return;
    LIST_EACH(link, tmp, &writer->letters) {
        struct letter *letter = LIST_ENTRY(link, struct letter, link);
        if (letter->fd >= 0)
            close(letter->fd);
        letter_free(writer, letter);
    }
    fd_watch_free(writer->watch);
    free(writer);
}
