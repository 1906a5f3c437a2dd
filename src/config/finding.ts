/** What is wrong with, or worth a word about, a configuration: always with the path first, as Junos prints it. */
import { joinWords } from "#config/word.ts";

/**
 * One error or warning.
 *
 * Shape: `path` is where the statement stands (`["security", "ike", "policy", "p1"]`), `statement` its first word.
 */
export interface Finding {
	readonly severity: "error" | "warning";
	readonly path: readonly string[];
	readonly statement?: string;
	readonly message: string;
}

/** An error that refuses the commit. */
export function error(path: readonly string[], statement: string | undefined, message: string): Finding {
	return finding("error", path, statement, message);
}

/** A warning; the commit goes on. */
export function warning(path: readonly string[], statement: string | undefined, message: string): Finding {
	return finding("warning", path, statement, message);
}

/**
 * The lines of one finding:
 *
 *     [edit services ssl proxy profile p1]
 *       'root-ca'
 *         certificate 'corp' has no private key
 */
export function formatFinding(value: Finding): string {
	const message = value.severity === "warning" ? `warning: ${value.message}` : value.message;
	const lines = [banner(value.path)];
	if (value.statement === undefined) lines.push(`  ${message}`);
	else lines.push(`  '${value.statement}'`, `    ${message}`);
	return lines.join("\n");
}

/** `[edit]` or `[edit security ike]`. */
export function banner(path: readonly string[]): string {
	return path.length === 0 ? "[edit]" : `[edit ${joinWords(path)}]`;
}

function finding(
	severity: Finding["severity"],
	path: readonly string[],
	statement: string | undefined,
	message: string,
): Finding {
	return statement === undefined ? { severity, path, message } : { severity, path, statement, message };
}
