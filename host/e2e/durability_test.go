package e2e

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"weir/edge/toolchain/need"
	"weir/host/torture"
	"weir/sinks/postgres/pgtest"
)

const trackers = 8

// TestHostKilledUnderLoad kills the host with -9 again and again while
// trackers send through the edge. Whatever was answered 200 is in the database
// once; in between, trackers are told to keep what they have.
func TestHostKilledUnderLoad(t *testing.T) {
	restartUnderLoad(t, "killed", func(t *testing.T, host *process) { host.kill() })
}

// TestHostStoppedUnderLoad ends the host as a deployment does, with the same promise.
func TestHostStoppedUnderLoad(t *testing.T) {
	restartUnderLoad(t, "stopped", func(t *testing.T, host *process) { host.stop(t) })
}

func restartUnderLoad(t *testing.T, how string, end func(*testing.T, *process)) {
	cycles := 3
	if long {
		cycles = 100
	}
	postgres := pgtest.Start(t)
	for _, edge := range edges {
		t.Run(edge.name, func(t *testing.T) {
			s := start(t, edge, newDatabase(t, postgres))
			l := startLoad(t, s.edgeURL, how, trackers)
			for range cycles {
				// Anywhere between two commits, not always at the same place of a cycle.
				l.reaches(t, l.accepted.Load()+100+rand.Int64N(600))
				refused := l.refused.Load()
				end(t, s.host)
				eventually(t, "trackers are told that nobody can store", func() error {
					if l.refused.Load() == refused {
						return fmt.Errorf("no refusal yet")
					}
					return nil
				})
				s.startHost()
			}
			l.reaches(t, l.accepted.Load()+100)
			l.finish()
			l.account(t, s.db)
			l.row(fmt.Sprintf("host %s under load, edge in %s", how, edge.name), cycles, s.host,
				fmt.Sprintf("a cycle loses something with a probability below %.2g (95 %%)", 3/float64(cycles))).Report(t)
			s.host.stop(t)
			need.Ran(t, fmt.Sprintf("host %s %d times under load", how, cycles), edge.name)
		})
	}
}

// TestDatabaseStoppedUnderLoad takes the database away while trackers send.
// Trackers never notice, and what was acknowledged meanwhile arrives later, once.
func TestDatabaseStoppedUnderLoad(t *testing.T) {
	for _, edge := range edges {
		t.Run(edge.name, func(t *testing.T) {
			outages := []func(*pgtest.Server, testing.TB){(*pgtest.Server).Stop}
			if long {
				outages = append(outages, (*pgtest.Server).Kill, (*pgtest.Server).Stop, (*pgtest.Server).Kill)
			}
			postgres := pgtest.Start(t)
			s := start(t, edge, newDatabase(t, postgres))
			l := startLoad(t, s.edgeURL, "outage", trackers)
			for _, outage := range outages {
				l.reaches(t, l.accepted.Load()+300)
				outage(postgres, t)
				l.reaches(t, l.accepted.Load()+1500)
				postgres.Restart(t)
			}
			l.reaches(t, l.accepted.Load()+300)
			l.finish()
			l.undisturbed(t)
			l.account(t, s.db)
			l.row("database stopped under load, edge in "+edge.name, len(outages), s.host, "").Report(t)
			s.host.stop(t)
			need.Ran(t, fmt.Sprintf("database stopped %d times under load", len(outages)), edge.name)
		})
	}
}

// row says what came of a load of which everything was accounted for.
func (l *load) row(scenario string, cycles int, host *process, note string) torture.Row {
	l.mu.Lock()
	defer l.mu.Unlock()
	return torture.Row{Scenario: scenario, Cycles: cycles, Acknowledged: len(l.acked), DeliveredOnce: len(l.acked),
		PeakMemoryMB: torture.PeakMemoryMB(host.cmd.Process.Pid), Note: note}
}
