package envelope

// Header is the first line of a batch:
//
//	{"weir_batch":1,"id":"0193…","captured":"2026-11-20T23:03:24.123Z","ack":"stored",
//	 "events":2,"failed":1,"bundle":"9f86d081884c7d65"}
type Header struct {
	ID       string // UUIDv7: begins with the capture time, equals the webhook-id it is signed with
	Captured int64  // milliseconds since the Unix epoch, the edge's clock
	Ack      Ack
	Events   int // envelope lines that follow
	Failed   int // those among them whose verdict is not good
	Filtered int // further events of which nothing was kept, by a rule; only with them may Events be 0 …
	Refused  int // … those among them whose sender is not allowed to send them …
	Bots     int // … and those of bots; the others had a privacy rule against them
	Bundle   string
}
