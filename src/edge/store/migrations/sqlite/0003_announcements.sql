-- Calls to prospects that were announced and have yet to be placed: one a number.
CREATE TABLE announcements (
    prospect TEXT PRIMARY KEY,
    context TEXT NOT NULL,
    until_ms BIGINT NOT NULL
);
CREATE INDEX announcements_by_end ON announcements (until_ms);
