/**
 * The shapes of PROTOCOL.md, for the type checker alone: no page loads this file.
 *
 * @typedef {{id: number, name: string, username: string, avatar: string | null}} User
 * @typedef {{emoji: string, count: number, users: number[]}} Reaction
 * @typedef {{id: number, room: number, seq: number, changed_seq: number, key: string, author: User | null,
 *   body: string, html: string, created_at: string, edited_at: string | null, deleted: boolean,
 *   reply_to: number | null, mentions: number[], reactions: Reaction[]}} Message
 * @typedef {{id: number, kind: "open" | "closed" | "direct", name: string, slug: string, topic: string,
 *   archived: boolean, seq: number, first_seq: number, member_count: number, members: User[] | null}} RoomState
 * @typedef {RoomState & {read_seq: number, unread: number, mentions: number, involvement: string}} RoomEntry
 * @typedef {{messages: Message[], seq: number, epoch: string, has_before: boolean, has_after: boolean}} Page
 * @typedef {{room: number, read_seq: number, unread: number, mentions: number}} ReadPosition
 * @typedef {{type: string, ref?: string | null, [field: string]: any}} Frame
 * @typedef {{key: string, room: number, body: string, reply_to: number | null, created_at: string, order: number,
 *   state: "waiting" | "failed", reason: string}} Draft
 */
export {};
