// A small chat on Socket.IO, set up as its documentation says. Each process listens on LISTEN (a port or a path).
// With DATABASE it keeps each message in PostgreSQL before anybody hears of it; without, it only relays.
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import pg from "pg";
import { createClient } from "redis";
import { Server } from "socket.io";

// https://socket.io/docs/v4/redis-adapter/#usage
const pubClient = createClient({ socket: { path: process.env.REDIS } });
const subClient = pubClient.duplicate();
// https://redis.io/docs/latest/develop/clients/nodejs/connect/: without a listener, a lost connection ends the process
for (const client of [pubClient, subClient]) client.on("error", console.error);
await Promise.all([pubClient.connect(), subClient.connect()]);

// What else https://socket.io/docs/v4/performance-tuning/ asks for is in package.json: bufferutil (utf-8-validate is
// part of Node by now)
const httpServer = createServer();
const io = new Server(httpServer, { adapter: createAdapter(pubClient, subClient) });

// https://socket.io/docs/v4/memory-usage/
io.engine.on("connection", (rawSocket) => {
  rawSocket.request = null;
});

// https://node-postgres.com/apis/pool; a name makes it a prepared statement, and one statement is one transaction
const pool = process.env.DATABASE ? new pg.Pool({ host: process.env.DATABASE, user: "plaza", database: "peer" }) : null;
const INSERT = {
  name: "insert",
  text: `WITH room AS (UPDATE room SET seq = seq + 1 WHERE id = $1 RETURNING seq)
         INSERT INTO message (room, seq, author, body) SELECT $1, room.seq, $2, $3 FROM room
         RETURNING id, seq, created_at`,
};

async function kept(room, author, body) {
  if (pool === null) return { room, author, body };
  const result = await pool.query({ ...INSERT, values: [room, author, body] });
  const { id, seq, created_at } = result.rows[0];
  return { id, room, seq, author, body, created_at };
}

io.on("connection", (socket) => {
  socket.on("join", async (room, done) => {
    await socket.join(room);
    done("well");
  });
  socket.on("send", async (room, body, done) => {
    if (!socket.rooms.has(room) || typeof body !== "string" || body.length > 16000) return done({ error: "not allowed" });
    try {
      const message = await kept(room, socket.id, body);
      io.to(room).emit("message", message);
      done({ seq: message.seq });
    } catch (error) {
      done({ error: String(error) });
    }
  });
});

const listen = process.env.LISTEN;
httpServer.listen(/^\d+$/.test(listen) ? { port: Number(listen), host: "127.0.0.1", backlog: 4096 } : { path: listen, backlog: 4096 });
process.on("SIGTERM", () => process.exit());
