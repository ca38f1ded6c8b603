-- The policy that a call decides by stands in the first entry of its timeline, and is the same for thousands of calls: it is kept once.
CREATE TABLE policies (
    id TEXT PRIMARY KEY, -- the hash of what follows
    json TEXT NOT NULL
);
ALTER TABLE entries ADD COLUMN policy TEXT REFERENCES policies (id);
-- Entries as they were put in.
CREATE VIEW timeline AS
SELECT
    entries.call,
    entries.number,
    entries.at_us,
    CASE
        WHEN policies.json IS NULL THEN entries.json
        ELSE replace(entries.json, '"escalation":null', '"escalation":' || policies.json)
    END AS json
FROM entries
LEFT JOIN policies ON policies.id = entries.policy;
