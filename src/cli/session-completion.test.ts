import assert from "node:assert/strict";
import { test } from "node:test";
import { container, leaf } from "#config/schema.ts";
import { certificateReference } from "#pki/certificate-id.ts";
import { CliSystem } from "../../test/support/cli-session.ts";

const sample = `system { host-name gw; }
security { ike {
	policy p1 { mode main; pre-shared-key ascii-text secret1; }
	policy p2;
	gateway g { ike-policy p1; address 192.0.2.1; }
} }`;

test("? lists what may follow, with marks and help", () => {
	const user = new CliSystem({ configuration: sample }).login();
	assert.match(
		user.press("help", "").shows,
		/^Possible completions:\n {2}clear {16}Clear counters and the like\n {2}configure/,
	);
	assert.deepEqual(user.help("show log "), ["<[Enter]>", "<filename>", "messages", "sallyport.log", "|"]);
	assert.deepEqual(user.help("show configuration sec"), [">security"]);
	user.enter("configure");
	const groups = ["+apply-groups", "+apply-groups-except", ">groups"];
	assert.deepEqual(user.help("set "), [...groups, ">interfaces", ">routing-options", ">security", ">system"]);
	assert.deepEqual(user.help("set system p"), ["+ports"]);
	assert.deepEqual(user.help("set security ike policy p1 "), [
		"<[Enter]>",
		"mode",
		">pre-shared-key",
		"proposal-set",
		"+proposals",
		"|",
	]);
	assert.deepEqual(user.help("set security ike gateway g ike-policy "), ["<name>", "p1", "p2"]);
	assert.deepEqual(user.help("show "), ["<[Enter]>", ">security", ">system", "|"]);
	assert.deepEqual(user.help("commit "), [
		"<[Enter]>",
		"and-quit",
		"at",
		"check",
		"comment",
		"confirmed",
		"full",
		"synchronize",
		"|",
	]);
	assert.deepEqual(user.help("show | "), [
		"append",
		"compare",
		"count",
		"display",
		"except",
		"find",
		"hold",
		"last",
		"match",
		"no-more",
		"refresh",
		"resolve",
		"save",
		"tee",
		"trim",
	]);
	assert.deepEqual(user.help("run show sys"), ["system"]);
	assert.deepEqual(user.help("top show sec"), [">security"]);
	assert.deepEqual(user.help("rename security ike policy p1 "), ["to", "mode", ">pre-shared-key"]);
	assert.deepEqual(user.help("insert security ike policy p1 before policy "), ["p1", "p2"]);
	assert.equal(user.press("help", "set bogus ").shows, `${" ".repeat(14)}^\nsyntax error.\n`);
});

test("SPACE completes keywords and not names; TAB completes both, a second one lists", () => {
	const user = new CliSystem({ configuration: sample }).login();
	assert.deepEqual(user.press("space", "sh"), { line: "show ", shows: "" });
	assert.deepEqual(user.press("space", "show ver"), { line: "show version ", shows: "" });
	assert.match(user.press("space", "s").shows, /'s' is ambiguous\.\nPossible completions:/);
	assert.match(user.press("space", "bogus").shows, /unknown command\./);
	assert.deepEqual(user.press("tab", "show log sal"), { line: "show log sallyport.log ", shows: "" });
	assert.deepEqual(user.press("space", "show log sal"), { line: "show log sal ", shows: "" });
	user.enter("configure");
	assert.deepEqual(user.press("space", "up 2"), { line: "up 2 ", shows: "" });
	assert.deepEqual(user.press("space", "up 2 sh"), { line: "up 2 show ", shows: "" });
	assert.deepEqual(user.press("space", "set sec"), { line: "set security ", shows: "" });
	assert.deepEqual(user.press("space", "set security ike policy p"), { line: "set security ike policy p ", shows: "" });
	assert.deepEqual(user.press("tab", "set security ike policy p"), {
		line: "set security ike policy p",
		shows: user.press("help", "set security ike policy p").shows,
	});
	assert.deepEqual(user.press("tab", "set security ike gateway g ike-policy p"), {
		line: "set security ike gateway g ike-policy p",
		shows: user.press("help", "set security ike gateway g ike-policy p").shows,
	});
	assert.deepEqual(user.press("tab", "delete security ike pol"), { line: "delete security ike policy ", shows: "" });
	assert.deepEqual(user.press("space", "show | co"), {
		line: "show | co",
		shows: user.press("space", "show | co").shows,
	});
	assert.deepEqual(user.press("space", "show | cou"), { line: "show | count ", shows: "" });
	assert.deepEqual(user.press("space", "# sh"), { line: "# sh ", shows: "" });
});

const certificateSchema = container({
	help: "",
	children: { certificate: leaf(certificateReference, { help: "Certificate" }) },
});

test("R134: names that the system keeps, such as certificates, are offered in statements too", () => {
	const user = new CliSystem({ configuration: "", root: certificateSchema }).login();
	user.enter("configure");
	assert.deepEqual(user.help("set certificate "), ["<certificate-id>", "corp", '"corp two"']);
	assert.deepEqual(user.press("tab", "set certificate c"), { line: "set certificate corp ", shows: "" });
});
