package matomo

import (
	"weir/edge/envelope"
	"weir/edge/protocol/document"
)

// column is a parameter that means the same as a column.
type column struct {
	name  string
	field envelope.Field
}

var columns = [...]column{
	{"idsite", envelope.AppID},
	{"url", envelope.PageURL},
	{"urlref", envelope.PageReferrer},
	{"action_name", envelope.PageTitle},
	{"_id", envelope.DomainUserID},
	{"cid", envelope.DomainUserID},
	{"uid", envelope.UserID},
	{"_idvc", envelope.DomainSessionIdx},
	{"cip", envelope.UserIPAddress},
	{"ua", envelope.UserAgent},
	{"lang", envelope.BrLang},
	{"res", envelope.DvceScreenWidth}, // and the height
	{"cs", envelope.DocCharset},
	{"cdt", envelope.TrueTstamp},
	{"e_c", envelope.SeCategory},
	{"e_a", envelope.SeAction},
	{"e_n", envelope.SeLabel},
	{"e_v", envelope.SeValue},
	{"_rcn", envelope.MktCampaign},
	{"_rck", envelope.MktTerm},
	{"cookie", envelope.BrCookies},
	{"pdf", envelope.BrFeaturesPDF},
	{"qt", envelope.BrFeaturesQuicktime},
	{"realp", envelope.BrFeaturesRealplayer},
	{"wma", envelope.BrFeaturesWindowsMedia},
	{"fla", envelope.BrFeaturesFlash},
	{"java", envelope.BrFeaturesJava},
	{"dir", envelope.BrFeaturesDirector},
	{"gears", envelope.BrFeaturesGears},
	{"ag", envelope.BrFeaturesSilverlight},
}

func columnOf(name string) *column {
	for i := range columns {
		if columns[i].name == name {
			return &columns[i]
		}
	}
	return nil
}

func (c *column) set(a *Adapter, e *envelope.Event, p *envelope.Parameter) {
	switch c.field.Kind() {
	case envelope.Integer:
		a.setInteger(e, c.field, p)
	case envelope.Boolean:
		if p.Value == "0" || p.Value == "1" {
			e.SetBool(c.field, p.Value == "1")
		} else {
			e.Misfit(c.field, "enum", "must be 0 or 1", p.Name, p.Value)
		}
	case envelope.Decimal:
		if isDecimal(p.Value) {
			e.Set(c.field, p.Value)
		} else {
			e.Misfit(c.field, "type", "must be a decimal number of at most 32 characters", p.Name, p.Value)
		}
	case envelope.Timestamp:
		if ms, ok := a.millis(p.Value); ok {
			e.SetInt(c.field, ms)
		} else {
			e.Misfit(c.field, "format", "must be seconds since the Unix epoch, or YYYY-MM-DD hh:mm:ss in UTC", p.Name, p.Value)
		}
	default:
		switch {
		case c.field == envelope.AppID:
			a.doc.App(e, p.Name, p.Value, true)
		case c.name == "_id" && a.get("cid") != "":
		default:
			e.Fill(&a.doc.Arena, c.field, p.Name, p.Value)
		}
	}
}

func (a *Adapter) setInteger(e *envelope.Event, f envelope.Field, p *envelope.Parameter) {
	if f == envelope.DvceScreenWidth {
		a.doc.SetSize(e, f, p.Name, p.Value)
	} else if n, ok := document.ParseInt32(p.Value); ok {
		e.SetInt(f, n)
	} else {
		e.Misfit(f, "type", "must be a decimal integer of 32 bits", p.Name, p.Value)
	}
}

// isDecimal reports whether s is a number of JSON without an exponent, which no
// sender needs and some readers would expand.
func isDecimal(s string) bool {
	return len(s) <= 32 && envelope.IndexAny(s, "eE") < 0 && document.IsNumber(s)
}

// millis reads a time as cdt has it.
func (a *Adapter) millis(s string) (int64, bool) {
	if seconds, ok := digits(s); ok {
		return seconds * 1000, true
	}
	if len(s) != len("2006-01-02 15:04:05") || s[10] != ' ' {
		return 0, false
	}
	b := append(a.doc.Arena.Bytes(len(s)+1), s[:10]...)
	b = append(append(append(b, 'T'), s[11:]...), 'Z')
	return envelope.ParseRFC3339(envelope.View(a.doc.Arena.Keep(b)))
}

// digits reads a number of ten digits at most.
func digits(s string) (n int64, ok bool) {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, s != "" && len(s) <= 10
}
