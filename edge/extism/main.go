// Command extism is the collector as an Extism plugin: any Extism host, in any
// language that has an SDK, hands it a request as JSON and gets the outcome as
// JSON. The README beside this file specifies both.
//
// It is a program of its own because Extism's calling convention copies eight
// bytes a host call: runtimes of weir's own use package abi, which crosses at once.
package main

func main() {}
