/** When a client's port was last dialed from: the system gives a port again, and records before that are another client's. */
const dialed = new Map<number, number>();

export function noteDialed(port: number | undefined, at: number): void {
	if (port !== undefined) dialed.set(port, at);
}

/** Milliseconds since 1970, a little before the connection; 0 when no client of this process came from the port. */
export function dialedAt(port: number | undefined): number {
	const at = dialed.get(port ?? 0);
	return at === undefined ? 0 : at - clockDifferenceMs;
}

/** Between the clocks of two processes of one machine. */
const clockDifferenceMs = 50;
