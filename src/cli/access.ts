/**
 * What a user of the command line may do: login classes as data, and the questions that every command asks.
 *
 * A class has permissions (`view`, `configure`, `security-control`, ...) and four regular expressions that allow or
 * deny single commands and single parts of the configuration whatever the permissions say. The expressions see commands
 * and paths with every word written out. An `allow` is held against them from their first word on, so that nobody can
 * come under it by the name that he gives to something; a `deny` counts wherever it is found. Where both match, the one
 * that reaches further is the more special one and decides; where they reach equally far, the `allow` does.
 */
import { compilePattern, type Pattern } from "#config/pattern.ts";
import { joinWords } from "#config/word.ts";

/** What a permission allows, for `?` and the reference. A `-control` permission includes the one without it. */
export const permissions = {
	all: "everything",
	access: "see the access configuration",
	"access-control": "change the access configuration",
	admin: "see user accounts",
	"admin-control": "change user accounts",
	clear: "delete what was learned and counted",
	configure: "enter configuration mode",
	control: "every change of the configuration",
	field: "field debugging",
	firewall: "see the firewall configuration",
	"firewall-control": "change the firewall configuration",
	interface: "see the interface configuration",
	"interface-control": "change the interface configuration",
	"lock-ssl-filter": "lock and unlock inspection policies",
	maintenance: "maintain the system: files, shutdown, rescue configuration",
	network: "use ping, traceroute and their like",
	"pki-admin": "change keys and certificates",
	"pki-device": "see keys and certificates of the device",
	reset: "restart processes",
	rollback: "return to earlier configurations",
	routing: "see the routing configuration",
	"routing-control": "change the routing configuration",
	secret: "see secrets of the configuration in their stored form",
	"secret-control": "change secrets of the configuration",
	security: "see the security configuration",
	"security-control": "change the security configuration",
	shell: "start a shell",
	snmp: "see the SNMP configuration",
	"snmp-control": "change the SNMP configuration",
	"ssl-inspection-management": "change TLS inspection",
	system: "see the system configuration",
	"system-control": "change the system configuration",
	trace: "see trace and log files",
	"trace-control": "change trace settings",
	view: "see the state of the system",
	"view-configuration": "see the configuration without its secrets",
} as const satisfies Record<string, string>;

/** A login class as it is configured. */
export interface LoginClass {
	readonly permissions: readonly string[];
	readonly allowCommands?: string | undefined;
	readonly denyCommands?: string | undefined;
	readonly allowConfiguration?: string | undefined;
	readonly denyConfiguration?: string | undefined;
	/** Minutes without a key after which the session ends; 0 or undefined: never. */
	readonly idleTimeout?: number | undefined;
}

/** The classes that are always there. */
export const predefinedClasses: Readonly<Record<string, LoginClass>> = {
	"super-user": { permissions: ["all"] },
	operator: { permissions: ["clear", "network", "reset", "trace", "view"] },
	"read-only": { permissions: ["view"] },
	unauthorized: { permissions: [] },
};

/** What one user may do. */
export interface Access {
	readonly className: string;
	readonly idleTimeoutMinutes: number;
	has(permission: string): boolean;
	/** `words` is the command, every keyword written out. `undefined` asks for no permission. */
	mayRun(words: readonly string[], permission: string | undefined): boolean;
	/** `path` are the words of the statement from the top. */
	mayView(path: readonly string[], permission: string | undefined): boolean;
	mayChange(path: readonly string[], permission: string | undefined): boolean;
	/** Every statement may be changed. */
	readonly mayChangeAll: boolean;
	/** Secrets are shown in their stored form only to those. */
	readonly maySeeSecrets: boolean;
	/** Every statement is visible. */
	readonly seesAll: boolean;
	/** The permissions of the class, for `show cli authorization`. */
	readonly permissions: readonly string[];
}

/**
 * The access that a class gives. An expression that does not compile denies what it was to decide.
 */
export function accessOfClass(className: string, loginClass: LoginClass): Access {
	const held = new Set(loginClass.permissions);
	const has = (permission: string): boolean =>
		held.has("all") || held.has(permission) || held.has(`${permission}-control`);
	const commands = ruleOf(loginClass.allowCommands, loginClass.denyCommands);
	const statements = ruleOf(loginClass.allowConfiguration, loginClass.denyConfiguration);
	const isUnlimited = held.has("all") && loginClass.denyConfiguration === undefined;
	return {
		className,
		idleTimeoutMinutes: loginClass.idleTimeout ?? 0,
		has,
		mayRun: (words, permission) => commands(words) ?? (permission === undefined || has(permission)),
		mayView: (path, permission) =>
			statements(path) ??
			(permission === undefined
				? has("view-configuration") || has("configure") || has("control")
				: has(permission) || has("view-configuration")),
		mayChange: (path, permission) =>
			statements(path) ??
			(has("control") ||
				(permission === undefined ? has("configure") : held.has("all") || has(`${permission}-control`))),
		maySeeSecrets: has("secret"),
		seesAll: isUnlimited,
		mayChangeAll: isUnlimited,
		permissions: [...held],
	};
}

/** Answers true or false where an expression decides, undefined where the permissions do. */
function ruleOf(
	allow: string | undefined,
	deny: string | undefined,
): (words: readonly string[]) => boolean | undefined {
	if (allow === undefined && deny === undefined) return () => undefined;
	const allows = patternOf(allow, true);
	const denies = patternOf(deny, false);
	return (words) => {
		if (denies === "broken") return false;
		const text = joinWords(words);
		const allowed = allows === "broken" ? undefined : allows?.reaches(text);
		const denied = denies?.reaches(text);
		if (allowed === undefined) return denied === undefined ? undefined : false;
		return denied === undefined || allowed >= denied;
	};
}

function patternOf(source: string | undefined, isFromStart: boolean): Pattern | "broken" | undefined {
	if (source === undefined || source === "") return undefined;
	const compiled = compilePattern(source);
	if (!compiled.ok) return "broken";
	if (!isFromStart) return compiled.pattern;
	const bound = compilePattern(`^(${source})`);
	return bound.ok ? bound.pattern : "broken";
}
