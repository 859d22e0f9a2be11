package privacy

import "weir/edge/envelope"

// geoColumns are the columns of a location that a sender may set, and how
// exact the rules must allow it to be told.
var geoColumns = [...]struct {
	field envelope.Field
	needs Precision
}{
	{envelope.GeoRegion, Region}, {envelope.GeoRegionName, Region}, {envelope.GeoTimezone, Region},
	{envelope.GeoCity, City}, {envelope.GeoZipcode, City},
	{envelope.GeoLatitude, Coordinates}, {envelope.GeoLongitude, Coordinates},
}

// networkColumns tell of the network that an address belongs to.
var networkColumns = [...]envelope.Field{envelope.IPISP, envelope.IPOrganization, envelope.IPDomain, envelope.IPNetspeed}

// coarsen drops columns by which a location is told more exactly than the rules
// allow, and of an anonymous event all but the country.
func (r *Rules) coarsen(e *envelope.Event) {
	allowed, rule := r.Geo, ruleGeo
	if r.stance >= Anonymise {
		allowed, rule = Country, r.rule
		for _, f := range networkColumns {
			dropColumn(e, f, rule)
		}
	}
	for i := range geoColumns {
		if geoColumns[i].needs > allowed {
			dropColumn(e, geoColumns[i].field, rule)
		}
	}
}

func dropColumn(e *envelope.Event, f envelope.Field, rule string) {
	if e.Has(f) {
		e.Drop(f)
		e.Receive(envelope.Receipt{Rule: rule, Field: f.Name(), Action: "drop"})
	}
}
