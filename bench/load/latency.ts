/** Load: one request at a time, its time to the first octet of the response. */
import type { Target } from "../subject.ts";
import { clientContext, closeClient, fetchOnce, openClient, request } from "./client.ts";

/** Milliseconds from the start of the TCP connection to the first octet of the response, of each new connection. */
export async function timeNewConnections(target: Target, count: number): Promise<number[]> {
	const context = clientContext(target);
	const times: number[] = [];
	for (let index = 0; index < count; index++) {
		const start = performance.now();
		const client = await openClient(target, context);
		await fetchOnce(client, request(target, "/small", "close"), () => times.push(performance.now() - start));
		await closeClient(client);
	}
	return times;
}

/** Milliseconds from request to first octet, of requests on one connection that stays open, after some that warm it up. */
export async function timeKeepAlive(target: Target, count: number): Promise<number[]> {
	const client = await openClient(target, clientContext(target));
	const times: number[] = [];
	for (let index = 0; index < count / 4; index++) await fetchOnce(client, request(target, "/small", "keep-alive"));
	for (let index = 0; index < count; index++) {
		const start = performance.now();
		await fetchOnce(client, request(target, "/small", "keep-alive"), () => times.push(performance.now() - start));
	}
	await closeClient(client);
	return times;
}
