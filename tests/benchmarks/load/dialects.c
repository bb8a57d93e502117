#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char words[] =
    " the quick brown fox jumps over the lazy dog while five boxing wizards watch and someone in the room says that "
    "two hundred bytes are about what people write on a usual day in a usual room";
static char epoch[128];

#define STARTS(text, size, what) ((size) >= sizeof(what) - 1 && memcmp(text, what, sizeof(what) - 1) == 0)

// What follows `what`, or NULL
static const char *after(const char *text, size_t size, const char *what)
{
    size_t length = strlen(what);
    const char *found = memmem(text, size, what, length);
    return found ? found + length : NULL;
}

static uint64_t number_after(const char *text, size_t size, const char *what)
{
    const char *found = after(text, size, what);
    return found ? strtoull(found, NULL, 10) : 0;
}

static int print_body(char *target)
{
    return sprintf(target, "%.*s", BODY_SIZE - 12, words);
}

// Events carry the same fields at mostly the same place: looking there first saves half of the client's time
static const char *first_message(const char *text, size_t size)
{
    static size_t usual;
    size_t length = strlen(dialect->marker);
    if (usual + length <= size && memcmp(text + usual, dialect->marker, length) == 0)
        return text + usual + length;
    const char *found = after(text, size, dialect->marker);
    if (found)
        usual = (size_t)(found - text) - length;
    return found;
}

static void take_messages(Connection *connection, const char *text, size_t size)
{
    const char *end = text + size;
    const char *found = first_message(text, size);
    while (found) {
        record_delivery(connection, strtoull(found, NULL, 10));
        found = after(found, (size_t)(end - found), dialect->marker);
    }
}

// Plaza: /work/shared/PROTOCOL.md, docs/protocol.md

static void plaza_request(const Connection *connection, char *path, char *header)
{
    strcpy(path, "/ws/v1/");
    sprintf(header, "Authorization: Bearer %s\r\n", connection->token);
}

static void nothing_to_say(Connection *connection)
{
    (void)connection;
}

// Each room of the welcome, with the cursor of a client that missed its latest five changes
static void plaza_resume(Connection *connection, const char *room_list, const char *end)
{
    char text[LONGEST_TEXT];
    int size = sprintf(text, "{\"type\":\"rooms.resume\",\"ref\":\"resume\",\"epoch\":\"%s\",\"cursors\":{", epoch);
    const char *room = room_list, *comma = "";
    while ((room = after(room, (size_t)(end - room), "{\"id\":")) && size < LONGEST_TEXT - 64) {
        uint64_t seq = number_after(room, (size_t)(end - room), "\"seq\":");
        size += sprintf(text + size, "%s\"%lu\":%lu", comma, strtoul(room, NULL, 10), seq > 5 ? seq - 5 : 0);
        comma = ",";
    }
    size += sprintf(text + size, "}}");
    write_text(connection, text, (size_t)size);
}

static void plaza_welcome(Connection *connection, const char *text, size_t size)
{
    const char *end = text + size, *found = after(text, size, "\"epoch\":\""), *room_list = after(text, size, "\"rooms\":[");
    if (found == NULL || room_list == NULL)
        fail("a welcome without epoch or rooms: %.*s", (int)size, text);
    if (*epoch == 0)
        snprintf(epoch, sizeof epoch, "%.*s", (int)strcspn(found, "\""), found);
    char entry[128];
    sprintf(entry, "{\"id\":%s,", rooms[connection->room].name);
    const char *room = after(room_list, (size_t)(end - room_list), entry);
    if (room == NULL)
        fail("a welcome without room %s: %.*s", rooms[connection->room].name, (int)size, text);
    connection->seq = number_after(room, (size_t)(end - room), "\"seq\":");
    if (resumes)
        plaza_resume(connection, room_list, end);
    else
        became_ready(connection);
}

static void plaza_event(Connection *connection, const char *text, size_t size)
{
    uint64_t seq = number_after(text, size, "\"seq\":");
    if (seq != connection->seq + 1)
        record_disorder();
    connection->seq = seq;
    take_messages(connection, text, size);
}

static void plaza_answer(Connection *connection, const char *text, size_t size)
{
    const char *ref = after(text, size, "\"ref\":\"");
    bool well = STARTS(text, size, "{\"type\":\"ack\"");
    if (ref == NULL)
        fail("an answer without a ref: %.*s", (int)size, text);
    bool unknown = !well && memmem(text, size, "\"code\":\"unavailable\"", 20);
    if (strncmp(ref, "resume", 6) != 0)
        was_answered(strtoull(ref, NULL, 10), well ? KEPT : unknown ? UNKNOWN : REFUSED, text, size);
    else if (well)
        became_ready(connection);
    else
        lose_connection(connection, 503);
}

static void plaza_take(Connection *connection, const char *text, size_t size)
{
    if (STARTS(text, size, "{\"type\":\"message.created\"") || STARTS(text, size, "{\"type\":\"room.updated\"")) {
        plaza_event(connection, text, size);
    } else if (STARTS(text, size, "{\"type\":\"ack\"") || STARTS(text, size, "{\"type\":\"error\"")) {
        plaza_answer(connection, text, size);
    } else if (STARTS(text, size, "{\"type\":\"room.changes\"")) {
        // A repair; or the answer to a resume, of which nobody counts anything
        if (connection->state != READY)
            return;
        if (number_after(text, size, "\"after\":") != connection->seq)
            record_disorder();
        take_messages(connection, text, size);
        connection->seq = number_after(text, size, ",\"seq\":");
    } else if (STARTS(text, size, "{\"type\":\"room.reset\"")) {
        connection->seq = number_after(text, size, "\"seq\":");
        record_reset();
    } else if (STARTS(text, size, "{\"type\":\"welcome\"")) {
        plaza_welcome(connection, text, size);
    }
}

static void plaza_send(Connection *connection, uint64_t number)
{
    static uint64_t run;
    if (run == 0)
        run = now();
    char text[512], body[BODY_SIZE];
    print_body(body);
    int size = sprintf(text,
        "{\"type\":\"message.send\",\"ref\":\"%lu\",\"room\":%s,\"key\":\"%08x-0000-4000-8000-%012lx\","
        "\"body\":\"No. %08lu%s\"}",
        number, rooms[connection->room].name, (uint32_t)(run >> 10), number, number, body);
    write_text(connection, text, (size_t)size);
}

// Socket.IO 4 over Engine.IO 4: the answers to pings are the client's, and each event names its ack

static void socketio_request(const Connection *connection, char *path, char *header)
{
    (void)connection, (void)header;
    strcpy(path, "/socket.io/?EIO=4&transport=websocket");
}

static void socketio_take(Connection *connection, const char *text, size_t size)
{
    if (STARTS(text, size, "42[\"message\"")) {
        uint64_t seq = number_after(text, size, "\"seq\":");
        if (seq && connection->seq && seq != connection->seq + 1)
            record_disorder();
        connection->seq = seq;
        take_messages(connection, text, size);
    } else if (STARTS(text, size, "430[")) {
        became_ready(connection);
    } else if (STARTS(text, size, "43")) {
        was_answered(strtoull(text + 2, NULL, 10), memmem(text, size, "\"error\"", 7) ? REFUSED : KEPT, text, size);
    } else if (STARTS(text, size, "0{")) {
        connection->seq = 0;
        write_text(connection, "40", 2);
    } else if (STARTS(text, size, "40")) {
        const char *room = rooms[connection->room].name;
        char join[128];
        if (strcmp(room, "-") == 0)
            became_ready(connection);
        else
            write_text(connection, join, (size_t)sprintf(join, "420[\"join\",\"%s\"]", room));
    } else if (STARTS(text, size, "2")) {
        write_text(connection, "3", 1);
    }
}

static void socketio_send(Connection *connection, uint64_t number)
{
    char text[512], body[BODY_SIZE];
    print_body(body);
    int size = sprintf(text, "42%lu[\"send\",\"%s\",\"No. %08lu%s\"]", number, rooms[connection->room].name, number, body);
    write_text(connection, text, (size_t)size);
}

// The chat of the Channels tutorial: no acks, and one hears oneself like everybody

static void channels_request(const Connection *connection, char *path, char *header)
{
    (void)header;
    sprintf(path, "/ws/chat/%s/", rooms[connection->room].name);
}

static void channels_send(Connection *connection, uint64_t number)
{
    char text[512], body[BODY_SIZE];
    print_body(body);
    int size = sprintf(text, "{\"message\": \"No. %08lu%s\"}", number, body);
    write_text(connection, text, (size_t)size);
}

Dialect dialects[] = {
    {"plaza", "\"body\":\"No. ", true, plaza_request, nothing_to_say, plaza_take, plaza_send},
    {"socketio", "\"body\":\"No. ", true, socketio_request, nothing_to_say, socketio_take, socketio_send},
    {"channels", "\"message\": \"No. ", false, channels_request, became_ready, take_messages, channels_send},
    {0},
};
