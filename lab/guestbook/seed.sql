-- Rows for the lab: 50,000 entries. Run after the first migration; again does nothing.
BEGIN;
SET LOCAL synchronous_commit = off;
INSERT INTO entries_entry (key, author, text, created_at)
SELECT 'seed-' || n, 'visitor' || n % 500, 'Seeded entry number ' || n, now() - n * interval '10 seconds'
FROM generate_series(1, 50000) AS n
WHERE NOT EXISTS (SELECT FROM entries_entry WHERE key = 'seed-1');
COMMIT;
ANALYZE entries_entry;
