/** Load: connections that each do a full handshake, fetch 1 KB and close. */
import type { Target } from "../subject.ts";
import { clientContext, closeClient, fetchOnce, openClient, request } from "./client.ts";

export interface NewConnections {
	/** On how many of them the proxy resumed its session with the origin. */
	readonly resumed: number;
}

/** Makes `count` connections, `concurrency` at a time. */
export async function loadNewConnections(target: Target, count: number, concurrency: number): Promise<NewConnections> {
	const context = clientContext(target);
	let left = count;
	let resumed = 0;
	const lane = async () => {
		while (left > 0) {
			left--;
			const client = await openClient(target, context);
			const response = await fetchOnce(client, request(target, "/small", "close"));
			if (response.isOriginSessionResumed) resumed++;
			await closeClient(client);
		}
	};
	await Promise.all(Array.from({ length: concurrency }, lane));
	return { resumed };
}
