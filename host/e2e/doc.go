// Package e2e tests the whole system from outside: real trackers, a real edge
// runtime, a real host process and a real database, each a process of its own,
// joined by loopback alone.
//
// The tests are the package; there is nothing here to import. WEIR_TORTURE=1 asks
// for the long form: more cycles, more load, crashes instead of shutdowns.
package e2e
