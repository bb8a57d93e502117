#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { INPUT = 1 << 20, EVENTS = 256, LONGEST_HEAD = 14 };

typedef struct {
    struct sockaddr_storage address;
    socklen_t size;
} Target;

static Target targets[MOST_TARGETS];
static uint32_t target_count;
static const char *host_name;
static int epoll;
// One for all connections: only what is left of a frame is copied to its own
static char input[INPUT];

void add_target(const char *address)
{
    if (target_count == MOST_TARGETS)
        fail("at most %d targets", MOST_TARGETS);
    Target *target = &targets[target_count++];
    if (strncmp(address, "unix:", 5) == 0) {
        struct sockaddr_un *unix_address = (struct sockaddr_un *)&target->address;
        unix_address->sun_family = AF_UNIX;
        if (strlen(address + 5) >= sizeof unix_address->sun_path)
            fail("too long for a Unix socket: %s", address);
        strcpy(unix_address->sun_path, address + 5);
        target->size = sizeof *unix_address;
        return;
    }
    struct sockaddr_in *tcp = (struct sockaddr_in *)&target->address;
    char host[64];
    unsigned port;
    if (sscanf(address, "tcp:%63[0-9.]:%u", host, &port) != 2 || inet_pton(AF_INET, host, &tcp->sin_addr) != 1)
        fail("not unix:/path or tcp:1.2.3.4:port: %s", address);
    tcp->sin_family = AF_INET;
    tcp->sin_port = htons((uint16_t)port);
    target->size = sizeof *tcp;
}

void start_network(const char *host)
{
    host_name = host;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) < 0)
        fail("epoll: %s", strerror(errno));
}

static void watch(Connection *connection, uint32_t events, int action)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll, action, connection->fd, &event) < 0)
        fail("epoll_ctl: %s", strerror(errno));
}

void connect_to_target(Connection *connection)
{
    Target *target = &targets[(uint32_t)(connection - connections) % target_count];
    int family = target->address.ss_family;
    connection->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0)
        fail("socket: %s", strerror(errno));
    if (family == AF_INET)
        setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    connection->state = CONNECTING;
    if (connect(connection->fd, (struct sockaddr *)&target->address, target->size) == 0 || errno == EINPROGRESS) {
        watch(connection, EPOLLOUT, EPOLL_CTL_ADD);
        return;
    }
    bool queue_full = errno == EAGAIN;  // of a Unix socket, where a blocking connect would wait
    if (!queue_full) {
        lose_connection(connection, 0);
        return;
    }
    close_connection(connection);
    connection->state = AGAIN;
    connection->again_at = 0;
}

static void forget(Bytes *bytes)
{
    free(bytes->data);
    *bytes = (Bytes){0};
}

static void keep(Bytes *bytes, const char *data, size_t size)
{
    bytes->data = realloc(bytes->data, bytes->size + size);
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

void close_connection(Connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
    connection->state = CLOSED;
    forget(&connection->unread);
    forget(&connection->unsent);
}

void lose_connection(Connection *connection, int http_status)
{
    bool was_there = connection->state == READY;
    was_lost(connection, http_status);
    close_connection(connection);
    if (!was_there) {
        connection->state = AGAIN;
        connection->again_at = now() + AGAIN_AFTER;
    }
}

void stop_reading(Connection *connection)
{
    connection->stalled = true;
    watch(connection, 0, EPOLL_CTL_MOD);
}

// Writing

static void write_bytes(Connection *connection, const char *data, size_t size)
{
    ssize_t written = 0;
    if (connection->unsent.size == 0) {
        written = send(connection->fd, data, size, MSG_NOSIGNAL);
        if (written == (ssize_t)size)
            return;
        if (written < 0 && errno != EAGAIN)
            return;  // the next read tells
        if (written < 0)
            written = 0;
        watch(connection, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    }
    keep(&connection->unsent, data + written, size - (size_t)written);
}

static void write_waiting(Connection *connection)
{
    Bytes *unsent = &connection->unsent;
    ssize_t written = send(connection->fd, unsent->data, unsent->size, MSG_NOSIGNAL);
    if (written <= 0)
        return;
    unsent->size -= (size_t)written;
    memmove(unsent->data, unsent->data + written, unsent->size);
    if (unsent->size == 0) {
        forget(unsent);
        watch(connection, EPOLLIN, EPOLL_CTL_MOD);
    }
}

static void write_frame(Connection *connection, int opcode, const char *data, size_t size)
{
    char frame[LONGEST_TEXT + LONGEST_HEAD];
    if (size > LONGEST_TEXT)
        fail("a frame of %zu bytes", size);
    size_t at = 0;
    frame[at++] = (char)(0x80 | opcode);
    if (size < 126) {
        frame[at++] = (char)(0x80 | size);
    } else {
        frame[at++] = (char)(0x80 | 126);
        frame[at++] = (char)(size >> 8);
        frame[at++] = (char)size;
    }
    // A real mask: some servers skip the work for a mask of zeros
    uint32_t random = (uint32_t)rand() | 0x01010101;
    char mask[4];
    memcpy(mask, &random, 4);
    memcpy(frame + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < size; i++)
        frame[at + i] = (char)(data[i] ^ mask[i & 3]);
    write_bytes(connection, frame, at + size);
}

void write_text(Connection *connection, const char *text, size_t size)
{
    write_frame(connection, 1, text, size);
}

static void write_request(Connection *connection)
{
    char path[256], header[256] = "", request[LONGEST_TEXT];
    dialect->request(connection, path, header);
    int size = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", path, host_name, header);
    connection->state = UPGRADING;
    watch(connection, EPOLLIN, EPOLL_CTL_MOD);
    write_bytes(connection, request, (size_t)size);
}

// Reading

// The bytes of the server's answer to the handshake, 0 where it is not there yet
static size_t take_upgrade(Connection *connection, const char *data, size_t size)
{
    const char *end = memmem(data, size, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    int status = size > 12 ? atoi(data + 9) : 0;
    if (status != 101) {
        lose_connection(connection, status);
        return size;
    }
    connection->state = GREETING;
    dialect->opened(connection);
    return (size_t)(end + 4 - data);
}

// The bytes of the frame that data begins with, 0 where not all of it is there
static size_t take_frame(Connection *connection, const char *data, size_t size)
{
    const uint8_t *head = (const uint8_t *)data;
    if (size < 2)
        return 0;
    size_t at = 2, length = head[1] & 0x7f;
    size_t wide = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (size < at + wide)
        return 0;
    if (wide)
        length = 0;
    for (size_t i = 0; i < wide; i++)
        length = length << 8 | head[at++];
    if (length > INPUT / 2 || !(head[0] & 0x80))
        fail("a frame that is too large, or in parts");
    if (size < at + length)
        return 0;
    switch (head[0] & 0x0f) {
    case 1:
        dialect->take(connection, data + at, length);
        break;
    case 8:
        lose_connection(connection, length >= 2 ? head[at] << 8 | head[at + 1] : 0);
        break;
    case 9:
        write_frame(connection, 10, data + at, length);
        break;
    }
    return at + length;
}

static void read_what_is_there(Connection *connection)
{
    size_t size = connection->unread.size;
    if (size)
        memcpy(input, connection->unread.data, size);
    ssize_t got = recv(connection->fd, input + size, INPUT - size, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        lose_connection(connection, 0);
        return;
    }
    forget(&connection->unread);
    size += (size_t)got;
    size_t at = 0, used = 1;
    while (used && at < size && connection->fd >= 0) {
        used = (connection->state == UPGRADING ? take_upgrade : take_frame)(connection, input + at, size - at);
        at += used;
    }
    if (connection->fd >= 0 && at < size)
        keep(&connection->unread, input + at, size - at);
}

static void handle(Connection *connection, uint32_t events)
{
    if (connection->state == CONNECTING) {
        int error = 0;
        getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error});
        if (error)
            lose_connection(connection, 0);
        else
            write_request(connection);
        return;
    }
    if (events & EPOLLOUT)
        write_waiting(connection);
    if (connection->stalled && events & (EPOLLHUP | EPOLLERR))
        lose_connection(connection, 0);
    else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        read_what_is_there(connection);
}

bool wait_for_network(uint64_t until)
{
    struct epoll_event events[EVENTS];
    uint64_t time = now(), wait = until > time ? until - time : 0;
    struct timespec timeout = {.tv_sec = (time_t)(wait / 1000000000), .tv_nsec = (long)(wait % 1000000000)};
    int count = epoll_pwait2(epoll, events, EVENTS, &timeout, NULL);
    bool has_command = false;
    for (int i = 0; i < count; i++) {
        Connection *connection = events[i].data.ptr;
        if (connection == NULL)
            has_command = true;
        else if (connection->fd >= 0)
            handle(connection, events[i].events);
    }
    return has_command;
}
