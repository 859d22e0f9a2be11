package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"weir/edge/collector"
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/wazero"
	"weir/schemas/compile"
)

func privacyExplainCommand() *cobra.Command {
	var (
		settings, schemas, app, ip string
		headers                    []string
		location                   envelope.Location
		asJSON                     bool
		opt                        compileOptions
	)
	cmd := &cobra.Command{
		Use:   "explain [FILE]",
		Short: "Show an event before and after the policy, and why",
		Long: `Show an event before and after the policy, field by field, with the rule, the
annotation of a schema or the signal that changed it.

The sample, a file or standard input, is an HTTP request as text (POST /path,
headers, an empty line, the body), a tracker's payload, self-describing data
{"schema":…,"data":…}, a CloudEvent, or an event with the names of columns, as
weir tail --json prints them. Signatures and keys are not asked for.`,
		Example: `  weir privacy explain --settings edge.json --schemas schemas --country FR < event.json
  echo '{"app_id":"shop","user_id":"u-17"}' | weir privacy explain --settings edge.json --header 'Sec-GPC: 1'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readSample(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			x := explainer{app: app}
			if x.policy, err = readPolicy(settings); err != nil {
				return err
			}
			if schemas == "" {
				if x.bundle, err = wazero.DefaultBundle(); err != nil {
					return err
				}
			} else {
				fields, err := readFields(schemas)
				if err != nil {
					return err
				}
				x.places = placesOf(fields)
				sources, err := readSchemas(schemas)
				if err != nil {
					return err
				}
				if x.bundle, err = compile.Bundle(sources, opt.Options); err != nil {
					return fmt.Errorf("compiling schemas:\n%w", err)
				}
			}
			if x.request, err = sampleRequest(text); err != nil {
				return err
			}
			for _, line := range headers {
				h, err := parseHeader(line)
				if err != nil {
					return usageError{fmt.Errorf("reading --header: %w", err)}
				}
				x.request.Headers = append(x.request.Headers, h)
			}
			x.request.ClientIP, x.location = ip, location
			events, err := x.explain()
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), events)
			}
			return printExplained(cmd.OutOrStdout(), events)
		},
	}
	f := cmd.Flags()
	f.StringVar(&settings, "settings", "", "JSON file of collector settings (default: no policy)")
	f.StringVar(&schemas, "schemas", "", "folder of schemas (default those in the program)")
	f.StringVar(&app, "app", "", "app_id of the events, whatever they say")
	f.StringVar(&ip, "ip", "203.0.113.77", "address of the visitor")
	f.StringVar(&location.Country, "country", "", "country of the visitor, for example DE")
	f.StringVar(&location.Region, "region", "", "subdivision of the country, for example BE")
	f.StringVar(&location.City, "city", "", "city of the visitor")
	f.StringArrayVar(&headers, "header", nil, "further header of the request, for example 'Sec-GPC: 1'")
	f.BoolVar(&asJSON, "json", false, "print the result as JSON")
	opt.flags(cmd)
	return cmd
}

func readSample(in io.Reader, args []string) ([]byte, error) {
	if len(args) == 1 && args[0] != "-" {
		text, err := os.ReadFile(args[0])
		if err != nil {
			return nil, fmt.Errorf("reading the sample: %w", err)
		}
		return text, nil
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("reading the sample: %w", err)
	}
	return text, nil
}

// explainer lets a collector read a request twice, with the policy and without.
type explainer struct {
	policy   *policy
	bundle   []byte
	places   places // nil if the schemas are not at hand
	request  protocol.Request
	location envelope.Location
	app      string
}

// untouched is a policy that lets everything pass.
const untouched = `{"ipv4_prefix":32,"ipv6_prefix":128,"geo":"coordinates","signals":[]}`

func (x *explainer) explain() ([]explained, error) {
	// What refuses requests is not of privacy, and what forgets them is told of as missing.
	bare, err := without(x.policy.json, "webhooks", "access", "privacy", "visitor", "do_not_track", "bots")
	if err != nil {
		return nil, err
	}
	bare["privacy"] = json.RawMessage(untouched)
	request := x.request
	request.Headers = nil
	for _, h := range x.request.Headers {
		if !strings.EqualFold(h.Name, "SP-Anonymous") {
			request.Headers = append(request.Headers, h)
		}
	}
	// Without schemas nothing is done for their annotations' sake.
	before, status, err := x.collect(bare, nil, request)
	if err != nil {
		return nil, err
	}
	if len(before) == 0 {
		return nil, fmt.Errorf("no event was found in the sample: an edge answers %d to %s %s", status, x.request.Method, x.request.Path)
	}
	with, err := without(x.policy.json, "webhooks", "access")
	if err != nil {
		return nil, err
	}
	after, _, err := x.collect(with, x.bundle, x.request)
	if err != nil {
		return nil, err
	}
	return x.compare(before, after), nil
}

func without(settings []byte, names ...string) (map[string]json.RawMessage, error) {
	members := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(settings)) > 0 {
		if err := json.Unmarshal(settings, &members); err != nil {
			return nil, fmt.Errorf("reading the edge's settings: %w", err)
		}
	}
	for _, name := range names {
		delete(members, name)
	}
	return members, nil
}

// collect returns the envelopes that become of the request, and its status.
func (x *explainer) collect(settings map[string]json.RawMessage, bundle []byte, r protocol.Request) ([][]byte, int, error) {
	text, err := json.Marshal(settings)
	if err != nil {
		return nil, 0, fmt.Errorf("writing settings: %w", err)
	}
	c, err := collector.New(text, bundle, x.adapters()...)
	if err != nil {
		return nil, 0, err
	}
	out := c.Collect(&collector.Input{Request: r, NowMillis: sampleTime, Location: x.location})
	lines := bytes.Split(bytes.TrimSuffix(out.Batch, []byte("\n")), []byte("\n"))
	return lines[1:], out.Response.Status, nil
}
