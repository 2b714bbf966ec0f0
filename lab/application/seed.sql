-- Rows for the lab: 20,000 profiles and 120,000 projects. Run after the first revision; again does nothing.
-- Nobody can log in with these profiles: their hashes have no password.
BEGIN;
SET LOCAL synchronous_commit = off;

INSERT INTO profiles (email, password_hash, created_at)
SELECT 'user' || n || '@example.com', 'none', now() - n * interval '1 minute'
FROM generate_series(1, 20000) AS n
ON CONFLICT (email) DO NOTHING;

WITH owners AS (
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS place
    FROM profiles
    WHERE email LIKE 'user%@example.com'
)
INSERT INTO projects (owner_id, name, description, idempotency_key, created_at)
SELECT owners.id, 'Project ' || n, 'Seeded project number ' || n, 'seed-' || n, now() - n * interval '10 seconds'
FROM generate_series(1, 120000) AS n
JOIN owners ON owners.place = n % 20000
ON CONFLICT (owner_id, idempotency_key) DO NOTHING;

COMMIT;
ANALYZE profiles, projects;
