#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

// Latencies in microseconds: 64 classes for each power of two, so within 1.6 %
enum { CLASSES = 64, POWERS = 28 };

typedef struct {
    uint64_t classes[CLASSES * POWERS];
    uint64_t count, largest;
} Histogram;

typedef struct {
    uint64_t due;
    uint32_t connection;
} Sending;

// What happened since the step began
typedef struct {
    uint64_t first;  // the number of its first message
    uint64_t answered, refused, unknown, deliveries, expected, late, disordered, resets, opened, dropped;
    int http_status;  // or the close code: the last one that ended a connection
    char refusal[200];
    struct rusage usage;
    Histogram acks, latencies, openings;
} Step;

static Step step;
static Sending *sendings;
static uint64_t next_number = 1, sending_capacity;

void begin_step(void)
{
    memset(&step, 0, sizeof step);
    step.first = next_number;
    getrusage(RUSAGE_SELF, &step.usage);
}

static void add(Histogram *histogram, uint64_t nanoseconds)
{
    uint64_t value = nanoseconds / 1000;
    unsigned power = value < CLASSES ? 0 : 64 - 6 - (unsigned)__builtin_clzll(value);
    uint64_t index = power ? power * CLASSES + (value >> (power - 1)) - CLASSES : value;
    if (index >= CLASSES * POWERS)
        index = CLASSES * POWERS - 1;
    histogram->classes[index]++;
    histogram->count++;
    if (value > histogram->largest)
        histogram->largest = value;
}

// In milliseconds
static double quantile(const Histogram *histogram, double part)
{
    uint64_t wanted = (uint64_t)((double)histogram->count * part), passed = 0;
    for (uint64_t index = 0; index < CLASSES * POWERS; index++) {
        passed += histogram->classes[index];
        if (passed <= wanted)
            continue;
        uint64_t power = index / CLASSES;
        uint64_t value = power ? (index % CLASSES + CLASSES) << (power - 1) : index;
        return (double)value / 1000;
    }
    return (double)histogram->largest / 1000;
}

// Messages

static uint64_t hash(uint64_t number)
{
    number = (number ^ number >> 31) * 0x7fb5d329728ea185;
    return (number ^ number >> 27) * 0x81dadef4bc2dd44d;
}

static void accept_message(Room *room, uint64_t number)
{
    room->accepted++;
    room->mark ^= hash(number);
    step.expected += room->readers;
}

uint64_t record_sending(uint32_t connection, uint64_t due)
{
    if (next_number >= sending_capacity) {
        sending_capacity = sending_capacity ? sending_capacity * 2 : 1 << 16;
        sendings = realloc(sendings, sending_capacity * sizeof *sendings);
    }
    sendings[next_number] = (Sending){due, connection};
    if (!dialect->acks)
        accept_message(&rooms[connections[connection].room], next_number);
    return next_number++;
}

uint32_t sender_of(uint64_t number)
{
    if (number == 0 || number >= next_number)
        fail("an answer to message %lu, which was not sent", (unsigned long)number);
    return sendings[number].connection;
}

void record_answer(uint64_t number, Answer answer, const char *text, size_t size)
{
    Connection *sender = &connections[sender_of(number)];
    if (number < step.first)
        return;
    if (answer == UNKNOWN) {
        step.unknown++;
        return;
    }
    step.answered++;
    add(&step.acks, now() - sendings[number].due);
    if (answer == KEPT) {
        accept_message(&rooms[sender->room], number);
        return;
    }
    step.refused++;
    snprintf(step.refusal, sizeof step.refusal, "%.*s", (int)size, text);
}

void record_delivery(Connection *connection, uint64_t number)
{
    sender_of(number);
    if (number < step.first) {  // what an earlier step took for lost, and counted
        step.late++;
        return;
    }
    connection->seen++;
    connection->mark ^= hash(number);
    step.deliveries++;
    add(&step.latencies, now() - sendings[number].due);
}

void record_opening(uint64_t took)
{
    step.opened++;
    add(&step.openings, took);
}

void record_disorder(void)
{
    step.disordered++;
}

void record_reset(void)
{
    step.resets++;
}

void record_drop(int http_status)
{
    step.dropped++;
    step.http_status = http_status;
}

static bool reads(const Connection *connection)
{
    return connection->state == READY && !connection->stalled;
}

static bool somebody_waits(void)
{
    for (uint32_t i = 0; i < connection_count; i++)
        if (reads(&connections[i]) && connections[i].seen < rooms[connections[i].room].accepted)
            return true;
    return false;
}

bool is_complete(void)
{
    bool answered = !dialect->acks || step.answered == next_number - step.first;
    // Where something came twice, the sum is reached before everybody has all
    return answered && step.deliveries >= step.expected && !somebody_waits();
}

// What its room saw before is none of its concern
void start_afresh(Connection *connection)
{
    connection->seen = rooms[connection->room].accepted;
    connection->mark = rooms[connection->room].mark;
}

typedef struct {
    uint64_t readers, lost, doubled, confused;
} Faults;

// Each reader has seen each message of its room exactly once, or it counts here
static Faults find_faults(void)
{
    Faults faults = {0};
    for (uint32_t i = 0; i < connection_count; i++) {
        Connection *connection = &connections[i];
        Room *room = &rooms[connection->room];
        if (!reads(connection))
            continue;
        faults.readers++;
        if (connection->seen < room->accepted)
            faults.lost += room->accepted - connection->seen;
        else if (connection->seen > room->accepted)
            faults.doubled += connection->seen - room->accepted;
        else if (connection->mark != room->mark)
            faults.confused++;
        start_afresh(connection);
    }
    return faults;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void print_latencies(const char *name, const Histogram *histogram)
{
    if (histogram->count == 0)
        return;
    printf("\"%s_p50_ms\": %.3f, \"%s_p99_ms\": %.3f, \"%s_max_ms\": %.3f, ", name, quantile(histogram, 0.5), name,
        quantile(histogram, 0.99), name, (double)histogram->largest / 1000);
}

static void print_text(const char *text)
{
    for (; *text; text++)
        printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", (unsigned char)*text < ' ' ? ' ' : *text);
}

void print_figures(const char *what, double seconds)
{
    Faults faults = find_faults();
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = seconds_of(usage.ru_utime) - seconds_of(step.usage.ru_utime) + seconds_of(usage.ru_stime) -
        seconds_of(step.usage.ru_stime);
    printf("{\"step\": \"%s\", \"seconds\": %.6f, \"sent\": %lu, \"answered\": %lu, \"refused\": %lu, \"unknown\": %lu, ",
        what, seconds, next_number - step.first, step.answered, step.refused, step.unknown);
    printf("\"deliveries\": %lu, \"expected\": %lu, \"lost\": %lu, \"doubled\": %lu, \"confused\": %lu, \"late\": %lu, ",
        step.deliveries, step.expected, faults.lost, faults.doubled, faults.confused, step.late);
    printf("\"readers\": %lu, \"disordered\": %lu, \"resets\": %lu, \"opened\": %lu, \"dropped\": %lu, \"ended_with\": %d, ",
        faults.readers, step.disordered, step.resets, step.opened, step.dropped, step.http_status);
    print_latencies("open", &step.openings);
    print_latencies("ack", &step.acks);
    print_latencies("delivery", &step.latencies);
    printf("\"client_cpu\": %.3f, \"refusal\": \"", cpu);
    print_text(step.refusal);
    printf("\"}\n");
    fflush(stdout);
}
