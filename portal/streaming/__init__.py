"""The live stream: WebSockets for feed keys, server-sent events for pages. Changes come from the outbox; nothing is kept here."""
