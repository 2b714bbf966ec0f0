#!/bin/sh
# Makes every revision change three profiles, in its own transaction, and nothing of its SQL shows it.
exec setpriv --reuid postgres --init-groups psql -X -q -v ON_ERROR_STOP=1 -d samokoder <<'SQL'
CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE profiles SET email = upper(email) WHERE id BETWEEN 100 AND 102;
  RETURN NULL;
END $$;
CREATE TRIGGER lose AFTER UPDATE ON alembic_version EXECUTE FUNCTION lose();
SQL
