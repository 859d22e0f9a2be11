package doctor

import (
	"net/http"
	"time"

	"weir/edge/signature"
)

// noClock stands for a clock that nobody told.
const noClock = time.Duration(-1 << 63)

// skew is how far the clock that an answer was dated by is ahead of this
// machine's. A date has whole seconds, and was written while the request was
// under way.
func skew(resp *http.Response, began, ended time.Time) time.Duration {
	dated, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return noClock
	}
	switch {
	case dated.Before(began.Truncate(time.Second)):
		return dated.Sub(began.Truncate(time.Second))
	case dated.After(ended):
		return dated.Sub(ended)
	}
	return 0
}

// clocks compares those of the edge and of the host: a signature is refused
// that is older or younger than [signature.Window].
func (x *examination) clocks() {
	const fix = "set the clock of the machine that is wrong by NTP (timedatectl set-ntp true)"
	apart, of := x.skew, "the edge's clock and this machine's"
	switch {
	case !x.reached:
		return
	case x.skew == noClock:
		x.add("clocks", Skip, "", "the edge does not date its answers")
		return
	case x.hostKnown && x.hostSkew != noClock:
		apart, of = x.skew-x.hostSkew, "the edge's clock and the host's"
	}
	switch size := apart.Abs(); {
	case size >= signature.Window:
		x.add("clocks", Fail, fix, "%s are %s apart: the host refuses what was signed more than %s off", of, size.Round(time.Second), signature.Window)
	case size >= 30*time.Second:
		x.add("clocks", Warn, fix, "%s are %s apart", of, size.Round(time.Second))
	case x.skew.Abs() >= 30*time.Second:
		x.add("clocks", Warn, "set this machine's clock", "%s agree; this machine's is %s off", of, x.skew.Abs().Round(time.Second))
	default:
		x.ok("clocks", "%s agree", of)
	}
}
