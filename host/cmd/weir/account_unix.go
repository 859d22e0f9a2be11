//go:build unix

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// become gives dir to the account that user names by numbers, "uid" or
// "uid:gid", and goes on as that account. A process that is not root goes on as
// it is: whoever started it has chosen.
func become(user, dir string) error {
	uid, gid, err := parseAccount(user)
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating the data directory (data_dir says where): %w", err)
	}
	// What is in it was made by that account: a volume is root's only when it is empty.
	if err := os.Chown(dir, uid, gid); err != nil {
		return fmt.Errorf("giving the data directory to --user %s: %w", user, err)
	}
	for _, step := range []func() error{
		func() error { return syscall.Setgroups([]int{gid}) },
		func() error { return syscall.Setgid(gid) },
		func() error { return syscall.Setuid(uid) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("becoming --user %s: %w", user, err)
		}
	}
	return nil
}

func parseAccount(user string) (uid, gid int, err error) {
	first, second, both := strings.Cut(user, ":")
	if !both {
		second = first
	}
	uid, err = strconv.Atoi(first)
	if err == nil {
		gid, err = strconv.Atoi(second)
	}
	if err != nil || uid <= 0 || gid <= 0 {
		return 0, 0, usageError{fmt.Errorf("reading --user: want the number of an account that is not root's, and perhaps of its group, such as 65532:65532")}
	}
	return uid, gid, nil
}
