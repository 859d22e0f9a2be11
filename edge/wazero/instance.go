package wazero

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	wz "github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"weir/edge/abi"
	"weir/edge/collector"
)

// instance is one instance of the edge module; see package abi for the
// functions it exports.
type instance struct {
	module                       api.Module
	buffer, init, run, lastError api.Function
	useBundle, useSalts          api.Function

	given   *given // what it works with
	stack   [2]uint64
	frame   []byte
	outcome collector.Outcome
}

// trapError means that a call did not return, or returned what it never should:
// the instance is not to be used again.
type trapError struct {
	call string
	err  error
}

func (e *trapError) Error() string { return e.call + ": " + e.err.Error() }
func (e *trapError) Unwrap() error { return e.err }

var errOutOfMemory = errors.New("an address outside the module's memory")

// instantiate makes an instance that is ready to collect with what is given.
func (r *Runtime) instantiate(ctx context.Context, g *given) (*instance, error) {
	config := wz.NewModuleConfig().WithName("").WithStartFunctions("_initialize").WithRandSource(rand.Reader)
	module, err := r.runtime.InstantiateModule(ctx, r.compiled, config)
	if err != nil {
		return nil, fmt.Errorf("instantiating the edge module: %w", err)
	}
	i := &instance{module: module}
	for name, f := range map[string]*api.Function{
		"weir_buffer": &i.buffer, "weir_init": &i.init, "weir_collect": &i.run, "weir_error": &i.lastError,
		"weir_bundle": &i.useBundle, "weir_salts": &i.useSalts,
	} {
		if *f = module.ExportedFunction(name); *f == nil {
			module.Close(ctx)
			return nil, fmt.Errorf("instantiating the edge module: it exports no %s", name)
		}
	}
	if err := i.start(ctx, r.cfg.Settings, r.cfg.Bundle); err != nil {
		module.Close(ctx)
		return nil, fmt.Errorf("starting the edge module: %w", err)
	}
	if err := i.take(ctx, g); err != nil {
		module.Close(ctx)
		return nil, err
	}
	return i, nil
}

func (i *instance) start(ctx context.Context, settings, bundle []byte) error {
	i.frame = append(append(i.frame[:0], settings...), bundle...)
	if err := i.give(ctx); err != nil {
		return err
	}
	i.stack = [2]uint64{uint64(len(settings)), uint64(len(bundle))}
	if err := i.call(ctx, "weir_init", i.init); err != nil {
		return err
	}
	if i.stack[0] == 0 {
		return i.refusal(ctx)
	}
	return nil
}

// collect runs one request. The outcome is valid until the next call.
func (i *instance) collect(ctx context.Context, in *collector.Input) (*collector.Outcome, error) {
	i.frame = abi.AppendInput(i.frame[:0], in)
	if err := i.give(ctx); err != nil {
		return nil, err
	}
	i.stack[0] = uint64(len(i.frame))
	if err := i.call(ctx, "weir_collect", i.run); err != nil {
		return nil, err
	}
	at := uint32(i.stack[0])
	if at == 0 {
		return nil, &trapError{"weir_collect", i.refusal(ctx)}
	}
	length, ok := i.module.Memory().ReadUint32Le(at)
	if !ok {
		return nil, &trapError{"weir_collect", errOutOfMemory}
	}
	frame, ok := i.module.Memory().Read(at, length)
	if !ok {
		return nil, &trapError{"weir_collect", errOutOfMemory}
	}
	if err := abi.DecodeOutcome(&i.outcome, frame); err != nil {
		return nil, &trapError{"weir_collect", err}
	}
	return &i.outcome, nil
}

// give copies i.frame into the module's buffer.
func (i *instance) give(ctx context.Context) error {
	i.stack[0] = uint64(len(i.frame))
	if err := i.call(ctx, "weir_buffer", i.buffer); err != nil {
		return err
	}
	if !i.module.Memory().Write(uint32(i.stack[0]), i.frame) {
		return &trapError{"weir_buffer", errOutOfMemory}
	}
	return nil
}

func (i *instance) call(ctx context.Context, name string, f api.Function) error {
	if err := f.CallWithStack(ctx, i.stack[:]); err != nil {
		return &trapError{name, err}
	}
	return nil
}

// refusal returns the error that the module tells.
func (i *instance) refusal(ctx context.Context) error {
	if err := i.call(ctx, "weir_error", i.lastError); err != nil {
		return err
	}
	at := uint32(i.stack[0])
	length, ok := i.module.Memory().ReadUint32Le(at)
	if !ok {
		return errOutOfMemory
	}
	text, ok := i.module.Memory().Read(at+4, length)
	if !ok {
		return errOutOfMemory
	}
	return errors.New(string(text))
}

func (i *instance) memory() uint32 { return i.module.Memory().Size() }
