/** Load: a large object fetched over one connection. */
import type { Target } from "../subject.ts";
import { clientContext, closeClient, fetchOnce, openClient, request } from "./client.ts";

/** Fetches the large object `times` times, one after the other. */
export async function loadDownload(target: Target, times: number): Promise<void> {
	const client = await openClient(target, clientContext(target));
	for (let time = 0; time < times; time++) await fetchOnce(client, request(target, "/large", "keep-alive"));
	await closeClient(client);
}
