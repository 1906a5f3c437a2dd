/** An association that stands takes another configuration of its connection up (B30). */
import { isSameChild } from "#ike/connection-change.ts";
import type { ChildSa } from "#ike/v2/child-sa.ts";
import type { Connection } from "#ike/v2/connection.ts";
import type { IkeSa } from "#ike/v2/ike-sa.ts";
import { newChildDeleteTask, newCreateTask } from "#ike/v2/task-child.ts";

/** Children whose terms are others are deleted, and made again at once where tunnels start immediately. */
export function followConnection(sa: IkeSa, next: Connection, now: number): void {
	sa.connection = next;
	const standing = new Set<string>();
	for (const child of [...sa.children.values()]) {
		const config = next.children.find(({ name }) => name === child.config.name);
		if (config !== undefined && isSameChild(child.config, config)) {
			child.config = config;
			if (child.state === "installed") standing.add(config.name);
		} else if (child.state !== "deleting") closeChild(sa, child, "its configuration has changed", now);
	}
	if (!next.startsImmediately || !sa.isEstablished) return;
	for (const config of next.children) if (!standing.has(config.name)) sa.enqueue(newCreateTask(config), now);
}

/** Deletes a child and tells the peer. */
export function closeChild(sa: IkeSa, child: ChildSa, why: string, now: number): void {
	child.softAt = Number.POSITIVE_INFINITY;
	sa.report("child-closed", `${sa.describeChild(child)}: ${why}`);
	sa.enqueue(newChildDeleteTask(child), now);
}
