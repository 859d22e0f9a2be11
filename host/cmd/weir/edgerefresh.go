package main

import (
	"context"
	"fmt"
	"time"

	"weir/edge/collector"
	"weir/edge/refresh"
	"weir/edge/serve"
)

// firstRefresh bounds how long an engine waits for what the hosts have before
// it serves without.
const firstRefresh = 2 * time.Second

// refreshed gives to an engine what the hosts have, before it serves and from
// time to time. The stop that it returns ends that, and then the engine.
func refreshed(ctx context.Context, o edgeOptions, engine serve.Engine, stop func(context.Context) error) (func(context.Context) error, error) {
	settings, err := collector.ParseSettings(o.settings)
	if err != nil {
		return nil, fmt.Errorf("reading the edge's settings: %w", err)
	}
	r := refresh.New(refresh.Config{Hosts: o.hosts, Secret: o.secret, Bundle: true, Salts: settings.Visitor.Daily, Every: o.refresh, Log: o.log},
		engine.(refresh.Engine))
	first, done := context.WithTimeout(ctx, firstRefresh)
	r.Once(first)
	done()
	// What is under way when ctx ends is still answered, with ids of the day.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.Run(running)
	}()
	return func(ctx context.Context) error {
		cancel()
		<-ended
		return stop(ctx)
	}, nil
}
