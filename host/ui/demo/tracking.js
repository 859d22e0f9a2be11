// The shop's use of the Snowplow browser tracker.

const schema = (name) => `iglu:com.example/${name}/jsonschema/1-0-0`;

let tracker = null; // the library, once started

// start begins tracking; onAnswer hears of every event answered or not. It
// returns false when the library is not there.
export function start(collector, onAnswer) {
  tracker = globalThis.snowplowBrowserTracking ?? null;
  if (!tracker) return false;
  tracker.newTracker("shop", collector, {
    appId: "demo-shop",
    cookieSameSite: "Lax",
    cookieSecure: location.protocol === "https:",
    contexts: { webPage: true },
    onRequestSuccess: (batch, response) => batch.forEach((e) => onAnswer(name(e), String(response.status), true)),
    onRequestFailure: (failure) => failure.events.forEach((e) => onAnswer(name(e), failure.status ? `${failure.status}, kept` : "kept", false)),
  });
  tracker.enableActivityTracking({ minimumVisitLength: 5, heartbeatDelay: 5 });
  pageView();
  return true;
}

export const pageView = () => tracker?.trackPageView();

export const struct = (event) => tracker?.trackStructEvent(event);

// event sends a self-describing event of the shop's own vendor.
export function event(name, data, entities = []) {
  tracker?.trackSelfDescribingEvent({ event: { schema: schema(name), data }, context: entities });
}

export const entity = (name, data) => ({ schema: schema(name), data });

// anonymous switches client and server anonymisation on or off.
export function anonymous(on) {
  if (!tracker) return;
  if (on) {
    tracker.enableAnonymousTracking({ options: { withServerAnonymisation: true }, stateStorageStrategy: "none" });
    tracker.clearUserData();
  } else {
    tracker.disableAnonymousTracking({ stateStorageStrategy: "cookieAndLocalStorage" });
  }
}

// name is what a person calls an event of the tracker protocol.
function name(payload) {
  const kinds = { pv: "page_view", pp: "page_ping", se: "struct" };
  if (payload.e !== "ue") return kinds[payload.e] ?? payload.e;
  try {
    return JSON.parse(payload.ue_pr).data.schema.split("/")[1];
  } catch {
    return "self-describing";
  }
}
