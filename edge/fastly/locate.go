package main

import (
	"net"
	"os"
	"strconv"

	"github.com/fastly/compute-sdk-go/geo"

	"weir/edge/envelope"
)

// Locate asks Fastly's own database. What it does not know stays empty, and no
// request waits or fails for it.
func (fastly) Locate(ip string) envelope.Location {
	found, err := geo.Lookup(net.ParseIP(ip))
	if err != nil {
		found = &geo.Geo{}
	}
	return location(found, os.Getenv("FASTLY_POP"))
}

// location knows that the database says zero for unknown. It holds an offset
// from UTC but no time zone.
func location(g *geo.Geo, pop string) envelope.Location {
	at := envelope.Location{
		Country: known(g.CountryCode), Region: known(g.Region), City: known(g.City), Continent: known(g.ContinentCode),
		ASOrg: known(g.AsName), Colo: pop,
	}
	if g.AsNumber > 0 {
		at.ASN = strconv.Itoa(g.AsNumber)
	}
	if g.Latitude != 0 || g.Longitude != 0 {
		at.Latitude, at.Longitude = degrees(g.Latitude), degrees(g.Longitude)
	}
	return at
}

// known leaves out the database's words for what it does not know.
func known(s string) string {
	if s == "?" || s == "**" {
		return ""
	}
	return s
}

// degrees writes four decimals, some ten metres: no database is more exact.
func degrees(f float64) string { return strconv.FormatFloat(f, 'f', 4, 64) }
