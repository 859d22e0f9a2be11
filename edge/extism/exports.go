//go:build wasip1

package main

import pdk "github.com/extism/go-pdk"

var exported plugin

//lint:file-ignore U1000 a plugin's exports are called by its host

// collect returns 0, or 1 with the error set when the manifest or the request
// is wrong. What a tracker got wrong is an outcome like any other.
//
//go:wasmexport collect
func collect() int32 {
	if !exported.started() {
		settings, _ := pdk.GetConfig("settings")
		bundle, _ := pdk.GetConfig("bundle")
		if err := exported.start(settings, bundle); err != nil {
			pdk.SetError(err)
			return 1
		}
	}
	outcome, err := exported.collect(pdk.Input())
	if err != nil {
		pdk.SetError(err)
		return 1
	}
	pdk.Output(outcome)
	return 0
}
