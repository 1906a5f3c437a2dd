/** Reads TypeScript as text, well enough for the house checks: what is code, and what the file imports. */

/** One import or re-export. `isTypeOnly` ones are gone at run time. */
export interface ImportLine {
	readonly specifier: string;
	readonly line: number;
	readonly isTypeOnly: boolean;
	readonly isReExport: boolean;
}

/**
 * The file with every comment and the inside of every string, template text and regular expression turned into spaces.
 * Length and line breaks stay, so a position found here is a position in the file.
 */
export function blankText(source: string): string {
	const out = [...source.split("")];
	const templates: number[] = [];
	let depth = 0;
	let at = 0;
	const blank = (from: number, to: number) => {
		for (let index = from; index < to; index++) if (out[index] !== "\n") out[index] = " ";
	};
	const templateText = (from: number): number => {
		const end = endOfTemplateText(source, from);
		blank(from, end);
		if (source[end] === "`" || end >= source.length) return end + 1;
		templates.push(depth);
		return end + 2;
	};
	while (at < source.length) {
		const char = source[at];
		const two = source.slice(at, at + 2);
		if (two === "//" || two === "/*") {
			const closing = two === "//" ? source.indexOf("\n", at) : source.indexOf("*/", at + 2);
			const end = closing === -1 ? source.length : closing + (two === "//" ? 0 : 2);
			blank(at, end);
			at = end;
		} else if (char === '"' || char === "'") {
			const end = endOfQuoted(source, at + 1, char);
			blank(at + 1, end);
			at = end + 1;
		} else if (char === "`") at = templateText(at + 1);
		else if (char === "/" && startsRegExp(out.slice(Math.max(0, at - 40), at).join(""))) {
			const end = endOfRegExp(source, at + 1);
			if (end !== undefined) blank(at + 1, end);
			at = (end ?? at) + 1;
		} else if (char === "}" && templates.at(-1) === depth) {
			templates.pop();
			at = templateText(at + 1);
		} else {
			if (char === "{") depth++;
			if (char === "}") depth--;
			at++;
		}
	}
	return out.join("");
}

/** The imports and re-exports of a file, `import()` with a plain string among them. */
export function importsOf(source: string): ImportLine[] {
	const code = blankText(source);
	const found: ImportLine[] = [];
	for (const match of code.matchAll(importPattern)) {
		const quoteAt = match.index + match[0].length - 1;
		const specifier = source.slice(quoteAt + 1, endOfQuoted(source, quoteAt + 1, source[quoteAt] ?? '"'));
		found.push({
			specifier,
			line: lineAt(code, match.index),
			isTypeOnly: match[2] !== undefined,
			isReExport: match[1] === "export",
		});
	}
	return found;
}

/** The line (from 1) of a position. */
export function lineAt(text: string, position: number): number {
	let line = 1;
	for (let index = text.indexOf("\n"); index !== -1 && index < position; index = text.indexOf("\n", index + 1)) line++;
	return line;
}

/** The position of the quote that closes a string whose text begins at `from`; the end of the line when none does. */
export function endOfQuoted(source: string, from: number, quote: string): number {
	let at = from;
	while (at < source.length && source[at] !== quote && source[at] !== "\n") at += source[at] === "\\" ? 2 : 1;
	return Math.min(at, source.length);
}

function endOfTemplateText(source: string, from: number): number {
	let at = from;
	while (at < source.length && source[at] !== "`" && source.slice(at, at + 2) !== "${")
		at += source[at] === "\\" ? 2 : 1;
	return Math.min(at, source.length);
}

function endOfRegExp(source: string, from: number): number | undefined {
	let isClass = false;
	for (let at = from; at < source.length && source[at] !== "\n"; at++) {
		if (source[at] === "\\") at++;
		else if (source[at] === "[") isClass = true;
		else if (source[at] === "]") isClass = false;
		else if (source[at] === "/" && !isClass) return at;
	}
	return undefined;
}

/** A slash after an operator, an opening bracket or a keyword begins a regular expression; elsewhere it divides. */
function startsRegExp(before: string): boolean {
	return /(?:^|[-([{}=:;,!&|?+*%~^<>]|\b(?:return|typeof|case|in|of|delete|void|throw|else|do|yield|await))\s*$/.test(
		before,
	);
}

const importPattern =
	/(?<![.\w$])(?:(import|export)(\s+type(?=\s+\w|\s*[{*]))?[\w\s{},*$]*?\bfrom\s*["']|import\s*\(\s*["']|import\s*["'])/g;
