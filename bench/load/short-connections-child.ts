/** The load in a process of its own, to be run in a network namespace; what it is to do comes in as JSON. */
import { type ShortConnections, shortConnections } from "./short-connections.ts";

await shortConnections(JSON.parse(process.argv[2] ?? "") as ShortConnections);
