-- Settings of a session, and where they come from.
\set ON_ERROR_STOP on
SHOW server_version;
SHOW TimeZone;
SET TimeZone = 'Europe/Berlin';
SELECT timestamptz '2024-07-01 12:00+00' AS summer_noon_utc;
SET statement_timeout = '5s';
SHOW statement_timeout;
RESET ALL;
SELECT name, setting, unit FROM pg_settings WHERE name IN ('statement_timeout', 'TimeZone', 'max_connections') ORDER BY name;
