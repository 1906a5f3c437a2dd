/** Load: many small requests on a few connections that stay open. */
import type { Target } from "../subject.ts";
import { clientContext, closeClient, fetchOnce, openClient, request } from "./client.ts";

/** Fetches 1 KB, or another object, `count` times over `connections` connections, one request at a time on each. */
export async function loadKeepAlive(
	target: Target,
	count: number,
	connections: number,
	path = "/small",
): Promise<void> {
	const context = clientContext(target);
	let left = count;
	const lane = async () => {
		const client = await openClient(target, context);
		while (left > 0) {
			left--;
			await fetchOnce(client, request(target, path, "keep-alive"));
		}
		await closeClient(client);
	};
	await Promise.all(Array.from({ length: connections }, lane));
}
