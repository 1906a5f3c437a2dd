/** Reads and checks the configuration file. */
import { readFileSync } from "node:fs";
import { FaultError, fault } from "#base/fault.ts";
import { check, snapshotOf } from "#config/check.ts";
import { type Finding, formatFinding } from "#config/finding.ts";
import { formatTextError, type ParsedText, parseText } from "#config/text.ts";
import type { CertificateFacts } from "#product/certificate-uses.ts";
import { type ConfigurationFacts, type RootConfig, rootSchema, verifyConfiguration } from "#product/root-schema.ts";
import type { ListNames } from "#proxy/verify-domain-lists.ts";

/** A configuration that may be run, and what it warns of. */
export interface CheckedConfiguration {
	readonly config: RootConfig;
	readonly warnings: readonly string[];
}

export interface LoadedConfiguration extends CheckedConfiguration {
	readonly text: string;
}

/** Reads `file` and checks it. Throws `FaultError` that names line and column, or the path of the statement. */
export function loadConfiguration(file: string, caIds: ReadonlySet<string>): LoadedConfiguration {
	let text: string;
	try {
		text = readFileSync(file, "utf8");
	} catch (error) {
		const cause = error instanceof Error ? error.message : String(error);
		throw new FaultError(fault("CONFIG_INVALID", `configuration ${file} cannot be read: ${cause}`, { cause }));
	}
	return { ...parseConfiguration(text, file, caIds), text };
}

/**
 * Checks configuration text; `source` names it in faults. `trustNames` are the authorities whose certificates are stored;
 * without them nobody asks whether those that it names are there. The same holds for `certificates`, the gateway's own, and
 * for `listNames`, the lists of domains.
 */
export function parseConfiguration(
	text: string,
	source: string,
	caIds: ReadonlySet<string>,
	trustNames?: ReadonlySet<string>,
	certificates?: ReadonlyMap<string, CertificateFacts>,
	listNames?: ListNames,
): CheckedConfiguration {
	return checkConfiguration(parseText(rootSchema, text), source, { caIds, trustNames, certificates, listNames });
}

/** The same for a text that has been read already. */
export function checkConfiguration(
	parsed: Pick<ParsedText, "tree" | "errors">,
	source: string,
	facts: ConfigurationFacts,
): CheckedConfiguration {
	refuseUnread(parsed, source);
	const checked = check(rootSchema, parsed.tree);
	const config = checked.snapshot as RootConfig | undefined;
	const more = config === undefined ? [] : verifyConfiguration(config, facts);
	const findings: readonly Finding[] = [...checked.errors, ...checked.warnings, ...more];
	const errors = findings.filter((finding) => finding.severity === "error");
	if (errors.length > 0 || config === undefined) {
		const lines = errors.map(formatFinding).join("\n");
		throw new FaultError(fault("CONFIG_INVALID", `${source}:\n${lines}\ncorrect it and start again`));
	}
	return { config, warnings: findings.filter((finding) => finding.severity === "warning").map(formatFinding) };
}

/** The configuration of a text that `managed` has checked and verified. */
export function checkedBefore(parsed: Pick<ParsedText, "tree" | "errors">): RootConfig {
	refuseUnread(parsed, "configuration");
	return snapshotOf(rootSchema, parsed.tree) as RootConfig;
}

function refuseUnread({ errors }: Pick<ParsedText, "errors">, source: string): void {
	if (errors.length === 0) return;
	const lines = errors.map((item) => formatTextError(source, item)).join("\n");
	throw new FaultError(fault("CONFIG_SYNTAX", `${lines}\ncorrect ${source} and start again`));
}
