package main

import (
	"encoding/base64"
	"errors"

	"weir/edge/collector"
	"weir/edge/protocol/all"
)

// plugin is one instance: a collector, and the room for a request and its outcome.
type plugin struct {
	collector *collector.Collector
	input     collector.Input
	request   reader
	outcome   []byte
}

func (p *plugin) started() bool { return p.collector != nil }

// start makes the collector of the two members of the manifest's config:
// settings as JSON and the compiled schemas in base64, either of them empty for
// the collector's defaults.
func (p *plugin) start(settings, bundle string) error {
	schemas, err := base64.StdEncoding.DecodeString(bundle)
	if err != nil {
		return errors.New("config: bundle is not base64 (RFC 4648 section 4, padded)")
	}
	// An edge for fewer wire formats lists them here: TinyGo drops the rest.
	c, err := collector.New([]byte(settings), schemas, all.Adapters()...)
	if err != nil {
		return errors.New("config: " + err.Error())
	}
	p.collector = c
	return nil
}

// collect handles a request and returns the outcome, valid until the next call.
func (p *plugin) collect(request []byte) ([]byte, error) {
	if err := p.request.read(&p.input, request); err != nil {
		return nil, err
	}
	p.outcome = appendOutcome(p.outcome[:0], p.collector.Collect(&p.input))
	return p.outcome, nil
}
