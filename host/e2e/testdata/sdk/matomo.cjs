// Sends with Matomo's tracker for Node, one request after the other and in a
// bulk, and prints what it heard.
//
//   node matomo.cjs NODE_MODULES URL

const { createRequire } = require("node:module");
const { subscribe } = require("node:diagnostics_channel");
const [modules, url] = process.argv.slice(2);
const MatomoTracker = createRequire(modules + "/")("matomo-tracker");

const answers = { accepted: 0, errors: [], bulk: null };
const tracker = new MatomoTracker("matomo", url + "/matomo.php");
tracker.on("error", (err) => answers.errors.push(String(err)));

// The tracker has no word for a single request that went well: it is silent.
let finish;
const finished = new Promise((resume) => { finish = resume; });
subscribe("http.client.response.finish", () => { if (++answers.accepted === 4) finish(); });

const visitor = { _id: "0123456789abcdef", uid: "ada", ua: "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/145.0", token_auth: "not-a-token" };
tracker.track({ ...visitor, url: "https://shop.example/tea?utm_source=mail", action_name: "Tee & Kännchen", urlref: "https://search.example/?q=tea", res: "1280x720", dimension1: "pro" });
tracker.track({ ...visitor, url: "https://shop.example/tea", e_c: "newsletter", e_a: "subscribe", e_n: "footer", e_v: 9.95 });
tracker.track("https://shop.example/plain");
const bulk = new Promise((resume) => {
  tracker.trackBulk([
    { ...visitor, url: "https://shop.example/search", search: "Grüner Tee", search_count: 3 },
    { ...visitor, url: "https://shop.example/done", idgoal: 0, ec_id: "O-1", revenue: 39.95, ec_items: JSON.stringify([["TEA-100", "Sencha 茶", "tea", 7.9, 5]]) },
    { ...visitor, url: "https://shop.example/tea", e_c: "newsletter" },
  ], resume);
});
Promise.all([bulk, finished]).then(([said]) => {
  answers.bulk = JSON.parse(said);
  console.log(JSON.stringify(answers));
  process.exit(); // it leaves connections open
});
