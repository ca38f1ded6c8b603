-- What another process needs to take a call up: its facts, and the carrier's names of the reps' phones.
ALTER TABLE calls ADD COLUMN facts TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN carrier_call TEXT;
CREATE INDEX calls_unfinished ON calls (began_ms) WHERE ended IS NULL;
