/**
 * Links of the documents: files, headings, code named as `src/folder/file.ts:name`, tests named as
 * `src/folder/file.test.ts` "words of its name"; and the map names every folder of `src`.
 */
import { existsSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { blankText, lineAt } from "./code-text.ts";
import { listFiles, listSources, readText } from "./source-files.ts";

/** Every link of a Markdown file that leads nowhere, as `file:line: what`. */
export function checkLinks(root: string): string[] {
	const faults: string[] = [];
	for (const file of listFiles(root).filter((name) => name.endsWith(".md"))) {
		const text = readText(root, file);
		const prose = withoutFences(text);
		const say = (position: number, what: string) => faults.push(`${file}:${lineAt(text, position)}: ${what}`);
		for (const match of prose.matchAll(/\]\(([^()\s]+)\)/g)) {
			const fault = linkFault(root, file, match[1] ?? "");
			if (fault !== undefined) say(match.index, fault);
		}
		for (const match of text.matchAll(codeReference)) {
			const fault = referenceFault(root, match[1] ?? "", match[2]);
			if (fault !== undefined) say(match.index, fault);
		}
		for (const match of text.matchAll(testReference)) {
			const [, path = "", names = ""] = match;
			const source = existsSync(join(root, path)) ? readText(root, path) : "";
			for (const [, words = ""] of names.matchAll(/"([^"]*)"/g)) {
				if (words === "" || !source.includes(words))
					say(match.index, `${path} has no test whose name holds "${words}"`);
			}
		}
	}
	return [...faults, ...foldersNotOnMap(root)];
}

/** Every folder of `src` that ARCHITECTURE.md does not name. */
function foldersNotOnMap(root: string): string[] {
	const folders = new Set(listSources(root).map((file) => file.split("/").slice(0, 2).join("/")));
	const map = existsSync(join(root, "ARCHITECTURE.md")) ? readText(root, "ARCHITECTURE.md") : "";
	return [...folders]
		.filter((folder) => !map.includes(`\`${folder}/\``))
		.map((folder) => `ARCHITECTURE.md: does not name ${folder}/`);
}

/** True when the source text defines a function, class, constant, type or member of that name. */
export function definesName(source: string, name: string): boolean {
	const code = blankText(source);
	return name.split(".").every((part) => {
		const word = part.replace(/[$]/g, "\\$&");
		const declared = `\\b(?:function\\*?|class|const|let|interface|type)\\s+${word}(?![\\w$])`;
		const member = `^\\s*(?:(?:static|async|readonly|get|set|export)\\s+)*[*#]?${word}\\s*(?:[(:=<?]|$)`;
		return new RegExp(`${declared}|${member}`, "m").test(code);
	});
}

function linkFault(root: string, file: string, link: string): string | undefined {
	if (/^[a-z][a-z+.-]*:/.test(link)) return undefined;
	const [path = "", anchor] = link.split("#");
	const target = path === "" ? file : posix.join(posix.dirname(file), decodeURI(path));
	if (!existsSync(join(root, target))) return `link to ${target}, which does not exist`;
	if (anchor === undefined || !target.endsWith(".md")) return undefined;
	const anchors = headings(readText(root, target));
	return anchors.has(anchor) ? undefined : `link to #${anchor} of ${target}, which has no such heading`;
}

function referenceFault(root: string, path: string, name: string | undefined): string | undefined {
	const info = statSync(join(root, path), { throwIfNoEntry: false });
	if (info === undefined) return `names ${path}, which does not exist`;
	if (name === undefined || /^[0-9]/.test(name)) return undefined;
	return info.isFile() && definesName(readText(root, path), name) ? undefined : `${path} defines no ${name}`;
}

/** The anchors of a document's headings, made as GitHub makes them. */
function headings(text: string): Set<string> {
	const anchors = new Set<string>();
	for (const match of withoutFences(text).matchAll(/^#{1,6}\s+(.+?)\s*$/gm)) {
		const words = (match[1] ?? "").toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "");
		anchors.add(words.replace(/\s/g, "-"));
	}
	return anchors;
}

/** The text with fenced blocks and inline code turned into spaces. */
function withoutFences(text: string): string {
	return text.replace(/^(`{3,}|~{3,})[\s\S]*?^\1|`[^`\n]*`/gm, (block) => block.replace(/[^\n]/g, " "));
}

/** Inside backticks: a path below a folder of the checkout, then perhaps a name. A pattern with `*` or `<` is no path. */
const codeReference = /`((?:src|scripts|test|bench|docs|console|bin|\.ci)\/[\w./-]*[\w/])(?::([\w$.#]+))?(?:\(\))?`/g;

/** A test file in backticks, then words of the names of one or several tests, each in quotes. */
const testReference = /`([\w./-]+\.test\.ts)`((?:,?\s+"[^"\n]*")+)/g;
