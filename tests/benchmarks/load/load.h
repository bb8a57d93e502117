// A load client for chats: thousands of WebSockets in one epoll loop, cheaper than what it measures.
//
// main.c        commands from stdin, one line of JSON each to stdout
// connection.c  sockets, the WebSocket handshake and frames
// dialects.c    what Plaza, Socket.IO and the Channels tutorial's chat say on them
// figures.c     what was sent, acked and delivered, to whom, and how late
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BODY_SIZE = 200, LONGEST_TEXT = 4096, MOST_TARGETS = 16 };

// After so long one comes again who was turned away, and says again what may not be kept
static const uint64_t AGAIN_AFTER = 500000000;

typedef enum { CLOSED, AGAIN, CONNECTING, UPGRADING, GREETING, READY } State;

// UNKNOWN: kept or not, the server cannot tell; who asks again with the same key hears
typedef enum { KEPT, REFUSED, UNKNOWN } Answer;

typedef struct {
    char *data;
    size_t size;
} Bytes;

// `accepted` and `mark` say which messages the server took: their number, and the XOR of their hashes.
typedef struct {
    char name[64];
    uint64_t accepted, mark;
    uint32_t readers;
} Room;

// One person's connection; `seen` and `mark` are to equal its room's.
typedef struct {
    int fd;
    State state;
    bool stalled;
    uint32_t room;
    char *token;
    uint64_t began, again_at;
    uint64_t seq;
    uint64_t seen, mark;
    Bytes unread, unsent;
} Connection;

typedef struct {
    const char *name;
    // What stands before the number of a message in an event
    const char *marker;
    bool acks;
    void (*request)(const Connection *connection, char *path, char *header);
    void (*opened)(Connection *connection);
    void (*take)(Connection *connection, const char *text, size_t size);
    void (*send)(Connection *connection, uint64_t number);
} Dialect;

extern Dialect dialects[];
extern const Dialect *dialect;
extern bool resumes;

extern Connection *connections;
extern uint32_t connection_count;
extern Room *rooms;

uint64_t now(void);
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

// connection.c
void add_target(const char *address);
void start_network(const char *host);
void connect_to_target(Connection *connection);
void close_connection(Connection *connection);
// Close it, and count that it was not our wish; who was not ready yet comes again
void lose_connection(Connection *connection, int http_status);
void stop_reading(Connection *connection);
void write_text(Connection *connection, const char *text, size_t size);
// Take what comes until the time is there, at most once; true where stdin has something
bool wait_for_network(uint64_t until);

// main.c
void became_ready(Connection *connection);
void was_lost(Connection *connection, int http_status);
void was_answered(uint64_t number, Answer answer, const char *text, size_t size);

// figures.c
void begin_step(void);
uint64_t record_sending(uint32_t connection, uint64_t due);
void record_answer(uint64_t number, Answer answer, const char *text, size_t size);
void record_delivery(Connection *connection, uint64_t number);
void record_opening(uint64_t took);
void record_disorder(void);
void record_reset(void);
void record_drop(int http_status);
uint32_t sender_of(uint64_t number);
bool is_complete(void);
void start_afresh(Connection *connection);
void print_figures(const char *what, double seconds);
