package host_test

// A room is a folder of Go files and what it may import from weir: host →
// sinks → edge/envelope → schemas, and inside the edge runtimes → collector →
// protocol, privacy, envelope → schemas/validate → schemas/scan.
type room struct {
	may   []string // folders; "x/..." is x and all below it
	tests []string // what its tests may import besides
	wasm  bool     // compiled into the edge module, where size and start-up count
}

// engine is what compiles schemas and runs them.
var engine = []string{"schemas/bundle", "schemas/compile", "schemas/registry", "schemas/validate"}

var rooms = map[string]room{
	"schemas/scan":             {wasm: true},
	"schemas/bundle":           {may: []string{"schemas/scan", "schemas/validate/decimal", "schemas/validate/pattern"}, tests: engine, wasm: true},
	"schemas/validate":         {may: []string{"schemas/scan", "schemas/bundle", "schemas/validate/..."}, tests: engine, wasm: true},
	"schemas/validate/decimal": {may: []string{"schemas/scan"}, wasm: true},
	"schemas/validate/format":  {may: []string{"schemas/scan"}, wasm: true},
	"schemas/validate/pattern": {may: []string{"schemas/scan"}, tests: []string{"schemas/compile/ecma"}, wasm: true},
	"schemas/compile":          {may: []string{"schemas/scan", "schemas/bundle", "schemas/validate/...", "schemas/compile/ecma"}, tests: engine},
	"schemas/compile/ecma":     {may: []string{"schemas/validate/pattern"}},
	"schemas/registry":         {may: []string{"schemas/compile"}},
	"schemas/lint":             {may: []string{"schemas/compile", "schemas/validate/decimal", "schemas/validate/format"}},
	"schemas/report":           {may: []string{"schemas/compile", "schemas/validate"}, tests: engine},
	"schemas/examples":         {may: []string{"schemas/compile", "schemas/report", "schemas/validate"}, tests: engine},
	"schemas/inspect":          {may: []string{"schemas/bundle", "schemas/validate/format", "schemas/validate/pattern"}, tests: engine},

	"edge/envelope":                {may: []string{"schemas/scan"}, wasm: true},
	"edge/signature":               {may: []string{"edge/hmac"}},
	"edge/hmac":                    {wasm: true},
	"edge/privacy":                 {may: []string{"edge/envelope", "edge/hmac", "schemas/scan", "schemas/validate"}, wasm: true},
	"edge/protocol":                {may: []string{"edge/envelope", "schemas/scan"}, wasm: true},
	"edge/protocol/snowplow":       {may: []string{"edge/protocol", "edge/envelope", "schemas/scan"}, tests: []string{"edge/protocol/protocoltest"}, wasm: true},
	"edge/protocol/document":       {may: []string{"edge/protocol", "edge/envelope", "schemas/scan"}, wasm: true},
	"edge/protocol/selfdescribing": {may: []string{"edge/protocol", "edge/protocol/document", "edge/envelope", "schemas/scan"}, tests: []string{"edge/protocol/protocoltest"}, wasm: true},
	"edge/protocol/cloudevents":    {may: []string{"edge/protocol", "edge/protocol/document", "edge/envelope", "schemas/scan"}, tests: []string{"edge/protocol/protocoltest"}, wasm: true},
	"edge/protocol/webhook":        {may: []string{"edge/protocol", "edge/protocol/document", "edge/envelope"}, tests: []string{"edge/protocol/protocoltest"}, wasm: true},
	"edge/protocol/pixel":          {may: []string{"edge/protocol", "edge/protocol/document", "edge/envelope"}, tests: []string{"edge/protocol/protocoltest"}, wasm: true},
	"edge/protocol/signed":         {may: []string{"edge/protocol", "edge/envelope", "edge/hmac"}, wasm: true},
	"edge/protocol/segment":        {may: []string{"edge/protocol", "edge/protocol/document", "edge/envelope", "schemas/scan"}, tests: []string{"edge/protocol/protocoltest"}, wasm: true},
	"edge/protocol/ga4":            {may: []string{"edge/protocol", "edge/protocol/document", "edge/envelope", "schemas/scan"}, tests: []string{"edge/protocol/protocoltest"}, wasm: true},
	"edge/protocol/plausible":      {may: []string{"edge/protocol", "edge/protocol/document", "edge/envelope", "schemas/scan"}, tests: []string{"edge/protocol/protocoltest"}, wasm: true},
	"edge/protocol/matomo":         {may: []string{"edge/protocol", "edge/protocol/document", "edge/envelope", "schemas/scan"}, tests: []string{"edge/protocol/protocoltest"}, wasm: true},
	"edge/protocol/ndjson":         {may: []string{"edge/protocol", "edge/protocol/document", "edge/envelope", "schemas/scan"}, tests: []string{"edge/protocol/protocoltest"}, wasm: true},
	"edge/protocol/otlp":           {may: []string{"edge/protocol", "edge/protocol/document", "edge/envelope", "schemas/scan"}, tests: []string{"edge/protocol/protocoltest"}, wasm: true},
	"edge/protocol/protocoltest":   {may: []string{"edge/protocol", "edge/envelope"}},
	"edge/protocol/all":            {may: []string{"edge/protocol/..."}, wasm: true},
	"edge/collector": {
		may:   []string{"edge/protocol", "edge/protocol/signed", "edge/envelope", "edge/hmac", "edge/privacy", "schemas/bundle", "schemas/scan", "schemas/validate"},
		tests: []string{"edge/protocol/...", "edge/collector/collectortest", "schemas/compile", "schemas/registry"},
		wasm:  true,
	},
	"edge/collector/reference":           {may: []string{"edge/envelope", "schemas/scan"}, tests: []string{"edge/collector"}},
	"edge/collector/collectortest":       {may: []string{"edge/collector", "edge/protocol", "edge/envelope", "edge/toolchain/need", "schemas/bundle", "schemas/compile", "schemas/registry"}},
	"edge/collector/collectortest/table": {may: []string{"edge/toolchain/need"}},

	// Runtimes: what turns a platform's requests into the collector's and back.
	"edge/abi":                    {may: []string{"edge/collector", "edge/protocol", "edge/envelope"}, tests: []string{"edge/protocol/webhook", "schemas/compile"}, wasm: true},
	"edge/abi/abitest":            {may: []string{"edge/collector", "edge/protocol", "edge/toolchain/need"}},
	"edge/cloudflare":             {may: []string{"edge/abi", "edge/protocol/..."}, tests: []string{"edge/abi/abitest", "edge/cloudflare/workerdtest", "edge/collector/...", "edge/envelope", "edge/forward", "edge/serve", "edge/signature"}, wasm: true},
	"edge/cloudflare/workerdtest": {may: []string{"edge/toolchain/need"}},
	"edge/cloudflare/bench":       {tests: []string{"edge/abi", "edge/cloudflare/workerdtest", "edge/collector", "edge/forward", "edge/protocol/...", "edge/serve", "edge/toolchain/need", "edge/wazero"}},
	"edge/fastly":                 {may: []string{"edge/abi", "edge/collector", "edge/envelope", "edge/protocol/...", "edge/signature", "schemas/scan"}, tests: []string{"edge/collector/...", "edge/toolchain/need"}},
	"edge/extism":                 {may: []string{"edge/collector", "edge/envelope", "edge/protocol/...", "schemas/scan"}, tests: []string{"edge/collector/..."}, wasm: true},
	"edge/listen":                 {},
	"edge/wazero":                 {may: []string{"edge/abi", "edge/collector"}, tests: []string{"edge/abi/abitest", "edge/collector/...", "edge/protocol", "schemas/compile"}},
	"edge/serve":                  {may: []string{"edge/abi", "edge/collector", "edge/envelope", "edge/protocol"}, tests: []string{"edge/forward", "edge/protocol/...", "edge/signature", "edge/wazero", "schemas/compile"}},
	"edge/refresh":                {may: []string{"edge/signature"}},
	"edge/forward":                {may: []string{"edge/signature"}},

	"edge/toolchain":        {may: []string{"schemas/compile", "schemas/registry"}},
	"edge/toolchain/need":   {},
	"edge/toolchain/report": {may: []string{"edge/toolchain/need"}},

	"sinks":                           {may: []string{"edge/envelope"}},
	"sinks/all":                       {may: []string{"sinks/blackhole", "sinks/clickhouse", "sinks/file", "sinks/http", "sinks/kafka", "sinks/mqtt", "sinks/mysql", "sinks/nats", "sinks/postgres", "sinks/rabbitmq", "sinks/redis", "sinks/s3", "sinks/sqlite", "sinks/stdout"}, tests: []string{"sinks"}},
	"sinks/columns":                   {may: []string{"sinks", "edge/envelope"}},
	"sinks/format":                    {may: []string{"sinks", "sinks/columns", "edge/envelope"}, tests: []string{"sinks/sinktest"}},
	"sinks/template":                  {may: []string{"sinks"}},
	"sinks/sinktest":                  {may: []string{"sinks", "edge/envelope", "edge/toolchain/need"}},
	"sinks/sinktest/authority":        {},
	"sinks/sinktest/daemon":           {},
	"sinks/blackhole":                 {may: []string{"sinks"}, tests: []string{"sinks/sinktest"}},
	"sinks/clickhouse":                {may: []string{"edge/envelope", "sinks", "sinks/columns"}, tests: []string{"sinks/clickhouse/clickhousetest", "sinks/sinktest", "sinks/sinktest/authority"}},
	"sinks/clickhouse/clickhousetest": {may: []string{"edge/toolchain/need", "sinks/sinktest/daemon"}},
	"sinks/file":                      {may: []string{"sinks", "sinks/format", "edge/envelope"}, tests: []string{"sinks/sinktest"}},
	"sinks/http":                      {may: []string{"sinks", "sinks/format", "edge/signature"}, tests: []string{"sinks/sinktest"}},
	"sinks/mysql":                     {may: []string{"edge/envelope", "sinks", "sinks/columns"}, tests: []string{"sinks/mysql/mysqltest", "sinks/sinktest", "sinks/sinktest/authority"}},
	"sinks/mysql/mysqltest":           {may: []string{"edge/toolchain/need", "sinks/sinktest/daemon"}},
	"sinks/kafka":                     {may: []string{"sinks", "sinks/format", "sinks/template", "edge/envelope"}, tests: []string{"host/torture", "sinks/kafka/kafkatest", "sinks/sinktest"}},
	"sinks/kafka/kafkatest":           {may: []string{"edge/toolchain/need", "sinks/sinktest/..."}},
	"sinks/mqtt":                      {may: []string{"sinks", "sinks/format", "sinks/template"}, tests: []string{"edge/toolchain/need", "sinks/sinktest/..."}},
	"sinks/postgres":                  {may: []string{"sinks", "sinks/columns"}, tests: []string{"edge/envelope", "edge/toolchain/need", "sinks/postgres/pgtest", "sinks/sinktest"}},
	"sinks/postgres/pgtest":           {may: []string{"edge/toolchain/need", "sinks/sinktest/daemon"}},
	"sinks/s3":                        {may: []string{"sinks", "sinks/columns", "sinks/format", "edge/envelope"}, tests: []string{"edge/toolchain/need", "sinks/sinktest/..."}},
	"sinks/nats":                      {may: []string{"sinks", "sinks/format", "sinks/template"}, tests: []string{"edge/toolchain/need", "sinks/sinktest/..."}},
	"sinks/rabbitmq":                  {may: []string{"sinks", "sinks/format", "sinks/template"}, tests: []string{"edge/toolchain/need", "sinks/rabbitmq/rabbittest", "sinks/sinktest/..."}},
	"sinks/rabbitmq/rabbittest":       {may: []string{"edge/toolchain/need", "sinks/sinktest/..."}},
	"sinks/redis":                     {may: []string{"sinks", "sinks/format"}, tests: []string{"edge/toolchain/need", "sinks/sinktest/..."}},
	"sinks/sqlite":                    {may: []string{"sinks", "sinks/columns"}, tests: []string{"edge/envelope", "sinks/sinktest"}},
	"sinks/stdout":                    {may: []string{"sinks", "sinks/format"}, tests: []string{"sinks/sinktest"}},

	"host": {
		may:   []string{"edge/listen", "edge/signature", "host/admin", "host/config", "host/deadletter", "host/delivery", "host/failed", "host/ingest", "host/journal/...", "host/judge", "host/logstream", "host/metrics", "host/offer", "host/replay", "host/salt", "host/tail", "host/ui", "host/window", "sinks"},
		tests: []string{"edge/envelope", "edge/toolchain/need", "sinks/all", "sinks/sinktest/..."},
	},
	"host/match":               {may: []string{"edge/envelope", "sinks"}},
	"host/config":              {may: []string{"edge/signature", "host/journal", "host/logstream", "host/match", "sinks"}, tests: []string{"edge/collector", "sinks/all"}},
	"host/ingest":              {may: []string{"edge/envelope", "edge/signature", "host/journal"}},
	"host/journal":             {},
	"host/journal/journaltest": {may: []string{"host/journal"}},
	"host/journal/sqlite":      {may: []string{"host/journal"}, tests: []string{"edge/toolchain/need", "host/journal/journaltest", "host/torture"}},
	"host/journal/jetstream":   {may: []string{"host/journal"}, tests: []string{"edge/toolchain/need", "host/journal/journaltest", "host/torture"}},
	"host/salt":                {},
	"host/logstream":           {may: []string{"edge/envelope", "edge/signature"}},
	"host/offer":               {may: []string{"edge/signature", "host/salt"}},
	"host/judge":               {may: []string{"edge/envelope", "edge/privacy", "schemas/...", "sinks"}},
	"host/delivery":            {may: []string{"edge/envelope", "host/config", "host/journal", "host/match", "sinks"}, tests: []string{"host/journal/...", "host/window"}},
	"host/window":              {may: []string{"sinks"}},
	"host/frame":               {may: []string{"edge/envelope", "host/journal", "sinks"}},
	"host/deadletter":          {may: []string{"host/frame", "host/journal", "sinks"}, tests: []string{"edge/envelope", "host/journal/..."}},
	"host/failed":              {may: []string{"host/frame", "host/journal", "host/judge", "sinks"}, tests: []string{"edge/envelope", "host/journal/..."}},
	"host/tail":                {},
	"host/metrics":             {may: []string{"host/delivery", "host/ingest", "host/journal", "sinks"}},
	"host/replay":              {may: []string{"edge/envelope", "host/frame", "host/journal", "host/match", "sinks"}, tests: []string{"host/journal/..."}},
	"host/admin":               {may: []string{"host/deadletter", "host/delivery", "host/failed", "host/journal", "host/metrics", "host/replay", "host/tail"}},
	"host/deploy":              {tests: []string{"edge/forward", "host", "host/config", "sinks/all"}},
	"host/doctor": {may: []string{"edge/signature", "host/admin", "host/ingest"},
		tests: []string{"edge/collector", "edge/forward", "edge/protocol/all", "edge/serve", "host", "host/config", "sinks", "sinks/all"}},
	"host/ui":              {tests: []string{"host/e2e/browser"}},
	"host/ui/fetchtracker": {may: []string{"edge/toolchain/need"}},

	// The one binary: a host, and an edge in a plain process.
	"host/cmd/weir": {may: []string{
		"host", "host/admin", "host/config", "host/doctor", "host/failed", "host/match", "host/replay", "host/ui", "sinks/all",
		"edge/collector", "edge/envelope", "edge/forward", "edge/listen", "edge/privacy", "edge/protocol/...", "edge/refresh", "edge/serve", "edge/signature", "edge/wazero",
		"schemas/...",
	}},

	"host/torture":       {},
	"host/torture/table": {may: []string{"host/torture"}},

	"host/e2e":         {tests: []string{"edge/cloudflare/workerdtest", "edge/envelope", "host/torture", "edge/signature", "host/e2e/browser", "host/e2e/fault", "host/ui", "sinks/clickhouse/clickhousetest", "sinks/kafka/kafkatest", "sinks/mysql/mysqltest", "sinks/postgres/pgtest", "sinks/rabbitmq/rabbittest"}},
	"host/e2e/fault":   {},
	"host/e2e/browser": {may: []string{"edge/toolchain/need"}},
}

// A library is where a module from elsewhere may be imported, and why nowhere else.
type library struct {
	in    []string // folders; "x/..." is x and all below it
	tests []string // folders whose tests may import it besides
	why   string
}

var libraries = map[string]library{
	"github.com/fastly/compute-sdk-go": {in: []string{"edge/fastly"}, why: "a CDN's SDK stays inside its runtime: the collector is the same everywhere"},
	"github.com/syumai/workers":        {in: []string{"edge/cloudflare"}, why: "a CDN's SDK stays inside its runtime: the collector is the same everywhere"},
	"github.com/extism/go-pdk":         {in: []string{"edge/extism"}, why: "a plugin's SDK stays inside its runtime: the collector is the same everywhere"},
	"github.com/extism/go-sdk":         {tests: []string{"edge/extism"}, why: "a plugin's hosts are other people's programs: here they are tests"},
	"github.com/tetratelabs/wazero":    {in: []string{"edge/wazero"}, tests: []string{"edge/...", "schemas/..."}, why: "one package knows how to run the module inside Go"},

	"github.com/go-sql-driver/mysql":   {in: []string{"sinks/mysql/..."}, tests: []string{"host/e2e/...", "sinks/mysql/..."}, why: "a client library stays inside its sink: a host without that sink must not carry it"},
	"github.com/eclipse/paho.golang":   {in: []string{"sinks/mqtt"}, tests: []string{"host/e2e/..."}, why: "a client library stays inside its sink: a host without that sink must not carry it"},
	"github.com/jackc/pgx/v5":          {in: []string{"sinks/postgres/..."}, tests: []string{"host/e2e/...", "sinks/postgres/..."}, why: "a client library stays inside its sink: a host without that sink must not carry it"},
	"github.com/minio/minio-go/v7":     {in: []string{"sinks/s3"}, why: "a client library stays inside its sink: a host without that sink must not carry it"},
	"github.com/parquet-go/parquet-go": {in: []string{"sinks/s3"}, why: "only objects are files of columns"},
	"github.com/twmb/franz-go":         {in: []string{"sinks/kafka/..."}, tests: []string{"host/e2e/...", "sinks/kafka"}, why: "a client library stays inside its sink: a host without that sink must not carry it"},
	"github.com/nats-io/nats.go":       {in: []string{"host", "host/journal/jetstream", "sinks/nats"}, tests: []string{"host/e2e/..."}, why: "a cluster that holds the journal is reached through the journal alone, and the host says how to connect; one that is a destination through its sink"},
	"github.com/rabbitmq/amqp091-go":   {in: []string{"sinks/rabbitmq/..."}, tests: []string{"host/e2e"}, why: "a client library stays inside its sink: a host without that sink must not carry it"},
	"github.com/redis/go-redis/v9":     {in: []string{"sinks/redis"}, why: "a client library stays inside its sink: a host without that sink must not carry it"},
	"modernc.org/sqlite":               {in: []string{"host/journal/sqlite", "host/failed", "sinks/sqlite"}, tests: []string{"host/e2e/..."}, why: "each SQLite file has one owner; nobody else opens it"},

	"github.com/spf13/pflag":                   {in: []string{"host/cmd/weir"}, why: "only the command line parses a command line"},
	"github.com/spf13/cobra":                   {in: []string{"host/cmd/weir"}, why: "only the command line parses a command line"},
	"github.com/prometheus/client_golang":      {in: []string{"host/..."}, why: "sinks and edges report through what they return; the host alone keeps metrics"},
	"go.yaml.in/yaml/v3":                       {in: []string{"host/config", "sinks/sinktest"}, tests: []string{"sinks/...", "host/deploy"}, why: "configuration is read in one place, strictly"},
	"github.com/klauspost/compress":            {in: []string{"host/...", "sinks/..."}, why: "the edge module has no room for a compressor"},
	"github.com/tidwall/gjson":                 {in: []string{"host/...", "sinks/..."}, why: "the edge reads JSON with schemas/scan, in the pass that validates it"},
	"github.com/tidwall/match":                 {in: []string{"host/match"}, why: "wildcards in rules mean what they mean in paths"},
	"github.com/valyala/fastjson":              {in: []string{"host/...", "sinks/...", "schemas/registry"}, tests: []string{"schemas/..."}, why: "trees are for the host; the edge makes one pass and builds none"},
	"github.com/santhosh-tekuri/jsonschema/v6": {in: []string{"schemas/compile"}, tests: []string{"edge/collector/reference", "host/config", "schemas/..."}, why: "it is the reference to compare with, and too large and slow for an event's way"},
	"github.com/pires/go-proxyproto":           {in: []string{"edge/listen"}, why: "whom a connection speaks for is known before anybody reads from it"},
	"golang.org/x/crypto":                      {in: []string{"edge/listen"}, why: "certificates are obtained where connections are accepted; what signs and hashes is in the standard library"},
	"golang.org/x/sys":                         {in: []string{"host/...", "sinks/..."}, why: "the pure core makes no system call"},
	"golang.org/x/sync":                        {in: []string{"host/..."}, why: "the edge is single-threaded"},
	"golang.org/x/net":                         {in: []string{"host/...", "edge/serve", "sinks/http"}, tests: []string{"schemas/validate/format"}, why: "the pure core does no I/O; its IDNA table is derived from this one's"},
	"golang.org/x/text":                        {tests: []string{"schemas/validate/format"}, why: "its tables are large; the small ones that IDNA needs are derived from them"},
	"golang.org/x/tools":                       {in: []string{"edge/collector/collectortest"}, tests: []string{"edge/...", "schemas/...", "host/..."}, why: "txtar holds golden cases"},
	"github.com/rogpeppe/go-internal":          {tests: []string{"host/cmd/weir"}, why: "testscript drives the command in tests"},

	"github.com/BurntSushi/toml":                        {tests: []string{"host/deploy"}, why: "what platforms read is read in tests alone"},
	"github.com/chromedp":                               {in: []string{"host/e2e/..."}, tests: []string{"host/..."}, why: "a browser is for tests"},
	"github.com/snowplow/snowplow-golang-analytics-sdk": {tests: []string{"sinks/format"}, why: "it is the oracle for the formats of the Snowplow pipeline"},
	"github.com/snowplow/snowplow-golang-tracker/v3":    {tests: []string{"host/e2e/..."}, why: "a tracker is for tests"},
}
