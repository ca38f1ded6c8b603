-- When the words, facts and moods of a call were taken out of its timeline.
ALTER TABLE calls ADD COLUMN words_gone_ms BIGINT;
CREATE INDEX calls_with_words ON calls (ended_ms) WHERE words_gone_ms IS NULL;
