package collector

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseSenderSettings(t *testing.T) {
	zeros, hex := strings.Repeat("00", 31), "00ff"+strings.Repeat("Aa", 30)
	got, err := ParseSettings([]byte(`{
		"access": [{"apps": ["shop*"], "origins": ["https://shop.example", "http://[::1]:3000"], "keys": [{"name": "k", "sha256": "` + zeros + `01", "server": true}, {"sha256": "` + hex + `"}]}, {"origins": []}],
		"debug_keys": [{"name": "d", "sha256": "` + zeros + `02"}],
		"bots": [{"apps": ["a"], "do": "ignore"}, {"apps": ["b"], "do": "flag"}, {"do": "drop"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	one, two, mixed := [32]byte{31: 1}, [32]byte{31: 2}, [32]byte{1: 0xff}
	for i := 2; i < 32; i++ {
		mixed[i] = 0xaa
	}
	want := defaults()
	want.Access = []AccessRule{
		{Apps: []string{"shop*"}, Origins: []string{"https://shop.example", "http://[::1]:3000"}, Keys: []Key{{Name: "k", SHA256: one, Server: true}, {SHA256: mixed}}},
		{},
	}
	want.DebugKeys = []Key{{Name: "d", SHA256: two}}
	want.Bots = []BotRule{{[]string{"a"}, IgnoreBots}, {[]string{"b"}, FlagBots}, {nil, DropBots}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSenderSettingsErrorsNameTheMember(t *testing.T) {
	hash := strings.Repeat("0", 64)
	for settings, want := range map[string]string{
		`{"access":{}}`:                                                      "settings: access: must be an array of rules",
		`{"access":[{"apps":["a"]}]}`:                                        "settings: access.0: needs origins or keys",
		`{"access":[{"origins":["*"]}]}`:                                     "settings: access.0.origins: must be origins as browsers spell them",
		`{"access":[{"origins":["null"]}]}`:                                  "settings: access.0.origins: must be origins",
		`{"access":[{"origins":["shop.example"]}]}`:                          "settings: access.0.origins: must be origins",
		`{"access":[{"origins":["https://shop.example/"]}]}`:                 "settings: access.0.origins: must be origins",
		`{"access":[{"origins":["https://Shop.example"]}]}`:                  "settings: access.0.origins: must be origins",
		`{"access":[{"origins":["https://shop.example:443"]}]}`:              "settings: access.0.origins: must be origins",
		`{"access":[{"origins":["https://*.shop.example"]}]}`:                "settings: access.0.origins: must be origins",
		`{"access":[{"origins":["https://a.example https://b.example"]}]}`:   "settings: access.0.origins: must be origins",
		`{"access":[{"origin":"https://a.example"}]}`:                        "settings: access.0.origin: there is no such setting",
		`{"access":[{"keys":["a"]}]}`:                                        "settings: access.0.keys: must be an object",
		`{"access":[{"keys":{}}]}`:                                           "settings: access.0.keys: must be an array of keys",
		`{"access":[{"keys":[{"name":"a"}]}]}`:                               "settings: access.0.keys.0: needs sha256, the hash of the key",
		`{"access":[{"keys":[{"sha256":"` + hash + `"},{"sha256":"abc"}]}]}`: "settings: access.0.keys.1.sha256: must be 64 hexadecimal digits",
		`{"access":[{"keys":[{"sha256":"` + hash[:62] + `0g"}]}]}`:           "settings: access.0.keys.0.sha256: must be 64 hexadecimal digits",
		`{"access":[{"keys":[{"sha256":"` + hash + `","server":1}]}]}`:       "settings: access.0.keys.0.server: must be true or false",
		`{"access":[{"keys":[{"key":"a"}]}]}`:                                "settings: access.0.keys.0.key: there is no such setting",
		`{"debug_keys":[{"sha256":"` + hash + `","server":true}]}`:           "settings: debug_keys.0.server: there is no such setting",
		`{"debug_keys":"a"}`:                                                 "settings: debug_keys: must be an array of keys",
		`{"bots":"drop"}`:                                                    "settings: bots: must be an array of rules",
		`{"bots":[{"apps":["a"]}]}`:                                          "settings: bots.0: needs do: flag, drop or ignore",
		`{"bots":[{"do":"block"}]}`:                                          "settings: bots.0.do: must be flag, drop or ignore",
		`{"bots":[{"do":"drop"}`:                                             "settings: bots",
	} {
		if _, err := ParseSettings([]byte(settings)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
}
