import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FaultError } from "#base/fault.ts";
import { loadCaProfiles } from "#daemon/ca-profiles.ts";
import { makeCertificate } from "../../test/support/make-certificate.ts";

const corp = makeCertificate({ subject: "CN=Corp", isCa: true });
const lab = makeCertificate({ subject: "CN=Lab", isCa: true });

function directory(t: TestContext, files: Readonly<Record<string, string>>): string {
	const path = mkdtempSync(join(tmpdir(), "trust-"));
	t.after(() => rmSync(path, { recursive: true }));
	for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
	return path;
}

test("R93 R96: each file is a profile named after it and may hold several certificates", (t) => {
	const path = directory(t, { "corp.pem": `# ours\n${corp.pem}${lab.pem}`, "lab.pem": lab.pem, "notes.txt": "x" });
	const profiles = loadCaProfiles(path);
	assert.deepEqual([...profiles.keys()], ["corp", "lab"]);
	assert.deepEqual(profiles.get("corp"), [corp.pem, lab.pem]);
});

test("no directory means no profiles", () => {
	assert.equal(loadCaProfiles("/nowhere/trust").size, 0);
});

test("a file without a certificate, or with a broken one, is a fault that names it", (t) => {
	for (const text of ["", "hello", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"]) {
		const path = directory(t, { "bad.pem": text });
		assert.throws(
			() => loadCaProfiles(path),
			(error) =>
				error instanceof FaultError && error.fault.code === "KEY_STORE_BROKEN" && error.message.includes("bad.pem"),
		);
	}
});

test("a directory in the place of a file does not pass as an empty profile", (t) => {
	const path = directory(t, {});
	mkdirSync(join(path, "odd.pem"));
	assert.throws(() => loadCaProfiles(path));
});
