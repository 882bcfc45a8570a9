-- migrate:up
SET lock_timeout = '5s';

-- Systems and ship types are some thousand among the names of everybody, which a search for systems alone would read.
CREATE INDEX entities_places_by_name ON entities (compact_name text_pattern_ops)
    WHERE is_searchable AND entity_type IN ('system', 'ship_type');
CREATE INDEX entities_places_by_words ON entities USING gin (array_to_tsvector(string_to_array(folded_name, ' ')))
    WHERE is_searchable AND entity_type IN ('system', 'ship_type');

-- migrate:down
SET lock_timeout = '5s';

DROP INDEX entities_places_by_words;
DROP INDEX entities_places_by_name;
