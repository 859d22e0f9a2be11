package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/edge/toolchain/need"
	"weir/host/e2e/fault"
	"weir/host/torture"
	"weir/sinks/postgres/pgtest"
)

// station is a sink of the host under torture, with its real server behind a
// proxy that can be told to misbehave.
type station struct {
	name     string
	settings string           // YAML, on one line
	set      func(fault.Mode) // nil: there is no server
	modes    []fault.Mode     // that can be set, besides Pass; nil: all
	at       destination
	unique   bool // the destination keeps each event once, whatever is repeated
	byBatch  bool // …unless it comes in another batch, as when a tracker sends it again
}

// stations start every kind of server that a machine has.
func stations(t *testing.T) []station {
	list := []station{fileStation(t), postgresStation(t), httpStation(t)}
	for _, start := range moreStations {
		list = append(list, start(t))
	}
	return list
}

// moreStations are the sinks whose servers do not come with PostgreSQL or Go.
var moreStations []func(*testing.T) station

func fileStation(t *testing.T) station {
	dir := t.TempDir()
	return station{name: "file", settings: fmt.Sprintf("file: {dir: %q, rotate_size: 0}", dir), at: folder(dir), unique: true, byBatch: true}
}

func postgresStation(t *testing.T) station {
	dsn := pgtest.Start(t).Database(t)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	proxy := fault.Start(t, u.Host)
	u.Host = proxy.Address()
	return station{name: "postgres", settings: fmt.Sprintf("postgres: {dsn: %q}", u), set: proxy.Set, at: database{dsn}, unique: true}
}

func httpStation(t *testing.T) station {
	r := new(receiver)
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	proxy := fault.Start(t, server.Listener.Addr().String())
	return station{name: "http", settings: fmt.Sprintf(`http: {url: "http://%s/", private: [127.0.0.1/32], timeout: 1s}`, proxy.Address()), set: proxy.Set, at: r}
}

// receiver is a webhook's other end.
type receiver struct {
	mu   sync.Mutex
	text []byte // every body that arrived
}

func (r *receiver) ServeHTTP(_ http.ResponseWriter, q *http.Request) {
	text, err := io.ReadAll(q.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text = append(r.text, text...)
}

func (r *receiver) eventIDs(app string) (map[string]int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := map[string]int{}
	return ids, countLines(ids, app, r.text)
}

// mostMemory is what a host with every kind of sink in trouble may take, in MB:
// about four times what it does.
const mostMemory = 600

// TestTortureSinks puts sinks in trouble of every kind, a third of them at a
// time, while trackers send at a steady pace: the others keep that pace, trackers notice
// nothing, nothing becomes a dead letter, and in the end every sink has everything.
func TestTortureSinks(t *testing.T) {
	all, seconds := []fault.Mode{fault.Refuse, fault.Hang, fault.Drip, fault.Garble, fault.Mute}, 4
	if torture.Long() {
		seconds = 60
		if n, err := strconv.Atoi(os.Getenv("WEIR_TORTURE_SECONDS")); err == nil {
			seconds = n
		}
	}
	list := stations(t)
	s := startTortured(t, list)
	const clients, perSecond = 8, 300
	l := startPacedLoad(t, s.edgeURL, "tortured", clients, clients*perRequest*time.Second/perSecond)
	l.reaches(t, perSecond/2)

	var rows []torture.Row
	for round := range len(all) {
		if round > 0 && !torture.Long() {
			break
		}
		for _, victims := range groups(list, all, round) {
			before := l.accepted.Load()
			for _, v := range victims {
				v.set(v.mode)
			}
			slower := s.slowdown(t, l, list, victims, int64(seconds*perSecond))
			for _, v := range victims {
				v.set(fault.Pass)
			}
			for _, v := range victims {
				s.catchesUp(t, l, v.station)
			}
			for _, v := range victims {
				rows = append(rows, torture.Row{Scenario: fmt.Sprintf("%s: %s for %d s", v.name, troubles[v.mode], seconds), Cycles: 1,
					Acknowledged: int(l.accepted.Load() - before), Slowdown: slower, Compared: true, PeakMemoryMB: torture.PeakMemoryMB(s.host.cmd.Process.Pid)})
			}
		}
	}
	l.finish()
	l.undisturbed(t)
	for _, at := range list {
		sum := l.arrived(t, at.at)
		if again := l.refused.Load()+l.broken.Load() > 0; at.unique && !(at.byBatch && again) && sum.repeated > 0 {
			t.Errorf("%s has %d events more than once", at.name, sum.repeated)
		}
		if sum.strangers > 0 {
			t.Errorf("%s has %d events that were never sent", at.name, sum.strangers)
		}
		for i, r := range rows {
			if strings.HasPrefix(r.Scenario, at.name+":") {
				rows[i].DeliveredOnce, rows[i].DeliveredMore, rows[i].Lost = r.Acknowledged-sum.missing, sum.repeated, sum.missing
				rows[i].Note = "counts of more than once and lost are those of all its troubles"
			}
		}
	}
	for _, r := range rows {
		r.Report(t)
	}
	// Noise makes client libraries believe that gigabytes are to come.
	if mb := torture.PeakMemoryMB(s.host.cmd.Process.Pid); mb > mostMemory {
		t.Errorf("the host took %d MB at its peak, which is more than %d", mb, mostMemory)
	}
	if dead := s.metric(t, "weir_events_dead_total", ""); dead > 0 {
		t.Errorf("%v events became dead letters, and no event is at fault", dead)
	}
	s.host.stop(t)
	need.Ran(t, fmt.Sprintf("%d sinks in trouble, a third at a time", len(list)), "wazero")
}

// victim is a sink in trouble.
type victim struct {
	station
	mode fault.Mode
}

// groups puts all sinks that have a server in trouble once, each in another one
// from round to round, and a third of them at a time: the others are to keep
// their pace beside more than one that is in trouble.
func groups(list []station, all []fault.Mode, round int) (groups [][]victim) {
	var victims []victim
	for i, at := range list {
		modes := all
		if at.modes != nil {
			modes = at.modes
		}
		if at.set != nil && round < len(modes) {
			victims = append(victims, victim{station: at, mode: modes[(i+round)%len(modes)]})
		}
	}
	return slices.Collect(slices.Chunk(victims, max(1, (len(list)+2)/3)))
}

// troubles are the modes of a fault.Proxy as an operator would put them.
var troubles = map[fault.Mode]string{
	fault.Refuse: "stopped",
	fault.Hang:   "silent",
	fault.Drip:   "slow",
	fault.Garble: "answering nonsense",
	fault.Mute:   "cut off before it answers",
}

// startTortured runs a host with those sinks and none else.
func startTortured(t *testing.T, list []station) *system {
	t.Helper()
	s := &system{t: t, dir: t.TempDir()}
	s.hostURL, s.adminURL = "http://"+freeAddress(t), "http://"+freeAddress(t)
	s.configureSinks(list)
	s.startHost()
	s.edgeURL = startWazero(t, s.hostURL)
	return s
}

// configureSinks gives the host those sinks and none else, with short pauses.
func (s *system) configureSinks(list []station) {
	var sinks, routes strings.Builder
	for _, at := range list {
		fmt.Fprintf(&sinks, "  - {name: %s, %s}\n", at.name, at.settings)
		fmt.Fprintf(&routes, "  - {sink: %s, batch: {wait: 50ms}, retry: {timeout: 2s, initial: 20ms, max: 300ms}}\n", at.name)
	}
	s.config = fmt.Appendf(nil, "data_dir: %s\npublic: {listen: %q}\nadmin: {listen: %q}\ndrain: 1s\nsinks:\n%sroutes:\n%s",
		s.dir+"/data", strings.TrimPrefix(s.hostURL, "http://"), strings.TrimPrefix(s.adminURL, "http://"), &sinks, &routes)
}

// slowdown waits until that many further events are accepted, and returns by
// how much the sinks that are in no trouble fell behind meanwhile, as a part of
// those events: the worst of them. Single hiccups do not count, as the backlogs
// compared are medians of the first fifth of the time and of the last. A victim
// that is silenced must fall behind.
func (s *system) slowdown(t *testing.T, l *load, list []station, victims []victim, events int64) float64 {
	t.Helper()
	from := l.accepted.Load()
	first, last := map[string][]float64{}, map[string][]float64{}
	eventually(t, fmt.Sprintf("%d events accepted while sinks are in trouble", events), func() error {
		done := l.accepted.Load() - from
		text := s.metrics(t)
		for _, at := range list {
			// Accepted is counted after the answer: a sink may be ahead of it.
			behind := max(0, float64(l.accepted.Load())-sum(text, "weir_events_delivered_total", `route="`+at.name+`"`))
			switch {
			case done <= events/5:
				first[at.name] = append(first[at.name], behind)
			case done >= events*4/5:
				last[at.name] = append(last[at.name], behind)
			}
		}
		if done < events {
			return fmt.Errorf("%d so far", done)
		}
		return nil
	})
	worst := 0.0
	for _, at := range list {
		i := slices.IndexFunc(victims, func(v victim) bool { return v.name == at.name })
		if i < 0 {
			worst = max(worst, (median(last[at.name])-median(first[at.name]))/float64(events))
			continue
		}
		if mode := victims[i].mode; mode != fault.Mute && mode != fault.Drip && median(last[at.name]) < float64(events)/2 {
			t.Errorf("%s took nothing and did not fall behind: the proxy stands in nobody's way", at.name)
		}
	}
	return worst
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// catchesUp waits until a sink has what was accepted until now.
func (s *system) catchesUp(t *testing.T, l *load, at station) {
	t.Helper()
	accepted := float64(l.accepted.Load())
	eventually(t, at.name+" catches up", func() error {
		if n := s.metric(t, "weir_events_delivered_total", `route="`+at.name+`"`); n < accepted {
			return fmt.Errorf("%v of %v events delivered", n, accepted)
		}
		return nil
	})
}

// arrived waits until a destination has everything that was acknowledged, or
// time is up, and says what is there.
func (l *load) arrived(t *testing.T, at destination) tally {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.acked) == 0 {
		t.Fatal("nothing was answered 200: the load proved nothing")
	}
	var found tally
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) { // between polls
		ids, err := at.eventIDs(l.app)
		if err == nil {
			if found = count(l.acked, l.unacked, ids); found.missing == 0 {
				return found
			}
		}
		if time.Now().After(deadline) {
			t.Errorf("%d of %d acknowledged events are missing: %v", found.missing, len(l.acked), err)
			return found
		}
	}
}

// metrics returns what the host counts.
func (s *system) metrics(t testing.TB) string {
	t.Helper()
	response, err := http.Get(s.adminURL + "/metrics")
	if err != nil {
		t.Fatal(errors.Join(err, s.host.alive()))
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// metric adds up the samples of a metric that have a label.
func (s *system) metric(t testing.TB, name, label string) float64 {
	t.Helper()
	return sum(s.metrics(t), name, label)
}

func sum(text, name, label string) (total float64) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		series, value, ok := strings.Cut(lines.Text(), "} ")
		if ok && strings.HasPrefix(series, name+"{") && strings.Contains(series, label) {
			n, err := strconv.ParseFloat(value, 64)
			if err == nil {
				total += n
			}
		}
	}
	return total
}
