package envelope

// Field is one column of the canonical event, numbered as in the enriched TSV
// of the Snowplow pipeline (0 to 130). Envelopes list their members in this order.
type Field uint8

// The canonical columns.
const (
	AppID Field = iota
	Platform
	EtlTstamp
	CollectorTstamp
	DvceCreatedTstamp
	EventType // "event" in envelopes
	EventID
	TxnID
	NameTracker
	VTracker
	VCollector
	VEtl
	UserID
	UserIPAddress
	UserFingerprint
	DomainUserID
	DomainSessionIdx
	NetworkUserID
	GeoCountry
	GeoRegion
	GeoCity
	GeoZipcode
	GeoLatitude
	GeoLongitude
	GeoRegionName
	IPISP
	IPOrganization
	IPDomain
	IPNetspeed
	PageURL
	PageTitle
	PageReferrer
	PageURLScheme
	PageURLHost
	PageURLPort
	PageURLPath
	PageURLQuery
	PageURLFragment
	RefrURLScheme
	RefrURLHost
	RefrURLPort
	RefrURLPath
	RefrURLQuery
	RefrURLFragment
	RefrMedium
	RefrSource
	RefrTerm
	MktMedium
	MktSource
	MktTerm
	MktContent
	MktCampaign
	Contexts
	SeCategory
	SeAction
	SeLabel
	SeProperty
	SeValue
	UnstructEvent
	TrOrderID
	TrAffiliation
	TrTotal
	TrTax
	TrShipping
	TrCity
	TrState
	TrCountry
	TiOrderID
	TiSKU
	TiName
	TiCategory
	TiPrice
	TiQuantity
	PpXOffsetMin
	PpXOffsetMax
	PpYOffsetMin
	PpYOffsetMax
	UserAgent
	BrName
	BrFamily
	BrVersion
	BrType
	BrRenderEngine
	BrLang
	BrFeaturesPDF
	BrFeaturesFlash
	BrFeaturesJava
	BrFeaturesDirector
	BrFeaturesQuicktime
	BrFeaturesRealplayer
	BrFeaturesWindowsMedia
	BrFeaturesGears
	BrFeaturesSilverlight
	BrCookies
	BrColorDepth
	BrViewWidth
	BrViewHeight
	OSName
	OSFamily
	OSManufacturer
	OSTimezone
	DvceType
	DvceIsMobile
	DvceScreenWidth
	DvceScreenHeight
	DocCharset
	DocWidth
	DocHeight
	TrCurrency
	TrTotalBase
	TrTaxBase
	TrShippingBase
	TiCurrency
	TiPriceBase
	BaseCurrency
	GeoTimezone
	MktClickID
	MktNetwork
	EtlTags
	DvceSentTstamp
	RefrDomainUserID
	RefrDvceTstamp
	DerivedContexts
	DomainSessionID
	DerivedTstamp
	EventVendor
	EventName
	EventFormat
	EventVersion
	EventFingerprint
	TrueTstamp

	// NumFields is the number of canonical columns.
	NumFields = 131
)

// Kind is the JSON form of a column.
type Kind uint8

const (
	Text      Kind = iota // a string
	Timestamp             // a string: RFC 3339, UTC, milliseconds
	Integer               // a number without fraction, within int32
	Boolean               // true or false
	Decimal               // a number with the digits that were sent
	Object                // unstruct_event: {"schema","data"}
	Array                 // contexts, derived_contexts: [{"schema","data"}…]
)

// Name returns the canonical column name, "page_url".
func (f Field) Name() string {
	if int(f) < len(columns) {
		return columns[f].name
	}
	return ""
}

// Kind returns the form in which the column appears in an envelope.
func (f Field) Kind() Kind {
	if int(f) < len(columns) {
		return columns[f].kind
	}
	return Text
}

// Limit returns the length of a Text column in UTF-16 code units, 0 for other kinds.
func (f Field) Limit() int {
	if int(f) < len(columns) {
		return columns[f].limit
	}
	return 0
}

// Path returns the JSON pointer of the column in an envelope, "/page_url".
func (f Field) Path() string {
	if int(f) < len(pointers) {
		return pointers[f]
	}
	return ""
}

// String returns the column name.
func (f Field) String() string { return f.Name() }

// FieldByName returns the column of that name.
func FieldByName(name string) (Field, bool) {
	for f := range columns {
		if columns[f].name == name {
			return Field(f), true
		}
	}
	return 0, false
}

var pointers = func() (p [NumFields]string) {
	for f := range columns {
		p[f] = "/" + columns[f].name
	}
	return p
}()

// columns holds the limits of the atomic schema, except where the pipeline
// overrides it: page_url, page_referrer, mkt_clickid.
var columns = [NumFields]struct {
	name  string
	kind  Kind
	limit int // of text, in UTF-16 code units; 0 for the other kinds
}{
	AppID:                  {"app_id", Text, 255},
	Platform:               {"platform", Text, 255},
	EtlTstamp:              {"etl_tstamp", Timestamp, 0},
	CollectorTstamp:        {"collector_tstamp", Timestamp, 0},
	DvceCreatedTstamp:      {"dvce_created_tstamp", Timestamp, 0},
	EventType:              {"event", Text, 128},
	EventID:                {"event_id", Text, 36},
	TxnID:                  {"txn_id", Integer, 0},
	NameTracker:            {"name_tracker", Text, 128},
	VTracker:               {"v_tracker", Text, 100},
	VCollector:             {"v_collector", Text, 100},
	VEtl:                   {"v_etl", Text, 100},
	UserID:                 {"user_id", Text, 255},
	UserIPAddress:          {"user_ipaddress", Text, 128},
	UserFingerprint:        {"user_fingerprint", Text, 128},
	DomainUserID:           {"domain_userid", Text, 128},
	DomainSessionIdx:       {"domain_sessionidx", Integer, 0},
	NetworkUserID:          {"network_userid", Text, 128},
	GeoCountry:             {"geo_country", Text, 2},
	GeoRegion:              {"geo_region", Text, 3},
	GeoCity:                {"geo_city", Text, 75},
	GeoZipcode:             {"geo_zipcode", Text, 15},
	GeoLatitude:            {"geo_latitude", Decimal, 0},
	GeoLongitude:           {"geo_longitude", Decimal, 0},
	GeoRegionName:          {"geo_region_name", Text, 100},
	IPISP:                  {"ip_isp", Text, 100},
	IPOrganization:         {"ip_organization", Text, 128},
	IPDomain:               {"ip_domain", Text, 128},
	IPNetspeed:             {"ip_netspeed", Text, 100},
	PageURL:                {"page_url", Text, 10000},
	PageTitle:              {"page_title", Text, 2000},
	PageReferrer:           {"page_referrer", Text, 10000},
	PageURLScheme:          {"page_urlscheme", Text, 16},
	PageURLHost:            {"page_urlhost", Text, 255},
	PageURLPort:            {"page_urlport", Integer, 0},
	PageURLPath:            {"page_urlpath", Text, 3000},
	PageURLQuery:           {"page_urlquery", Text, 6000},
	PageURLFragment:        {"page_urlfragment", Text, 3000},
	RefrURLScheme:          {"refr_urlscheme", Text, 16},
	RefrURLHost:            {"refr_urlhost", Text, 255},
	RefrURLPort:            {"refr_urlport", Integer, 0},
	RefrURLPath:            {"refr_urlpath", Text, 6000},
	RefrURLQuery:           {"refr_urlquery", Text, 6000},
	RefrURLFragment:        {"refr_urlfragment", Text, 3000},
	RefrMedium:             {"refr_medium", Text, 25},
	RefrSource:             {"refr_source", Text, 50},
	RefrTerm:               {"refr_term", Text, 255},
	MktMedium:              {"mkt_medium", Text, 255},
	MktSource:              {"mkt_source", Text, 255},
	MktTerm:                {"mkt_term", Text, 255},
	MktContent:             {"mkt_content", Text, 500},
	MktCampaign:            {"mkt_campaign", Text, 255},
	Contexts:               {"contexts", Array, 0},
	SeCategory:             {"se_category", Text, 1000},
	SeAction:               {"se_action", Text, 1000},
	SeLabel:                {"se_label", Text, 4096},
	SeProperty:             {"se_property", Text, 1000},
	SeValue:                {"se_value", Decimal, 0},
	UnstructEvent:          {"unstruct_event", Object, 0},
	TrOrderID:              {"tr_orderid", Text, 255},
	TrAffiliation:          {"tr_affiliation", Text, 255},
	TrTotal:                {"tr_total", Decimal, 0},
	TrTax:                  {"tr_tax", Decimal, 0},
	TrShipping:             {"tr_shipping", Decimal, 0},
	TrCity:                 {"tr_city", Text, 255},
	TrState:                {"tr_state", Text, 255},
	TrCountry:              {"tr_country", Text, 255},
	TiOrderID:              {"ti_orderid", Text, 255},
	TiSKU:                  {"ti_sku", Text, 255},
	TiName:                 {"ti_name", Text, 255},
	TiCategory:             {"ti_category", Text, 255},
	TiPrice:                {"ti_price", Decimal, 0},
	TiQuantity:             {"ti_quantity", Integer, 0},
	PpXOffsetMin:           {"pp_xoffset_min", Integer, 0},
	PpXOffsetMax:           {"pp_xoffset_max", Integer, 0},
	PpYOffsetMin:           {"pp_yoffset_min", Integer, 0},
	PpYOffsetMax:           {"pp_yoffset_max", Integer, 0},
	UserAgent:              {"useragent", Text, 1000},
	BrName:                 {"br_name", Text, 50},
	BrFamily:               {"br_family", Text, 50},
	BrVersion:              {"br_version", Text, 50},
	BrType:                 {"br_type", Text, 50},
	BrRenderEngine:         {"br_renderengine", Text, 50},
	BrLang:                 {"br_lang", Text, 255},
	BrFeaturesPDF:          {"br_features_pdf", Boolean, 0},
	BrFeaturesFlash:        {"br_features_flash", Boolean, 0},
	BrFeaturesJava:         {"br_features_java", Boolean, 0},
	BrFeaturesDirector:     {"br_features_director", Boolean, 0},
	BrFeaturesQuicktime:    {"br_features_quicktime", Boolean, 0},
	BrFeaturesRealplayer:   {"br_features_realplayer", Boolean, 0},
	BrFeaturesWindowsMedia: {"br_features_windowsmedia", Boolean, 0},
	BrFeaturesGears:        {"br_features_gears", Boolean, 0},
	BrFeaturesSilverlight:  {"br_features_silverlight", Boolean, 0},
	BrCookies:              {"br_cookies", Boolean, 0},
	BrColorDepth:           {"br_colordepth", Text, 12},
	BrViewWidth:            {"br_viewwidth", Integer, 0},
	BrViewHeight:           {"br_viewheight", Integer, 0},
	OSName:                 {"os_name", Text, 50},
	OSFamily:               {"os_family", Text, 50},
	OSManufacturer:         {"os_manufacturer", Text, 50},
	OSTimezone:             {"os_timezone", Text, 255},
	DvceType:               {"dvce_type", Text, 50},
	DvceIsMobile:           {"dvce_ismobile", Boolean, 0},
	DvceScreenWidth:        {"dvce_screenwidth", Integer, 0},
	DvceScreenHeight:       {"dvce_screenheight", Integer, 0},
	DocCharset:             {"doc_charset", Text, 128},
	DocWidth:               {"doc_width", Integer, 0},
	DocHeight:              {"doc_height", Integer, 0},
	TrCurrency:             {"tr_currency", Text, 3},
	TrTotalBase:            {"tr_total_base", Decimal, 0},
	TrTaxBase:              {"tr_tax_base", Decimal, 0},
	TrShippingBase:         {"tr_shipping_base", Decimal, 0},
	TiCurrency:             {"ti_currency", Text, 3},
	TiPriceBase:            {"ti_price_base", Decimal, 0},
	BaseCurrency:           {"base_currency", Text, 3},
	GeoTimezone:            {"geo_timezone", Text, 64},
	MktClickID:             {"mkt_clickid", Text, 1000},
	MktNetwork:             {"mkt_network", Text, 64},
	EtlTags:                {"etl_tags", Text, 500},
	DvceSentTstamp:         {"dvce_sent_tstamp", Timestamp, 0},
	RefrDomainUserID:       {"refr_domain_userid", Text, 128},
	RefrDvceTstamp:         {"refr_dvce_tstamp", Timestamp, 0},
	DerivedContexts:        {"derived_contexts", Array, 0},
	DomainSessionID:        {"domain_sessionid", Text, 128},
	DerivedTstamp:          {"derived_tstamp", Timestamp, 0},
	EventVendor:            {"event_vendor", Text, 1000},
	EventName:              {"event_name", Text, 1000},
	EventFormat:            {"event_format", Text, 128},
	EventVersion:           {"event_version", Text, 128},
	EventFingerprint:       {"event_fingerprint", Text, 128},
	TrueTstamp:             {"true_tstamp", Timestamp, 0},
}
