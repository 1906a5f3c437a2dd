/** The other side of `| compare`: the configuration in force, an earlier one, the rescue one, or a file. */
import type { Pipe } from "#cli/pipes.ts";
import { failure, type Reply } from "#cli/reply.ts";
import { topLevel } from "#config/level.ts";
import { loadInto } from "#config/load.ts";
import type { ContainerNode } from "#config/schema.ts";
import type { SaltSource } from "#config/secret-codec.ts";
import { type Branch, emptyTree } from "#config/tree.ts";

export interface CompareContext {
	readonly root: ContainerNode;
	/** With what is compared when the pipe names nothing. */
	readonly base: Branch;
	/** The configuration in force: `rollback 0`. */
	readonly active: Branch;
	readonly salt: SaltSource;
}

/** Gets the other tree and goes on with it. */
export function compareTree(pipe: Pipe, context: CompareContext, then: (before: Branch) => Reply): Reply {
	const { rollback, file } = pipe.values;
	if (rollback !== undefined && Number(rollback) === 0) return then(context.active);
	if (rollback !== undefined) return { kind: "fetch", which: Number(rollback), then };
	if (pipe.words.includes("rescue")) return { kind: "fetch", which: "rescue", then };
	if (file === undefined) return then(context.base);
	return { kind: "read-file", file, then: (text) => compareFile(file, text, context, then) };
}

function compareFile(file: string, text: string, context: CompareContext, then: (before: Branch) => Reply): Reply {
	const request = { how: "override", text, format: "text", isRelative: false, source: file } as const;
	const loaded = loadInto(emptyTree, topLevel(context.root), request, { salt: context.salt });
	return loaded.ok ? then(loaded.tree) : failure(...loaded.errors);
}
