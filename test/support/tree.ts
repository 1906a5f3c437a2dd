/** Trees of small files in a temporary directory, for tests of programs that read a checkout. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";

/** Writes the files (path to text) below a new directory, which goes away with the test, and returns its path. */
export function makeTree(t: Pick<TestContext, "after">, files: Readonly<Record<string, string>>): string {
	const root = mkdtempSync(join(tmpdir(), "sallyport-tree-"));
	t.after(() => rmSync(root, { recursive: true, force: true }));
	for (const [path, text] of Object.entries(files)) {
		mkdirSync(dirname(join(root, path)), { recursive: true });
		writeFileSync(join(root, path), text);
	}
	return root;
}
