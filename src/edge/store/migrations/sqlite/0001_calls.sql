-- Wall-clock time as every node that shares the database sees it.
CREATE VIEW clock AS SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS now_ms;

CREATE TABLE calls (
    id TEXT PRIMARY KEY,
    carrier_call TEXT NOT NULL,
    direction TEXT NOT NULL,
    prospect TEXT NOT NULL,
    line TEXT NOT NULL,
    began_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    ended TEXT
);
CREATE INDEX calls_by_beginning ON calls (began_ms);

CREATE TABLE entries (
    call TEXT NOT NULL,
    number BIGINT NOT NULL,
    at_us BIGINT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (call, number)
);

CREATE TABLE attempts (
    call TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    rep TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    ended TEXT,
    PRIMARY KEY (call, attempt)
);

CREATE TABLE handoffs (
    call TEXT NOT NULL,
    number BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    rep TEXT,
    began_us BIGINT NOT NULL,
    ended_us BIGINT NOT NULL,
    PRIMARY KEY (call, number)
);

-- Who has which rep. A row is a claim while it is committed, or until its lease runs out.
CREATE TABLE reservations (
    rep TEXT PRIMARY KEY,
    call TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    committed BIGINT NOT NULL
);
CREATE UNIQUE INDEX reservations_by_attempt ON reservations (call, attempt);
