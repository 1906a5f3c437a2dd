/** The event store's file format: its marks, the statements that make it, and the steps from older versions. */

/** "Saly" in the header of the file (SQLite's application_id), so that a foreign database is recognized. */
export const applicationId = 0x5361_6c79;

/**
 * The step at index n takes a file from version n to n + 1 (SQLite's user_version); step 0 makes the first version in
 * an empty file. A released step never changes; a new format is a new step at the end.
 */
export const migrations: readonly string[] = [
	`
	CREATE TABLE sessions (
		row INTEGER PRIMARY KEY AUTOINCREMENT,
		id TEXT NOT NULL,
		started_at INTEGER NOT NULL,
		ended_at INTEGER NOT NULL,
		client BLOB NOT NULL,
		host TEXT NOT NULL,
		sni TEXT,
		decision TEXT NOT NULL,
		rule TEXT NOT NULL,
		has_findings INTEGER NOT NULL,
		has_fault INTEGER NOT NULL,
		fault TEXT,
		record TEXT NOT NULL
	) STRICT;
	CREATE INDEX sessions_id ON sessions (id);
	CREATE INDEX sessions_ended_at ON sessions (ended_at);
	CREATE INDEX sessions_client ON sessions (client);
	CREATE INDEX sessions_host ON sessions (host);
	CREATE INDEX sessions_sni ON sessions (sni) WHERE sni IS NOT NULL;
	CREATE INDEX sessions_decision ON sessions (decision);
	CREATE INDEX sessions_rule ON sessions (rule);
	CREATE INDEX sessions_has_findings ON sessions (has_findings) WHERE has_findings = 1;
	CREATE INDEX sessions_has_fault ON sessions (has_fault) WHERE has_fault = 1;
	CREATE INDEX sessions_fault ON sessions (fault) WHERE fault IS NOT NULL;

	CREATE TABLE events (
		row INTEGER PRIMARY KEY AUTOINCREMENT,
		id TEXT NOT NULL,
		at INTEGER NOT NULL,
		severity TEXT NOT NULL,
		key TEXT,
		event TEXT NOT NULL
	) STRICT;
	CREATE INDEX events_at ON events (at);
	CREATE INDEX events_id ON events (id);
	CREATE INDEX events_key ON events (key) WHERE key IS NOT NULL;

	CREATE TABLE last_batch (token TEXT NOT NULL) STRICT;
	INSERT INTO last_batch (token) VALUES ('');
	`,
	`
	CREATE TABLE event_tags (
		tag TEXT NOT NULL,
		event INTEGER NOT NULL,
		PRIMARY KEY (tag, event)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX event_tags_event ON event_tags (event);
	CREATE TRIGGER event_tags_end AFTER DELETE ON events BEGIN
		DELETE FROM event_tags WHERE event = old.row;
	END;
	INSERT OR IGNORE INTO event_tags (tag, event)
		SELECT lower(names.value), events.row FROM events, json_each(events.event, '$.fields.names') AS names
		WHERE events.id = 'CERTIFICATE_ISSUED'
		UNION ALL SELECT json_extract(event, '$.fields.originSha256'), row FROM events WHERE id = 'CERTIFICATE_ISSUED'
		UNION ALL SELECT lower(json_extract(event, '$.fields.serial')), row FROM events WHERE id = 'CERTIFICATE_ISSUED';
	`,
];

/** The version that this program writes. */
export const schemaVersion = migrations.length;

/** How the parameters of one connection that writes are set; the first line only counts in an empty file. */
export const writerPragmas = `
	PRAGMA auto_vacuum = INCREMENTAL;
	PRAGMA journal_mode = WAL;
	PRAGMA synchronous = FULL;
	PRAGMA journal_size_limit = 16777216;
`;
