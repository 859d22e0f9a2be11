package main

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"

	"weir/edge/collector"
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/schemas/scan"
)

// reader reads requests. It is strict: a member that it does not know, or one
// of another type, is an error that names it, as a host's author would else
// look for lost data in events. Its first error stays.
type reader struct {
	s    scan.Scanner
	path string // of the member being read
	err  error

	// Room for a body that is used again.
	body, decoded []byte
}

// read fills in from the JSON form of a request.
func (r *reader) read(in *collector.Input, json []byte) error {
	r.s.Reset(json, 0)
	r.path, r.err = "", nil
	headers := in.Request.Headers[:0]
	*in = collector.Input{}
	in.Request.Headers = headers
	var body, timed, random bool
	r.object("", func(name string) bool {
		q := &in.Request
		switch name {
		case "method":
			q.Method = r.text()
		case "path":
			q.Path = r.text()
		case "query":
			q.Query = r.text()
		case "host":
			q.Host = r.text()
		case "secure":
			q.Secure = r.boolean()
		case "client_ip":
			q.ClientIP = r.text()
		case "headers":
			q.Headers = r.headers(q.Headers)
		case "body", "body_base64":
			r.must(!body, "body and body_base64 exclude each other")
			body = true
			q.Body = r.bytes(name == "body_base64")
		case "body_too_large":
			q.BodyTooLarge = r.boolean()
		case "now":
			timed = true
			in.NowMillis = r.milliseconds()
		case "entropy":
			random = true
			r.entropy(&in.Entropy)
		case "location":
			r.location(&in.Location)
		case "bot_score":
			in.Bot.Score = r.score()
		case "bot_verified":
			in.Bot.Verified = r.boolean()
		case "trapped":
			in.Trapped = r.boolean()
		default:
			return false
		}
		return true
	})
	r.path = ""
	r.must(r.s.End(), "")
	r.must(in.Request.Method != "", "method is missing")
	r.must(in.Request.Path != "", "path is missing")
	r.must(timed, "now is missing: milliseconds since the Unix epoch")
	r.must(random, "entropy is missing: 32 random bytes as 64 hexadecimal digits")
	return r.err
}

func (r *reader) must(ok bool, message string) {
	if ok || r.err != nil {
		return
	}
	if err := r.s.Err(); err != nil {
		message = err.Error()
	}
	if r.path != "" {
		message = r.path + ": " + message
	}
	r.err = errors.New("request: " + message)
}

// object reads the object that comes next. member reads the value of a member
// and returns false if there is no such member.
func (r *reader) object(prefix string, member func(name string) bool) {
	r.must(r.s.Kind() == scan.Object, "must be an object")
	var name scan.Text
	for r.s.Object(); r.err == nil && r.s.Member(&name); {
		text := string(name.Append(nil))
		r.path = prefix + text
		r.must(member(text), "there is no such member")
	}
	r.must(r.s.Err() == nil, "")
}

func (r *reader) text() string {
	var t scan.Text
	r.must(r.s.Kind() == scan.String && r.s.String(&t), "must be a string")
	return string(t.Append(nil))
}

func (r *reader) boolean() bool {
	k := r.s.Kind()
	r.must(k == scan.True || k == scan.False, "must be true or false")
	r.s.Skip()
	return k == scan.True
}

func (r *reader) score() uint8 {
	n, err := strconv.ParseUint(string(r.s.Skip()), 10, 8)
	r.must(err == nil && n < 100, "must be an integer from 0 to 99")
	return uint8(n)
}

func (r *reader) milliseconds() int64 {
	n, err := strconv.ParseInt(string(r.s.Skip()), 10, 64)
	r.must(err == nil, "must be an integer: milliseconds since the Unix epoch")
	return n
}

func (r *reader) entropy(dst *[32]byte) {
	text := r.text()
	ok := len(text) == hex.EncodedLen(len(dst))
	if ok {
		_, err := hex.Decode(dst[:], []byte(text))
		ok = err == nil
	}
	r.must(ok, "must be 32 random bytes as 64 hexadecimal digits")
}

func (r *reader) bytes(encoded bool) []byte {
	var t scan.Text
	r.must(r.s.Kind() == scan.String && r.s.String(&t), "must be a string")
	r.body = t.Append(r.body[:0])
	if !encoded {
		return r.body
	}
	var err error
	r.decoded, err = base64.StdEncoding.AppendDecode(r.decoded[:0], r.body)
	r.must(err == nil, "must be base64 (RFC 4648 section 4, padded)")
	return r.decoded
}

func (r *reader) headers(dst []protocol.Header) []protocol.Header {
	const rule = "must be an array of [name, value]"
	r.must(r.s.Kind() == scan.Array, rule)
	for r.s.Array(); r.err == nil && r.s.Item(); {
		r.must(r.s.Kind() == scan.Array && r.s.Array(), rule)
		r.must(r.s.Item(), rule)
		name := r.text()
		r.must(r.s.Item(), rule)
		value := r.text()
		r.must(!r.s.Item(), rule)
		dst = append(dst, protocol.Header{Name: name, Value: value})
	}
	return dst
}

func (r *reader) location(at *envelope.Location) {
	r.object("location.", func(name string) bool {
		switch name {
		case "country":
			at.Country = r.text()
		case "region":
			at.Region = r.text()
		case "city":
			at.City = r.text()
		case "continent":
			at.Continent = r.text()
		case "timezone":
			at.Timezone = r.text()
		case "latitude":
			at.Latitude = r.text()
		case "longitude":
			at.Longitude = r.text()
		case "asn":
			at.ASN = r.text()
		case "as_org":
			at.ASOrg = r.text()
		case "colo":
			at.Colo = r.text()
		default:
			return false
		}
		return true
	})
}
