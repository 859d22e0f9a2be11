package workerdtest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed door.js
var door []byte

// capnp is workerd's configuration: the Worker on a port that the system
// chooses, which may reach the loopback interface, and a door to its other
// handlers on another. A queue is the one that workerd brings along, whose
// messages survive it in a folder.
func capnp(cfg Config, folder string) []byte {
	var b bytes.Buffer
	b.WriteString(`using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      compatibilityDate = "2026-11-01",
      modules = [
        (name = "src/worker.js", esModule = embed "worker.js"),
        (name = "build/edge.wasm", wasm = embed "edge.wasm"),
        (name = "build/default.bundle", data = embed "default.bundle"),
      ],
      bindings = [
`)
	for name, value := range cfg.Bindings {
		fmt.Fprintf(&b, "        (name = %s, text = %s),\n", quote(name), quote(value))
	}
	if cfg.Queue != nil {
		fmt.Fprintf(&b, "        (name = \"WEIR_QUEUE\", %s),\n", cfg.Queue.binding("messages"))
	}
	if cfg.Schemas != "" {
		b.WriteString("        (name = \"WEIR_SCHEMAS\", kvNamespace = \"schemas\"),\n")
	}
	b.WriteString(`      ],
    )),
    (name = "internet", network = (allow = ["public", "private", "local"])),
    (name = "door", worker = (
      compatibilityDate = "2026-11-01",
      compatibilityFlags = ["service_binding_extra_handlers"],
      modules = [(name = "door.js", esModule = embed "door.js")],
      bindings = [
        (name = "MAIN", service = "main"),
`)
	if cfg.Queue != nil && cfg.Queue.At == "" {
		fmt.Fprintf(&b, "        (name = \"QUEUES\", service = \"queues\"), (name = \"MESSAGES\", %s), (name = \"DEAD_LETTERS\", %s),\n",
			cfg.Queue.binding("messages"), cfg.Queue.binding("dead-letters"))
	}
	b.WriteString("      ],\n    )),\n")
	if cfg.Queue != nil {
		b.WriteString(cfg.Queue.services(folder))
	}
	if cfg.Schemas != "" {
		fmt.Fprintf(&b, "    (name = \"schemas\", external = (address = %s, http = ())),\n", quote(cfg.Schemas))
	}
	b.WriteString(`  ],
  sockets = [
    (name = "http", address = "127.0.0.1:0", http = (cfBlobHeader = "CF-Blob"), service = "main"),
    (name = "door", address = "127.0.0.1:0", http = (), service = "door"),
  ],
);
`)
	return b.Bytes()
}

func (q *Queue) binding(name string) string {
	if q.At != "" {
		return `queue = "queues"`
	}
	return fmt.Sprintf(`queue = (name = "queues", props = (json = %s))`, quote(`{"queue":"`+name+`"}`))
}

func (q *Queue) services(folder string) string {
	if q.At != "" {
		return fmt.Sprintf("    (name = \"queues\", external = (address = %s, http = ())),\n", quote(q.At))
	}
	consumers, err := json.Marshal(map[string]any{"messages": map[string]any{
		"consumer": "MAIN", "maxBatchSize": 100, "maxBatchTimeout": 0.1, "maxRetries": q.Retries, "deadLetterQueue": "dead-letters",
	}})
	if err != nil {
		panic(err) // strings and numbers
	}
	return fmt.Sprintf(`    (name = "queues", worker = (
      compatibilityDate = "2026-11-01",
      compatibilityFlags = ["service_binding_extra_handlers"],
      modules = [(name = "queues.js", bundled = "/workerd/queues.js")],
      durableObjectNamespaces = [(className = "QueueShard", uniqueKey = "weir", enableSql = true)],
      durableObjectStorage = (localDisk = "queue"),
      bindings = [
        (name = "SHARD", durableObjectNamespace = "QueueShard"),
        (name = "CONSUMERS", json = %s),
        (name = "MAIN", service = "main"),
        (name = "TEST_CLOCK", json = "true"),
      ],
    )),
    (name = "queue", disk = (path = %s, writable = true)),
`, quote(string(consumers)), quote(folder))
}

// quote writes a string literal of the Cap'n Proto language.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
