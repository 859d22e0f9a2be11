package main

import (
	"net"
	"os"
	"strings"

	"weir/edge/envelope"
	"weir/schemas/scan"
)

// Locate asks Fastly's own database. What it does not know stays empty, and no
// request waits or fails for it.
func (fastly) Locate(ip string) envelope.Location {
	octets := net.ParseIP(ip)
	if four := octets.To4(); four != nil {
		octets = four
	}
	return location(geoLookup(octets), os.Getenv("FASTLY_POP"))
}

// location reads what the database holds of an address, a JSON object; empty
// for nothing. The database says zero for unknown, and holds an offset from UTC
// but no time zone.
func location(found []byte, pop string) envelope.Location {
	at := envelope.Location{Colo: pop}
	s := scan.New(found)
	var key scan.Text
	for s.Object(); s.Member(&key); {
		switch {
		case key.Is("country_code"):
			at.Country = word(&s)
		case key.Is("region"):
			at.Region = word(&s)
		case key.Is("city"):
			at.City = word(&s)
		case key.Is("continent"):
			at.Continent = word(&s)
		case key.Is("as_name"):
			at.ASOrg = word(&s)
		case key.Is("as_number"):
			at.ASN = number(&s)
		case key.Is("latitude"):
			at.Latitude = number(&s)
		case key.Is("longitude"):
			at.Longitude = number(&s)
		default:
			s.Skip()
		}
	}
	if !s.End() {
		return envelope.Location{Colo: pop}
	}
	// The equator is somewhere, and so is the prime meridian, but not where they meet.
	if zero(at.Latitude) && zero(at.Longitude) {
		at.Latitude, at.Longitude = "", ""
	}
	if zero(at.ASN) {
		at.ASN = ""
	}
	return at
}

// word reads a string, without the database's words for what it does not know.
func word(s *scan.Scanner) string {
	var t scan.Text
	if s.Kind() != scan.String {
		s.Skip()
		return ""
	}
	if !s.String(&t) || t.Is("?") || t.Is("**") {
		return ""
	}
	return string(t.Append(nil))
}

// number reads a number as it is written, cut after four decimals, which is some
// ten metres: no database is more exact. One that needs an exponent is next to zero.
func number(s *scan.Scanner) string {
	kind := s.Kind()
	text := string(s.Skip())
	if kind != scan.Number || strings.ContainsAny(text, "eE") {
		return "0"
	}
	if point := strings.IndexByte(text, '.'); point >= 0 && len(text) > point+5 {
		text = text[:point+5]
	}
	return text
}

func zero(number string) bool { return strings.Trim(number, "-0.") == "" }
