package host_test

// A room is a folder of Go files and what it may import from weir: host →
// sinks → edge/envelope → schemas, and inside the edge runtimes → collector →
// protocol, privacy, envelope → schemas/validate → schemas/scan.
type room struct {
	may   []string // folders; "x/..." is x and all below it
	tests []string // what its tests may import besides
	wasm  bool     // compiled into the edge module, where size and start-up count
}

var rooms = map[string]room{
	"schemas":                  {tests: []string{"schemas/bundle", "schemas/compile", "schemas/registry", "schemas/validate"}},
	"schemas/scan":             {wasm: true},
	"schemas/bundle":           {may: []string{"schemas/scan", "schemas/validate/..."}, wasm: true},
	"schemas/validate":         {may: []string{"schemas/scan", "schemas/bundle", "schemas/validate/..."}, tests: []string{"schemas/compile", "schemas/registry"}, wasm: true},
	"schemas/validate/decimal": {wasm: true},
	"schemas/validate/format":  {wasm: true},
	"schemas/validate/pattern": {wasm: true},
	"schemas/compile":          {may: []string{"schemas/..."}},
	"schemas/compile/ecma":     {may: []string{"schemas/validate/pattern"}},
	"schemas/registry":         {may: []string{"schemas/compile"}},

	"edge/envelope":          {may: []string{"schemas/scan"}, wasm: true},
	"edge/protocol":          {may: []string{"edge/envelope"}, wasm: true},
	"edge/protocol/snowplow": {may: []string{"edge/protocol", "edge/envelope", "schemas/scan"}, wasm: true},
	"edge/collector": {
		may:   []string{"edge/protocol", "edge/envelope", "edge/privacy", "schemas/bundle", "schemas/scan", "schemas/validate"},
		tests: []string{"edge/protocol/...", "edge/collector/collectortest", "schemas/compile", "schemas/registry"},
		wasm:  true,
	},
	"edge/abi/abitest": {may: []string{"edge/collector", "edge/protocol", "edge/toolchain/need"}},
	"edge/abi":         {may: []string{"edge/collector", "edge/protocol", "edge/envelope"}, wasm: true},
	"edge/cloudflare": {
		may:   []string{"edge/abi", "edge/collector", "edge/protocol/...", "edge/envelope"},
		tests: []string{"edge/abi/abitest", "edge/collector/collectortest", "edge/cloudflare/workerdtest"},
		wasm:  true,
	},
	"edge/cloudflare/workerdtest": {may: []string{"edge/toolchain/need"}},
	"edge/wazero": {
		may:   []string{"edge/abi", "edge/collector"},
		tests: []string{"edge/abi/abitest", "edge/collector/collectortest", "edge/protocol/...", "edge/envelope"},
	},
	"edge/forward": {may: []string{"edge/envelope"}},
	"edge/serve": {
		may:   []string{"edge/abi", "edge/collector", "edge/protocol", "edge/envelope"},
		tests: []string{"edge/forward", "edge/wazero", "edge/protocol/..."},
	},
	"edge/toolchain":        {may: []string{"schemas/compile", "schemas/registry"}},
	"edge/toolchain/need":   {},
	"edge/toolchain/report": {may: []string{"edge/toolchain/need"}},

	"sinks":                 {may: []string{"edge/envelope"}},
	"sinks/columns":         {may: []string{"sinks", "edge/envelope"}},
	"sinks/postgres/pgtest": {may: []string{"edge/toolchain/need"}},

	"host":                {},
	"host/journal":        {may: []string{"edge/envelope"}},
	"host/journal/sqlite": {may: []string{"host/journal"}},
	"host/ui":             {tests: []string{"host/e2e/browser"}},
	"host/e2e/browser":    {may: []string{"edge/toolchain/need"}},
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
	"github.com/tetratelabs/wazero":    {in: []string{"edge/wazero"}, tests: []string{"edge/..."}, why: "one package knows how to run the module inside Go"},

	"github.com/jackc/pgx/v5": {in: []string{"sinks/postgres/..."}, tests: []string{"host/e2e/..."}, why: "a client library stays inside its sink: a host without that sink must not carry it"},
	"modernc.org/sqlite":      {in: []string{"host/journal/sqlite", "sinks/sqlite"}, tests: []string{"host/e2e/..."}, why: "the journal and the sqlite sink own their files; nobody else opens them"},

	"github.com/spf13/cobra":                   {in: []string{"host/cmd/weir"}, why: "only the command line parses a command line"},
	"github.com/prometheus/client_golang":      {in: []string{"host/..."}, why: "sinks and edges report through what they return; the host alone keeps metrics"},
	"go.yaml.in/yaml/v3":                       {in: []string{"host/config"}, tests: []string{"sinks"}, why: "configuration is read in one place, strictly"},
	"github.com/klauspost/compress":            {in: []string{"host/...", "sinks/..."}, why: "the edge module has no room for a compressor"},
	"github.com/tidwall/gjson":                 {in: []string{"host/...", "sinks/..."}, why: "the edge reads JSON with schemas/scan, in the pass that validates it"},
	"github.com/valyala/fastjson":              {in: []string{"host/...", "sinks/..."}, why: "trees are for the host; the edge makes one pass and builds none"},
	"github.com/santhosh-tekuri/jsonschema/v6": {in: []string{"schemas/compile"}, tests: []string{"schemas/..."}, why: "it is the reference to compare with, and too large and slow for an event's way"},
	"golang.org/x/sys":                         {in: []string{"host/..."}, why: "system calls are the host's"},
	"golang.org/x/sync":                        {in: []string{"host/..."}, why: "the edge is single-threaded"},
	"golang.org/x/net":                         {in: []string{"host/...", "edge/serve"}, tests: []string{"schemas/validate/format"}, why: "the pure core does no I/O; its IDNA table is derived from this one's"},
	"golang.org/x/text":                        {tests: []string{"schemas/validate/format"}, why: "its tables are large; the small ones that IDNA needs are derived from them"},
	"golang.org/x/tools":                       {in: []string{"edge/collector/collectortest"}, tests: []string{"edge/...", "schemas/...", "host/..."}, why: "txtar holds golden cases"},
	"github.com/rogpeppe/go-internal":          {tests: []string{"host/cmd/weir"}, why: "testscript drives the command in tests"},

	"github.com/chromedp":                            {in: []string{"host/e2e/..."}, tests: []string{"host/..."}, why: "a browser is for tests"},
	"github.com/snowplow/snowplow-golang-tracker/v3": {tests: []string{"host/e2e/..."}, why: "a tracker is for tests"},
}
