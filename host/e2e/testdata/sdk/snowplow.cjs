// Sends with the Snowplow Node tracker as somebody, and tells the collector
// whether they want to be anonymous.
//
//   node snowplow.cjs NODE_MODULES HOST PORT METHOD APP ANONYMOUS

const { createRequire } = require("node:module");
const [modules, endpoint, port, eventMethod, appId, anonymous] = process.argv.slice(2);
const { newTracker, buildPageView, buildStructEvent } = createRequire(modules + "/")("@snowplow/node-tracker");

const answers = { accepted: 0, errors: [] };
const tracker = newTracker({ namespace: "e2e", appId }, {
  endpoint, port: Number(port), protocol: "http", eventMethod, bufferSize: 1, serverAnonymization: anonymous === "true",
  onRequestSuccess: (batch) => { answers.accepted += batch.length; },
  onRequestFailure: (failure) => answers.errors.push(`${failure.status} ${failure.message}`),
});
tracker.setUserId("ada");
tracker.setDomainUserId("d7b6c3f0-1f5e-4f3c-9a53-2a1c4a4f0001");
tracker.setNetworkUserId("d7b6c3f0-1f5e-4f3c-9a53-2a1c4a4f0002");
tracker.setSessionId("d7b6c3f0-1f5e-4f3c-9a53-2a1c4a4f0003");

tracker.track(buildPageView({ pageUrl: "https://shop.example/tea" }));
tracker.track(buildStructEvent({ category: "newsletter", action: "subscribe" }));

// A flush does nothing while an earlier one is under way, so one is not enough.
const deadline = Date.now() + 60_000;
const settle = async () => {
  while (answers.accepted < 2 && answers.errors.length === 0 && Date.now() < deadline) {
    await tracker.flush();
    await new Promise((resume) => setTimeout(resume, 20));
  }
  console.log(JSON.stringify(answers));
};
settle();
