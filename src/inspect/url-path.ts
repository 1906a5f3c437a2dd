/**
 * The form in which paths of URLs are compared: of two that servers take for the same there is one (RFC 3986 §6.2.2).
 *
 *   /a/%62ad, /a//bad, /a/./bad, /a/x/../bad     /a/bad
 *
 * Percent-encoding is undone once, `%2F` too, as servers do before they look for a file; `%`, `?` and `#` stay encoded.
 */

/** `target` begins with a slash; its query stays as it is. */
export function plainTarget(target: string): string {
	const query = target.indexOf("?");
	const path = query === -1 ? target : target.slice(0, query);
	if (!mayDiffer.test(path)) return target;
	return withoutDots(path.replace(/%[0-9a-f]{2}/gi, decoded)) + (query === -1 ? "" : target.slice(query));
}

function decoded(coded: string): string {
	const letter = String.fromCharCode(Number.parseInt(coded.slice(1), 16));
	return keptEncoded.has(letter) ? coded.toUpperCase() : letter;
}

/** Without empty, `.` and `..` steps; a slash at the end stays. */
function withoutDots(path: string): string {
	const steps: string[] = [];
	const all = path.split("/");
	for (const step of all) {
		if (step === "..") steps.pop();
		else if (step !== "" && step !== ".") steps.push(step);
	}
	const isFolder = steps.length > 0 && folderEnds.has(all.at(-1) ?? "");
	return `/${steps.join("/")}${isFolder ? "/" : ""}`;
}

const mayDiffer = /%|\/\/|\/\./;
const keptEncoded: ReadonlySet<string> = new Set("%?#");
const folderEnds: ReadonlySet<string> = new Set(["", ".", ".."]);
