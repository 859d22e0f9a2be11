//go:build !wasip1

package main

import (
	"crypto/rand"
	"errors"
)

// Elsewhere there is no Fastly to ask, as with the SDK.

func geoLookup([]byte) []byte { return nil }

func listKeys(string, string, int) ([]byte, error) { return nil, errors.New("this is not Fastly") }

func random(dst *[32]byte) { rand.Read(dst[:]) }
