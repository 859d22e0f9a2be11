package main

import (
	"errors"

	"github.com/fastly/compute-sdk-go/configstore"
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

	secretStore = "weir-secrets"
	secretKey   = "secret"
)

// start makes the handler from the service's stores and the embedded schemas.
// Its errors say which entry of which store to set.
func start() (*handler, error) {
	config, err := configstore.Open(configStore)
	if err != nil {
		return nil, errors.New("opening the config store " + configStore + ": " + err.Error())
	}
	hosts, err := config.Get(hostsKey)
	if err != nil {
		return nil, errors.New("config store " + configStore + ": reading " + hostsKey + ", the base URLs of your hosts: " + err.Error())
	}
	settings, err := config.GetBytes(settingsKey)
	if err != nil && !errors.Is(err, configstore.ErrKeyNotFound) {
		return nil, errors.New("config store " + configStore + ": reading " + settingsKey + ": " + err.Error())
	}
	secret, err := secretstore.Plaintext(secretStore, secretKey)
	if err != nil {
		return nil, errors.New("secret store " + secretStore + ": reading " + secretKey + ", the hosts' whsec_… secret: " + err.Error())
	}
	bundle, err := build.ReadFile("build/default.bundle")
	if err != nil {
		return nil, errors.New("the program was compiled without schemas: run make edge, which does both in order")
	}
	return newHandler(hosts, string(secret), settings, bundle)
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
