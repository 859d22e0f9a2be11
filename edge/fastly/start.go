package main

import (
	"embed"
	"errors"
	"io"
	"os"
	"strconv"

	"github.com/fastly/compute-sdk-go/configstore"
	"github.com/fastly/compute-sdk-go/kvstore"
	"github.com/fastly/compute-sdk-go/rtlog"
	"github.com/fastly/compute-sdk-go/secretstore"

	"weir/edge/collector"
	"weir/edge/protocol/all"
	"weir/edge/signature"
)

// The stores of the service and what they hold; see fastly.toml.
const (
	configStore = "weir"
	hostsKey    = "hosts"
	settingsKey = "settings"
	spillKey    = "spill"

	// logEndpoint takes batches that no host took, where spill says log.
	logEndpoint = "weir"

	secretStore = "weir-secrets"
	secretKey   = "secret"

	kvStore   = "weir"
	bundleKey = "bundle"
)

//go:embed build
var build embed.FS

// start makes the handler from the service's stores, its settings from the
// entry of the config store that key names. Its errors say which entry of which
// store to set.
func start(key string) (*handler, error) {
	config, err := configstore.Open(configStore)
	if err != nil {
		return nil, errors.New("opening the config store " + configStore + ": " + err.Error())
	}
	hosts, err := config.Get(hostsKey)
	if err != nil {
		return nil, errors.New("config store " + configStore + ": reading " + hostsKey + ", the base URLs of your hosts: " + err.Error())
	}
	settings, err := config.GetBytes(key)
	if err != nil && !errors.Is(err, configstore.ErrKeyNotFound) {
		return nil, errors.New("config store " + configStore + ": reading " + key + ": " + err.Error())
	}
	secret, err := secretstore.Plaintext(secretStore, secretKey)
	if err != nil {
		return nil, errors.New("secret store " + secretStore + ": reading " + secretKey + ", the hosts' whsec_… secret: " + err.Error())
	}
	store, endpoint, err := spillTo(config)
	if err != nil {
		return nil, err
	}
	h, err := withSchemas(hosts, string(secret), settings)
	if err != nil {
		return nil, err
	}
	h.spill.store = store
	h.lines.endpoint, h.lines.secret = endpoint, h.forward.secret
	return h, nil
}

// spillTo returns where batches go that no host takes: a store, a log endpoint,
// or neither.
func spillTo(config *configstore.Store) (store, io.Writer, error) {
	where, err := config.Get(spillKey)
	switch {
	case errors.Is(err, configstore.ErrKeyNotFound) || err == nil && where == "":
		return nil, nil, nil
	case err != nil:
		return nil, nil, errors.New("config store " + configStore + ": reading " + spillKey + ": " + err.Error())
	case where == "log":
		return nil, rtlog.Open(logEndpoint), nil
	case where != "kv":
		return nil, nil, errors.New("config store " + configStore + ": " + spillKey + ": " + strconv.Quote(where) + " is neither kv nor log nor empty")
	}
	opened, err := kvstore.Open(kvStore)
	if err != nil {
		return nil, nil, errors.New("config store " + configStore + ": " + spillKey + " is kv, but opening the KV store " + kvStore + ": " + err.Error())
	}
	return kv{opened}, nil, nil
}

// withSchemas prefers the schemas of the KV store to the program's.
func withSchemas(hosts, secret string, settings []byte) (*handler, error) {
	if bundle := stored(); bundle != nil {
		h, err := newHandler(hosts, secret, settings, bundle)
		if err == nil {
			return h, nil
		}
		os.Stderr.WriteString("weir: KV store " + kvStore + ": " + bundleKey + ": going on with the schemas of the program: " + err.Error() + "\n")
	}
	bundle, err := build.ReadFile("build/default.bundle")
	if err != nil {
		return nil, errors.New("the program was compiled without schemas: run make edge, which does both in order")
	}
	return newHandler(hosts, secret, settings, bundle)
}

// stored returns the schemas that were put into the KV store to replace the
// program's without publishing it again, or nil.
func stored() []byte {
	store, err := kvstore.Open(kvStore)
	if err != nil {
		return nil // a service needs none
	}
	entry, err := store.Lookup(bundleKey)
	if err == nil {
		var bundle []byte
		if bundle, err = io.ReadAll(entry); err == nil {
			return bundle
		}
	}
	if !errors.Is(err, kvstore.ErrKeyNotFound) {
		os.Stderr.WriteString("weir: KV store " + kvStore + ": reading " + bundleKey + ": " + err.Error() + "\n")
	}
	return nil
}

// newHandler checks the texts that the stores hold.
func newHandler(hosts, secret string, settings, bundle []byte) (*handler, error) {
	forward, err := newForwarder(hosts, secret)
	if err != nil {
		return nil, err
	}
	parsed, err := collector.ParseSettings(settings)
	if err != nil {
		return nil, errors.New("config store " + configStore + ": " + err.Error())
	}
	// An edge for fewer wire formats lists them here: TinyGo drops the rest.
	c, err := collector.New(settings, bundle, all.Adapters()...)
	if err != nil {
		return nil, err
	}
	return &handler{collector: c, forward: forward, maxBody: parsed.Limits.Body, platform: fastly{}}, nil
}

func newForwarder(hosts, secret string) (*forwarder, error) {
	f := &forwarder{send: send}
	var err error
	if f.hosts, err = parseHosts(hosts); err != nil {
		return nil, errors.New("config store " + configStore + ": " + hostsKey + ": " + err.Error())
	}
	if f.secret, err = signature.ParseSecret(secret); err != nil {
		return nil, errors.New("secret store " + secretStore + ": " + secretKey + ": " + err.Error())
	}
	return f, nil
}
