package e2e

import (
	"errors"
	"testing"

	"weir/edge/toolchain/need"
)

// TestSDKsOutlastOutage has SDKs send while the host is dead. They keep their
// events by themselves, since the edge answers 503, and send them again: each
// is stored once, even if the answer that says so is lost on its way.
func TestSDKsOutlastOutage(t *testing.T) {
	for _, tt := range []struct {
		name, protocol string
		request        string
		start          func(*testing.T, *sdkSystem) *sdk
		events         int
	}{
		{"Segment", "segment", "POST /v1/batch", func(t *testing.T, s *sdkSystem) *sdk {
			return startSDK(t, "segment", []string{"@segment/analytics-node"}, s.url, "wk-segment", "15")
		}, 7 + 15},
		{"OpenTelemetry", "otlp", "POST /v1/logs", func(t *testing.T, s *sdkSystem) *sdk {
			return startSDK(t, "opentelemetry", openTelemetry, s.url, "otlp", "15")
		}, 3 + 15},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startSDKSystem(t, `{"apps": {"wk-segment": "segment"}, "retry_after": 1}`)
			s.host.kill()
			sdk := tt.start(t, s)
			eventually(t, "the SDK is refused", func() error {
				if s.times(tt.request+" 503") == 0 {
					return errors.New("not yet")
				}
				return nil
			})
			s.lose()
			s.start()
			sdk.ends(t, tt.events)
			if answers, _ := s.forget(); answers["lost"] != 1 || answers[tt.request+" 200"] == 0 {
				t.Errorf("senders were answered %v; want one answer that was lost, and then 200", answers)
			}
			rows := s.await(t, tt.protocol, tt.protocol, tt.events)
			expectVerdicts(t, rows, "add_to_cart", "/quantity", "minimum")
			s.host.stop(t)
			need.Ran(t, tt.name+" SDK in an outage", "wazero")
		})
	}
}
