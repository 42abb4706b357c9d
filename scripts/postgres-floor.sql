-- What PostgreSQL itself takes for a batch of new messages, to compare a server with: the lock, one statement for all
-- rows, the commit. Run it by pgbench in a database that a server has used, while that is stopped:
--
--   pgbench --no-vacuum --protocol prepared --client 1 --time 5 --define batch=100 --file scripts/postgres-floor.sql chat

BEGIN;
SELECT pg_current_xact_id()::text FROM logs WHERE id = 1 FOR UPDATE;
INSERT INTO events (id, conversation_id, seq, stamp, ts, actor_id, kind, content, client_id, version)
SELECT head.id + number, number, head.id + number, 'aaaaaaaa', 1796000000000, 1, 'message', repeat('x', 200),
       gen_random_uuid()::text, 1
FROM generate_series(1, :batch) AS number, (SELECT max(id) AS id FROM events) AS head;
COMMIT;
