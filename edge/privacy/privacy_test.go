package privacy

import (
	"net/netip"
	"strings"
	"testing"

	"weir/edge/envelope"
)

func TestAddressAgainstNetip(t *testing.T) {
	for _, s := range []string{
		"0.0.0.0", "203.0.113.77", "255.255.255.255", "::", "::1", "1::", "2001:db8::1", "2001:db8:0:1:1:1:1:1",
		"2001:0:0:1:0:0:0:1", "2001:db8:85a3:8d3:1319:8a2e:370:7348", "::ffff:198.51.100.23", "::ffff:c633:6417",
		"64:ff9b::192.0.2.33", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4", "FE80::ABCD", "fe80::1%eth0",
		// none of these is an address
		"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "1..2.3", "1.2.3.4 ", ":", ":::", "1:::2", "1::2::3",
		"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "1:2:3:4:5:6:7:8::", "::1.2.3", "1.2.3.4::", "1:", ":1", "2001:db8::1.2.3.4.5",
	} {
		got, ok := ParseAddress(s)
		want, err := netip.ParseAddr(s)
		if ok != (err == nil) {
			t.Errorf("ParseAddress(%q) = %t, netip says %v", s, ok, err)
			continue
		}
		if !ok {
			continue
		}
		want = want.Unmap().WithZone("")
		if text := string(got.Append(nil)); text != want.String() {
			t.Errorf("%q is spelled %s, netip says %s", s, text, want)
		}
		for bits := 0; bits <= want.BitLen(); bits++ {
			prefix, _ := want.Prefix(bits)
			if text := string(got.Truncate(bits, bits).Append(nil)); text != prefix.Addr().String() {
				t.Errorf("%s/%d is %s, netip says %s", s, bits, text, prefix.Addr())
			}
		}
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("203.0.113.77")
	f.Add("::ffff:198.51.100.23")
	f.Add("1:2:3:4:5:6:7::")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := ParseAddress(s)
		want, err := netip.ParseAddr(s)
		if strings.Contains(s, "%") {
			return // what a zone may be is for netip to say: it is left out here
		}
		if err == nil && !ok {
			t.Fatalf("ParseAddress(%q) fails, netip says %s", s, want)
		}
		if err != nil && ok { // it has zeros in front that netip would not read
			if want, err = netip.ParseAddr(string(got.Append(nil))); err != nil {
				t.Fatalf("%q is spelled %s: %v", s, got.Append(nil), err)
			}
		}
		if ok && string(got.Append(nil)) != want.Unmap().String() {
			t.Fatalf("%q is spelled %s, netip says %s", s, got.Append(nil), want.Unmap())
		}
	})
}

func TestApply(t *testing.T) {
	const canary4, canary6 = "203.0.113.77", "2001:db8:85a3:8d3:1319:8a2e:370:7348"
	for _, anonymous := range []bool{false, true} {
		for _, address := range []string{canary4, canary6, "::ffff:" + canary4, "not an address " + canary4, ""} {
			var arena envelope.Arena
			var e envelope.Event
			if address != "" {
				e.Set(envelope.UserIPAddress, address)
			}
			e.Set(envelope.NetworkUserID, "canary-id")
			e.Reject("ip", "["+canary4+"]")
			e.Reject("nuid", "canary-id")
			e.Reject("co", "text with "+canary6)
			e.Reject("X-Forwarded-For: "+canary4, "1")
			e.Violate(envelope.Violation{Path: "/data/0/X-Forwarded-For: " + canary4})
			e.Payload = "ip=" + canary4 + "&x=" + canary6
			rules := Default
			rules.Treat(stanceOf(anonymous), ruleAnonymous)
			rules.Apply(&arena, &e)
			out := string(e.AppendJSON(nil, &envelope.Header{}, &envelope.Location{}, 0))
			if strings.Contains(out, canary4) || strings.Contains(out, canary6) {
				t.Errorf("anonymous %t, address %q: it got out: %s", anonymous, address, out)
			}
			if kept := strings.Contains(out, "203.0.113") || strings.Contains(out, "2001:db8"); kept == anonymous {
				t.Errorf("anonymous %t, address %q: a truncated address is kept: %t: %s", anonymous, address, kept, out)
			}
			if strings.Contains(out, "canary-id") == anonymous {
				t.Errorf("anonymous %t: network user ids: %s", anonymous, out)
			}
			if got := strings.Contains(out, `"field":"user_ipaddress"`); got != (address != "") {
				t.Errorf("anonymous %t, address %q: receipts: %s", anonymous, address, out)
			}
		}
	}
}

func stanceOf(anonymous bool) Stance {
	if anonymous {
		return Anonymise
	}
	return Pass
}

func TestApplyKeepsWholeAddresses(t *testing.T) {
	var arena envelope.Arena
	var e envelope.Event
	e.Set(envelope.UserIPAddress, "203.0.113.77")
	e.Payload = "2001:db8:85a3:8d3::1"
	rules := Rules{IPv4Prefix: 32, IPv6Prefix: 128}
	rules.Apply(&arena, &e)
	if e.Get(envelope.UserIPAddress) != "203.0.113.77" || e.Payload != "2001:db8:85a3:8d3::1" || len(e.Receipts) != 0 {
		t.Errorf("%s, %s, %v", e.Get(envelope.UserIPAddress), e.Payload, e.Receipts)
	}
	rules.Treat(Anonymise, ruleAnonymous)
	rules.Apply(&arena, &e)
	if e.Has(envelope.UserIPAddress) || e.Payload != "" {
		t.Errorf("anonymous: %s, %s", e.Get(envelope.UserIPAddress), e.Payload)
	}
}

func TestLocate(t *testing.T) {
	full := envelope.Location{Country: "DE", Region: "BE", City: "Berlin", Timezone: "Europe/Berlin", Latitude: "52.5", Longitude: "13.4", Continent: "EU", ASN: "64496", ASOrg: "Example Net", Colo: "TXL"}
	network := envelope.Location{Country: "DE", Continent: "EU", ASN: "64496", ASOrg: "Example Net", Colo: "TXL"}
	region, city := network, full
	region.Region, region.Timezone = "BE", "Europe/Berlin"
	city.Latitude, city.Longitude = "", ""
	for precision, want := range map[Precision]envelope.Location{
		Country:     network,
		Region:      region,
		City:        city,
		Coordinates: full,
	} {
		rules := Rules{Geo: precision}
		if got := rules.Locate(full); got != want {
			t.Errorf("%s: %+v", precision, got)
		}
		rules.Treat(Anonymise, ruleAnonymous)
		if got := rules.Locate(full); got != (envelope.Location{Country: "DE", Continent: "EU"}) {
			t.Errorf("%s, anonymous: %+v", precision, got)
		}
		if back, ok := ParsePrecision(precision.String()); !ok || back != precision {
			t.Errorf("ParsePrecision(%s) = %s", precision, back)
		}
	}
}
