package snowplow

import "weir/edge/envelope"

// parameter is one name of the tracker protocol and what becomes of its value.
type parameter struct {
	name  string
	since uint8 // the payload_data 1-0-N that first allowed it; getOnly if none did
	conv  conversion
	field envelope.Field
}

// getOnly marks names that mean something in a query string and are refused in a POST body.
const getOnly = 255

type conversion uint8

const (
	ignored conversion = iota
	plainText
	integer     // int32
	boolean     // exactly 0 or 1
	decimal     // java.math.BigDecimal's grammar
	timestamp   // milliseconds since the Unix epoch, years 0 to 9999
	uuid        // 36 characters, becomes lower case
	dimensions  // WxH, into field and the one after it
	eventCode   // pv, pp, …
	platform    // web, mob, …
	trackerName // text without ':' and ';'
	address     // the first of a list of IP addresses
	unstruct    // self-describing event as JSON
	unstruct64  // the same in base64
	entities    // contexts as JSON
	entities64  // the same in base64
)

// parameters holds every name, sorted, which is the order of the fingerprint.
// Of two names for one column the later one wins: tnuid beats nuid, se_ca beats
// ev_ca, and plain JSON (co, ue_pr) beats base64 (cx, ue_px) by a rule of its own.
var parameters = [...]parameter{
	{"ad_ad", 0, ignored, 0},
	{"ad_ba", 0, ignored, 0},
	{"ad_ca", 0, ignored, 0},
	{"ad_uid", 0, ignored, 0},
	{"aid", 0, plainText, envelope.AppID},
	{"cd", 0, plainText, envelope.BrColorDepth},
	{"co", 0, entities, envelope.Contexts},
	{"cookie", 0, boolean, envelope.BrCookies},
	{"cs", 0, plainText, envelope.DocCharset},
	{"ctype", 0, ignored, 0},
	{"cv", getOnly, plainText, envelope.VCollector},
	{"cx", 0, entities64, envelope.Contexts},
	{"ds", 0, dimensions, envelope.DocWidth},
	{"dtm", 0, timestamp, envelope.DvceCreatedTstamp},
	{"duid", 0, plainText, envelope.DomainUserID},
	{"e", 0, eventCode, envelope.EventType},
	{"eid", 0, uuid, envelope.EventID},
	{"ev_ac", getOnly, plainText, envelope.SeAction},
	{"ev_ca", getOnly, plainText, envelope.SeCategory},
	{"ev_la", getOnly, plainText, envelope.SeLabel},
	{"ev_pr", getOnly, plainText, envelope.SeProperty},
	{"ev_va", getOnly, decimal, envelope.SeValue},
	{"f_ag", 0, boolean, envelope.BrFeaturesSilverlight},
	{"f_dir", 0, boolean, envelope.BrFeaturesDirector},
	{"f_fla", 0, boolean, envelope.BrFeaturesFlash},
	{"f_gears", 0, boolean, envelope.BrFeaturesGears},
	{"f_java", 0, boolean, envelope.BrFeaturesJava},
	{"f_pdf", 0, boolean, envelope.BrFeaturesPDF},
	{"f_qt", 0, boolean, envelope.BrFeaturesQuicktime},
	{"f_realp", 0, boolean, envelope.BrFeaturesRealplayer},
	{"f_wma", 0, boolean, envelope.BrFeaturesWindowsMedia},
	{"fp", 0, plainText, envelope.UserFingerprint},
	{"ip", 0, address, envelope.UserIPAddress},
	{"lang", 0, plainText, envelope.BrLang},
	{"mac", 0, ignored, 0},
	{"nuid", 0, plainText, envelope.NetworkUserID},
	{"p", 0, platform, envelope.Platform},
	{"page", 0, plainText, envelope.PageTitle},
	{"pp_max", 0, integer, envelope.PpXOffsetMax},
	{"pp_may", 0, integer, envelope.PpYOffsetMax},
	{"pp_mix", 0, integer, envelope.PpXOffsetMin},
	{"pp_miy", 0, integer, envelope.PpYOffsetMin},
	{"refr", 0, plainText, envelope.PageReferrer},
	{"res", 0, dimensions, envelope.DvceScreenWidth},
	{"sa", 0, ignored, 0},
	{"se_ac", 0, plainText, envelope.SeAction},
	{"se_ca", 0, plainText, envelope.SeCategory},
	{"se_la", 0, plainText, envelope.SeLabel},
	{"se_pr", 0, plainText, envelope.SeProperty},
	{"se_va", 0, decimal, envelope.SeValue},
	{"sid", 3, uuid, envelope.DomainSessionID},
	{"sn", 0, ignored, 0},
	{"sp", 0, ignored, 0},
	{"st", 0, ignored, 0},
	{"stm", 3, timestamp, envelope.DvceSentTstamp},
	{"ti_ca", 0, plainText, envelope.TiCategory},
	{"ti_cu", 0, plainText, envelope.TiCurrency},
	{"ti_id", 0, plainText, envelope.TiOrderID},
	{"ti_na", 0, plainText, envelope.TiName},
	{"ti_nm", 0, plainText, envelope.TiName},
	{"ti_pr", 0, decimal, envelope.TiPrice},
	{"ti_qu", 0, integer, envelope.TiQuantity},
	{"ti_sk", 0, plainText, envelope.TiSKU},
	{"tid", 0, integer, envelope.TxnID},
	{"tna", 0, trackerName, envelope.NameTracker},
	{"tnuid", 2, plainText, envelope.NetworkUserID},
	{"tr_af", 0, plainText, envelope.TrAffiliation},
	{"tr_ci", 0, plainText, envelope.TrCity},
	{"tr_co", 0, plainText, envelope.TrCountry},
	{"tr_cu", 0, plainText, envelope.TrCurrency},
	{"tr_id", 0, plainText, envelope.TrOrderID},
	{"tr_sh", 0, decimal, envelope.TrShipping},
	{"tr_st", 0, plainText, envelope.TrState},
	{"tr_tt", 0, decimal, envelope.TrTotal},
	{"tr_tx", 0, decimal, envelope.TrTax},
	{"ttm", 4, timestamp, envelope.TrueTstamp},
	{"tv", 0, plainText, envelope.VTracker},
	{"tz", 0, plainText, envelope.OSTimezone},
	{"ua", 1, plainText, envelope.UserAgent},
	{"ue_na", 0, ignored, 0},
	{"ue_pr", 0, unstruct, envelope.UnstructEvent},
	{"ue_px", 0, unstruct64, envelope.UnstructEvent},
	{"uid", 0, plainText, envelope.UserID},
	{"url", 0, plainText, envelope.PageURL},
	{"vid", 0, integer, envelope.DomainSessionIdx},
	{"vp", 0, dimensions, envelope.BrViewWidth},
}

// lastMinor is the highest payload_data 1-0-N known here.
const lastMinor = 4

// names finds a parameter by its name read as an integer: all are at most
// seven bytes long. It is a hash table with open addressing, an entry being
// the parameter's index plus one.
type names [256]struct {
	key uint64
	id  uint8
}

var byName = func() (t names) {
	for id := range parameters {
		key, _ := shortKey(parameters[id].name)
		slot := slotOf(key)
		for t[slot].id != 0 {
			slot = (slot + 1) & 255
		}
		t[slot].key, t[slot].id = key, uint8(id+1)
	}
	return t
}()

func slotOf(key uint64) uint8 { return uint8(key * 0x9e3779b97f4a7c15 >> 56) }

// lookup returns the index of the parameter of that name, or -1.
func lookup(name string) int {
	key, ok := shortKey(name)
	if !ok {
		return -1
	}
	for slot := slotOf(key); byName[slot].id != 0; slot++ {
		if byName[slot].key == key {
			return int(byName[slot].id) - 1
		}
	}
	return -1
}

// shortKey packs a name and its length into an integer.
func shortKey(name string) (key uint64, ok bool) {
	if len(name) == 0 || len(name) > 7 {
		return 0, false
	}
	key = uint64(len(name))
	for i := range len(name) {
		key = key<<8 | uint64(name[i])
	}
	return key, true
}

// The parameters that decoding deals with by name.
var (
	paramCo   = lookup("co")
	paramCv   = lookup("cv")
	paramCx   = lookup("cx")
	paramE    = lookup("e")
	paramEid  = lookup("eid")
	paramIP   = lookup("ip")
	paramNuid = lookup("nuid")
	paramP    = lookup("p")
	paramStm  = lookup("stm")
	paramTv   = lookup("tv")
	paramUePr = lookup("ue_pr")
	paramUePx = lookup("ue_px")
	paramURL  = lookup("url")
)
