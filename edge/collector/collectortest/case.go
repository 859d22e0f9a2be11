package collectortest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"weir/edge/collector"
	"weir/edge/protocol"
)

// golden is a case.
type golden struct {
	name     string
	archive  *txtar.Archive
	input    *collector.Input
	settings []byte // nil for the suite's
}

// title is the case's name without its ending.
func (g *golden) title() string { return strings.TrimSuffix(g.name, ".txtar") }

// readAll reads every case, in the order of their names.
func readAll(t testing.TB) []*golden {
	t.Helper()
	entries, err := cases.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	all := make([]*golden, len(entries))
	for i, entry := range entries {
		all[i] = read(t, entry.Name())
	}
	return all
}

func read(t testing.TB, name string) *golden {
	t.Helper()
	data, err := cases.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	g := &golden{name: name, archive: txtar.Parse(data), input: &collector.Input{}}
	if own, ok := section(g.archive, "settings"); ok {
		g.settings = own
	}
	g.readInput(t)
	g.readRequest(t)
	for _, f := range g.archive.Files {
		steps := strings.Split(f.Name, ".")
		if steps[0] == "body" {
			g.input.Request.Body = g.body(t, f.Data, steps[1:])
		} else if len(steps) > 1 || !strings.Contains(" request input settings response refusal batch ", " "+f.Name+" ") {
			t.Fatalf("%s: there is no section %q", name, f.Name)
		}
	}
	return g
}

func (g *golden) readRequest(t testing.TB) {
	t.Helper()
	text, ok := section(g.archive, "request")
	if !ok {
		t.Fatalf("%s: the section request is missing", g.name)
	}
	r := &g.input.Request
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	var target string
	r.Method, target, ok = strings.Cut(lines[0], " ")
	if !ok {
		t.Fatalf("%s: the request must begin with METHOD PATH", g.name)
	}
	r.Path, r.Query, _ = strings.Cut(target, "?")
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("%s: %q is no header", g.name, line)
		}
		r.Headers = append(r.Headers, protocol.Header{Name: name, Value: strings.TrimSpace(value)})
	}
}

// readInput sets what the runtime knows: by default a visitor in Berlin whose
// location the CDN tells as exactly as it can.
func (g *golden) readInput(t testing.TB) {
	t.Helper()
	in := g.input
	in.Request.Host, in.Request.Secure, in.Request.ClientIP = "collector.example", true, "203.0.113.77"
	in.NowMillis = time.Date(2026, 11, 20, 23, 3, 24, 123e6, time.UTC).UnixMilli()
	for i := range in.Entropy {
		in.Entropy[i] = byte(i)
	}
	l := &in.Location
	l.Country, l.Region, l.City, l.Continent, l.Timezone = "DE", "BE", "Berlin", "EU", "Europe/Berlin"
	l.Latitude, l.Longitude, l.ASN, l.ASOrg, l.Colo = "52.5200", "13.4050", "64496", "Example Net", "TXL"

	text, _ := section(g.archive, "input")
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if line == "" {
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch name {
		case "ip":
			in.Request.ClientIP = value
		case "host":
			in.Request.Host = value
		case "secure":
			in.Request.Secure = value == "true"
		case "body_too_large":
			in.Request.BodyTooLarge = value == "true"
		case "bot_score":
			n, err := strconv.ParseUint(value, 10, 8)
			if err != nil {
				t.Fatalf("%s: bot_score: %v", g.name, err)
			}
			in.Bot.Score = uint8(n)
		case "bot_verified":
			in.Bot.Verified = value == "true"
		case "trapped":
			in.Trapped = value == "true"
		case "now":
			now, err := time.Parse(time.RFC3339, value)
			if err != nil {
				t.Fatalf("%s: now: %v", g.name, err)
			}
			in.NowMillis = now.UnixMilli()
		case "entropy":
			n, err := strconv.ParseUint(value, 0, 8)
			if err != nil {
				t.Fatalf("%s: entropy: %v", g.name, err)
			}
			for i := range in.Entropy {
				in.Entropy[i] = byte(n)
			}
		case "country":
			l.Country = value
		case "region":
			l.Region = value
		case "city":
			l.City = value
		case "asn":
			l.ASN = value
		default:
			t.Fatalf("%s: there is no input %q", g.name, name)
		}
	}
}

func (g *golden) body(t testing.TB, data []byte, steps []string) []byte {
	t.Helper()
	body := bytes.TrimSuffix(data, []byte("\n"))
	for _, step := range steps {
		verb, arg, _ := strings.Cut(step, "=")
		n, err := strconv.Atoi(arg)
		if arg != "" && err != nil {
			t.Fatalf("%s: %s: %v", g.name, step, err)
		}
		switch verb {
		case "base64":
			if body, err = base64.StdEncoding.DecodeString(string(body)); err != nil {
				t.Fatalf("%s: %v", g.name, err)
			}
		case "pad":
			body = append(body, bytes.Repeat([]byte(" "), n-len(body))...)
		case "gzip":
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			w.Write(body)
			w.Close()
			body = b.Bytes()
		case "cut":
			body = body[:n]
		default:
			t.Fatalf("%s: there is no step %q", g.name, step)
		}
	}
	return body
}

// compare compares an outcome with the golden sections.
func (g *golden) compare(t *testing.T, out *collector.Outcome, hash string) {
	t.Helper()
	for name, got := range outcome(out, hash) {
		want, _ := section(g.archive, name)
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs at byte %d\n got:\n%s\nwant:\n%s", name, difference(got, want), got, want)
		}
	}
	if id, _, _ := strings.Cut(string(out.Batch), `","captured"`); len(out.Batch) > 0 && id != `{"weir_batch":1,"id":"`+out.BatchID {
		t.Errorf("BatchID is %q, which is not what the batch begins with: %s", out.BatchID, id)
	}
}

// update rewrites the golden sections of the case's file.
func (g *golden) update(t *testing.T, out *collector.Outcome, hash string) {
	t.Helper()
	results := outcome(out, hash)
	a := &txtar.Archive{Comment: g.archive.Comment}
	for _, f := range g.archive.Files {
		if _, golden := results[f.Name]; !golden {
			a.Files = append(a.Files, f)
		}
	}
	for _, name := range []string{"response", "refusal", "batch"} {
		if len(results[name]) > 0 {
			a.Files = append(a.Files, txtar.File{Name: name, Data: results[name]})
		}
	}
	if err := os.WriteFile(filepath.Join(folder(), "testdata", g.name), txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// outcome renders an outcome as golden sections.
func outcome(out *collector.Outcome, hash string) map[string][]byte {
	return map[string][]byte{
		"response": response(&out.Response),
		"refusal":  response(&out.Refusal),
		"batch":    bytes.ReplaceAll(out.Batch, []byte(`"bundle":"`+hash+`"`), []byte(`"bundle":"BUNDLE"`)),
	}
}

func response(r *protocol.Response) []byte {
	if r.Status == 0 {
		return nil
	}
	b := strconv.AppendInt(nil, int64(r.Status), 10)
	b = append(b, '\n')
	for _, h := range r.Headers {
		b = append(b, h.Name+": "+h.Value+"\n"...)
	}
	if len(r.Body) > 0 {
		b = append(b, '\n')
		if bytes.HasPrefix(r.Body, []byte("GIF")) {
			b = append(b, "base64:"+base64.StdEncoding.EncodeToString(r.Body)...)
		} else {
			b = append(b, r.Body...)
		}
		if b[len(b)-1] != '\n' {
			b = append(b, '\n')
		}
	}
	return b
}

// difference is the index of the first byte in which a and b differ.
func difference(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
