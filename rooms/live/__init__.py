"""The live door: one WebSocket a client, one feed a process."""
