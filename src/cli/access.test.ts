import assert from "node:assert/strict";
import { test } from "node:test";
import { type Access, accessOfClass, type LoginClass, permissions, predefinedClasses } from "#cli/access.ts";

function predefined(name: string): Access {
	return accessOfClass(name, predefinedClasses[name] as LoginClass);
}

test("the predefined classes have the permissions of Junos", () => {
	for (const permission of Object.keys(permissions)) assert.ok(predefined("super-user").has(permission), permission);
	const operator = predefined("operator");
	for (const permission of ["clear", "network", "reset", "trace", "view"]) assert.ok(operator.has(permission));
	assert.ok(!operator.has("configure") && !operator.has("maintenance"));
	assert.ok(predefined("read-only").has("view") && !predefined("read-only").has("clear"));
	assert.ok(!predefined("unauthorized").has("view"));
});

test("a control permission includes the one to see", () => {
	const access = accessOfClass("c", { permissions: ["security-control"] });
	assert.ok(access.has("security"));
	assert.ok(access.mayView(["security"], "security"));
	assert.ok(access.mayChange(["security"], "security"));
	assert.ok(!access.mayChange(["system"], "system"));
	const viewer = accessOfClass("c", { permissions: ["security"] });
	assert.ok(viewer.mayView(["security"], "security"));
	assert.ok(!viewer.mayChange(["security"], "security"));
});

test("configure is enough for statements that name no permission", () => {
	const access = accessOfClass("c", { permissions: ["configure"] });
	assert.ok(access.mayChange(["groups"], undefined));
	assert.ok(access.mayView(["groups"], undefined));
	assert.ok(!access.mayView(["security"], "security"));
	assert.ok(accessOfClass("c", { permissions: ["view-configuration"] }).mayView(["security"], "security"));
	assert.ok(!accessOfClass("c", { permissions: ["view"] }).mayView(["groups"], undefined));
});

test("expressions allow and deny single commands; the one that reaches further decides", () => {
	const access = accessOfClass("c", {
		permissions: ["view", "clear"],
		allowCommands: "^request system configuration rescue|^show log",
		denyCommands: "^clear|^show log messages|^request",
	});
	assert.ok(access.mayRun(["request", "system", "configuration", "rescue", "save"], "maintenance"));
	assert.ok(access.mayRun(["show", "log"], "trace"));
	assert.ok(!access.mayRun(["show", "log", "messages"], "trace"));
	assert.ok(!access.mayRun(["clear", "services"], "clear"));
	assert.ok(access.mayRun(["show", "version"], "view"));
	assert.ok(!access.mayRun(["ping", "x"], "network"));
	assert.ok(access.mayRun(["quit"], undefined));
});

test("expressions decide about single statements, for those who have all too", () => {
	const access = accessOfClass("c", { permissions: ["all"], denyConfiguration: "^system login" });
	assert.ok(!access.mayView(["system", "login", "user", "x"], "system"));
	assert.ok(!access.mayChange(["system", "login"], "system"));
	assert.ok(access.mayChange(["system", "host-name"], "system"));
	assert.equal(access.seesAll, false);
	assert.equal(predefined("super-user").seesAll, true);
	assert.deepEqual([access.mayChangeAll, predefined("super-user").mayChangeAll], [false, true]);
});

test("a part may be closed in what is open, and opened in what is closed", () => {
	const closed = accessOfClass("c", {
		permissions: [],
		allowConfiguration: "services ssl",
		denyConfiguration: "services ssl proxy profile .* root-ca",
	});
	assert.ok(closed.mayChange(["services", "ssl", "proxy", "profile", "p", "trusted-ca"], "security"));
	assert.ok(!closed.mayChange(["services", "ssl", "proxy", "profile", "p", "root-ca"], "security"));
	assert.ok(!closed.mayView(["services", "ssl", "proxy", "profile", "p", "root-ca"], "security"));
	const open = accessOfClass("c", {
		permissions: ["all"],
		allowConfiguration: "security ike",
		denyConfiguration: ".*",
	});
	assert.ok(open.mayChange(["security", "ike", "policy", "p"], "security"));
	assert.ok(!open.mayChange(["security", "ipsec"], "security"));
	const same = accessOfClass("c", { permissions: [], allowCommands: "show log", denyCommands: "show log" });
	assert.ok(same.mayRun(["show", "log"], "trace"));
});

test("R264: single objects are kept from a class by name, and those that come later are open to it", () => {
	const access = accessOfClass("c", {
		permissions: ["security-control"],
		denyConfiguration: "services ssl proxy profile (bank|health)|services gateway reverse shop",
	});
	const profile = (name: string) => ["services", "ssl", "proxy", "profile", name, "trusted-ca"];
	for (const [path, may] of [
		[profile("bank"), false],
		[profile("health"), false],
		[profile("of-tomorrow"), true],
		[["services", "gateway", "reverse", "shop", "listen"], false],
		[["services", "gateway", "reverse", "wiki", "listen"], true],
	] as const)
		assert.deepEqual(
			[access.mayView(path, "security"), access.mayChange(path, "security")],
			[may, may],
			path.join(" "),
		);
});

test("nobody comes under an allow by the words behind the first, or by a name of his own", () => {
	const access = accessOfClass("c", {
		permissions: ["configure"],
		allowCommands: "(show log)|(request system)",
		allowConfiguration: "services ssl",
		denyConfiguration: "pre-shared-key",
	});
	assert.ok(!access.mayChange(["security", "policies", "global", "policy", "services ssl", "match"], "security"));
	assert.ok(!access.mayChange(["security", "then", "permit", "application-services", "ssl-proxy"], "security"));
	assert.ok(!access.mayRun(["clear", "show log"], "clear"));
	assert.ok(access.mayRun(["request", "system", "logout"], "maintenance"));
	assert.ok(!access.mayChange(["security", "ike", "policy", "p", "pre-shared-key"], undefined));
});

test("an expression that cannot be read denies what it would decide", () => {
	const denies = accessOfClass("c", { permissions: ["all"], denyCommands: "(" });
	assert.ok(!denies.mayRun(["show", "version"], "view"));
	const allows = accessOfClass("c", { permissions: [], allowCommands: "(" });
	assert.ok(!allows.mayRun(["show", "version"], "view"));
});

test("secrets are seen with the permission alone; the idle time comes from the class", () => {
	assert.equal(accessOfClass("c", { permissions: ["view-configuration"] }).maySeeSecrets, false);
	assert.equal(accessOfClass("c", { permissions: ["secret"] }).maySeeSecrets, true);
	assert.equal(accessOfClass("c", { permissions: [], idleTimeout: 7 }).idleTimeoutMinutes, 7);
	assert.equal(accessOfClass("c", { permissions: [] }).idleTimeoutMinutes, 0);
});
