/** Load: connections that fetched 1 KB and then stay open without a word. */
import type tls from "node:tls";
import type { Target } from "../subject.ts";
import { clientContext, closeClient, fetchOnce, openClient, request } from "./client.ts";

/**
 * Opens `count` connections, calls `measure` while they are open and idle, and closes them. `open` is how many were
 * still open afterwards: a proxy may close one now and then, but not one of a hundred.
 */
export async function withIdleConnections<T>(
	target: Target,
	count: number,
	measure: () => Promise<T>,
): Promise<{ readonly result: T; readonly open: number }> {
	const context = clientContext(target);
	const clients: tls.TLSSocket[] = [];
	let left = count;
	const lane = async () => {
		while (left > 0) {
			left--;
			const client = await openClient(target, context);
			client.on("error", () => undefined);
			clients.push(client);
			await fetchOnce(client, request(target, "/small", "keep-alive"));
		}
	};
	try {
		await Promise.all(Array.from({ length: 8 }, lane));
		const result = await measure();
		const open = clients.filter((client) => !client.destroyed && !client.readableEnded).length;
		if (open < count * 0.99) throw new Error(`only ${open} of ${count} idle connections stayed open`);
		return { result, open };
	} finally {
		await Promise.all(clients.map(closeClient));
	}
}
