package envelope

import "strconv"

// Signs are what speaks for the sender of an event being a machine, each found
// on its own: one of them may err.
type Signs struct {
	UserAgent string // what it calls itself: crawler, agent, headless or library; "" for none of them
	Score     uint8  // the CDN's, 1 (surely a machine) to 29 (likely one); 0 for none
	Verified  bool   // the CDN knows whose machine it is
	Signature bool   // it signs its requests, as Web Bot Auth has agents do
	Headers   bool   // it says that it is a browser, and leaves out what that browser sends
	Network   bool   // it sits where servers do
}

// Bot reports whether two signs agree, at least.
func (s *Signs) Bot() bool {
	n := 0
	for _, sign := range [...]bool{s.UserAgent != "", s.Score != 0 || s.Verified, s.Signature, s.Headers, s.Network} {
		if sign {
			n++
		}
	}
	return n >= 2
}

// appendJSON appends the members bot and signs, with commas behind them.
func (s *Signs) appendJSON(dst []byte) []byte {
	if *s == (Signs{}) {
		return dst
	}
	if s.Bot() {
		dst = append(dst, `"bot":true,`...)
	}
	dst = appendFilled(append(dst, `"signs":{`...), `"user_agent":`, s.UserAgent)
	if s.Score != 0 {
		dst = append(strconv.AppendInt(append(dst, `"score":`...), int64(s.Score), 10), ',')
	}
	dst = appendTrue(dst, `"verified":`, s.Verified)
	dst = appendTrue(dst, `"signature":`, s.Signature)
	dst = appendTrue(dst, `"headers":`, s.Headers)
	dst = appendTrue(dst, `"network":`, s.Network)
	return append(end(dst, '}'), ',')
}

func appendTrue(dst []byte, name string, b bool) []byte {
	if !b {
		return dst
	}
	return append(append(dst, name...), "true,"...)
}
