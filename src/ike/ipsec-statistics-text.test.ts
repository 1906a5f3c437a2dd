import assert from "node:assert/strict";
import { test } from "node:test";
import { statisticsText } from "#ike/ipsec-statistics-text.ts";
import { vpnState } from "../../test/support/vpn-states.ts";

test("B73: the sum of what was encrypted and decrypted, and of errors", () => {
	assert.equal(
		statisticsText([vpnState(), vpnState({ index: 131_074 })], undefined),
		`Virtual-system: Root
ESP Statistics:
  Encrypted bytes:          1072816
  Decrypted bytes:          1393392
  Encrypted packets:           2492
  Decrypted packets:           1776
AH Statistics:
  Input bytes:                    0
  Output bytes:                   0
  Input packets:                  0
  Output packets:                 0
Errors:
  AH authentication failures: 0, Replay errors: 4
  ESP authentication failures: 2, ESP decryption failures: 0
  Bad headers: 0, Bad trailers: 0
Data plane: user-space
`,
	);
	assert.doesNotMatch(statisticsText([], undefined), /Data plane/);
	assert.match(statisticsText([vpnState()], 131_073), /^Virtual-system: Root\nSA index: 131073\n/);
});
