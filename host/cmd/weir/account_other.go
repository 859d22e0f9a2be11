//go:build !unix

package main

import "errors"

func become(user, dir string) error {
	return usageError{errors.New("--user: accounts have no numbers here")}
}
