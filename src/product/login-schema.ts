/** `system login`: who may log in, and what each may do. */
import { error, type Finding, warning } from "#config/finding.ts";
import {
	enumeration,
	hashedSecret,
	integer,
	name,
	reference,
	regularExpression,
	text,
	union,
} from "#config/leaf-types.ts";
import { container, flag, leaf, leafList, list, type Snapshot } from "#config/schema.ts";

/** The classes that are there without being configured. */
const shippedClasses = {
	"super-user": "Everything",
	operator: "See, clear, restart; no configuration",
	"read-only": "See",
	unauthorized: "Nothing",
};

const permissions = leafList(name({ placeholder: "permission" }), {
	help: {
		what: "What the class may do; the command 'show cli authorization' names them all",
		loosened: "danger: all, control, admin-control and maintenance make it easy to become super-user",
	},
});

const loginClass = list({
	help: "A class of users",
	keys: { name: name() },
	children: {
		permissions,
		"allow-commands": leaf(regularExpression(), {
			help: {
				what: "Commands, from their first word on, that are allowed whatever the permissions say",
				loosened: "danger: .* allows every command",
			},
		}),
		"deny-commands": leaf(regularExpression(), {
			help: "Commands that are not, unless allow-commands matches as far into them",
		}),
		"allow-configuration": leaf(regularExpression(), {
			help: {
				what: "Statements, by their path from the top, that may be seen and changed whatever the permissions say",
				loosened: "danger: .* opens every statement",
			},
		}),
		"deny-configuration": leaf(regularExpression(), {
			help: "Statements that may not, unless allow-configuration matches as far into their path",
		}),
		"idle-timeout": leaf(integer({ min: 1, max: 525_600, unit: "minutes" }), {
			help: {
				what: "A session without a key for so long is ended; never when absent",
				loosened: "danger: a terminal that was left open serves whoever comes by",
			},
		}),
		"login-alarms": flag({ help: "Show alarms at login" }),
	},
});

const publicKeys = (kind: string) =>
	leafList(text({ min: 40, max: 8_192, placeholder: "key" }), {
		help: `${kind} public keys of the user`,
		engine: "not-yet",
	});

const user = list({
	help: "A user",
	keys: { name: name({ max: 64 }) },
	children: {
		"full-name": leaf(text({ max: 255 }), { help: "Name" }),
		uid: leaf(integer({ min: 100, max: 64_000, placeholder: "uid" }), {
			help: "Number of the user on this host; the name decides when absent",
		}),
		class: leaf(union([enumeration(shippedClasses), reference("system login class")]), {
			help: "What the user may do",
			mandatory: true,
		}),
		authentication: container({
			help: "How the user proves to be the one",
			permission: "secret",
			children: {
				"encrypted-password": leaf(hashedSecret(), { help: "Hash of the password", engine: "not-yet" }),
				"ssh-ed25519": publicKeys("Ed25519"),
				"ssh-ecdsa": publicKeys("ECDSA"),
				"ssh-rsa": publicKeys("RSA"),
			},
		}),
	},
});

export const login = container({
	help: "Who may log in",
	permission: "admin",
	children: {
		message: leaf(text({ max: 2_048 }), { help: "What is shown before login" }),
		announcement: leaf(text({ max: 2_048 }), { help: "What is shown after login" }),
		"retry-options": container({
			help: "What happens when a password is wrong",
			engine: "not-yet",
			children: {
				"tries-before-disconnect": leaf(integer({ min: 1, max: 10, placeholder: "tries" }), {
					help: { what: "Tries in one connection", loosened: "danger: passwords can be guessed faster" },
					default: 3,
				}),
				"backoff-threshold": leaf(integer({ min: 1, max: 3, placeholder: "tries" }), {
					help: "Tries after which the answer is delayed",
					default: 2,
				}),
				"backoff-factor": leaf(integer({ min: 5, max: 10, unit: "seconds" }), {
					help: "The delay, times the number of tries",
					default: 5,
				}),
				"lockout-period": leaf(integer({ min: 1, max: 43_200, unit: "minutes" }), {
					help: {
						what: "How long an account stays closed; it does not close when absent",
						grows: "how long an attacker can shut a user out",
					},
				}),
			},
		}),
		class: loginClass,
		user,
	},
});

/** Names of shipped classes are taken; a user without a way to authenticate comes in over the local socket only. */
export function verifyLogin({ class: classes, user: users }: Snapshot<typeof login>): readonly Finding[] {
	const path = ["system", "login"];
	const findings: Finding[] = [];
	for (const className of classes.keys()) {
		if (!Object.hasOwn(shippedClasses, className)) continue;
		findings.push(error([...path, "class", className], undefined, "the name is that of a shipped class"));
	}
	for (const [userName, { class: className }] of users) {
		const permitted = classes.get(className)?.permissions;
		if (permitted === undefined || permitted.length > 0) continue;
		const message = `class ${className} has no permissions, so that the user can do nothing`;
		findings.push(warning([...path, "user", userName], "class", message));
	}
	return findings;
}
