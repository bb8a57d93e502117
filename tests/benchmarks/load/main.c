#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const char usage[] =
    "load DIALECT PEOPLE HOST TARGET…\n"
    "\n"
    "DIALECT is plaza, socketio or channels; PEOPLE a file with a line “ROOM TOKEN” for each connection (“-” where there\n"
    "is none); HOST the name for the Host header; a TARGET is unix:/path or tcp:1.2.3.4:port, and\n"
    "connections are spread over them in turn. Then, line by line from stdin, each answered by a line of JSON:\n"
    "\n"
    "open COUNT AT_ONCE             connect until COUNT are ready, at most so many under way\n"
    "resume COUNT AT_ONCE           the same; each also asks for the latest five changes of its rooms (Plaza)\n"
    "send RATE SECONDS SENDERS      so many messages a second in all, by the first SENDERS people in turn\n"
    "fill WINDOW SECONDS SENDERS    each of them has WINDOW messages under way\n"
    "hold SECONDS                   wait\n"
    "stall COUNT                    the last COUNT of those that are open read no more\n"
    "close                          close all\n"
    "patience SECONDS               how long to wait for what is missing (at first 15)\n";

static const uint64_t SECOND = 1000000000, TICK = 1000000;
// An answer, a delivery or a connection for which one has to wait longer than this is lost
static uint64_t patience = 15000000000;

const Dialect *dialect;
Connection *connections;
Room *rooms;
uint32_t connection_count;
bool resumes;

static uint32_t room_count, opening;
static uint64_t latest_opened, fill_until;
static struct {
    uint64_t number, at;
} *unknown;
static size_t unknown_first, unknown_count, unknown_capacity;

uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "load: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    exit(1);
}

// Reading the arguments

static uint32_t room_named(const char *name)
{
    static uint32_t latest;
    if (room_count && strcmp(rooms[latest].name, name) == 0)
        return latest;
    for (latest = 0; latest < room_count; latest++)
        if (strcmp(rooms[latest].name, name) == 0)
            return latest;
    rooms = realloc(rooms, ++room_count * sizeof *rooms);
    rooms[latest] = (Room){0};
    strcpy(rooms[latest].name, name);
    return latest;
}

static void read_people(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail("%s: %s", path, strerror(errno));
    char room[64], token[128];
    while (fscanf(file, "%63s %127s", room, token) == 2) {
        connections = realloc(connections, (connection_count + 1) * sizeof *connections);
        connections[connection_count++] = (Connection){.fd = -1, .room = room_named(room), .token = strdup(token)};
    }
    fclose(file);
}

static void take_all_descriptors(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// What connections tell

void became_ready(Connection *connection)
{
    connection->state = READY;
    connection->stalled = false;
    rooms[connection->room].readers++;
    start_afresh(connection);
    latest_opened = now();
    record_opening(latest_opened - connection->began);
    opening--;
}

void was_lost(Connection *connection, int http_status)
{
    record_drop(http_status);
    if (connection->state == READY && !connection->stalled)
        rooms[connection->room].readers--;
}

static void send_message(uint32_t sender, uint64_t due)
{
    Connection *connection = &connections[sender];
    if (connection->state == READY)
        dialect->send(connection, record_sending(sender, due));
}

static void remember_unknown(uint64_t number)
{
    if (unknown_count == unknown_capacity) {
        unknown_capacity = unknown_capacity ? unknown_capacity * 2 : 1024;
        unknown = realloc(unknown, unknown_capacity * sizeof *unknown);
    }
    unknown[unknown_count].number = number;
    unknown[unknown_count++].at = now() + AGAIN_AFTER;
}

static void send_unknown_again(void)
{
    while (unknown_first < unknown_count && unknown[unknown_first].at <= now()) {
        uint64_t number = unknown[unknown_first++].number;
        Connection *sender = &connections[sender_of(number)];
        if (sender->state == READY)
            dialect->send(sender, number);
    }
}

void was_answered(uint64_t number, Answer answer, const char *text, size_t size)
{
    record_answer(number, answer, text, size);
    if (answer == UNKNOWN)
        remember_unknown(number);
    else if (now() < fill_until)
        send_message(sender_of(number), now());
}

// The commands

static bool wait_until(uint64_t until)
{
    send_unknown_again();
    bool has_unknown = unknown_first < unknown_count;
    return wait_for_network(has_unknown && until > now() + TICK ? now() + TICK : until);
}

static double since(uint64_t began)
{
    return (double)(now() - began) / (double)SECOND;
}

static void connect_again(void)
{
    for (uint32_t i = 0; i < connection_count; i++)
        if (connections[i].state == AGAIN && connections[i].again_at <= now())
            connect_to_target(&connections[i]);
}

static void open_connections(uint32_t count, uint32_t at_once, const char *what)
{
    uint64_t began = latest_opened = now();
    uint32_t next = 0;
    begin_step();
    opening = 0;
    if (count > connection_count)
        count = connection_count;
    while ((next < count || opening) && now() < latest_opened + patience) {
        for (; next < count && opening < at_once; next++) {
            if (connections[next].state == READY)
                continue;
            opening++;
            connections[next].began = now();
            connect_to_target(&connections[next]);
        }
        wait_until(now() + TICK);
        connect_again();
    }
    print_figures(what, since(began));
    for (uint32_t i = 0; i < count; i++)
        if (connections[i].state != READY)
            close_connection(&connections[i]);
}

static void wait_until_complete(void)
{
    uint64_t began = now();
    while (!is_complete() && now() < began + patience)
        wait_until(now() + TICK);
}

// Neighbours in the list share a room: a stride that shares no factor with the count spreads the senders
static uint32_t in_turn(uint64_t turn, uint32_t senders)
{
    const uint64_t stride = 7919;
    return (uint32_t)(senders % stride ? turn * stride % senders : turn % senders);
}

static void send_at_rate(double rate, double seconds, uint32_t senders)
{
    uint64_t began = now(), turns = (uint64_t)(rate * seconds), turn = 0;
    begin_step();
    while (turn < turns) {
        // Late or not, latency counts from when it was due
        uint64_t due = began + (uint64_t)((double)turn / rate * (double)SECOND);
        if (due <= now())
            send_message(in_turn(turn++, senders), due);
        else
            wait_until(due);
        if (turn % 64 == 0)
            wait_until(0);
    }
    wait_until_complete();
    print_figures("send", since(began));
}

static void fill(uint32_t window, double seconds, uint32_t senders)
{
    uint64_t began = now();
    begin_step();
    fill_until = began + (uint64_t)(seconds * (double)SECOND);
    for (uint64_t turn = 0; turn < (uint64_t)window * senders; turn++)
        send_message(in_turn(turn, senders), now());
    while (now() < fill_until)
        wait_until(fill_until);
    double took = since(began);
    wait_until_complete();
    print_figures("fill", took);
}

static void hold(double seconds)
{
    uint64_t began = now(), until = began + (uint64_t)(seconds * (double)SECOND);
    begin_step();
    while (now() < until)
        wait_until(until);
    print_figures("hold", since(began));
}

static void stall(uint32_t count)
{
    begin_step();
    for (uint32_t i = connection_count; i-- > 0 && count;) {
        if (connections[i].state != READY)
            continue;
        stop_reading(&connections[i]);
        rooms[connections[i].room].readers--;
        count--;
    }
    print_figures("stall", 0);
}

static void close_all(void)
{
    begin_step();
    for (uint32_t i = 0; i < connection_count; i++)
        close_connection(&connections[i]);
    for (uint32_t i = 0; i < room_count; i++)
        rooms[i].readers = 0;
    print_figures("close", 0);
}

static void be_patient(double seconds)
{
    begin_step();
    patience = (uint64_t)(seconds * (double)SECOND);
    print_figures("patience", 0);
}

static void obey(const char *line)
{
    unsigned first, senders;
    double rate, seconds;
    resumes = strncmp(line, "resume", 6) == 0;
    if (sscanf(line, "open %u %u", &first, &senders) == 2)
        open_connections(first, senders, "open");
    else if (sscanf(line, "resume %u %u", &first, &senders) == 2)
        open_connections(first, senders, "resume");
    else if (sscanf(line, "send %lf %lf %u", &rate, &seconds, &senders) == 3)
        send_at_rate(rate, seconds, senders);
    else if (sscanf(line, "fill %u %lf %u", &first, &seconds, &senders) == 3)
        fill(first, seconds, senders);
    else if (sscanf(line, "hold %lf", &seconds) == 1)
        hold(seconds);
    else if (sscanf(line, "stall %u", &first) == 1)
        stall(first);
    else if (sscanf(line, "patience %lf", &seconds) == 1)
        be_patient(seconds);
    else if (strncmp(line, "close", 5) == 0)
        close_all();
    else
        fail("not understood: %s", line);
}

int main(int count, char **words)
{
    if (count < 5) {
        fputs(usage, stderr);
        return 2;
    }
    for (dialect = dialects; dialect->name && strcmp(dialect->name, words[1]) != 0;)
        dialect++;
    if (dialect->name == NULL)
        fail("no dialect is named %s", words[1]);
    take_all_descriptors();
    read_people(words[2]);
    for (int i = 4; i < count; i++)
        add_target(words[i]);
    start_network(words[3]);
    char line[256];
    for (;;) {
        // Between commands too: who does not read is taken for dead
        if (!wait_until(now() + SECOND))
            continue;
        if (fgets(line, sizeof line, stdin) == NULL)
            return 0;
        obey(line);
    }
}
