package redis

import (
	"errors"
	"strings"

	client "github.com/redis/go-redis/v9"

	"weir/sinks"
)

// hints say what an operator can do, by the first word of a server's answer.
// All of it can be cured, and none is the events' fault.
var hints = map[string]string{
	"OOM":         "the server is at maxmemory: raise it, or bound the stream with max_length or keep",
	"READONLY":    "the server is a replica: give the primary's address, or those of all",
	"LOADING":     "the server is still reading its data from disk",
	"MASTERDOWN":  "the server is a replica that has lost its primary",
	"NOREPLICAS":  "the server has fewer replicas than its min-replicas-to-write",
	"MISCONF":     "the server cannot save to its disk and refuses writes: see its log",
	"BUSY":        "the server is busy with somebody's script",
	"NOAUTH":      "set user and password",
	"WRONGPASS":   "user or password is wrong, or the user is off",
	"NOPERM":      "give the user the commands and keys that the README lists",
	"WRONGTYPE":   "the key holds something else than a stream: choose another stream",
	"CLUSTERDOWN": "some slots of the cluster have no node",
	"MOVED":       "the stream lies on another node: set cluster to true",
	"ASK":         "the stream's slot is moving to another node",
	"TRYAGAIN":    "the stream's slot is moving to another node",
	"CROSSSLOT":   "the stream's name is not a hash tag",
	"NOSCRIPT":    "the server forgets scripts at once",
}

// later are answers of a server that asks to be left alone for a while.
var later = map[string]bool{"OOM": true, "LOADING": true, "BUSY": true, "TRYAGAIN": true, "ASK": true, "CLUSTERDOWN": true}

// elsewhere are answers after which to connect anew: to whoever is the primary
// by then, or with the password of the day.
var elsewhere = map[string]bool{"READONLY": true, "MOVED": true, "MASTERDOWN": true, "NOAUTH": true, "WRONGPASS": true}

// reply returns the first word of a server's answer and the rest. Both are
// empty when err is none.
func reply(err error) (kind, text string) {
	var answer client.Error
	if !errors.As(err, &answer) {
		return "", ""
	}
	kind, text, _ = strings.Cut(answer.Error(), " ")
	return kind, text
}

// isDisconnect reports whether the connection is of no use any more.
func isDisconnect(err error) bool {
	var short unconfirmed
	kind, _ := reply(err)
	return !errors.As(err, &short) && !sinks.IsPermanent(err) && (kind == "" || elsewhere[kind])
}

func isImpossibleID(err error) bool {
	return strings.Contains(err.Error(), "must be greater than 0-0")
}

func isTooLarge(err error) bool {
	return strings.Contains(err.Error(), "invalid bulk length") || strings.Contains(err.Error(), "too large to be stored")
}

func isUnknownCommand(err error) bool {
	return err != nil && strings.Contains(strings.ToLower(err.Error()), "unknown command")
}

// explained is a server's answer with what to do about it.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// explain adds what to do to a server's answer, and takes away what of it may
// quote an event: the arguments of a command that the server does not know.
func explain(err error) error {
	kind, text := reply(err)
	if kind == "" {
		return err
	}
	text, _, _ = strings.Cut(text, ", with args")
	text, _, _ = strings.Cut(text, " script: ")
	if len(text) > 200 {
		text = text[:200]
	}
	if kind == "ERR" && strings.Contains(text, "user executing the script") {
		kind = "NOPERM" // as Redis 7.0 says it from within a script
	}
	if hint := hints[kind]; hint != "" {
		text += " (" + hint + ")"
	}
	result := error(&explained{strings.TrimSpace(kind + " " + text), err})
	switch {
	case isTooLarge(err):
		return sinks.Permanent(result)
	case later[kind]:
		return sinks.Throttled(result, 0)
	}
	return result
}
