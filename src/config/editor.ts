/** Who is editing the configuration, and what they may do: the sessions of configuration mode. */
import { banner } from "#config/finding.ts";
import { type Level, levelWords } from "#config/level.ts";
import type { Branch } from "#config/tree.ts";

/** Names one session of configuration mode; unique while the process runs. */
export type EditorId = string;

/** `shared`: the candidate that all share; `private`: an own copy; `exclusive`: the shared one, locked for others. */
export type EditMode = "shared" | "private" | "exclusive";

/** What a user may do with single statements: words from the root, and the permission that the schema names for them. */
export interface EditAccess {
	mayView(words: readonly string[], permission: string | undefined): boolean;
	mayChange(words: readonly string[], permission: string | undefined): boolean;
	/** True when every statement may be changed, so that nobody need ask for each of thousands. */
	readonly mayChangeAll?: boolean;
	/** Secrets are shown in their stored form only to those. */
	readonly maySeeSecrets: boolean;
}

/** One session of configuration mode. */
export interface Editor {
	readonly id: EditorId;
	readonly user: string;
	/** The terminal or the way in: `p0`, `rest`. */
	readonly terminal: string;
	readonly pid: number;
	readonly access: EditAccess;
	readonly mode: EditMode;
	readonly level: Level;
	/** Milliseconds since 1970. */
	readonly since: number;
	readonly lastActive: number;
	/** A private editor's own candidate and the active configuration that it began with. */
	readonly own: { readonly tree: Branch; readonly base: Branch } | undefined;
}

/**
 * The lines that `status` and `configure` print for editors:
 *
 *     root terminal p3 (pid 1088) on since 2026-10-30 19:47:58 UTC, idle 00:00:44
 *         exclusive [edit security ike]
 */
export function describeEditors(editors: Iterable<Editor>, now: number): string[] {
	const lines: string[] = [];
	for (const editor of editors) {
		const since = new Date(editor.since).toISOString().replace("T", " ").slice(0, 19);
		const idle = clock(Math.max(0, now - editor.lastActive));
		lines.push(`  ${editor.user} terminal ${editor.terminal} (pid ${editor.pid}) on since ${since} UTC, idle ${idle}`);
		lines.push(`      ${editor.mode === "shared" ? "" : `${editor.mode} `}${banner(levelWords(editor.level))}`);
	}
	return lines;
}

function clock(milliseconds: number): string {
	const seconds = Math.floor(milliseconds / 1_000);
	const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
	return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
