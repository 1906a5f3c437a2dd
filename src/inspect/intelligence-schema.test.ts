import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf, printedForm } from "../../test/support/config-text.ts";

const source = `security {
    intelligence {
        feed addresses {
            category command-and-control;
            url https://feeds.example/cc.txt;
            format csv;
            update-interval 30;
        }
        feed clients {
            category ja3;
            file feeds/ja3.txt;
        }
        profile cc {
            category command-and-control;
            rule high {
                match {
                    feed-name addresses;
                    threat-level [ 8 9 10 ];
                }
                then {
                    action {
                        block close;
                    }
                    log;
                }
            }
            default-rule {
                then {
                    action {
                        permit;
                    }
                    log;
                }
            }
        }
        profile fingerprints {
            category ja3;
        }
        policy all {
            profile [ cc fingerprints ];
        }
    }
}
`;

test("feeds, profiles and policies are printed as entered", () => {
	assert.equal(printedForm(source), source);
	assert.deepEqual(findingsOf(source), []);
});

test("a policy has one profile of a category, a rule feeds of its profile's category", () => {
	assert.deepEqual(
		findingsOf(
			source.replace(
				"profile fingerprints {\n            category ja3",
				"profile fingerprints {\n            category command-and-control",
			),
		),
		["error security intelligence policy all 'profile': cc and fingerprints are both of category command-and-control"],
	);
	assert.deepEqual(findingsOf(source.replace("feed-name addresses", "feed-name clients")), [
		"error security intelligence profile cc rule high match 'feed-name': clients is of category ja3, the profile of command-and-control",
	]);
});

test("a feed comes from one place; a level is 1 to 10", () => {
	assert.match(findingsOf("security { intelligence { feed f { category url; } } }").join(), /one of 'url', 'file'/);
	assert.match(findingsOf(source.replace("[ 8 9 10 ]", "11")).join(), /not within range \(1\.\.10\)/);
});

test("who fetches is told over https alone, and whole; a feed of certificates is read and compared", () => {
	const feed = (statements: string) =>
		findingsOf(`security { intelligence { feed f { category url; ${statements} } } }`);
	const secret = "authentication { token x; }";
	assert.deepEqual(feed(`url https://feeds.example/x; ${secret}`), []);
	assert.deepEqual(feed("url https://feeds.example/x; authentication { user-name pat; password x; }"), []);
	const clear =
		"error security intelligence feed f authentication: the feed is not fetched over https: nobody is told a secret in clear";
	assert.deepEqual(feed(`url http://feeds.example/x; ${secret}`), [clear]);
	assert.deepEqual(feed(`file x; ${secret}`), [clear]);
	const half = "error security intelligence feed f authentication: user-name and password go together";
	assert.deepEqual(feed("url https://feeds.example/x; authentication { user-name pat; }"), [half]);
	assert.match(feed("url https://a:b@feeds.example/x;").join(), /'url': it holds a user; give user and password by/);
	assert.match(
		feed("url https://feeds.example/x; authentication { header Auth-Key; }").join(),
		/no token to stand in it/,
	);
	for (const name of ["Host", "content-length", "a:b"])
		assert.match(
			feed(`url https://x.example/; authentication { token x; header "${name}"; }`).join(),
			/invalid field name/,
		);
	assert.match(feed("url ftp://feeds.example/x;").join(), /invalid URL/);
});
