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

var columns = [NumFields]struct {
	name string
	kind Kind
}{
	AppID:                  {"app_id", Text},
	Platform:               {"platform", Text},
	EtlTstamp:              {"etl_tstamp", Timestamp},
	CollectorTstamp:        {"collector_tstamp", Timestamp},
	DvceCreatedTstamp:      {"dvce_created_tstamp", Timestamp},
	EventType:              {"event", Text},
	EventID:                {"event_id", Text},
	TxnID:                  {"txn_id", Integer},
	NameTracker:            {"name_tracker", Text},
	VTracker:               {"v_tracker", Text},
	VCollector:             {"v_collector", Text},
	VEtl:                   {"v_etl", Text},
	UserID:                 {"user_id", Text},
	UserIPAddress:          {"user_ipaddress", Text},
	UserFingerprint:        {"user_fingerprint", Text},
	DomainUserID:           {"domain_userid", Text},
	DomainSessionIdx:       {"domain_sessionidx", Integer},
	NetworkUserID:          {"network_userid", Text},
	GeoCountry:             {"geo_country", Text},
	GeoRegion:              {"geo_region", Text},
	GeoCity:                {"geo_city", Text},
	GeoZipcode:             {"geo_zipcode", Text},
	GeoLatitude:            {"geo_latitude", Decimal},
	GeoLongitude:           {"geo_longitude", Decimal},
	GeoRegionName:          {"geo_region_name", Text},
	IPISP:                  {"ip_isp", Text},
	IPOrganization:         {"ip_organization", Text},
	IPDomain:               {"ip_domain", Text},
	IPNetspeed:             {"ip_netspeed", Text},
	PageURL:                {"page_url", Text},
	PageTitle:              {"page_title", Text},
	PageReferrer:           {"page_referrer", Text},
	PageURLScheme:          {"page_urlscheme", Text},
	PageURLHost:            {"page_urlhost", Text},
	PageURLPort:            {"page_urlport", Integer},
	PageURLPath:            {"page_urlpath", Text},
	PageURLQuery:           {"page_urlquery", Text},
	PageURLFragment:        {"page_urlfragment", Text},
	RefrURLScheme:          {"refr_urlscheme", Text},
	RefrURLHost:            {"refr_urlhost", Text},
	RefrURLPort:            {"refr_urlport", Integer},
	RefrURLPath:            {"refr_urlpath", Text},
	RefrURLQuery:           {"refr_urlquery", Text},
	RefrURLFragment:        {"refr_urlfragment", Text},
	RefrMedium:             {"refr_medium", Text},
	RefrSource:             {"refr_source", Text},
	RefrTerm:               {"refr_term", Text},
	MktMedium:              {"mkt_medium", Text},
	MktSource:              {"mkt_source", Text},
	MktTerm:                {"mkt_term", Text},
	MktContent:             {"mkt_content", Text},
	MktCampaign:            {"mkt_campaign", Text},
	Contexts:               {"contexts", Array},
	SeCategory:             {"se_category", Text},
	SeAction:               {"se_action", Text},
	SeLabel:                {"se_label", Text},
	SeProperty:             {"se_property", Text},
	SeValue:                {"se_value", Decimal},
	UnstructEvent:          {"unstruct_event", Object},
	TrOrderID:              {"tr_orderid", Text},
	TrAffiliation:          {"tr_affiliation", Text},
	TrTotal:                {"tr_total", Decimal},
	TrTax:                  {"tr_tax", Decimal},
	TrShipping:             {"tr_shipping", Decimal},
	TrCity:                 {"tr_city", Text},
	TrState:                {"tr_state", Text},
	TrCountry:              {"tr_country", Text},
	TiOrderID:              {"ti_orderid", Text},
	TiSKU:                  {"ti_sku", Text},
	TiName:                 {"ti_name", Text},
	TiCategory:             {"ti_category", Text},
	TiPrice:                {"ti_price", Decimal},
	TiQuantity:             {"ti_quantity", Integer},
	PpXOffsetMin:           {"pp_xoffset_min", Integer},
	PpXOffsetMax:           {"pp_xoffset_max", Integer},
	PpYOffsetMin:           {"pp_yoffset_min", Integer},
	PpYOffsetMax:           {"pp_yoffset_max", Integer},
	UserAgent:              {"useragent", Text},
	BrName:                 {"br_name", Text},
	BrFamily:               {"br_family", Text},
	BrVersion:              {"br_version", Text},
	BrType:                 {"br_type", Text},
	BrRenderEngine:         {"br_renderengine", Text},
	BrLang:                 {"br_lang", Text},
	BrFeaturesPDF:          {"br_features_pdf", Boolean},
	BrFeaturesFlash:        {"br_features_flash", Boolean},
	BrFeaturesJava:         {"br_features_java", Boolean},
	BrFeaturesDirector:     {"br_features_director", Boolean},
	BrFeaturesQuicktime:    {"br_features_quicktime", Boolean},
	BrFeaturesRealplayer:   {"br_features_realplayer", Boolean},
	BrFeaturesWindowsMedia: {"br_features_windowsmedia", Boolean},
	BrFeaturesGears:        {"br_features_gears", Boolean},
	BrFeaturesSilverlight:  {"br_features_silverlight", Boolean},
	BrCookies:              {"br_cookies", Boolean},
	BrColorDepth:           {"br_colordepth", Text},
	BrViewWidth:            {"br_viewwidth", Integer},
	BrViewHeight:           {"br_viewheight", Integer},
	OSName:                 {"os_name", Text},
	OSFamily:               {"os_family", Text},
	OSManufacturer:         {"os_manufacturer", Text},
	OSTimezone:             {"os_timezone", Text},
	DvceType:               {"dvce_type", Text},
	DvceIsMobile:           {"dvce_ismobile", Boolean},
	DvceScreenWidth:        {"dvce_screenwidth", Integer},
	DvceScreenHeight:       {"dvce_screenheight", Integer},
	DocCharset:             {"doc_charset", Text},
	DocWidth:               {"doc_width", Integer},
	DocHeight:              {"doc_height", Integer},
	TrCurrency:             {"tr_currency", Text},
	TrTotalBase:            {"tr_total_base", Decimal},
	TrTaxBase:              {"tr_tax_base", Decimal},
	TrShippingBase:         {"tr_shipping_base", Decimal},
	TiCurrency:             {"ti_currency", Text},
	TiPriceBase:            {"ti_price_base", Decimal},
	BaseCurrency:           {"base_currency", Text},
	GeoTimezone:            {"geo_timezone", Text},
	MktClickID:             {"mkt_clickid", Text},
	MktNetwork:             {"mkt_network", Text},
	EtlTags:                {"etl_tags", Text},
	DvceSentTstamp:         {"dvce_sent_tstamp", Timestamp},
	RefrDomainUserID:       {"refr_domain_userid", Text},
	RefrDvceTstamp:         {"refr_dvce_tstamp", Timestamp},
	DerivedContexts:        {"derived_contexts", Array},
	DomainSessionID:        {"domain_sessionid", Text},
	DerivedTstamp:          {"derived_tstamp", Timestamp},
	EventVendor:            {"event_vendor", Text},
	EventName:              {"event_name", Text},
	EventFormat:            {"event_format", Text},
	EventVersion:           {"event_version", Text},
	EventFingerprint:       {"event_fingerprint", Text},
	TrueTstamp:             {"true_tstamp", Timestamp},
}
